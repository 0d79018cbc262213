"""Choose the pairs of a pass: first all candidates, then those whose inputs have changed.

A scored pair needs no blocking key again: its score stands until a statistic of its texts changes.
New pairs come from two places only. An oversized bucket shrinks as duplicates go, and its texts get
other neighbours; and of two contents with many records only the nearest in time are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import difference_sorted, distinct_sorted
from dedupe.blocking.expand import RecordGroups, expand_to_records, sampled_pairs, time_neighbours
from dedupe.blocking.lsh import OversizedBuckets, rebatch
from dedupe.clustering.constraints import cannot_link_pairs
from dedupe.models import HOUR
from dedupe.pairs import left_of, right_of, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.blocking.lsh import Candidates
    from dedupe.clustering.fixed_point import PrunedPairs
    from dedupe.scoring.corpus_stats import StatsSnapshot
    from dedupe.scoring.scored_pairs import ScoredPairs

PRUNED_PER_QUERY = 1 << 22
"""So many pairs are looked for among the pruned pairs at a time: on disk that is a scan of all."""
NEAR_MISS_SHARE = 0.5
"""The share of the threshold from which a pair nearly passes."""


@dataclass(frozen=True, slots=True)
class PassState:
    """Where new pairs may come from since a whole pass among ``survivors``.

    ``oversized_keys`` are the keys of oversized buckets, as in
    :class:`dedupe.blocking.lsh.Candidates`; ``sampled_pairs`` are the candidate pairs of contents
    of which not all runs meet, as pair keys.
    """

    oversized_keys: NDArray[np.uint64]
    sampled: NDArray[np.int64]
    survivors: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PassPairs:
    """What a pass looks at: sorted pair keys of representatives in parts, some ``size`` in all.

    ``found`` are all candidates, where they were asked for.
    """

    parts: Iterable[NDArray[np.int64]]
    size: int
    found: Candidates | None = None


class PassPlanner:
    """What passes look at, one after another; ``counts`` are those of the pass begun last."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.counts: StatsSnapshot | None = None
        self.state: PassState | None = None
        self.stale = np.ones(backend.content_count, dtype=bool)

    def begin(self, survivors: NDArray[np.int64]) -> StatsSnapshot:
        """The counts over the representatives that live in a new pass."""
        counts = self.backend.counts(survivors)
        if self.counts is not None:
            self.stale |= self.backend.corpus_stats.changed(self.counts, counts)
        if self.state is not None:
            revived = np.setdiff1d(survivors, self.state.survivors, assume_unique=True)
            self.stale[self.backend.content_ids[revived]] = True
        self.counts = counts
        return counts

    def near_misses(self, scored: ScoredPairs, survivors: NDArray[np.int64]) -> PassPairs:
        """Pairs of the survivors that nearly passed, or passed, when they were scored before."""
        floor = self.backend.settings.threshold * NEAR_MISS_SHARE
        pair_keys = self.changed(scored.pair_keys[scored.scores >= floor], survivors)
        return PassPairs([pair_keys], len(pair_keys))

    def all_pairs(
        self, scored: ScoredPairs, pruned: PrunedPairs, survivors: NDArray[np.int64]
    ) -> PassPairs:
        """All pairs of the survivors that may get a new score, without the pruned pairs.

        The next pass may be begun when all parts have been taken.
        """
        if self.state is None:
            found = candidates_of(self.backend, survivors)
            parts, size = self.first_pairs(found, survivors), found.count
        else:
            found = None
            new = new_candidates(self.backend, self.state, survivors)
            parts, size = (
                self.later_pairs(new, scored, survivors),
                new.count + len(scored.pair_keys),
            )
        if pruned:
            parts = (pruned.rest(np.sort(heap)) for heap in rebatch(parts, PRUNED_PER_QUERY))
        return PassPairs(parts, size, found)

    def first_pairs(
        self, found: Candidates, survivors: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """The pairs of the survivors for all candidates, a part at a time."""
        meet = RecordPairing(self.backend, survivors)
        yield meet.beside()
        many = [np.zeros(0, np.int64)]
        for pair_keys in found.parts:
            many.append(sampled_pairs(meet.nodes, pair_keys))
            yield meet.across(pair_keys)
        self.state = PassState(found.oversized_keys, np.concatenate(many), survivors)
        self.stale[:] = False

    def later_pairs(
        self, found: Candidates, scored: ScoredPairs, survivors: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """The pairs that were scored and may come out otherwise, then those for new candidates."""
        yield self.changed(scored.pair_keys, survivors)
        meet = RecordPairing(self.backend, survivors)
        yield difference_sorted(scored.pair_keys, meet.beside())
        for pair_keys in found.parts:
            yield difference_sorted(scored.pair_keys, meet.across(pair_keys))
        if self.state is not None:
            self.state = replace(self.state, survivors=survivors)
        self.stale[:] = False

    def changed(
        self, pair_keys: NDArray[np.int64], survivors: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The pairs of the survivors, of some, of whose texts something is counted otherwise."""
        survives = np.zeros(len(self.backend), dtype=bool)
        survives[survivors] = True
        pair_keys = pair_keys[survives[left_of(pair_keys)] & survives[right_of(pair_keys)]]
        left, right = (
            self.backend.content_ids[left_of(pair_keys)],
            self.backend.content_ids[right_of(pair_keys)],
        )
        return np.asarray(pair_keys[self.stale[left] | self.stale[right]])


def candidates_of(
    backend: Backend, survivors: NDArray[np.int64], oversized: OversizedBuckets | None = None
) -> Candidates:
    """Candidate pairs of the contents that survive, by all keys or by some."""
    return backend.candidate_pairs(contents_by_time(backend, survivors), oversized)


def contents_by_time(backend: Backend, survivors: NDArray[np.int64]) -> NDArray[np.int64]:
    """The contents of some records in the order of their first times."""
    by_time = survivors[np.lexsort((backend.times[survivors], backend.content_ids[survivors]))]
    content_ids, firsts = np.unique(backend.content_ids[by_time], return_index=True)
    order = np.lexsort((content_ids, backend.times[by_time[firsts]]))
    return np.asarray(content_ids[order])


def new_candidates(backend: Backend, state: PassState, survivors: NDArray[np.int64]) -> Candidates:
    """The candidate pairs of contents that may bring pairs of representatives not scored yet."""
    moved = np.unique(
        backend.content_ids[np.setxor1d(state.survivors, survivors, assume_unique=True)]
    )
    found = candidates_of(backend, survivors, OversizedBuckets(state.oversized_keys, moved))
    has_moved = np.zeros(backend.content_count, dtype=bool)
    has_moved[moved] = True
    again = state.sampled
    again = again[has_moved[left_of(again)] | has_moved[right_of(again)]]
    rest = (difference_sorted(again, pair_keys) for pair_keys in found.parts)
    return replace(found, parts=chain([again], rest), count=len(again) + found.count)


def record_pairs(
    backend: Backend, pair_keys: NDArray[np.int64], survivors: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The packed candidate pairs of contents as pairs of survivors, and those beside them."""
    meet = RecordPairing(backend, survivors)
    return distinct_sorted(np.concatenate([meet.beside(), meet.across(pair_keys)]))


class RecordPairing:
    """Which survivors meet for which contents, within the window."""

    def __init__(self, backend: Backend, survivors: NDArray[np.int64]) -> None:
        survivors = survivors[np.argsort(backend.digests[survivors], kind="stable")]
        self._backend = backend
        self.nodes = backend.keep(
            RecordGroups.of(survivors, backend.content_ids[survivors], backend.times[survivors])
        )

    def beside(self) -> NDArray[np.int64]:
        """The neighbours of one content, and what links keep apart with all of its own kind."""
        pair_keys = time_neighbours(self.nodes)
        if self._backend.links.cannot.size:
            pair_keys = distinct_sorted(
                np.concatenate([pair_keys, cannot_link_pairs(self._backend, self.nodes.runs)])
            )
        return self._near(pair_keys)

    def across(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs for packed candidate pairs of two contents."""
        return self._near(expand_to_records(self.nodes, pair_keys))

    def _near(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        window = self._backend.settings.window
        if window is None:
            return pair_keys
        hours = self._backend.hours(*unpack(pair_keys))
        return pair_keys[~(hours * HOUR > window)]
