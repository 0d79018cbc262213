"""Looks to log-odds: what the model says of pairs with any number of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.verify.context import without_returns
from dedupe.verify.model import shipped_model
from dedupe.verify.numbers import conflicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.verify.context import Evidence


def features_of(
    first: NDArray[np.float64], second: NDArray[np.float64], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The model's rows: the leading view, the supporting view and the context side by side."""
    return np.concatenate([first, second, context], axis=1)


def combine(
    evidence: Evidence,
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
    lead, total = odds_of_two(views, context) or odds_of_many(evidence.weights, views, context)
    barred = np.isnan(lead[:, 0]) | (conflicts(lead) if strict and evidence.strict else False)
    return np.where(barred[:, None], -np.inf, total)


def odds_of(
    lead: NDArray[np.float64], back: NDArray[np.float64], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The log-odds by a field that leads and one that backs it, and beside it if nothing recurs."""
    model = shipped_model()
    if not kernel.available():
        contexts = context, without_returns(context)
        return np.stack([model.log_odds(features_of(lead, back, own)) for own in contexts], axis=1)
    odds, hopes = np.full((2, len(lead)), model.base)
    kernel.judge_looks(*model.forest.arrays(), lead, back, context, odds, hopes)
    return np.stack([odds, hopes], axis=1)


def odds_of_two(
    views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The leading view and the log-odds where the first of at most two fields always leads."""
    lead = views[0]
    if len(views) > 2 or np.isnan(lead[:, 0]).any():  # noqa: PLR2004 - a leading and a backing field
        return None
    return lead, odds_of(lead, views[1] if len(views) > 1 else np.full_like(lead, np.nan), context)


def odds_of_many(
    weights: Sequence[float], views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The leading view and the log-odds for any fields."""
    lead = np.full_like(views[0], np.nan)
    total, mass = np.zeros((len(context), 2)), np.zeros((len(context), 1))
    for number, view in enumerate(views):
        opens = np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        backs = ~np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        lead[opens] = view[opens]
        if backs.any():
            total[backs] += weights[number] * odds_of(lead[backs], view[backs], context[backs])
            mass[backs] += weights[number]
    alone = mass[:, 0] == 0
    total[alone] = odds_of(lead[alone], np.full_like(lead[alone], np.nan), context[alone])
    mass[alone] = 1
    return lead, total / mass
