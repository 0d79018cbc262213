"""Candidate pairs to scored, explained decisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.stories import HOUR
from dedupe.threads import workers
from dedupe.verify.align import Column
from dedupe.verify.context import CONTEXT, RETURNS, Ends, Evidence, context_rows
from dedupe.verify.features import LETTERS, VIEW, Letters, fill_ratios, word_views
from dedupe.verify.glance import GLANCE, LEAST, glances, promising
from dedupe.verify.model import probability
from dedupe.verify.numbers import (
    IGNORE,
    STRICT,
    conflicts,
    spelled_without_numbers,
    without_numbers,
)
from dedupe.verify.odds import combine, features_of
from dedupe.verify.screen import hopes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = [
    "CONTEXT",
    "FEATURES",
    "GLANCE",
    "IGNORE",
    "LEAST",
    "LETTERS",
    "RETURNS",
    "STRICT",
    "VIEW",
    "Column",
    "Ends",
    "Evidence",
    "Letters",
    "Verdicts",
    "conflicts",
    "context_rows",
    "features_of",
    "glances",
    "hopes_among",
    "hopes_of",
    "identical_reach",
    "pair_rows",
    "promising",
    "spelled_without_numbers",
    "verify",
    "without_numbers",
]

FEATURES = (*VIEW, *(f"lede_{name}" for name in VIEW), *CONTEXT)
REACHES = (0, 1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 72, 96, 168, 336, 720, 2160, 8760)
"""Hours at which equal texts are judged, to find how far apart they are still one story."""
FOREVER = 1 << 40
SHOWN = VIEW.index("dice")
GAP, SAME_SOURCE = CONTEXT.index("gap"), CONTEXT.index("same_source")
CHUNK = 1 << 13

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The score of each pair, 0 to 1, and each field's similarity, -1 where it is missing.

    A pair that was screened out scores 0 and has no similarities. ``hopes`` is the score if
    nothing recurred: what a pair may come to when duplicates are gone.
    """

    scores: NDArray[np.float64]
    hopes: NDArray[np.float64]
    parts: NDArray[np.float64]


def verify(
    evidence: Evidence, ends: Ends, progress: Callable[[float], None] = lambda _: None
) -> Verdicts:
    """Score pairs of texts; ``progress`` is told the share done."""
    none = Verdicts(np.zeros(0), np.zeros(0), np.zeros((0, len(evidence.columns))))
    chunks = [none, *in_chunks(partial(verify_chunk, evidence), ends, evidence.jobs, progress)]
    return Verdicts(
        np.concatenate([chunk.scores for chunk in chunks]),
        np.concatenate([chunk.hopes for chunk in chunks]),
        np.concatenate([chunk.parts for chunk in chunks]),
    )


def hopes_among(
    evidence: Evidence, ends: Ends, progress: Callable[[float], None] = lambda _: None
) -> NDArray[np.float64]:
    """What pairs may come to, by their words alone: :func:`hopes_of` of many."""
    parts = in_chunks(partial(hopes_of, evidence), ends, evidence.jobs, progress)
    return np.concatenate([np.zeros(0), *parts])


def in_chunks(
    look: Callable[[Ends], Told], ends: Ends, jobs: int, progress: Callable[[float], None]
) -> Iterator[Told]:
    """What is told of pairs, chunk by chunk, in so many threads."""
    cuts = [slice(first, first + CHUNK) for first in range(0, len(ends), CHUNK)]
    with workers(jobs if len(cuts) > 1 else 1) as spread:
        for done, told in enumerate(spread(lambda cut: look(ends.at(cut)), cuts), 1):
            yield told
            progress(done / len(cuts))


def verify_chunk(evidence: Evidence, ends: Ends) -> Verdicts:
    """The verdicts on some pairs; those without hope are not looked at closely."""
    if not evidence.floor:
        return closely(evidence, ends)
    hopes = hopes_of(evidence, ends)
    scores, parts = np.zeros(len(ends)), np.full((len(ends), len(evidence.columns)), -1.0)
    alive = np.flatnonzero(hopes >= evidence.floor)
    if len(alive):
        found = closely(evidence, ends.at(alive))
        scores[alive], hopes[alive], parts[alive] = found.scores, found.hopes, found.parts
    return Verdicts(scores, hopes, parts)


def closely(evidence: Evidence, ends: Ends) -> Verdicts:
    """The verdicts on some pairs, each aligned and compared by characters."""
    views = view_rows(evidence, ends.left, ends.right)
    scores, hopes = probability(combine(evidence, views, context_rows(evidence, ends))).T
    parts = np.stack([np.nan_to_num(view[:, SHOWN], nan=-1.0) for view in views], axis=1)
    return Verdicts(scores, hopes, parts)


def view_rows(
    evidence: Evidence, left: NDArray[np.int64], right: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """The features of each field for pairs of texts."""
    views = [word_views(column, left, right) for column in evidence.columns]
    for view, texts in zip(views, evidence.texts, strict=True):
        fill_ratios(view, texts, left, right)
    return views


def pair_rows(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The model's rows for pairs of records with one field or two, to fit and to explain."""
    views = view_rows(evidence, ends.left, ends.right)
    context = context_rows(evidence, ends)
    second = views[1] if len(views) > 1 else np.full_like(views[0], np.nan)
    return features_of(views[0], second, context)


def identical_reach(
    evidence: Evidence, kinds: NDArray[np.int64], threshold: float
) -> NDArray[np.int64]:
    """How many seconds apart two records of each kind pass, whoever wrote them; at least 0."""
    cuts = [kinds[first : first + CHUNK] for first in range(0, len(kinds), CHUNK)]
    with workers(evidence.jobs if len(cuts) > 1 else 1) as spread:
        reached = spread(lambda some: reach_of(evidence, some, threshold), cuts)
        return np.concatenate([np.zeros(0, np.int64), *reached])


def reach_of(evidence: Evidence, kinds: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """The same of some kinds."""
    views = view_rows(evidence, kinds, kinds)
    unknown = np.full(len(kinds), np.nan)
    context = context_rows(evidence, Ends(kinds, kinds, unknown, unknown))
    reach = np.zeros(len(kinds), dtype=np.int64)
    passing = np.arange(len(kinds))
    for hours in REACHES:
        context[:, GAP] = np.log1p(hours)
        for same_source in (0.0, 1.0, np.nan):
            context[:, SAME_SOURCE] = same_source
            seen = combine(evidence, [view[passing] for view in views], context[passing])
            passing = passing[probability(seen[:, 0]) >= threshold]
        reach[passing] = hours * HOUR
    reach[passing] = FOREVER
    return reach
