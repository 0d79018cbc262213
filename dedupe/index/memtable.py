"""The keys of the records that have come since the last segment, in memory, from their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 4096
"""So many rows become a segment."""
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
FEW = 4096
"""So many postings are kept in a dictionary, more are sorted."""
NO_ENTRIES = np.zeros(0, np.uint64)


class Memtable:
    """Rows from ``first`` on; ``next`` is the first that it does not hold.

    Postings are kept as sorted ``key << 32 | row`` entries, what comes a record at a time by key
    until there is enough of it.
    """

    def __init__(self, first: int) -> None:
        self.first = self.next = first
        self._entries = NO_ENTRIES
        self._rows: dict[int, list[int]] = {}
        self._late: list[NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return self.next - self.first

    def add(self, keys: NDArray[np.uint32], seqs: NDArray[np.int64], following: int) -> None:
        """Take postings of rows below ``following``."""
        self._late.append(keys.astype(np.uint64) << HALF | seqs.astype(np.uint64))
        self.next = following
        if sum(map(len, self._late)) > FEW:
            self._entries = np.sort(np.concatenate([self._entries, *self._late]))
            self._late, self._rows = [], {}
            return
        rows = self._rows
        for key, seq in zip(keys.tolist(), seqs.tolist(), strict=True):
            rows.setdefault(key, []).append(seq)

    def find(self, keys: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of each sorted key that is held, once for each row, and the rows."""
        lows = keys.astype(np.uint64) << HALF
        starts = self._entries.searchsorted(lows)
        sizes = self._entries.searchsorted(lows | LOW, side="right") - starts
        found = low_half(self._entries[concat_ranges(starts, sizes)])
        owners = np.arange(len(keys)).repeat(sizes)
        late = self._find_late(keys) if self._rows else (owners[:0], found[:0])
        return np.concatenate([owners, late[0]]), np.concatenate([found, late[1]])

    def _find_late(self, keys: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        owners: list[int] = []
        found: list[int] = []
        for number, key in enumerate(keys.tolist()):
            rows = self._rows.get(key)
            if rows:
                owners += [number] * len(rows)
                found += rows
        return np.array(owners, np.int64), np.array(found, np.int64)

    def postings(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """All keys and their rows."""
        entries = np.concatenate([self._entries, *self._late])
        return (entries >> HALF).astype(np.uint32), low_half(entries)


def low_half(entries: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows of entries."""
    return entries.astype(np.uint32).astype(np.int64)
