"""Candidate pairs to scored, explained decisions."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import HOUR
from dedupe.verify.align import Column
from dedupe.verify.context import CONTEXT, RETURNS, Evidence, context_rows, without_returns
from dedupe.verify.features import VIEW, fill_ratios, word_views
from dedupe.verify.model import probability, shipped_model
from dedupe.verify.numbers import (
    IGNORE,
    STRICT,
    conflicts,
    spelled_without_numbers,
    without_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "CONTEXT",
    "FEATURES",
    "IGNORE",
    "RETURNS",
    "STRICT",
    "VIEW",
    "Column",
    "Evidence",
    "Verdicts",
    "conflicts",
    "context_rows",
    "identical_reach",
    "pair_rows",
    "spelled_without_numbers",
    "verify",
    "without_numbers",
]

FEATURES = (*VIEW, *(f"lede_{name}" for name in VIEW), *CONTEXT)
REACHES = (0, 1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 72, 96, 168, 336, 720, 2160, 8760)
"""Hours at which equal texts are judged, to find how far apart they are still one story."""
FOREVER = 1 << 40
SHOWN = VIEW.index("dice")
CHUNK = 1 << 12


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The score of each pair, 0 to 1, and each field's similarity, -1 where it is missing.

    ``hopes`` is the score if nothing recurred: what a pair may come to when duplicates are gone.
    """

    scores: NDArray[np.float64]
    hopes: NDArray[np.float64]
    parts: NDArray[np.float64]


def verify(
    evidence: Evidence,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    hours: NDArray[np.float64],
    same_source: NDArray[np.float64],
    progress: Callable[[float], None] = lambda _: None,
) -> Verdicts:
    """Score pairs of texts; ``hours`` apart and ``same_source`` are NaN where not known."""
    cuts = [slice(first, first + CHUNK) for first in range(0, len(left), CHUNK)]
    chunks: list[Verdicts] = [
        Verdicts(np.zeros(0), np.zeros(0), np.zeros((0, len(evidence.columns))))
    ]

    def judge(cut: slice) -> Verdicts:
        return verify_chunk(evidence, left[cut], right[cut], hours[cut], same_source[cut])

    with ThreadPoolExecutor(evidence.jobs or os.cpu_count() or 1) as pool:
        for chunk in pool.map(judge, cuts):
            chunks.append(chunk)
            progress((len(chunks) - 1) / len(cuts))
    return Verdicts(
        np.concatenate([chunk.scores for chunk in chunks]),
        np.concatenate([chunk.hopes for chunk in chunks]),
        np.concatenate([chunk.parts for chunk in chunks]),
    )


def verify_chunk(
    evidence: Evidence,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    hours: NDArray[np.float64],
    same_source: NDArray[np.float64],
) -> Verdicts:
    """The verdicts on some pairs: first as if all characters agreed, which none can exceed."""
    views = word_rows(evidence, left, right)
    context = context_rows(evidence, left, right, hours, same_source)
    hopes = probability(combine(evidence, views, without_returns(context)))
    scores = np.zeros(len(left))
    alive = np.flatnonzero(hopes >= evidence.floor)
    told = [view[alive] for view in views]
    fill_all_ratios(evidence, told, left[alive], right[alive])
    scores[alive] = probability(combine(evidence, told, context[alive]))
    hopes[alive] = probability(combine(evidence, told, without_returns(context[alive])))
    shown = [np.nan_to_num(view[:, SHOWN], nan=-1.0) for view in views]
    return Verdicts(scores, hopes, np.stack(shown, axis=1))


def word_rows(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """The features of each field for pairs of texts, their ratios put at the most."""
    return [word_views(column, left, right) for column in evidence.columns]


def fill_all_ratios(
    evidence: Evidence,
    views: Sequence[NDArray[np.float64]],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> None:
    """Put in the true ratios of the fields that both texts have."""
    for view, texts in zip(views, evidence.texts, strict=True):
        fill_ratios(view, texts, left, right)


def view_rows(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """The features of each field for pairs of texts."""
    views = word_rows(evidence, left, right)
    fill_all_ratios(evidence, views, left, right)
    return views


def pair_rows(
    evidence: Evidence,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    hours: NDArray[np.float64],
    same_source: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The model's rows for pairs of records with one field or two, to fit and to explain."""
    views = view_rows(evidence, left, right)
    context = context_rows(evidence, left, right, hours, same_source)
    second = views[1] if len(views) > 1 else np.full_like(views[0], np.nan)
    return features_of(views[0], second, context)


def identical_reach(
    evidence: Evidence, kinds: NDArray[np.int64], threshold: float
) -> NDArray[np.int64]:
    """How many seconds apart two records of each kind pass, whoever wrote them; at least 0."""
    views = view_rows(evidence, kinds, kinds)
    reach = np.zeros(len(kinds), dtype=np.int64)
    passing = np.ones(len(kinds), dtype=bool)
    for hours in REACHES:
        for same_source in (0.0, 1.0, np.nan):
            known = np.full(len(kinds), float(hours)), np.full(len(kinds), same_source)
            context = context_rows(evidence, kinds, kinds, *known)
            passing &= probability(combine(evidence, views, context)) >= threshold
        reach[passing] = hours * HOUR
    reach[passing] = FOREVER
    return reach


def features_of(
    first: NDArray[np.float64], second: NDArray[np.float64], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The model's rows: the leading view, the supporting view and the context side by side."""
    return np.concatenate([first, second, context], axis=1)


def combine(
    evidence: Evidence, views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The log-odds over all fields that both records have.

    The first field that both have leads, each further one supports it; with several, their
    log-odds are averaged by weight. Without a common field nothing speaks for a duplicate, and
    under ``strict`` nothing does against numbers that conflict in the field that leads.
    """
    lead, total = odds_of_two(views, context) or odds_of_many(evidence.weights, views, context)
    barred = np.isnan(lead[:, 0]) | (conflicts(lead) if evidence.strict else False)
    return np.where(barred, -np.inf, total)


def odds_of_two(
    views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The leading view and the log-odds where the first of at most two fields always leads."""
    lead = views[0]
    if len(views) > 2 or np.isnan(lead[:, 0]).any():  # noqa: PLR2004 - a leading and a backing field
        return None
    back = views[1] if len(views) > 1 else np.full_like(lead, np.nan)
    return lead, shipped_model().log_odds(features_of(lead, back, context))


def odds_of_many(
    weights: Sequence[float], views: Sequence[NDArray[np.float64]], context: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The leading view and the log-odds for any fields."""
    lead = np.full_like(views[0], np.nan)
    total, mass = np.zeros((2, len(context)))
    for number, view in enumerate(views):
        opens = np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        backs = ~np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        lead[opens] = view[opens]
        if backs.any():
            rows = features_of(lead[backs], view[backs], context[backs])
            total[backs] += weights[number] * shipped_model().log_odds(rows)
            mass[backs] += weights[number]
    alone = mass == 0
    rows = features_of(lead[alone], np.full_like(lead[alone], np.nan), context[alone])
    total[alone] = shipped_model().log_odds(rows)
    mass[alone] = 1
    return lead, total / mass
