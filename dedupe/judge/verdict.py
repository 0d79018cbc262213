"""The decision on single pairs of records, feature by feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.case import evidence_among
from dedupe.pipeline.heads import alive_heads, run_heads
from dedupe.verify import CONTEXT, VIEW, Ends, conflicts, features_of, verify, view_rows
from dedupe.verify import context_rows as context_of
from dedupe.verify.model import probability, shipped_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case
    from dedupe.verify import Evidence

ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Part:
    """One feature of a pair, its value and what it adds to the log-odds.

    ``field`` is ``""`` for a feature of the pair as a whole, such as the gap in time; among these
    ``alone`` sums up that no second field backs the first.
    """

    field: str
    name: str
    value: float
    part: float

    @property
    def label(self) -> str:
        """How the feature is shown, as in ``title rest_min``."""
        return f"{self.field} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A score with all that makes it: ``base`` and the parts add up to ``log_odds``.

    ``parts`` come largest first, those of no effect left out. Without a common field the score
    is 0 and there are no parts; it is 0 too where numbers conflict and that is a bar.
    """

    score: float
    log_odds: float
    base: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One row that the model is asked: the fields that lead and back it, and how much it counts."""

    lead: int
    back: int
    weight: float
    row: NDArray[np.float64]

    def is_missing(self, place: int) -> bool:
        """Whether a feature is of the second field, and there is none."""
        return self.back < 0 and len(VIEW) <= place < 2 * len(VIEW)

    def field_of(self, place: int) -> int:
        """The field that a feature is about; -1 for the pair as a whole."""
        if place >= 2 * len(VIEW):
            return -1
        return self.lead if place < len(VIEW) else self.back


def sight_of(case: Case) -> Evidence:
    """The evidence as the first round of a run sees it."""
    return evidence_among(case, alive_heads(case, run_heads(case)))


def score_pairs(
    case: Case, evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The score of each pair of records; 0 where a record has no text."""
    scores = np.zeros(len(left))
    both = np.flatnonzero((case.kinds[left] >= 0) & (case.kinds[right] >= 0))
    scores[both] = verify(evidence, case.ends(left[both], right[both])).scores
    return scores


def steps_of(case: Case, evidence: Evidence, left: int, right: int) -> list[Step]:
    """What the model is asked about a pair: see :func:`dedupe.verify.odds.combine`."""
    one, other = np.array([left]), np.array([right])
    if case.kinds[left] < 0 or case.kinds[right] < 0:
        return []
    kinds = case.kinds[one], case.kinds[other]
    views = view_rows(evidence, *kinds)
    ends = Ends(*kinds, case.hours(one, other), case.same_source(one, other))
    context = context_of(evidence, ends)
    held = [field for field, view in enumerate(views) if not np.isnan(view[0, 0])]
    if not held:
        return []
    lead, *backs = held
    if not backs:
        alone = features_of(views[lead], np.full_like(views[lead], np.nan), context)
        return [Step(lead, -1, 1.0, alone[0])]
    mass = sum(evidence.weights[back] for back in backs)
    return [
        Step(
            lead,
            back,
            evidence.weights[back] / mass,
            features_of(views[lead], views[back], context)[0],
        )
        for back in backs
    ]


def odds_of(steps: Sequence[Step]) -> float:
    """The log-odds of what the model is asked."""
    if not steps:
        return -np.inf
    rows = np.stack([step.row for step in steps])
    return float(shipped_model().log_odds(rows) @ np.array([step.weight for step in steps]))


def is_barred(evidence: Evidence, steps: Sequence[Step]) -> bool:
    """Whether numbers conflict, and that is a bar."""
    return evidence.strict and any(bool(conflicts(step.row[None, :])[0]) for step in steps)


def verdict_on(case: Case, evidence: Evidence, left: int, right: int) -> Verdict:
    """Score one pair of records and say why."""
    steps = steps_of(case, evidence, left, right)
    if not steps:
        return Verdict(0.0, -np.inf, 0.0, ())
    names = (*VIEW, *VIEW, *CONTEXT)
    titles = [field.name for field in case.settings.field]
    found: dict[tuple[int, str], tuple[float, float]] = {}
    for step in steps:
        for place, part in enumerate(parts_of(step.row).tolist()):
            missing = step.is_missing(place)
            key = (step.field_of(place), ALONE if missing else names[place])
            before = found.get(key, (0.0, 0.0))[1]
            found[key] = (float(step.row[place]), before + step.weight * part)
    parts = [
        Part("" if field < 0 else titles[field], name, value, part)
        for (field, name), (value, part) in found.items()
        if part
    ]
    odds = odds_of(steps)
    return Verdict(
        score=0.0 if is_barred(evidence, steps) else float(probability(np.array([odds]))[0]),
        log_odds=odds,
        base=base_odds(),
        parts=tuple(sorted(parts, key=lambda part: -abs(part.part))),
    )


def base_odds() -> float:
    """The log-odds before any feature is asked: the mean of what the model was fitted on."""
    model = shipped_model()
    return model.base + float(model.values[model.roots].sum())


def parts_of(row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each feature's part in the log-odds of one row, all trees walked at once.

    A step to a child adds to the feature that was asked what the child's mean is above its
    parent's; with :func:`base_odds` the parts add up to the log-odds.
    """
    model = shipped_model()
    total = np.zeros(len(model.names))
    nodes, picks = model.roots, np.zeros(len(model.roots), dtype=np.int64)
    for _ in range(model.depth):
        following = model.step(row[None, :], picks, nodes)
        asked = model.features[nodes] >= 0
        gains = model.values[following] - model.values[nodes]
        np.add.at(total, model.features[nodes][asked], gains[asked])
        nodes = following
    return total
