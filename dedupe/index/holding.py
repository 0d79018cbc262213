"""Segments in memory, the smaller ones first, once their parts are asked for often enough.

A story's keys stand in as many parts of every segment as it has keys, and there are more small
segments than large ones. What is held does not grow with the index.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dedupe.index.postings import Parts, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dedupe.index.postings import Segment

    Reading = Callable[[Segment], Iterable[Sequence[bytes]]]

MOST_BYTES = 160 << 20
"""Segments are held, the smallest first, until they take so much."""
WORDS = 80
"""So many keys a row has, or fewer, while none is held."""
WORTH = 8
"""Asking for one part in so many of a segment is worth reading it."""
NOTHING = unpack([])


class Holding:
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
        pieces += [joined([unpack(blobs) for blobs in read(segment)]) for segment in fresh]
        self.segments = [*kept, *fresh]
        self.firsts = np.cumsum([0, *map(len, pieces)])[:-1].tolist()
        self.parts = joined(pieces)

    def _pays(self, segment: Segment, count: int) -> bool:
        """Whether a segment is worth holding by now."""
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
