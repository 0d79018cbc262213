"""Find the single features and words whose change would flip the decision on a pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.evaluation.contributions import model_queries
from dedupe.evaluation.field_comparison import CORE
from dedupe.scoring.features import VIEW
from dedupe.scoring.model import shipped_model
from dedupe.scoring.numbers import (
    CONFLICT,
    IGNORE,
    numbers_conflict,
    text_without_numbers,
    without_numbers,
)
from dedupe.scoring.pair_context import CONTEXT, PairContext
from dedupe.scoring.score import score_pairs
from dedupe.text.tokenize import tokenize
from dedupe.text.vocabulary import by_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.evaluation.contributions import ModelQuery
    from dedupe.evaluation.field_comparison import FieldComparison
    from dedupe.scoring.align import Column
    from dedupe.scoring.pair_context import ScoringContext

MOST_WORDS = 12
BOUNDLESS = 1e300
"""A bound beyond this asks only whether the value is known."""
SIDES = (("rest_min", "rest_max"), ("top_min", "top_max"), ("numbers_both", "numbers_max"))


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """A feature that flips the score, taken alone, at its nearest value that does.

    ``above`` tells whether it would have to lie above ``bound``, or at most there.
    """

    field: str
    name: str
    value: float
    bound: float
    above: bool


@dataclass(frozen=True, slots=True)
class WordChange:
    """What the score would be without one word of one text."""

    field: str
    side: str
    word: str
    score: float
    flips: bool


def log_odds_at(threshold: float) -> float:
    """The log-odds of a score."""
    with np.errstate(divide="ignore"):
        return float(np.log(threshold) - np.log1p(-threshold))


def feature_changes(
    backend: MemoryBackend, scoring_context: ScoringContext, left: int, right: int
) -> tuple[FeatureChange, ...]:
    """Every feature that flips the score when it alone changes, the smallest change each."""
    steps = model_queries(backend, scoring_context, left, right)
    titles = ["", *(field.name for field in backend.settings.field)]
    limit = log_odds_at(backend.settings.threshold)
    names = (*VIEW, *VIEW, *CONTEXT)
    held = {(step.field_of(position), position) for step in steps for position in range(len(names))}
    changes = []
    for field, position in sorted(held):
        change = nearest_flip(steps, field, position, limit, strict=scoring_context.strict)
        if change:
            value, bound, above = change
            changes.append(FeatureChange(titles[field + 1], names[position], value, bound, above))
    return tuple(sorted(changes, key=lambda c: abs(c.bound - c.value) / (1 + abs(c.value))))


def nearest_flip(
    steps: Sequence[ModelQuery], field: int, position: int, limit: float, *, strict: bool
) -> tuple[float, float, bool] | None:
    """The feature's value, and the nearest bound beyond which the score is another."""
    model = shipped_model()
    row = next(step.row for step in steps if step.field_of(position) == field)
    value = float(row[position])
    bounds = np.unique(model.thresholds[model.features == position])
    if strict and position == CONFLICT:
        bounds = np.append(bounds, 0.0)
    bounds = bounds[np.abs(bounds) < BOUNDLESS]
    if not len(bounds) or np.isnan(value):
        return None
    tried = np.concatenate([bounds, np.nextafter(bounds, np.inf)])
    odds = np.zeros(len(tried) + 1)
    for step in steps:
        rows = np.repeat(step.row[None, :], len(tried) + 1, axis=0)
        if step.field_of(position) == field:
            rows[1:, position] = tried
        odds += step.weight * model.log_odds(rows)
        odds[strict & numbers_conflict(rows)] = -np.inf
    flips = np.flatnonzero(
        ((odds[1:] >= limit) != (odds[0] >= limit)) & is_possible(row, position, tried)
    )
    if not len(flips):
        return None
    best = int(flips[np.argmin(np.abs(tried[flips] - value))])
    return value, float(bounds[best % len(bounds)]), best >= len(bounds)


