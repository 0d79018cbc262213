"""Cluster pass by pass until the survivors hold no duplicate among themselves.

Document frequencies change a little when duplicates are removed, and a few scores with them. So
the survivors are scored again under their own statistics, until a whole pass accepts no new pair:
then a second run on the output of the first finds nothing either. Passes in between look only at
near misses. A whole pass leaves out pruned pairs, whose upper bound is below two fifths of the
threshold even if nothing recurred; no change of document frequencies carries them over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dedupe.arrays import (
    concat_ranges,
    difference_sorted,
    distinct_sorted,
    unique_sorted,
)
from dedupe.clustering.constraints import best_of_groups, build_constraints
from dedupe.clustering.exact import (
    NO_RECORDS,
    exact_group_representatives,
    find_survivors,
    split_strays,
    stray_copies,
)
from dedupe.clustering.leader import assign_leaders, canonical_ranks
from dedupe.clustering.pass_planner import PassPlanner
from dedupe.pairs import left_of, pack_ordered, right_of
from dedupe.scoring.scored_pairs import (
    ScoredPairs,
    count_newly_accepted,
    must_link_pairs,
    no_scored_pairs,
    score_pass,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.blocking.lsh import Candidates
    from dedupe.clustering.pass_planner import PassPairs
    from dedupe.scoring.corpus_stats import StatsSnapshot

PRUNING_SHARE = 0.4
"""The share of the threshold below which a pair is pruned."""
MIN_NEW_PAIRS = 64
"""So many pairs must have passed anew for a pass of near misses to spare a whole one."""


def cluster_until_stable(backend: Backend, progress: Callable[[float], None]) -> ClusteringState:
    """Find every record's leader; ``progress`` is told the share of a pass's pairs scored."""
    leaders = representatives = backend.keep(exact_group_representatives(backend))
    scored = no_scored_pairs(len(backend.settings.field))
    effort = dict.fromkeys(("rounds", "candidate_pairs", "hot_buckets", "largest_bucket"), 0)
    pruned = backend.pruned()
    floor = backend.settings.threshold * PRUNING_SHARE
    whole = True
    planner = PassPlanner(backend)
    while True:
        survivors = backend.keep(find_survivors(backend, leaders))
        counts = planner.begin(survivors)
        if whole:
            pass_pairs = planner.all_pairs(scored, pruned, survivors)
            note_effort(effort, pass_pairs.found)
        else:
            pass_pairs = planner.near_misses(scored, survivors)
        first = effort["rounds"] == 0
        pass_pairs = permitted_pairs(backend, representatives, pass_pairs)
        scorer = backend.scorer(counts, floor, prefilter=first)
        fresh = score_pass(backend, pass_pairs, scorer, pruned, progress)
        links_wait = first and backend.links.must.size > 0
        passed = count_newly_accepted(scored, fresh, backend.settings.threshold)
        done = whole and not passed and not links_wait
        scored = backend.keep(scored | fresh)
        effort["rounds"] += 1
        strays = stray_copies(backend, representatives, leaders) if done else NO_RECORDS
        if done and not len(strays):
            return build_state(backend, counts, representatives, leaders, scored, pruned, effort)
        if len(strays):
            representatives, planner = (
                backend.keep(split_strays(backend, representatives, strays)),
                PassPlanner(backend),
            )
        leaders = backend.keep(assign_leaders(backend, representatives, scored, pruned))
        whole = passed < MIN_NEW_PAIRS


def note_effort(effort: dict[str, int], found: Candidates | None) -> None:
    """Keep the largest figures of all passes that asked for all candidates."""
    if found is None:
        return
    for name, value in (
        ("candidate_pairs", found.count),
        ("hot_buckets", found.oversized_buckets),
        ("largest_bucket", found.largest_bucket),
    ):
        effort[name] = max(effort[name], value)


def permitted_pairs(
    backend: Backend, representatives: NDArray[np.int64], pass_pairs: PassPairs
) -> PassPairs:
    """The pairs of representatives that neither links nor versions keep apart."""
    constraints = build_constraints(backend, representatives)
    if not constraints:
        return pass_pairs
    return replace(
        pass_pairs, parts=(constraints.permitted(pair_keys) for pair_keys in pass_pairs.parts)
    )


def build_state(
    backend: Backend,
    counts: StatsSnapshot,
    representatives: NDArray[np.int64],
    leaders: NDArray[np.int64],
    scored: ScoredPairs,
    pruned: PrunedPairs,
    effort: dict[str, int],
) -> ClusteringState:
    """Build the result, with scores of representatives and leaders not accepted as pairs."""
    constraints = build_constraints(backend, representatives)
    accepted = scored.where(scored.scores >= backend.settings.threshold)
    best = best_of_groups(
        constraints, representatives, canonical_ranks(backend, representatives, accepted)
    )
    linked = best != np.arange(len(best))
    members = (representatives == np.arange(len(representatives))) & (leaders != representatives)
    averaged = np.flatnonzero(members & ~linked)
    pair_keys = difference_sorted(
        accepted.pair_keys, distinct_sorted(pack_ordered(averaged, leaders[averaged]))
    )
    distant, _ = backend.scorer(counts, 0.0, prefilter=False)(pair_keys, lambda _: None)
    by_links = np.flatnonzero(members & linked)
    stars = [
        must_link_pairs(pack_ordered(by_links, ends[by_links]), accepted, distant)
        for ends in (leaders, best)
    ]
    stars[0] |= distant
    return ClusteringState(
        representatives, leaders, scored, pruned, accepted, stars[0], stars[1], effort
    )


class PrunedPairs(Protocol):
    """Coded pairs of records, wherever they are kept; pair keys that come and go are sorted."""

    def __bool__(self) -> bool:
        """Whether there are any."""

    def add(self, pair_keys: NDArray[np.int64]) -> None:
        """Put some pairs aside, of which some may be there already."""

    def rest(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted, which few are."""

    def pair_keys(self) -> NDArray[np.int64]:
        """All of them."""


