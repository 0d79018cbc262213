"""Break the score of a pair down into the contribution of each feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.memory import scoring_context_of
from dedupe.clustering.exact import exact_group_representatives, find_survivors
from dedupe.scoring.features import VIEW
from dedupe.scoring.log_odds import feature_rows
from dedupe.scoring.model import shipped_model, to_probability
from dedupe.scoring.numbers import numbers_conflict
from dedupe.scoring.pair_context import CONTEXT, PairContext
from dedupe.scoring.pair_context import context_rows as context_of
from dedupe.scoring.score import field_features, score_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.scoring.pair_context import ScoringContext

ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Contribution:
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
class ScoreBreakdown:
    """A score with all that makes it: ``base`` and the parts add up to ``log_odds``.

    ``parts`` come largest first, those of no effect left out. Without a common field the score
    is 0 and there are no parts; it is 0 too where numbers conflict and that is a bar.
    """

    score: float
    log_odds: float
    base: float
    parts: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """One row that the model is asked: the fields that lead and back it, and how much it counts."""

    primary: int
    back: int
    weight: float
    row: NDArray[np.float64]

    def is_missing(self, position: int) -> bool:
        """Whether a feature is of the second field, and there is none."""
        return self.back < 0 and len(VIEW) <= position < 2 * len(VIEW)

    def field_of(self, position: int) -> int:
        """The field that a feature is about; -1 for the pair as a whole."""
        if position >= 2 * len(VIEW):
            return -1
        return self.primary if position < len(VIEW) else self.back


def first_pass_context(backend: MemoryBackend) -> ScoringContext:
    """The evidence as the first pass of a run sees it."""
    return scoring_context_of(
        backend, find_survivors(backend, exact_group_representatives(backend))
    )


def score_record_pairs(
    backend: MemoryBackend,
    scoring_context: ScoringContext,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The score of each pair of records; 0 where a record has no text."""
    scores = np.zeros(len(left))
    both = np.flatnonzero((backend.content_ids[left] >= 0) & (backend.content_ids[right] >= 0))
    scores[both] = score_pairs(
        scoring_context, backend.pair_context(left[both], right[both])
    ).scores
    return scores


def model_queries(
    backend: MemoryBackend, scoring_context: ScoringContext, left: int, right: int
) -> list[ModelQuery]:
    """What the model is asked about a pair: see :func:`dedupe.scoring.log_odds.combine_fields`."""
    one, other = np.array([left]), np.array([right])
    if backend.content_ids[left] < 0 or backend.content_ids[right] < 0:
        return []
    content_ids = backend.content_ids[one], backend.content_ids[other]
    views = field_features(scoring_context, *content_ids)
    pair_context = PairContext(
        *content_ids, backend.hours(one, other), backend.same_source(one, other)
    )
    context = context_of(scoring_context, pair_context)
    held = [field for field, view in enumerate(views) if not np.isnan(view[0, 0])]
    if not held:
        return []
    primary, *backs = held
    if not backs:
        alone = feature_rows(views[primary], np.full_like(views[primary], np.nan), context)
        return [ModelQuery(primary, -1, 1.0, alone[0])]
    mass = sum(scoring_context.weights[back] for back in backs)
    return [
        ModelQuery(
            primary,
            back,
            scoring_context.weights[back] / mass,
            feature_rows(views[primary], views[back], context)[0],
        )
        for back in backs
    ]


def log_odds_of(steps: Sequence[ModelQuery]) -> float:
    """The log-odds of what the model is asked."""
    if not steps:
        return -np.inf
    rows = np.stack([step.row for step in steps])
    return float(shipped_model().log_odds(rows) @ np.array([step.weight for step in steps]))


def is_ruled_out(scoring_context: ScoringContext, steps: Sequence[ModelQuery]) -> bool:
    """Whether numbers conflict, and that is a bar."""
    return scoring_context.strict and any(
        bool(numbers_conflict(step.row[None, :])[0]) for step in steps
    )


def score_breakdown(
    backend: MemoryBackend, scoring_context: ScoringContext, left: int, right: int
) -> ScoreBreakdown:
    """Score one pair of records and say why."""
    steps = model_queries(backend, scoring_context, left, right)
    if not steps:
        return ScoreBreakdown(0.0, -np.inf, 0.0, ())
    names = (*VIEW, *VIEW, *CONTEXT)
    titles = [field.name for field in backend.settings.field]
    found: dict[tuple[int, str], tuple[float, float]] = {}
    for step in steps:
        for position, part in enumerate(feature_contributions(step.row).tolist()):
            missing = step.is_missing(position)
            key = (step.field_of(position), ALONE if missing else names[position])
            before = found.get(key, (0.0, 0.0))[1]
            found[key] = (float(step.row[position]), before + step.weight * part)
    parts = [
        Contribution("" if field < 0 else titles[field], name, value, part)
        for (field, name), (value, part) in found.items()
        if part
    ]
    odds = log_odds_of(steps)
    return ScoreBreakdown(
        score=0.0
        if is_ruled_out(scoring_context, steps)
        else float(to_probability(np.array([odds]))[0]),
        log_odds=odds,
        base=base_log_odds(),
        parts=tuple(sorted(parts, key=lambda part: -abs(part.part))),
    )


def base_log_odds() -> float:
    """The log-odds before any feature is asked: the mean of what the model was fitted on."""
    model = shipped_model()
    return model.base + float(model.values[model.roots].sum())


def feature_contributions(row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each feature's part in the log-odds of one row, all trees walked at once.

    A step to a child adds to the feature that was asked what the child's mean is above its
    parent's; with :func:`base_log_odds` the parts add up to the log-odds.
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
