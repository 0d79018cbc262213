"""Where gold pairs were lost: never compared, scored too low, or accepted and then put apart.

Counted from the pairs that were judged, so that large gold clusters cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.judge.gold import GoldPairs
    from dedupe.pipeline.judged import Settled

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


def fates(settled: Settled, threshold: float, left: Numbers, right: Numbers) -> Numbers:
    """What became of each pair of records: ``FOUND``, ``NEVER``, ``BELOW`` or ``APART``."""
    one, other = settled.heads[left], settled.heads[right]
    codes = np.minimum(one, other) << 32 | np.maximum(one, other)
    judged = settled.all_judged()
    held = judged.codes
    if not len(held):
        missed = np.full(len(left), NEVER)
    else:
        places = np.minimum(np.searchsorted(held, codes), len(held) - 1)
        passing = np.where(judged.scores[places] >= threshold, APART, BELOW)
        missed = np.where(held[places] == codes, passing, NEVER)
    return np.where(settled.leaders[left] == settled.leaders[right], FOUND, missed)


def losses_of_pairs(settled: Settled, threshold: float, gold: GoldPairs) -> Losses:
    """Where labelled duplicates were lost."""
    told = fates(settled, threshold, gold.left[gold.duplicate], gold.right[gold.duplicate])
    return Losses(*np.bincount(told, minlength=len(CAUSES)).tolist())


def losses_of_clusters(
    settled: Settled, threshold: float, groups: Numbers, kept: int, pairs: int
) -> Losses:
    """Where pairs of gold clusters were lost; ``kept`` of the ``pairs`` are together."""
    judged = settled.all_judged()
    across = np.flatnonzero(settled.leaders[judged.left] != settled.leaders[judged.right])
    weights = gold_pairs_between(settled.heads, groups, judged.left[across], judged.right[across])
    passing = judged.scores[across] >= threshold
    apart, below = int(weights[passing].sum()), int(weights[~passing].sum())
    return Losses(kept, pairs - kept - apart - below, below, apart)


def gold_pairs_between(heads: Numbers, groups: Numbers, left: Numbers, right: Numbers) -> Numbers:
    """For pairs of run heads: how many gold pairs have one record in either run."""
    golden = np.flatnonzero(groups >= 0)
    codes, counts = np.unique(heads[golden] << 32 | groups[golden], return_counts=True)
    starts = np.searchsorted(codes >> 32, left)
    sizes = np.searchsorted(codes >> 32, left, side="right") - starts
    ours = ranges(starts, sizes)
    pair = np.repeat(np.arange(len(left)), sizes)
    wanted = right[pair] << 32 | codes[ours] & 0xFFFFFFFF
    if not len(codes):
        return np.zeros(len(left), dtype=np.int64)
    places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    products = np.where(codes[places] == wanted, counts[ours] * counts[places], 0)
    return np.bincount(pair, weights=products, minlength=len(left)).astype(np.int64)
