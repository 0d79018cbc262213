"""Which pairs a round looks at: first all candidates, then those of which something has changed.

A pair that was judged needs no key to be met again: it is known, and its verdict stands until
something is counted otherwise of its texts. New pairs come from two places only. A hot bucket thins
out as duplicates go, and its texts get other neighbours; and of two texts with many runs only the
nearest in time meet, which are others when some of the runs are gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Crowd
from dedupe.hashing import distinct, merged, outside
from dedupe.pipeline.bonds import kin
from dedupe.pipeline.expand import Nodes, are_many, expand
from dedupe.stories import HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.candidates import Candidates
    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.outline import Outline
    from dedupe.pipeline.register import Counts

LOW = 0xFFFFFFFF
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

    def near_misses(self, judged: Judged, alive: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pairs of the living that nearly passed, or passed, when they were judged before."""
        floor = self.outline.settings.threshold * SHORT
        return self.changed(judged.codes[judged.scores >= floor], alive)

    def all_pairs(
        self, judged: Judged, hopeless: NDArray[np.int64], alive: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Candidates | None]:
        """All pairs of the living that may get a verdict they did not have, but for the hopeless.

        All candidates are told where they were asked for.
        """
        found = None
        if self.standing is None:
            found = candidates_among(self.outline, alive)
            self.standing = standing_after(self.outline, found, alive)
            codes = meetings(self.outline, found.codes, alive)
        else:
            met = meetings(self.outline, new_candidates(self.outline, self.standing, alive), alive)
            met = outside(judged.codes, met)
            codes = merged(met, self.changed(judged.codes, alive))
            self.standing = replace(self.standing, alive=alive)
        self.stale[:] = False
        return outside(hopeless, codes), found

    def changed(self, codes: NDArray[np.int64], alive: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of the living, of some, of whose texts something is counted otherwise."""
        lives = np.zeros(len(self.outline), dtype=bool)
        lives[alive] = True
        codes = codes[lives[codes >> 32] & lives[codes & LOW]]
        stale = self.stale[self.outline.kinds]
        return np.asarray(codes[stale[codes >> 32] | stale[codes & LOW]])


def standing_after(outline: Outline, found: Candidates, alive: NDArray[np.int64]) -> Standing:
    """What is left to look out for when the candidate pairs of these heads have been judged."""
    runs = np.bincount(outline.kinds[alive], minlength=outline.kind_count)
    many = are_many(runs[found.left], runs[found.right])
    return Standing(found.crowded, found.codes[many], alive)


def candidates_among(
    outline: Outline, alive: NDArray[np.int64], crowd: Crowd | None = None
) -> Candidates:
    """Candidate pairs of the kinds that are alive, by all keys or by some."""
    by_time = alive[np.lexsort((outline.times[alive], outline.kinds[alive]))]
    kinds, firsts = np.unique(outline.kinds[by_time], return_index=True)
    order = np.lexsort((kinds, outline.times[by_time[firsts]]))
    return outline.propose(kinds[order], crowd)


def new_candidates(
    outline: Outline, standing: Standing, alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The candidate pairs of kinds, as codes, that may bring pairs of heads not judged yet."""
    moved = np.unique(outline.kinds[np.setxor1d(standing.alive, alive, assume_unique=True)])
    found = candidates_among(outline, alive, Crowd(standing.crowded, moved))
    has_moved = np.zeros(outline.kind_count, dtype=bool)
    has_moved[moved] = True
    sampled = standing.sampled
    sampled = sampled[has_moved[sampled >> 32] | has_moved[sampled & LOW]]
    return merged(sampled, found.codes)


def meetings(
    outline: Outline, codes: NDArray[np.int64], alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The coded candidate pairs of kinds as pairs of living heads within the window."""
    alive = alive[np.argsort(outline.digests[alive], kind="stable")]
    nodes = Nodes.of(alive, outline.kinds[alive], outline.times[alive])
    codes = expand(nodes, codes)
    if outline.links.cannot.size:
        codes = distinct(np.concatenate([codes, kin(outline, alive)]))
    if outline.settings.window is None:
        return codes
    hours = outline.hours(codes >> 32, codes & LOW)
    return codes[~(hours * HOUR > outline.settings.window)]
