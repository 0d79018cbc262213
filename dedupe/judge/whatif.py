"""What would have to change for the verdict to be another: one feature, or one word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.folding.scan import scan
from dedupe.judge.sight import STORY
from dedupe.judge.verdict import steps_of
from dedupe.verify import (
    CONTEXT,
    IGNORE,
    VIEW,
    Ends,
    conflicts,
    spelled_without_numbers,
    verify,
    without_numbers,
)
from dedupe.verify.model import shipped_model
from dedupe.verify.numbers import CONFLICT
from dedupe.words import by_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.judge.sight import Sight
    from dedupe.judge.verdict import Step
    from dedupe.pipeline.case import Case
    from dedupe.verify import Evidence
    from dedupe.verify.align import Column

MOST_WORDS = 12
BOUNDLESS = 1e300
"""A bound beyond this asks only whether the value is known."""
SIDES = (("rest_min", "rest_max"), ("top_min", "top_max"), ("numbers_both", "numbers_max"))


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """A feature that flips the verdict, taken alone, at its nearest value that does.

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


def odds_at(threshold: float) -> float:
    """The log-odds of a score."""
    with np.errstate(divide="ignore"):
        return float(np.log(threshold) - np.log1p(-threshold))


def feature_changes(
    case: Case, evidence: Evidence, left: int, right: int
) -> tuple[FeatureChange, ...]:
    """Every feature that flips the verdict when it alone changes, the smallest change each."""
    steps = steps_of(case, evidence, left, right)
    titles = ["", *(field.name for field in case.settings.field)]
    limit = odds_at(case.settings.threshold)
    names = (*VIEW, *VIEW, *CONTEXT)
    held = {(step.field_of(place), place) for step in steps for place in range(len(names))}
    changes = []
    for field, place in sorted(held):
        change = nearest_flip(steps, field, place, limit, strict=evidence.strict)
        if change:
            value, bound, above = change
            changes.append(FeatureChange(titles[field + 1], names[place], value, bound, above))
    return tuple(sorted(changes, key=lambda c: abs(c.bound - c.value) / (1 + abs(c.value))))


def nearest_flip(
    steps: Sequence[Step], field: int, place: int, limit: float, *, strict: bool
) -> tuple[float, float, bool] | None:
    """The feature's value, and the nearest bound beyond which the verdict is another."""
    model = shipped_model()
    row = next(step.row for step in steps if step.field_of(place) == field)
    value = float(row[place])
    bounds = np.unique(model.thresholds[model.features == place])
    if strict and place == CONFLICT:
        bounds = np.append(bounds, 0.0)
    bounds = bounds[np.abs(bounds) < BOUNDLESS]
    if not len(bounds) or np.isnan(value):
        return None
    tried = np.concatenate([bounds, np.nextafter(bounds, np.inf)])
    odds = np.zeros(len(tried) + 1)
    for step in steps:
        rows = np.repeat(step.row[None, :], len(tried) + 1, axis=0)
        if step.field_of(place) == field:
            rows[1:, place] = tried
        odds += step.weight * model.log_odds(rows)
        odds[strict & conflicts(rows)] = -np.inf
    flips = np.flatnonzero(((odds[1:] >= limit) != (odds[0] >= limit)) & can_be(row, place, tried))
    if not len(flips):
        return None
    best = int(flips[np.argmin(np.abs(tried[flips] - value))])
    return value, float(bounds[best % len(bounds)]), best >= len(bounds)


