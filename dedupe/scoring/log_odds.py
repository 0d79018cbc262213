"""Looks to log-odds: what the model says of pairs with any number of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.scoring.model import shipped_model
from dedupe.scoring.numbers import numbers_conflict
from dedupe.scoring.pair_context import without_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.scoring.pair_context import ScoringContext


def feature_rows(
    first: NDArray[np.float64], second: NDArray[np.float64], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The model's rows: the leading view, the supporting view and the context side by side."""
    return np.concatenate([first, second, context], axis=1)


def combine_fields(
    scoring_context: ScoringContext,
    views: Sequence[NDArray[np.float64]],
    context: NDArray[np.float64],
    *,
    strict: bool = True,
) -> NDArray[np.float64]:
    """The log-odds over all fields that both records have, and beside it if nothing recurred.

    The first field that both have leads, each further one supports it; with several, their
    log-odds are averaged by weight. Without a common field nothing speaks for a duplicate, and
    under ``strict`` nothing does against numbers that conflict in the field that leads.
    """
    primary, total = two_field_log_odds(views, context) or many_field_log_odds(
        scoring_context.weights, views, context
    )
    barred = np.isnan(primary[:, 0]) | (
        numbers_conflict(primary) if strict and scoring_context.strict else False
    )
    return np.where(barred[:, None], -np.inf, total)


def single_log_odds(
    primary: NDArray[np.float64], back: NDArray[np.float64], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The log-odds by a field that leads and one that backs it, and beside it if nothing recurs."""
    model = shipped_model()
    if not kernel.available():
        contexts = context, without_returns(context)
        return np.stack(
            [model.log_odds(feature_rows(primary, back, own)) for own in contexts], axis=1
        )
    odds, upper_bounds = np.full((2, len(primary)), model.base)
    kernel.score_features(*model.forest.arrays(), primary, back, context, odds, upper_bounds)
    return np.stack([odds, upper_bounds], axis=1)


def two_field_log_odds(
    views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The leading view and the log-odds where the first of at most two fields always leads."""
    primary = views[0]
    if len(views) > 2 or np.isnan(primary[:, 0]).any():  # noqa: PLR2004 - a leading and a backing field
        return None
    return primary, single_log_odds(
        primary, views[1] if len(views) > 1 else np.full_like(primary, np.nan), context
    )


def many_field_log_odds(
    weights: Sequence[float], views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The leading view and the log-odds for any fields."""
    primary = np.full_like(views[0], np.nan)
    total, mass = np.zeros((len(context), 2)), np.zeros((len(context), 1))
    for number, view in enumerate(views):
        opens = np.isnan(primary[:, 0]) & ~np.isnan(view[:, 0])
        backs = ~np.isnan(primary[:, 0]) & ~np.isnan(view[:, 0])
        primary[opens] = view[opens]
        if backs.any():
            total[backs] += weights[number] * single_log_odds(
                primary[backs], view[backs], context[backs]
            )
            mass[backs] += weights[number]
    alone = mass[:, 0] == 0
    total[alone] = single_log_odds(
        primary[alone], np.full_like(primary[alone], np.nan), context[alone]
    )
    mass[alone] = 1
    return primary, total / mass
