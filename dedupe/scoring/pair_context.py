"""What a pair is to the decision beside its texts: how far apart, whose, and how often seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.scoring.align import Column
    from dedupe.scoring.features import Letters

CONTEXT = (
    "gap",  # log(1 + hours between the two)
    "recurrence",  # log2 of the days on which the more frequent headline of the two appears
    "recurrence_weeks",  # the same of weeks
    "same_source",  # whether one outlet wrote both
    "returns",  # log2 of the days on which the rarest two words that both share meet in a headline
    "returns_weeks",  # the same of weeks
    "crowd",  # log2 of the headlines in which they meet
)
RETURNS = ("recurrence", "recurrence_weeks", "returns", "returns_weeks", "crowd")
RETURN_COUNTS = 3
"""Days, weeks and headlines: the last axis of what is counted of two words that meet."""


@dataclass(frozen=True, slots=True)
class ScoringContext:
    """What the decision may look at: each field of all texts, and their strings.

    ``recurrence`` is log2 of the days and of the weeks in which a text's headline appears;
    ``rare_pairs`` number its rarest words, two by two, -1 for none, and ``pair_returns`` has for
    each number log2 of the days and weeks that have such a headline, and of such headlines.
    ``strict`` says that a pair whose numbers conflict scores 0, ``floor`` that one that cannot come
    to so much does, too, and ``use_prefilter`` that this is seen at the pre-filter where it can be.
    """

    weights: tuple[float, ...]
    columns: tuple[Column, ...]
    texts: tuple[Letters, ...]
    recurrence: NDArray[np.float64]
    rare_pairs: NDArray[np.int32]
    pair_returns: NDArray[np.float64]
    jobs: int = 0
    strict: bool = False
    floor: float = 0.0
    use_prefilter: bool = False


@dataclass(frozen=True, slots=True)
class PairContext:
    """The two texts of each pair, the hours between them and whether one outlet wrote both.

    The last two are NaN where they are not known.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    hours: NDArray[np.float64]
    same_source: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)

    def at(self, positions: slice | NDArray[np.int64]) -> PairContext:
        """Some of the pairs."""
        left, right = self.left[positions], self.right[positions]
        return PairContext(left, right, self.hours[positions], self.same_source[positions])


def context_rows(scoring_context: ScoringContext, pair_context: PairContext) -> NDArray[np.float64]:
    """The ``CONTEXT`` features of pairs of texts."""
    recurrence = np.maximum(
        scoring_context.recurrence[pair_context.left],
        scoring_context.recurrence[pair_context.right],
    )
    returns = returning(scoring_context, pair_context.left, pair_context.right)
    columns = [
        np.log1p(pair_context.hours)[:, None],
        recurrence,
        pair_context.same_source[:, None],
        returns,
    ]
    return np.concatenate(columns, axis=1)


def without_returns(context: NDArray[np.float64]) -> NDArray[np.float64]:
    """The context if each headline and each meeting of words stood alone in its corpus."""
    out = context.copy()
    out[:, [CONTEXT.index(name) for name in RETURNS]] *= 0
    return out


def returning(
    scoring_context: ScoringContext, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How often the rarest words that both headlines share have met; NaN where they share none.

    "Press digest" and "March 3" meet every day: two headlines that share no more are two digests.
    """
    if kernel.available():
        out = np.empty((len(left), RETURN_COUNTS))
        pair_context = np.ascontiguousarray(left), np.ascontiguousarray(right)
        kernel.returning(
            scoring_context.rare_pairs, scoring_context.pair_returns, *pair_context, out
        )
        return out
    ours, theirs = scoring_context.rare_pairs[left], scoring_context.rare_pairs[right]
    shared = (ours[:, :, None] == theirs[:, None, :]).any(axis=2) & (ours >= 0)
    met = np.append(scoring_context.pair_returns, np.full((1, RETURN_COUNTS), np.inf), axis=0)
    days = met[np.where(shared, ours, -1)].min(axis=1)
    return np.where(np.isinf(days), np.nan, days)
