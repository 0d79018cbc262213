"""Score candidate pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.models import HOUR
from dedupe.parallel import thread_map
from dedupe.scoring.features import VIEW, fill_ratios, word_feature_rows
from dedupe.scoring.log_odds import combine_fields, feature_rows
from dedupe.scoring.model import to_probability
from dedupe.scoring.pair_context import CONTEXT, PairContext, ScoringContext, context_rows
from dedupe.scoring.prefilter import (
    score_upper_bounds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


FEATURES = (*VIEW, *(f"lede_{name}" for name in VIEW), *CONTEXT)
GAPS_IN_HOURS = (0, 1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 72, 96, 168, 336, 720, 2160, 8760)
"""Hours at which equal texts are scored, to find how far apart they are still one story."""
FOREVER = 1 << 40
SHOWN = VIEW.index("dice")
GAP, SAME_SOURCE = CONTEXT.index("gap"), CONTEXT.index("same_source")
CHUNK = 1 << 13

Output = TypeVar("Output")


@dataclass(frozen=True, slots=True)
class PairScores:
    """The score of each pair, 0 to 1, and each field's similarity, -1 where it is missing.

    A pair that was pre-filtered out scores 0 and has no similarities. ``upper_bounds`` is the score
    if nothing recurred: what a pair may come to when duplicates are gone.
    """

    scores: NDArray[np.float64]
    upper_bounds: NDArray[np.float64]
    parts: NDArray[np.float64]


def score_pairs(
    scoring_context: ScoringContext,
    pair_context: PairContext,
    progress: Callable[[float], None] = lambda _: None,
) -> PairScores:
    """Score pairs of texts; ``progress`` is told the share done."""
    none = PairScores(np.zeros(0), np.zeros(0), np.zeros((0, len(scoring_context.columns))))
    chunks = [
        none,
        *map_chunks(
            partial(score_chunk, scoring_context), pair_context, scoring_context.jobs, progress
        ),
    ]
    return PairScores(
        np.concatenate([chunk.scores for chunk in chunks]),
        np.concatenate([chunk.upper_bounds for chunk in chunks]),
        np.concatenate([chunk.parts for chunk in chunks]),
    )


def upper_bounds_of(
    scoring_context: ScoringContext,
    pair_context: PairContext,
    progress: Callable[[float], None] = lambda _: None,
) -> NDArray[np.float64]:
    """What pairs may come to, by their words alone: :func:`score_upper_bounds` of many."""
    parts = map_chunks(
        partial(score_upper_bounds, scoring_context), pair_context, scoring_context.jobs, progress
    )
    return np.concatenate([np.zeros(0), *parts])


def map_chunks(
    look: Callable[[PairContext], Output],
    pair_context: PairContext,
    jobs: int,
    progress: Callable[[float], None],
) -> Iterator[Output]:
    """What is told of pairs, chunk by chunk, in so many threads."""
    cuts = [slice(first, first + CHUNK) for first in range(0, len(pair_context), CHUNK)]
    with thread_map(jobs if len(cuts) > 1 else 1) as spread:
        for done, told in enumerate(spread(lambda cut: look(pair_context.at(cut)), cuts), 1):
            yield told
            progress(done / len(cuts))


def score_chunk(scoring_context: ScoringContext, pair_context: PairContext) -> PairScores:
    """The scores on some pairs; those without hope are not looked at closely."""
    if not scoring_context.floor:
        return score_fully(scoring_context, pair_context)
    upper_bounds = score_upper_bounds(scoring_context, pair_context)
    scores, parts = (
        np.zeros(len(pair_context)),
        np.full((len(pair_context), len(scoring_context.columns)), -1.0),
    )
    survivors = np.flatnonzero(upper_bounds >= scoring_context.floor)
    if len(survivors):
        found = score_fully(scoring_context, pair_context.at(survivors))
        scores[survivors], upper_bounds[survivors], parts[survivors] = (
            found.scores,
            found.upper_bounds,
            found.parts,
        )
    return PairScores(scores, upper_bounds, parts)


def score_fully(scoring_context: ScoringContext, pair_context: PairContext) -> PairScores:
    """The scores on some pairs, each aligned and compared by characters."""
    views = field_features(scoring_context, pair_context.left, pair_context.right)
    scores, upper_bounds = to_probability(
        combine_fields(scoring_context, views, context_rows(scoring_context, pair_context))
    ).T
    parts = np.stack([np.nan_to_num(view[:, SHOWN], nan=-1.0) for view in views], axis=1)
    return PairScores(scores, upper_bounds, parts)


def field_features(
    scoring_context: ScoringContext, left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """The features of each field for pairs of texts."""
    views = [word_feature_rows(column, left, right) for column in scoring_context.columns]
    for view, texts in zip(views, scoring_context.texts, strict=True):
        fill_ratios(view, texts, left, right)
    return views


def model_rows(scoring_context: ScoringContext, pair_context: PairContext) -> NDArray[np.float64]:
    """The model's rows for pairs of records with one field or two, to fit and to explain."""
    views = field_features(scoring_context, pair_context.left, pair_context.right)
    context = context_rows(scoring_context, pair_context)
    second = views[1] if len(views) > 1 else np.full_like(views[0], np.nan)
    return feature_rows(views[0], second, context)


def max_exact_gap(
    scoring_context: ScoringContext, content_ids: NDArray[np.int64], threshold: float
) -> NDArray[np.int64]:
    """How many seconds apart two records of each content pass, whoever wrote them; at least 0."""
    cuts = [content_ids[first : first + CHUNK] for first in range(0, len(content_ids), CHUNK)]
    with thread_map(scoring_context.jobs if len(cuts) > 1 else 1) as spread:
        reached = spread(lambda some: max_gap_chunk(scoring_context, some, threshold), cuts)
        return np.concatenate([np.zeros(0, np.int64), *reached])


def max_gap_chunk(
    scoring_context: ScoringContext, content_ids: NDArray[np.int64], threshold: float
) -> NDArray[np.int64]:
    """The same of some contents."""
    views = field_features(scoring_context, content_ids, content_ids)
    unknown = np.full(len(content_ids), np.nan)
    context = context_rows(scoring_context, PairContext(content_ids, content_ids, unknown, unknown))
    reach = np.zeros(len(content_ids), dtype=np.int64)
    passing = np.arange(len(content_ids))
    for hours in GAPS_IN_HOURS:
        context[:, GAP] = np.log1p(hours)
        for same_source in (0.0, 1.0, np.nan):
            context[:, SAME_SOURCE] = same_source
            seen = combine_fields(
                scoring_context, [view[passing] for view in views], context[passing]
            )
            passing = passing[to_probability(seen[:, 0]) >= threshold]
        reach[passing] = hours * HOUR
    reach[passing] = FOREVER
    return reach
