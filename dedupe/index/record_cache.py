"""The facts of the rows that look-ups find, in memory, a page of rows at a time.

Most records that share a key with a newcomer are named by their row alone: who leads its cluster,
when it was, the print of its headline. Pages of rows that are asked for often are read whole and
kept, ``MOST`` of them at most; other rows are asked for one by one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import distinct_sorted
from dedupe.index.row_queries import facts_between, facts_of

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

BITS = 12
SIZE = 1 << BITS
MOST = 512
WORTH = 256
"""So many rows asked for one by one make a page worth reading, for more will be asked of it."""
NONE = -1
LEADER, TIME, HEAD = range(3)
COLUMNS = 3
LOW = SIZE - 1
FEW = 8


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Rows of the index, one value each: who leads its cluster, its time, its headline's print."""

    seqs: NDArray[np.int64]
    leaders: NDArray[np.int64]
    times: NDArray[np.int64]
    headlines: NDArray[np.uint64]

    @property
    def is_leader(self) -> NDArray[np.bool_]:
        """Whether each leads its cluster itself."""
        return np.equal(self.leaders, self.seqs)


class RecordCache:
    """The pages that are held; those held longest go first when there are too many."""

    def __init__(self) -> None:
        self._slots = np.full(1, NONE)
        self._room = np.empty((0, COLUMNS), np.int64)
        self._held: deque[int] = deque()
        self._asked = np.zeros(1, np.int64)

    def facts(self, database: sqlite3.Connection, seqs: NDArray[np.int64]) -> RecordFacts:
        """The facts of some rows, in any order; raises ValueError where some are missing."""
        pages = seqs >> BITS
        self._reach(int(pages.max(initial=0)))
        missing = np.flatnonzero(self._slots[pages] == NONE)
        if len(missing) and self._read_busy(database, pages[missing]):
            missing = np.flatnonzero(self._slots[pages] == NONE)
        if len(missing) < len(seqs):
            held = self._room[self._slots[pages] << BITS | (seqs & LOW)]
        else:
            held = np.empty((len(seqs), COLUMNS), np.int64)
        if len(missing):
            wanted = distinct_sorted(seqs[missing])
            held[missing] = facts_of(database, wanted)[np.searchsorted(wanted, seqs[missing])]
        if (held[:, LEADER] == NONE).any():
            raise ValueError("stories that the postings name are missing")
        return RecordFacts(seqs, held[:, LEADER], held[:, TIME], held[:, HEAD].view(np.uint64))

    def _reach(self, page: int) -> None:
        """Have a slot number for pages up to this one."""
        more = page + 1 - len(self._slots)
        if more > 0:
            self._slots = np.append(self._slots, np.full(more + page, NONE))
            self._asked = np.append(self._asked, np.zeros(more + page, np.int64))

    def _read_busy(self, database: sqlite3.Connection, pages: NDArray[np.int64]) -> int:
        """Read those of some pages that are asked for often; returns how many."""
        np.add.at(self._asked, pages, 1)
        if self._asked[pages].max() < WORTH:
            return 0
        busy = [page for page in distinct_sorted(pages).tolist() if self._asked[page] >= WORTH][
            :MOST
        ]
        for page in busy:
            self._open(page)[:] = page_of(database, page)
        return len(busy)

    def _open(self, page: int) -> NDArray[np.int64]:
        """Room for a page, in the place of the oldest if there are ``MOST``."""
        self._reach(page)
        self._asked[page] = 0
        slot = len(self._held)
        if slot == MOST:
            oldest = self._held.popleft()
            slot = int(self._slots[oldest])
            self._slots[oldest] = NONE
        elif slot << BITS == len(self._room):
            more = np.full((max(1, slot) << BITS, COLUMNS), NONE)
            self._room = np.concatenate([self._room, more])
        self._slots[page] = slot
        self._held.append(page)
        return self._room[slot << BITS : slot + 1 << BITS]

    def write(self, seqs: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Take the facts of new rows, given in order, where their page is held or begins."""
        pages = seqs >> BITS
        self._reach(int(pages[-1]))
        for page in pages[(seqs & LOW) == 0].tolist():
            if self._slots[page] == NONE:
                self._open(page)[:] = NONE
        held = np.flatnonzero(self._slots[pages] != NONE)
        self._room[self._slots[pages[held]] << BITS | (seqs[held] & LOW)] = rows[held]

    def move(self, gone: NDArray[np.int64], leaders: NDArray[np.int64]) -> None:
        """Let what followed leaders that are gone, and they themselves, follow others."""
        column = self._room[:, LEADER]
        if len(gone) <= FEW:
            for left, right in zip(gone.tolist(), leaders.tolist(), strict=True):
                column[column == left] = right
            return
        order = np.argsort(gone)
        gone, leaders = gone[order], leaders[order]
        positions = np.searchsorted(gone, column).clip(max=len(gone) - 1)
        stale = np.flatnonzero(gone[positions] == column)
        column[stale] = leaders[positions[stale]]


def page_of(database: sqlite3.Connection, page: int) -> NDArray[np.int64]:
    """The facts of all rows of a page; those that are not there have no leader."""
    seqs, facts = facts_between(database, page << BITS, (page + 1 << BITS) - 1)
    rows = np.full((SIZE, COLUMNS), NONE)
    rows[seqs & LOW] = facts
    return rows
