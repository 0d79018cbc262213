"""Caches of postings: segments in memory, growing arrays, and a pause of the garbage collector."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from dedupe.index.postings import Parts, unpack_postings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.index.postings import Segment

    Reading = Callable[[Segment], Iterable[Sequence[bytes]]]

MOST_BYTES = 160 << 20
"""Segments are held, the smallest first, until they take so much."""
WORDS = 80
"""So many keys a row has, or fewer, while none is held."""
WORTH = 8
"""Asking for one part in so many of a segment is worth reading it."""
NOTHING = unpack_postings([])


class SegmentCache:
    """``parts`` end to end of the ``segments`` that are held; those of each from ``firsts`` on.

    ``others`` are the segments that there are beside them.
    """

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.others: list[Segment] = []
        self.firsts: list[int] = []
        self.parts = NOTHING
        self._there: Sequence[Segment] = ()
        self._asked: Counter[int] = Counter()

    def ask(self, segments: Sequence[Segment], count: int, read: Reading) -> None:
        """Hold those of the segments that there are that so many parts asked for make worth it."""
        if segments is not self._there:
            kept = [segment for segment in self.segments if segment in segments]
            if len(kept) < len(self.segments):
                self._hold(kept, [], read)
            self._there = segments
            self._asked = Counter({each.number: self._asked[each.number] for each in segments})
            self.others = sorted(
                (segment for segment in segments if segment not in kept), key=rows_in
            )
        for segment in [other for other in self.others if self._pays(other, count)]:
            if self._has_room_for(segment):
                self._hold(self.segments, [segment], read)
                self.others.remove(segment)

    def _hold(self, kept: Sequence[Segment], fresh: Sequence[Segment], read: Reading) -> None:
        """Hold these segments, of which the fresh ones are to be read."""
        pieces = [self._of(segment) for segment in kept]
        pieces += [joined([unpack_postings(blobs) for blobs in read(segment)]) for segment in fresh]
        self.segments = [*kept, *fresh]
        self.firsts = np.cumsum([0, *map(len, pieces)])[:-1].tolist()
        self.parts = joined(pieces)

    def _pays(self, segment: Segment, count: int) -> bool:
        """Whether a segment is worth cache by now."""
        self._asked[segment.number] += count
        return self._asked[segment.number] * WORTH >= segment.parts

    def _has_room_for(self, segment: Segment) -> bool:
        """Whether a segment with as many keys a row as those that are held is not too much."""
        rows, words = sum(map(rows_in, self.segments)), len(self.parts.data)
        more = rows_in(segment) * (words / rows if rows else WORDS)
        return 4 * (words + more) <= MOST_BYTES

    def _of(self, segment: Segment) -> Parts:
        """The parts of a segment that is held."""
        first = self.firsts[self.segments.index(segment)]
        bounds = self.parts.bounds[first : first + segment.parts + 1]
        return Parts(self.parts.data[bounds[0] : bounds[-1]], bounds - bounds[0])


def rows_in(segment: Segment) -> int:
    """How many rows a segment covers."""
    return segment.last - segment.first + 1


def joined(pieces: Sequence[Parts]) -> Parts:
    """Parts end to end."""
    if not pieces:
        return NOTHING
    ends = np.cumsum([0, *(len(piece.data) for piece in pieces)])
    bounds = [piece.bounds[:-1] + end for piece, end in zip(pieces, ends, strict=False)]
    data = np.concatenate([piece.data for piece in pieces])
    return Parts(data, np.concatenate([*bounds, ends[-1:]]))


Item = TypeVar("Item", bound=np.generic)
ROOM = 256


class GrowingArray(Generic[Item]):
    """Rows of one type, and of so many columns where told; its room doubles when it is full."""

    def __init__(self, kind: type[Item], columns: int | None = None) -> None:
        shape: tuple[int, ...] = (ROOM,) if columns is None else (ROOM, columns)
        self._room: NDArray[Item] = np.empty(shape, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def held(self) -> NDArray[Item]:
        """The rows, as a view that stands until more are added."""
        return self._room[: self._count]

    @property
    def bytes(self) -> int:
        """What it takes, with the room for more."""
        return self._room.nbytes

    def extend(self, rows: NDArray[Any]) -> None:
        """Add rows at the end."""
        stop = self._count + len(rows)
        if stop > len(self._room):
            wider = np.empty(
                (max(stop, 2 * len(self._room)), *self._room.shape[1:]), self._room.dtype
            )
            wider[: self._count] = self.held
            self._room = wider
        self._room[self._count : stop] = rows
        self._count = stop

    def cut(self, count: int) -> None:
        """Keep the first rows only."""
        self._count = count


@contextmanager
def gc_paused() -> Iterator[None]:
    """Let Python's collector rest, if it is on.

    A call makes lists and tuples by the hundred thousand, and it would look through all of them
    again and again. What is in no cycle, as all of them, goes without it.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
