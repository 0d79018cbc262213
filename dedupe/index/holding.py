"""The smaller segments in memory, once their parts are asked for often enough.

A story's keys stand in as many parts of every segment as it has keys, and there are more small
segments than large ones. What is held does not grow with the index: tiers have few segments each.
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

MOST_ROWS = 1 << 17
"""Segments of more rows are not held."""
MOST_BYTES = 128 << 20
"""Nor are more segments when those held take so much."""
WORTH = 8
"""Asking for one part in so many of a segment is worth reading it."""
NOTHING = unpack([])


class Holding:
    """``parts`` end to end of the ``segments`` that are held; those of each from ``firsts`` on."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.firsts: list[int] = []
        self.parts = NOTHING
        self._asked: Counter[Segment] = Counter()

    def ask(self, segments: Sequence[Segment], count: int, read: Reading) -> None:
        """Hold those of the segments that there are that so many parts asked for make worth it."""
        kept = [segment for segment in self.segments if segment in segments]
        fresh = [
            segment for segment in segments if segment not in kept and self._pays(segment, count)
        ]
        if fresh or len(kept) < len(self.segments):
            pieces = [self._of(segment) for segment in kept]
            pieces += [joined([unpack(blobs) for blobs in read(segment)]) for segment in fresh]
            self.segments = [*kept, *fresh]
            self.firsts = np.cumsum([0, *map(len, pieces)])[:-1].tolist()
            self.parts = joined(pieces)
            self._asked = Counter({each: self._asked[each] for each in segments})

    def _pays(self, segment: Segment, count: int) -> bool:
        """Whether a segment is worth holding by now."""
        if segment.last - segment.first >= MOST_ROWS or self.parts.data.nbytes > MOST_BYTES:
            return False
        self._asked[segment] += count
        return self._asked[segment] * WORTH >= segment.parts

    def _of(self, segment: Segment) -> Parts:
        """The parts of a segment that is held."""
        first = self.firsts[self.segments.index(segment)]
        bounds = self.parts.bounds[first : first + segment.parts + 1]
        return Parts(self.parts.data[bounds[0] : bounds[-1]], bounds - bounds[0])


def joined(pieces: Sequence[Parts]) -> Parts:
    """Parts end to end."""
    if not pieces:
        return NOTHING
    ends = np.cumsum([0, *(len(piece.data) for piece in pieces)])
    bounds = [piece.bounds[:-1] + end for piece, end in zip(pieces, ends, strict=False)]
    data = np.concatenate([piece.data for piece in pieces])
    return Parts(data, np.concatenate([*bounds, ends[-1:]]))
