"""Find where gold pairs were lost, and the worst errors of a clustering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges
from dedupe.evaluation.contributions import (
    ScoreBreakdown,
    first_pass_context,
    score_breakdown,
    score_record_pairs,
)
from dedupe.evaluation.gold import NO_GOLD, GoldPairs
from dedupe.pairs import left_of, pack, pack_ordered, right_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.clustering.fixed_point import ClusteringState
    from dedupe.evaluation.gold import Gold

    Numbers = NDArray[np.int64]

FOUND, NEVER, BELOW, APART = range(4)
CAUSES = ("found", "never compared", "scored below the threshold", "accepted but put apart")


@dataclass(frozen=True, slots=True)
class Losses:
    """How many gold pairs were found together, and where the others were lost."""

    found: int
    never: int
    below: int
    apart: int

    @property
    def pairs(self) -> int:
        """All gold pairs."""
        return self.found + self.never + self.below + self.apart


def pair_outcomes(
    state: ClusteringState, threshold: float, left: Numbers, right: Numbers
) -> Numbers:
    """What became of each pair of records: ``FOUND``, ``NEVER``, ``BELOW`` or ``APART``."""
    one, other = state.representatives[left], state.representatives[right]
    pair_keys = pack_ordered(one, other)
    scored = state.all_scored()
    held = scored.pair_keys
    if not len(held):
        missed = np.full(len(left), NEVER)
    else:
        positions = np.minimum(np.searchsorted(held, pair_keys), len(held) - 1)
        passing = np.where(scored.scores[positions] >= threshold, APART, BELOW)
        missed = np.where(held[positions] == pair_keys, passing, NEVER)
    return np.where(state.leaders[left] == state.leaders[right], FOUND, missed)


def losses_of_pairs(state: ClusteringState, threshold: float, gold: GoldPairs) -> Losses:
    """Where labelled duplicates were lost."""
    told = pair_outcomes(state, threshold, gold.left[gold.duplicate], gold.right[gold.duplicate])
    return Losses(*np.bincount(told, minlength=len(CAUSES)).tolist())


def losses_of_clusters(
    state: ClusteringState, threshold: float, groups: Numbers, kept: int, pairs: int
) -> Losses:
    """Where pairs of gold clusters were lost; ``kept`` of the ``pairs`` are together."""
    scored = state.all_scored()
    across = np.flatnonzero(state.leaders[scored.left] != state.leaders[scored.right])
    weights = gold_pairs_between(
        state.representatives, groups, scored.left[across], scored.right[across]
    )
    passing = scored.scores[across] >= threshold
    apart, below = int(weights[passing].sum()), int(weights[~passing].sum())
    return Losses(kept, pairs - kept - apart - below, below, apart)


def gold_pairs_between(
    representatives: Numbers, groups: Numbers, left: Numbers, right: Numbers
) -> Numbers:
    """For pairs of representatives: how many gold pairs have a record in either exact group."""
    golden = np.flatnonzero(groups >= 0)
    pair_keys, counts = np.unique(pack(representatives[golden], groups[golden]), return_counts=True)
    starts = np.searchsorted(left_of(pair_keys), left)
    sizes = np.searchsorted(left_of(pair_keys), left, side="right") - starts
    ours = concat_ranges(starts, sizes)
    pair = np.repeat(np.arange(len(left)), sizes)
    wanted = pack(right[pair], right_of(pair_keys[ours]))
    if not len(pair_keys):
        return np.zeros(len(left), dtype=np.int64)
    positions = np.minimum(np.searchsorted(pair_keys, wanted), len(pair_keys) - 1)
    products = np.where(pair_keys[positions] == wanted, counts[ours] * counts[positions], 0)
    return np.bincount(pair, weights=products, minlength=len(left)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Error:
    """Two records put together wrongly (``merged``) or left apart wrongly, and the score."""

    left: int
    right: int
    merged: bool
    breakdown: ScoreBreakdown


@dataclass(frozen=True, slots=True)
class ErrorCandidates:
    """Pairs that a clustering has wrong, as columns."""

    left: Numbers
    right: Numbers
    merged: NDArray[np.bool_]


def worst_errors(backend: MemoryBackend, gold: Gold, found: Numbers, most: int) -> list[Error]:
    """The ``most`` worst errors: merged pairs of the highest score, parted ones of the lowest."""
    if not most:
        return []
    suspects = error_candidates(gold, found)
    scoring_context = first_pass_context(backend)
    scores = score_record_pairs(backend, scoring_context, suspects.left, suspects.right)
    surprise = np.where(suspects.merged, scores, 1 - scores)
    chosen = np.lexsort((suspects.right, suspects.left, -surprise))[:most]
    return [
        Error(left, right, merged, score_breakdown(backend, scoring_context, left, right))
        for left, right, merged in zip(
            suspects.left[chosen].tolist(),
            suspects.right[chosen].tolist(),
            suspects.merged[chosen].tolist(),
            strict=True,
        )
    ]


def error_candidates(gold: Gold, found: Numbers) -> ErrorCandidates:
    """The pairs that are wrong: all labelled ones, or one or two a record of gold clusters."""
    if isinstance(gold, GoldPairs):
        together = found[gold.left] == found[gold.right]
        wrong = np.flatnonzero((together != gold.duplicate) & ~gold.update)
        return ErrorCandidates(gold.left[wrong], gold.right[wrong], together[wrong])
    golden = np.flatnonzero(gold.groups != NO_GOLD)
    merged = other_cluster_opener(golden, found[golden], gold.groups[golden])
    parted = other_cluster_opener(golden, gold.groups[golden], found[golden])
    left, right = (np.concatenate(ends) for ends in zip(merged, parted, strict=True))
    return ErrorCandidates(left, right, np.arange(len(left)) < len(merged[0]))


def other_cluster_opener(
    records: Numbers, groups: Numbers, others: Numbers
) -> tuple[Numbers, Numbers]:
    """Each record whose other group is not that of its group's first record, and that record."""
    order = np.lexsort((records, groups))
    records, groups, others = records[order], groups[order], others[order]
    opens = np.searchsorted(groups, groups)
    unlike = np.flatnonzero(others != others[opens])
    return records[opens][unlike], records[unlike]