class PrunedPairsInMemory:
    """The same in memory."""

    def __init__(self, *held: NDArray[np.int64]) -> None:
        self._parts = [np.zeros(0, np.int64), *held]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(map(len, self._parts))

    def add(self, pair_keys: NDArray[np.int64]) -> None:
        """Put some pairs aside."""
        self._parts.append(pair_keys)

    def rest(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""
        return difference_sorted(self.pair_keys(), pair_keys)

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted."""
        pair_keys = self.pair_keys()
        left_ids, lows = left_of(pair_keys), np.flatnonzero(wanted)
        starts = np.searchsorted(left_ids, lows)
        ends = np.searchsorted(left_ids, lows, side="right")
        held = pair_keys[concat_ranges(starts, ends - starts)]
        return np.asarray(held[wanted[right_of(held)]])

    def pair_keys(self) -> NDArray[np.int64]:
        """All of them; what came in parts is sorted when it is first asked for."""
        if len(self._parts) > 1:
            together = np.concatenate(self._parts)
            self._parts.clear()
            self._parts.append(unique_sorted(together))
        return self._parts[0]


@dataclass(frozen=True, slots=True)
class ClusteringState:
    """The representative and the leader of each record, the accepted pairs, and the effort.

    ``distant`` holds the pairs of representatives and leaders that joined by their clusters'
    average or by links and were not accepted themselves; ``linked`` the pairs that links alone hold
    together; ``scored`` all pairs that were looked at closely, accepted or not, and ``pruned``
    those that were not worth it.
    """

    representatives: NDArray[np.int64]
    leaders: NDArray[np.int64]
    scored: ScoredPairs
    pruned: PrunedPairs
    accepted: ScoredPairs
    distant: ScoredPairs
    linked: ScoredPairs
    effort: dict[str, int]

    def all_scored(self) -> ScoredPairs:
        """All pairs that were looked at, the pruned pairs with a score of 0 and no similarities."""
        pair_keys = difference_sorted(self.scored.pair_keys, self.pruned.pair_keys())
        parts = np.full((len(pair_keys), self.scored.parts.shape[1]), -1.0)
        return self.scored | ScoredPairs(pair_keys, np.zeros(len(pair_keys)), parts)
