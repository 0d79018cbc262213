"""Which pairs a round looks at: first all candidates, then those of which something has changed.

A pair that was judged needs no key to be met again: it is known, and its verdict stands until
something is counted otherwise of its texts. New pairs come from two places only. A hot bucket thins
out as duplicates go, and its texts get other neighbours; and of two texts with many runs only the
nearest in time meet, which are others when some of the runs are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Crowd, heaped
from dedupe.hashing import distinct, outside
from dedupe.pipeline.bonds import kin
from dedupe.pipeline.expand import Nodes, expand, neighbours, sampled
from dedupe.stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.outline import Outline
    from dedupe.pipeline.register import Counts

LOW = 0xFFFFFFFF
ASKED = 1 << 22
"""So many pairs are looked for among the hopeless at a time: on disk that is a scan of all."""
SHORT = 0.5
"""The share of the threshold from which a pair nearly passes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where new pairs may come from since a whole round, in which the heads ``alive`` lived.

    ``crowded`` are the keys of hot buckets, as in :class:`dedupe.candidates.Candidates`;
    ``sampled`` are the candidate pairs of kinds of which not all runs meet, as codes.
    """

    crowded: NDArray[np.uint64]
    sampled: NDArray[np.int64]
    alive: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lot:
    """What a round looks at: sorted codes of pairs of heads in parts, some ``size`` in all.

    ``found`` are all candidates, where they were asked for.
    """

    parts: Iterable[NDArray[np.int64]]
    size: int
    found: Candidates | None = None


class Agenda:
    """What rounds look at, one after another; ``counts`` are those of the round begun last."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.counts: Counts | None = None
        self.standing: Standing | None = None
        self.stale = np.ones(outline.kind_count, dtype=bool)

    def begin(self, alive: NDArray[np.int64]) -> Counts:
        """The counts over the heads that live in a new round."""
        counts = self.outline.counts(alive)
        if self.counts is not None:
            self.stale |= self.outline.tally.changed(self.counts, counts)
        if self.standing is not None:
            revived = np.setdiff1d(alive, self.standing.alive, assume_unique=True)
            self.stale[self.outline.kinds[revived]] = True
        self.counts = counts
        return counts

    def near_misses(self, judged: Judged, alive: NDArray[np.int64]) -> Lot:
        """Pairs of the living that nearly passed, or passed, when they were judged before."""
        floor = self.outline.settings.threshold * SHORT
        codes = self.changed(judged.codes[judged.scores >= floor], alive)
        return Lot([codes], len(codes))

    def all_pairs(self, judged: Judged, hopeless: Hopeless, alive: NDArray[np.int64]) -> Lot:
        """All pairs of the living that may get a verdict they did not have, but for the hopeless.

        The next round may be begun when all parts have been taken.
        """
        if self.standing is None:
            found = candidates_among(self.outline, alive)
            parts, size = self.first_pairs(found, alive), found.count
        else:
            found = None
            new = new_candidates(self.outline, self.standing, alive)
            parts, size = self.later_pairs(new, judged, alive), new.count + len(judged.codes)
        if hopeless:
            parts = (hopeless.rest(np.sort(heap)) for heap in heaped(parts, ASKED))
        return Lot(parts, size, found)

    def first_pairs(
        self, found: Candidates, alive: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """The pairs of the living for all candidates, a part at a time."""
        meet = Meetings(self.outline, alive)
        yield meet.beside()
        many = [np.zeros(0, np.int64)]
        for codes in found.parts:
            many.append(sampled(meet.nodes, codes))
            yield meet.across(codes)
        self.standing = Standing(found.crowded, np.concatenate(many), alive)
        self.stale[:] = False

    def later_pairs(
        self, found: Candidates, judged: Judged, alive: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """The pairs that were judged and may come out otherwise, then those for new candidates."""
        yield self.changed(judged.codes, alive)
        meet = Meetings(self.outline, alive)
        yield outside(judged.codes, meet.beside())
        for codes in found.parts:
            yield outside(judged.codes, meet.across(codes))
        if self.standing is not None:
            self.standing = replace(self.standing, alive=alive)
        self.stale[:] = False

    def changed(self, codes: NDArray[np.int64], alive: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of the living, of some, of whose texts something is counted otherwise."""
        lives = np.zeros(len(self.outline), dtype=bool)
        lives[alive] = True
        codes = codes[lives[codes >> 32] & lives[codes & LOW]]
        left, right = self.outline.kinds[codes >> 32], self.outline.kinds[codes & LOW]
        return np.asarray(codes[self.stale[left] | self.stale[right]])


def candidates_among(
    outline: Outline, alive: NDArray[np.int64], crowd: Crowd | None = None
) -> Candidates:
    """Candidate pairs of the kinds that are alive, by all keys or by some."""
    return outline.propose(kinds_by_time(outline, alive), crowd)


def kinds_by_time(outline: Outline, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """The kinds of some records in the order of their first times."""
    by_time = alive[np.lexsort((outline.times[alive], outline.kinds[alive]))]
    kinds, firsts = np.unique(outline.kinds[by_time], return_index=True)
    order = np.lexsort((kinds, outline.times[by_time[firsts]]))
    return np.asarray(kinds[order])


def new_candidates(outline: Outline, standing: Standing, alive: NDArray[np.int64]) -> Candidates:
    """The candidate pairs of kinds that may bring pairs of heads not judged yet."""
    moved = np.unique(outline.kinds[np.setxor1d(standing.alive, alive, assume_unique=True)])
    found = candidates_among(outline, alive, Crowd(standing.crowded, moved))
    has_moved = np.zeros(outline.kind_count, dtype=bool)
    has_moved[moved] = True
    again = standing.sampled
    again = again[has_moved[again >> 32] | has_moved[again & LOW]]
    rest = (outside(again, codes) for codes in found.parts)
    return replace(found, parts=chain([again], rest), count=len(again) + found.count)


def meetings(
    outline: Outline, codes: NDArray[np.int64], alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The coded candidate pairs of kinds as pairs of living heads, and those beside them."""
    meet = Meetings(outline, alive)
    return distinct(np.concatenate([meet.beside(), meet.across(codes)]))


class Meetings:
    """Which living heads meet for which kinds, within the window."""

    def __init__(self, outline: Outline, alive: NDArray[np.int64]) -> None:
        alive = alive[np.argsort(outline.digests[alive], kind="stable")]
        self._outline = outline
        self.nodes = outline.keep(Nodes.of(alive, outline.kinds[alive], outline.times[alive]))

    def beside(self) -> NDArray[np.int64]:
        """The neighbours of one kind, and what links keep apart with all of its own kind."""
        codes = neighbours(self.nodes)
        if self._outline.links.cannot.size:
            codes = distinct(np.concatenate([codes, kin(self._outline, self.nodes.runs)]))
        return self._near(codes)

    def across(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs for coded candidate pairs of two kinds."""
        return self._near(expand(self.nodes, codes))

    def _near(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        window = self._outline.settings.window
        if window is None:
            return codes
        hours = self._outline.hours(codes >> 32, codes & LOW)
        return codes[~(hours * HOUR > window)]
