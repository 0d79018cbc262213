"""Keep in memory what matching needs of every record, as one array.

On disk the array is cut into blocks. A block is written anew when a row of it changes, with the
number of the transaction, so that others who have the index open read the changed blocks alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import unique_sorted
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

FACT = np.dtype(
    [
        ("digest", "<u8"),
        ("title", "<u8"),
        ("content", "<u8"),
        ("time", "<i8"),
        ("outlet", "<i4"),
        ("length", "<u4"),
        ("completeness", "<u2"),
        ("version", "u1"),
        ("flags", "u1"),
    ]
)
"""``title`` and ``content`` are hashes of the leading text and of all texts, 0 for none; the others
are as in :class:`dedupe.contents.Contents`. A row of zeros is of no record."""

PRESENT, LEADS, DAY_ONLY, WITHDRAWN = 1, 2, 4, 8
"""``LEADS``: the record is the canonical version of its cluster and has a text."""
BLOCK = 512


class Facts:
    """The facts of all records by number; changes are noted until they are written.

    ``leads`` counts the records that lead a cluster.
    """

    def __init__(self) -> None:
        self.first = self.end = 0
        self._rows = np.zeros(0, FACT)
        self._changed: set[int] = set()
        self.written = -1
        self.leads = 0

    def load(self, database: sqlite3.Connection, end: int) -> None:
        """Read the blocks that were written since the last time; ``end`` is the next number."""
        query = "SELECT block, written, data FROM facts WHERE written > ? ORDER BY block"
        for block, written, data in database.execute(query, (self.written,)).fetchall():
            rows = np.frombuffer(data, FACT)
            if len(rows) != BLOCK or not isinstance(written, int):
                raise ValueError(f"block {block} of the facts has another length")
            if not self.end:
                self.first = block * BLOCK
            self.grow((block + 1) * BLOCK)
            self._set(np.arange(block * BLOCK, (block + 1) * BLOCK), rows)
            self.written = max(self.written, written)
        self.end = end
        self.grow(end)

    def grow(self, end: int) -> None:
        """Make room for the numbers below ``end``."""
        self.end = max(self.end, end)
        need = self.end - self.first
        if need > len(self._rows):
            rows = np.zeros(-(-max(need, len(self._rows) * 3 // 2) // BLOCK) * BLOCK, FACT)
            rows[: len(self._rows)] = self._rows
            self._rows = rows

    def flags(self) -> NDArray[np.uint8]:
        """Return the flags of all records, from ``first`` on."""
        return np.asarray(self._rows["flags"][: self.end - self.first])

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.void]:
        """Return the facts of some records."""
        return self._rows[numbers - self.first]

    def times(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the times of some records."""
        return np.asarray(self._rows["time"][numbers - self.first])

    def flagged(self, numbers: NDArray[np.int64], flag: int) -> NDArray[np.bool_]:
        """Return whether each record has a flag; a number that is not held has none."""
        places = numbers - self.first
        inside = (places >= 0) & (places < self.end - self.first)
        return inside & ((self._rows["flags"][np.where(inside, places, 0)] & flag) > 0)

    def with_flag(self, flag: int) -> NDArray[np.int64]:
        """Return the numbers of all records that have a flag."""
        return np.flatnonzero(self.flags() & flag) + self.first

    def add(self, numbers: NDArray[np.int64], rows: NDArray[np.void]) -> None:
        """Append the facts of new records, whose numbers rise."""
        if self.end == self.first:
            self.first = int(numbers[0]) // BLOCK * BLOCK
        self.grow(int(numbers[-1]) + 1)
        self.put(numbers, rows)

    def _set(self, numbers: NDArray[np.int64], rows: NDArray[np.void]) -> None:
        """Set the facts of some records, and count those that lead."""
        places = numbers - self.first
        before, after = (
            int((own & LEADS).sum()) for own in (self._rows["flags"][places], rows["flags"])
        )
        self.leads += (after - before) // LEADS
        self._rows[places] = rows

    def put(self, numbers: NDArray[np.int64], rows: NDArray[np.void]) -> None:
        """Set the facts of some records."""
        self._set(numbers, rows)
        self._changed.update(unique_sorted(numbers // BLOCK).tolist())

    def set_flag(self, numbers: NDArray[np.int64], flag: int, *, on: bool) -> None:
        """Set or clear a flag of some records."""
        rows = self.of(numbers)
        rows["flags"] = rows["flags"] | flag if on else rows["flags"] & (255 ^ flag)
        self.put(numbers, rows)

    def save(self, database: sqlite3.Connection, written: int) -> None:
        """Write the changed blocks; one without records goes."""
        for block in sorted(self._changed):
            rows = self._rows[block * BLOCK - self.first :][:BLOCK]
            if rows["flags"].any():
                row = (block, written, rows.tobytes())
                database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", row)
            else:
                database.execute("DELETE FROM facts WHERE block = ?", (block,))
        self._changed.clear()
        self.written = max(self.written, written)

    @property
    def changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self._changed)


def times_or_none(times: NDArray[np.int64]) -> list[int | None]:
    """Return times as SQLite keeps them."""
    return [None if time == NO_TIME else time for time in times.tolist()]


def signed(values: NDArray[np.uint64]) -> list[int]:
    """Return 64-bit numbers as SQLite keeps them."""
    return list(np.ascontiguousarray(values).view(np.int64).tolist())