def is_possible(
    row: NDArray[np.float64], position: int, tried: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a feature can take some values: the lesser of two sides is never the greater."""
    view, number = divmod(position, len(VIEW))
    for lesser, greater in SIDES if view < 2 else ():  # noqa: PLR2004 - the views of the row
        if VIEW[number] == lesser:
            return np.asarray(tried <= row[view * len(VIEW) + VIEW.index(greater)])
        if VIEW[number] == greater:
            return np.asarray(tried >= row[view * len(VIEW) + VIEW.index(lesser)])
    return np.ones(len(tried), dtype=bool)


def word_changes(
    backend: MemoryBackend,
    scoring_context: ScoringContext,
    comparisons: Sequence[FieldComparison],
    left: int,
    right: int,
) -> tuple[WordChange, ...]:
    """The score without each of the most telling words: left over ones, or shared ones.

    A pair that fails is tried without what stands on one side only; a pair that passes without
    what it shares, which is then taken out of the left text alone.
    """
    pair = (left, right)
    if (backend.content_ids[list(pair)] < 0).any():
        return ()
    before, _ = rescore(backend, scoring_context, pair, [])
    passes = before >= backend.settings.threshold
    cuts = [
        cut
        for field, comparison in enumerate(comparisons)
        if not comparison.left.spaceless and not comparison.right.spaceless
        for cut in word_removals(backend, scoring_context, field, pair, loose=not passes)
    ]
    cuts = sorted(cuts, key=lambda cut: -cut.bits)[:MOST_WORDS]
    _, scores = rescore(backend, scoring_context, pair, cuts)
    changes = [
        WordChange(
            backend.settings.field[cut.field].name,
            "ab"[cut.side],
            cut.word,
            score,
            (score >= backend.settings.threshold) != passes,
        )
        for cut, score in zip(cuts, scores, strict=True)
    ]
    sign = -1 if passes else 1
    return tuple(sorted(changes, key=lambda change: -sign * change.score))


@dataclass(frozen=True, slots=True)
class WordRemoval:
    """A text without one of its words: its tokens and its normalised characters."""

    field: int
    side: int
    word: str
    bits: float
    ids: NDArray[np.int32]
    zones: NDArray[np.uint8]
    text: str


def word_removals(
    backend: MemoryBackend,
    scoring_context: ScoringContext,
    field: int,
    pair: tuple[int, int],
    *,
    loose: bool,
) -> list[WordRemoval]:
    """Each way to leave one word out of a field of either record, or of the left one alone."""
    view, words = backend.description.views[field], backend.corpus_stats.held[field].words
    unheard = backend.corpus_stats.vocabulary.numbers & (backend.settings.numbers == IGNORE)
    spellings = by_hash(view.spellings)
    spans = [
        slice(int(view.offsets[row]), int(view.offsets[row + 1])) for row in view.rows[list(pair)]
    ]
    ids = [words[span] for span in spans]
    cuts = []
    for side in (0, 1) if loose else (0,):
        texts = texts_without_words(
            backend.corpus.texts[field][pair[side]], view.zones[spans[side]]
        )
        for position, text in texts.items():
            number = int(ids[side][position])
            if unheard[number] or (number in ids[1 - side]) == loose:
                continue
            cut = np.delete(ids[side], position), np.delete(view.zones[spans[side]], position)
            word = spellings[int(view.hashes[spans[side]][position])]
            bits = float(scoring_context.columns[field].weights[number])
            cuts.append(WordRemoval(field, side, word, bits, *cut, text))
    return cuts


def texts_without_words(raw: str, zones: NDArray[np.uint8]) -> dict[int, str]:
    """The normalised story without each of its words, by the word's place among the tokens."""
    tokens = tokenize([raw])
    whole = tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
    positions = np.flatnonzero(zones == CORE).tolist()
    if len(positions) < 2:  # noqa: PLR2004 - without its only word a text is none
        return {}
    first, last = int(tokens.starts[positions[0]]), int(tokens.ends[positions[-1]])
    return {
        position: " ".join(
            (whole[first : tokens.starts[position]] + whole[tokens.ends[position] : last]).split()
        )
        for position in positions
    }


def rescore(
    backend: MemoryBackend,
    scoring_context: ScoringContext,
    pair: tuple[int, int],
    cuts: Sequence[WordRemoval],
) -> tuple[float, list[float]]:
    """The score of a pair of records, and its scores after each cut."""
    content_ids = backend.content_ids[list(pair)]
    sides = np.array([0, 1, *(cut.side for cut in cuts)])
    rows = content_ids[sides]
    deaf = backend.settings.numbers == IGNORE
    spell, hear = (text_without_numbers, without_numbers) if deaf else (str, unchanged_column)
    changed = replace(
        scoring_context,
        columns=tuple(
            hear(column_without_words(column, field, rows, cuts))
            for field, column in enumerate(scoring_context.columns)
        ),
        texts=tuple(
            [texts[row] for row in content_ids]
            + [
                spell(cut.text) if cut.field == field else texts[content_ids[cut.side]]
                for cut in cuts
            ]
            for field, texts in enumerate(scoring_context.texts)
        ),
        recurrence=scoring_context.recurrence[rows],
        rare_pairs=scoring_context.rare_pairs[rows],
        pair_returns=scoring_context.pair_returns,
    )
    tried = np.arange(2, len(rows))
    left = np.concatenate([[0], np.where(sides[2:] == 0, tried, 0)])
    right = np.concatenate([[1], np.where(sides[2:] == 1, tried, 1)])
    one, other = np.full(len(left), pair[0]), np.full(len(left), pair[1])
    told = backend.hours(one, other), backend.same_source(one, other)
    before, *after = score_pairs(changed, PairContext(left, right, *told)).scores.tolist()
    return before, after


def unchanged_column(column: Column) -> Column:
    """The words as they are."""
    return column


def column_without_words(
    column: Column, field: int, rows: NDArray[np.int64], cuts: Sequence[WordRemoval]
) -> Column:
    """The words of a field of both records, and then of each cut."""
    spans = [
        slice(start, stop)
        for start, stop in zip(
            column.starts[rows].tolist(), column.ends[rows].tolist(), strict=True
        )
    ]
    ids, zones = [column.ids[s] for s in spans], [column.zones[s] for s in spans]
    for number, cut in enumerate(cuts, 2):
        if cut.field == field:
            ids[number], zones[number] = cut.ids, cut.zones
    ends = np.cumsum([len(part) for part in ids])
    starts = np.concatenate(([0], ends[:-1]))
    return replace(
        column, ids=np.concatenate(ids), zones=np.concatenate(zones), starts=starts, ends=ends
    )