def can_be(row: NDArray[np.float64], place: int, tried: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a feature can take some values: the lesser of two sides is never the greater."""
    view, number = divmod(place, len(VIEW))
    for lesser, greater in SIDES if view < 2 else ():  # noqa: PLR2004 - the views of the row
        if VIEW[number] == lesser:
            return np.asarray(tried <= row[view * len(VIEW) + VIEW.index(greater)])
        if VIEW[number] == greater:
            return np.asarray(tried >= row[view * len(VIEW) + VIEW.index(lesser)])
    return np.ones(len(tried), dtype=bool)


def word_changes(
    case: Case, evidence: Evidence, sights: Sequence[Sight], left: int, right: int
) -> tuple[WordChange, ...]:
    """The score without each of the most telling words: left over ones, or shared ones.

    A pair that fails is tried without what stands on one side only; a pair that passes without
    what it shares, which is then taken out of the left text alone.
    """
    pair = (left, right)
    if (case.kinds[list(pair)] < 0).any():
        return ()
    before, _ = rescored(case, evidence, pair, [])
    passes = before >= case.settings.threshold
    cuts = [
        cut
        for field, sight in enumerate(sights)
        if not sight.left.spaceless and not sight.right.spaceless
        for cut in cuts_of(case, evidence, field, pair, loose=not passes)
    ]
    cuts = sorted(cuts, key=lambda cut: -cut.bits)[:MOST_WORDS]
    _, scores = rescored(case, evidence, pair, cuts)
    changes = [
        WordChange(
            case.settings.field[cut.field].name,
            "ab"[cut.side],
            cut.word,
            score,
            (score >= case.settings.threshold) != passes,
        )
        for cut, score in zip(cuts, scores, strict=True)
    ]
    sign = -1 if passes else 1
    return tuple(sorted(changes, key=lambda change: -sign * change.score))


@dataclass(frozen=True, slots=True)
class Cut:
    """A text without one of its words: its tokens and its folded characters."""

    field: int
    side: int
    word: str
    bits: float
    ids: NDArray[np.int32]
    zones: NDArray[np.uint8]
    text: str


def cuts_of(
    case: Case, evidence: Evidence, field: int, pair: tuple[int, int], *, loose: bool
) -> list[Cut]:
    """Each way to leave one word out of a field of either record, or of the left one alone."""
    view, words = case.description.views[field], case.tally.held[field].words
    unheard = case.tally.vocabulary.numbers & (case.settings.numbers == IGNORE)
    spelled = by_hash(view.spelled)
    spans = [
        slice(int(view.offsets[row]), int(view.offsets[row + 1])) for row in view.rows[list(pair)]
    ]
    ids = [words[span] for span in spans]
    cuts = []
    for side in (0, 1) if loose else (0,):
        texts = without_each(case.corpus.texts[field][pair[side]], view.zones[spans[side]])
        for place, text in texts.items():
            number = int(ids[side][place])
            if unheard[number] or (number in ids[1 - side]) == loose:
                continue
            cut = np.delete(ids[side], place), np.delete(view.zones[spans[side]], place)
            word = spelled[int(view.hashes[spans[side]][place])]
            bits = float(evidence.columns[field].weights[number])
            cuts.append(Cut(field, side, word, bits, *cut, text))
    return cuts


def without_each(raw: str, zones: NDArray[np.uint8]) -> dict[int, str]:
    """The folded story without each of its words, by the word's place among the tokens."""
    tokens = scan([raw])
    whole = tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
    places = np.flatnonzero(zones == STORY).tolist()
    if len(places) < 2:  # noqa: PLR2004 - without its only word a text is none
        return {}
    first, last = int(tokens.starts[places[0]]), int(tokens.stops[places[-1]])
    return {
        place: " ".join(
            (whole[first : tokens.starts[place]] + whole[tokens.stops[place] : last]).split()
        )
        for place in places
    }


def rescored(
    case: Case, evidence: Evidence, pair: tuple[int, int], cuts: Sequence[Cut]
) -> tuple[float, list[float]]:
    """The score of a pair of records, and its scores after each cut."""
    kinds = case.kinds[list(pair)]
    sides = np.array([0, 1, *(cut.side for cut in cuts)])
    rows = kinds[sides]
    deaf = case.settings.numbers == IGNORE
    spell, hear = (spelled_without_numbers, without_numbers) if deaf else (str, as_it_is)
    changed = replace(
        evidence,
        columns=tuple(
            hear(cut_column(column, field, rows, cuts))
            for field, column in enumerate(evidence.columns)
        ),
        texts=tuple(
            [texts[row] for row in kinds]
            + [spell(cut.text) if cut.field == field else texts[kinds[cut.side]] for cut in cuts]
            for field, texts in enumerate(evidence.texts)
        ),
        recurrence=evidence.recurrence[rows],
        anchors=evidence.anchors[rows],
        meetings=evidence.meetings,
    )
    tried = np.arange(2, len(rows))
    left = np.concatenate([[0], np.where(sides[2:] == 0, tried, 0)])
    right = np.concatenate([[1], np.where(sides[2:] == 1, tried, 1)])
    one, other = np.full(len(left), pair[0]), np.full(len(left), pair[1])
    told = case.hours(one, other), case.same_source(one, other)
    before, *after = verify(changed, Ends(left, right, *told)).scores.tolist()
    return before, after


def as_it_is(column: Column) -> Column:
    """The words as they are."""
    return column


def cut_column(column: Column, field: int, rows: NDArray[np.int64], cuts: Sequence[Cut]) -> Column:
    """The words of a field of both records, and then of each cut."""
    spans = [
        slice(start, stop)
        for start, stop in zip(
            column.starts[rows].tolist(), column.stops[rows].tolist(), strict=True
        )
    ]
    ids, zones = [column.ids[s] for s in spans], [column.zones[s] for s in spans]
    for number, cut in enumerate(cuts, 2):
        if cut.field == field:
            ids[number], zones[number] = cut.ids, cut.zones
    stops = np.cumsum([len(part) for part in ids])
    starts = np.concatenate(([0], stops[:-1]))
    return replace(
        column, ids=np.concatenate(ids), zones=np.concatenate(zones), starts=starts, stops=stops
    )
