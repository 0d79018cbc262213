"""Candidate pairs to scored, explained decisions."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import HOUR
from dedupe.verify.align import Column
from dedupe.verify.features import VIEW, view_features
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
    "STRICT",
    "VIEW",
    "Column",
    "Evidence",
    "Verdicts",
    "conflicts",
    "identical_reach",
    "pair_rows",
    "spelled_without_numbers",
    "verify",
    "without_numbers",
]

CONTEXT = (
    "gap",  # log(1 + hours between the two)
    "recurrence",  # log2 of the days on which the more frequent headline of the two appears
    "same_source",  # whether one outlet wrote both
    "returns",  # log2 of the days on which the rarest two words that both share meet in a headline
)
FEATURES = (*VIEW, *(f"lede_{name}" for name in VIEW), *CONTEXT)
REACHES = (0, 1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 72, 96, 168, 336, 720, 2160, 8760)
"""Hours at which equal texts are judged, to find how far apart they are still one story."""
FOREVER = 1 << 40
SHOWN = VIEW.index("dice")
CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision may look at: each field of all texts, and their strings.

    ``recurrence`` is log2 of the days on which a text's headline appears; ``anchors`` are the keys
    of its rarest words, two by two, and ``anchor_days`` log2 of the days that have such a headline.
    ``strict`` says that a pair whose numbers conflict scores 0.
    """

    weights: tuple[float, ...]
    columns: tuple[Column, ...]
    texts: tuple[Sequence[str], ...]
    recurrence: NDArray[np.float64]
    anchors: NDArray[np.uint64]
    anchor_days: NDArray[np.float64]
    jobs: int = 0
    strict: bool = False


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
    """The verdicts on some pairs."""
    views = view_rows(evidence, left, right)
    context = context_rows(evidence, left, right, hours, same_source)
    return Verdicts(
        probability(combine(evidence, views, context)),
        probability(combine(evidence, views, without_returns(context))),
        np.stack([np.nan_to_num(view[:, SHOWN], nan=-1.0) for view in views], axis=1),
    )


def view_rows(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """The features of each field for pairs of texts."""
    return [
        view_features(column, texts, left, right)
        for column, texts in zip(evidence.columns, evidence.texts, strict=True)
    ]


def context_rows(
    evidence: Evidence,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    hours: NDArray[np.float64],
    same_source: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The ``CONTEXT`` features of pairs of texts."""
    recurrence = np.maximum(evidence.recurrence[left], evidence.recurrence[right])
    returns = returning(evidence, left, right)
    return np.stack([np.log1p(hours), recurrence, same_source, returns], axis=1)


def without_returns(context: NDArray[np.float64]) -> NDArray[np.float64]:
    """The context if each headline and each meeting of words stood alone in its corpus."""
    out = context.copy()
    for name in ("recurrence", "returns"):
        out[:, CONTEXT.index(name)] *= 0
    return out


def returning(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How often the rarest words that both headlines share have met; NaN where they share none.

    "Press digest" and "March 3" meet every day: two headlines that share no more are two digests.
    """
    ours, theirs = evidence.anchors[left], evidence.anchors[right]
    shared = (ours[:, :, None] == theirs[:, None, :]).any(axis=2) & (ours != 0)
    days = np.where(shared, evidence.anchor_days[left], np.inf).min(axis=1)
    return np.where(np.isinf(days), np.nan, days)


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
    lead = np.full_like(views[0], np.nan)
    total, mass = np.zeros((2, len(context)))
    for number, view in enumerate(views):
        opens = np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        backs = ~np.isnan(lead[:, 0]) & ~np.isnan(view[:, 0])
        lead[opens] = view[opens]
        if backs.any():
            rows = features_of(lead[backs], view[backs], context[backs])
            total[backs] += evidence.weights[number] * shipped_model().log_odds(rows)
            mass[backs] += evidence.weights[number]
    alone = mass == 0
    rows = features_of(lead[alone], np.full_like(lead[alone], np.nan), context[alone])
    total[alone] = shipped_model().log_odds(rows)
    mass[alone] = 1
    barred = np.isnan(lead[:, 0]) | (conflicts(lead) if evidence.strict else False)
    return np.where(barred, -np.inf, total / mass)
