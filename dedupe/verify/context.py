"""What a pair is to the decision beside its texts: how far apart, whose, and how often seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.verify.align import Column
    from dedupe.verify.features import Letters

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
MEETINGS = 3
"""Days, weeks and headlines: the last axis of what is counted of two words that meet."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision may look at: each field of all texts, and their strings.

    ``recurrence`` is log2 of the days and of the weeks in which a text's headline appears;
    ``anchors`` number its rarest words, two by two, -1 for none, and ``meetings`` has for each
    number log2 of the days and weeks that have such a headline, and of such headlines. ``strict``
    says that a pair whose numbers conflict scores 0, ``floor`` that one that cannot come to so much
    does, too, and ``glanced`` that this is seen at a glance where it can be.
    """

    weights: tuple[float, ...]
    columns: tuple[Column, ...]
    texts: tuple[Letters, ...]
    recurrence: NDArray[np.float64]
    anchors: NDArray[np.int32]
    meetings: NDArray[np.float64]
    jobs: int = 0
    strict: bool = False
    floor: float = 0.0
    glanced: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    """The two texts of each pair, the hours between them and whether one outlet wrote both.

    The last two are NaN where they are not known.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    hours: NDArray[np.float64]
    same_source: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)

    def at(self, places: slice | NDArray[np.int64]) -> Ends:
        """Some of the pairs."""
        left, right = self.left[places], self.right[places]
        return Ends(left, right, self.hours[places], self.same_source[places])


def context_rows(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The ``CONTEXT`` features of pairs of texts."""
    recurrence = np.maximum(evidence.recurrence[ends.left], evidence.recurrence[ends.right])
    returns = returning(evidence, ends.left, ends.right)
    columns = [np.log1p(ends.hours)[:, None], recurrence, ends.same_source[:, None], returns]
    return np.concatenate(columns, axis=1)


def without_returns(context: NDArray[np.float64]) -> NDArray[np.float64]:
    """The context if each headline and each meeting of words stood alone in its corpus."""
    out = context.copy()
    out[:, [CONTEXT.index(name) for name in RETURNS]] *= 0
    return out


def returning(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How often the rarest words that both headlines share have met; NaN where they share none.

    "Press digest" and "March 3" meet every day: two headlines that share no more are two digests.
    """
    if kernel.available():
        out = np.empty((len(left), MEETINGS))
        ends = np.ascontiguousarray(left), np.ascontiguousarray(right)
        kernel.returning(evidence.anchors, evidence.meetings, *ends, out)
        return out
    ours, theirs = evidence.anchors[left], evidence.anchors[right]
    shared = (ours[:, :, None] == theirs[:, None, :]).any(axis=2) & (ours >= 0)
    met = np.append(evidence.meetings, np.full((1, MEETINGS), np.inf), axis=0)
    days = met[np.where(shared, ours, -1)].min(axis=1)
    return np.where(np.isinf(days), np.nan, days)
