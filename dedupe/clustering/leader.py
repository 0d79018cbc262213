"""Assign every representative to a leader, under the constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import difference_sorted
from dedupe.clustering.constraints import best_of_groups, build_constraints
from dedupe.clustering.linkage import SCORE_UNITS, leader_cluster, merge_average_linkage
from dedupe.pairs import left_of, right_of, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.clustering.constraints import Constraints
    from dedupe.clustering.fixed_point import PrunedPairs
    from dedupe.scoring.scored_pairs import ScoredPairs


def assign_leaders(
    backend: Backend, representatives: NDArray[np.int64], scored: ScoredPairs, pruned: PrunedPairs
) -> NDArray[np.int64]:
    """Assign each representative to a leader by scored pairs and constraints."""
    accepting = backend.settings.threshold
    constraints = build_constraints(backend, representatives)
    scored = scored.where(~constraints.part(scored.left, scored.right))
    accepted = scored.where(scored.scores >= accepting)
    ranks = canonical_ranks(backend, representatives, accepted)
    best = best_of_groups(constraints, representatives, ranks)
    apart = best[np.stack(unpack(constraints.apart))]
    left, right = best[accepted.left], best[accepted.right]
    other = left != right
    leaders = leader_cluster(ranks, left[other], right[other], accepted.scores[other], apart)[best]
    if backend.settings.linkage == "average" and backend.settings.window is None:
        told = with_pruned(scored, accepted, leaders, pruned, constraints)
        leaders = merge_average_linkage(ranks, leaders, *told, accepting, apart)
    return leaders[representatives]


def with_pruned(
    scored: ScoredPairs,
    accepted: ScoredPairs,
    leaders: NDArray[np.int64],
    pruned: PrunedPairs,
    constraints: Constraints,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All scored pairs and their scores, with pruned pairs where accepted ones may join them."""
    left, right = leaders[accepted.left], leaders[accepted.right]
    touched = np.zeros(len(leaders), dtype=bool)
    touched[left[left != right]] = touched[right[left != right]] = True
    touched = touched[leaders]
    pair_keys = pruned.among(touched)
    pair_keys = difference_sorted(
        scored.pair_keys, pair_keys[~constraints.part(*unpack(pair_keys))]
    )
    return (
        np.concatenate([scored.left, left_of(pair_keys)]),
        np.concatenate([scored.right, right_of(pair_keys)]),
        np.concatenate([scored.scores, np.zeros(len(pair_keys))]),
    )


def canonical_ranks(
    backend: Backend, representatives: NDArray[np.int64], accepted: ScoredPairs
) -> NDArray[np.int64]:
    """Each record's rank by policy; one without text comes after all that have some."""
    sizes = np.bincount(representatives, minlength=len(representatives))
    units = np.rint(accepted.scores * SCORE_UNITS)
    ends = ((accepted.left, accepted.right), (accepted.right, accepted.left))
    sums = [np.bincount(own, units * sizes[other], len(representatives)) for own, other in ends]
    ranks = backend.order.rank(np.add(*sums))
    return np.where(backend.content_ids < 0, ranks + len(ranks), ranks)
