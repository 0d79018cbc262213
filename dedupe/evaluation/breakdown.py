"""Break the score of a pair down: what each field, the metadata and each word contribute."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from dedupe.prepare import prepare_texts
from dedupe.preprocess import LONGEST_SUPPORT
from dedupe.scoring.features import FEATURES
from dedupe.scoring.metadata import support
from dedupe.scoring.model import METADATA, probability
from dedupe.scoring.score import (
    ALIKE_SHARE,
    GENERIC_ODDS,
    UNLIKE_SHARE,
    feature_rows,
    further_odds,
    score_pairs,
)
from dedupe.text.word_diff import word_diff
from dedupe.tokens import Fact, concat_texts, select_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.evaluation.open_corpus import OpenCorpus, TracedMatcher
    from dedupe.scoring.model import Forest
    from dedupe.scoring.score import TextScoring
    from dedupe.text.word_diff import Token

    Row = NDArray[np.float64]


SHARED, GENERIC = "shared", "generic"
SHARED_FEATURES = ("shared", "rarest", "words_met")
DIFFERENCES = {
    "unmatched": (
        "dice", "coverage", "rest_min", "rest_max", "top_min", "top_max", "loose_min", "loose_max",
        "words_max",
    ),
    "names": ("names_min", "names_max", "places"),
    "numbers": ("numbers_min", "numbers_max"),
    "contradiction": ("negation", "opposed"),
    "order": ("order", "swapped", "head"),
    "template": ("slots", "slot_weight"),
    "formulaic": ("notices", "series"),
    "kind": ("calendar", "genre", "question", "reaction"),
}  # fmt: skip
"""The kinds of differences, by the names that the output has, and their features."""
NEUTRAL = {"dice": 1.0, "coverage": 1.0, "head": 1.0}
"""The values of features of texts without a difference, where they are not 0."""
FACTS = {
    "gap": ("gap",),
    "recurring_words": ("days", "weeks", "headlines"),
    "recurring_title": ("title_days", "title_weeks"),
    "other_outlet": ("other_outlet",),
}
"""The facts of metadata, in the order in which they are revealed."""
LEAST_PART = 5e-5


@dataclass(frozen=True, slots=True)
class Contribution:
    """A kind of difference, or a fact of metadata, and what it adds to the log-odds.

    ``field`` is ``""`` for metadata. ``values`` are the features' values, those unknown left out.
    """

    field: str
    name: str
    values: dict[str, float]
    part: float


@dataclass(frozen=True, slots=True)
class FieldScore:
    """What one field adds to the log-odds of the pair; ``log_odds`` are its own.

    The leading field adds its own.
    """

    name: str
    log_odds: float
    part: float


@dataclass(frozen=True, slots=True)
class ScoreBreakdown:
    """A score and what it is made of.

    The parts add up to ``log_odds``, and so do those of the fields and ``metadata``. Parts come
    largest first, those of no effect left out. Where the texts share too little, or numbers are a
    bar, the log-odds are minus infinity and there are no parts.
    """

    score: float
    log_odds: float
    fields: tuple[FieldScore, ...]
    metadata: float
    parts: tuple[Contribution, ...]

    @property
    def text(self) -> float:
        """Return the log-odds by the texts alone."""
        return self.log_odds - self.metadata


NOTHING = ScoreBreakdown(0.0, -np.inf, (), 0.0, ())


def score_breakdown(
    matcher: TracedMatcher, left: int, right: int, metadata: Row | None = None
) -> ScoreBreakdown:
    """Score a pair of nodes and say why; ``metadata`` is its row, by default of the last pass."""
    ends = np.array([left]), np.array([right])
    if not np.isfinite(score_pairs(matcher.scoring, *ends)).all():
        return NOTHING
    row = matcher.metadata_row(left, right) if metadata is None else metadata
    facts = list(metadata_parts(matcher, row))
    fields, parts = text_parts(matcher, left, right)
    added = sum(fact.part for fact in facts)
    log_odds = sum(field.part for field in fields) + added
    known = [part for part in (*parts, *facts) if abs(part.part) >= LEAST_PART]
    return ScoreBreakdown(
        score=float(probability(np.array(log_odds))),
        log_odds=log_odds,
        fields=tuple(fields),
        metadata=added,
        parts=tuple(sorted(known, key=lambda part: -abs(part.part))),
    )


def text_parts(
    matcher: TracedMatcher, left: int, right: int
) -> tuple[list[FieldScore], list[Contribution]]:
    """Return what each field adds, and the parts of that.

    Fields are combined as in :func:`dedupe.scoring.score.combine`.
    """
    scoring, forest = matcher.scoring, matcher.scoring.model.text
    rows = feature_rows(scoring, np.array([left]), np.array([right]))[0]
    lead = leading_field(scoring, rows)
    fields, parts = [], []
    for field in np.flatnonzero(~np.isnan(rows[:, 0])).tolist():
        name = matcher.settings.field[field].name
        own = dict(field_parts(forest, rows[field]))
        log_odds = sum(own.values())
        texts = scoring.rows[field, [left, right]]
        if np.bitwise_and.reduce(scoring.texts.facts[texts]) & Fact.GENERIC:
            own[GENERIC] = min(GENERIC_ODDS - log_odds, 0.0)
            log_odds += own[GENERIC]
        total, slope = log_odds, 1.0
        if field != lead:
            share = float(scoring.weights[field] / scoring.weights[lead])
            total = share * float(further_odds(np.array(log_odds)))
            slope = share * (ALIKE_SHARE if log_odds > 0 else UNLIKE_SHARE)
        fields.append(FieldScore(name, log_odds, total))
        added = {group: slope * part for group, part in own.items()}
        added[SHARED] += total - sum(added.values())
        for group, part in added.items():
            features = {SHARED: SHARED_FEATURES, **DIFFERENCES}.get(group, ())
            values = dict(known_values(FEATURES, features, rows[field]))
            parts.append(Contribution(name, group, values, part))
    return fields, parts


def leading_field(scoring: TextScoring, rows: NDArray[np.float64]) -> int:
    """Return the field that leads, of the rows of features by field that a pair has."""
    present = np.flatnonzero(~np.isnan(rows[:, 0])).tolist()
    return int(max(present, key=lambda field: (scoring.weights[field], -field)))


def field_parts(forest: Forest, row: Row) -> Iterator[tuple[str, float]]:
    """Yield what the shared words of a field add, and what each kind of difference adds to that."""
    same = row.copy()
    for features in DIFFERENCES.values():
        for name in features:
            same[FEATURES.index(name)] = NEUTRAL.get(name, 0.0)
    same[FEATURES.index("words_max")] = row[FEATURES.index("words_met")]
    places = {
        group: own
        for group, names in DIFFERENCES.items()
        if (row[own := [FEATURES.index(name) for name in names]] != same[own]).any()
    }
    present = np.array(list(product((False, True), repeat=len(places))), dtype=bool)
    rows = np.repeat(same[None], len(present), axis=0)
    for column, own in enumerate(places.values()):
        rows[:, own] = np.where(present[:, [column]], row[own], same[own])
    log_odds = forest.log_odds(rows)
    yield SHARED, float(log_odds[0])
    for column, group in enumerate(places):
        yield group, shapley_value(present, log_odds, column)


def shapley_value(present: NDArray[np.bool_], values: Row, column: int) -> float:
    """Return what one of several differences changes a value by, in the mean of all orders.

    Row ``i`` of ``present`` says which differences ``values[i]`` has; all subsets are there.
    """
    count, with_it = present.shape[1], present[:, column]
    others = present[~with_it].sum(axis=1)
    weights = np.array([1 / (count * math.comb(count - 1, k)) for k in range(count)])[others]
    return float((weights * (values[with_it] - values[~with_it])).sum())


def metadata_parts(matcher: TracedMatcher, row: Row) -> Iterator[Contribution]:
    """Yield what each known fact adds; together they add no more than the model allows."""
    model, seen, before = matcher.scoring.model, np.full((1, len(METADATA)), np.nan), 0.0
    for group, names in FACTS.items():
        values = dict(known_values(METADATA, names, row))
        if values:
            for name, value in values.items():
                seen[0, METADATA.index(name)] = value
            after = float(support(model, seen)[0])
            yield Contribution("", group, values, after - before)
            before = after


def known_values(
    order: Sequence[str], names: Iterable[str], row: Row
) -> Iterator[tuple[str, float]]:
    """Yield the features of a row that are known, with their values."""
    for name in names:
        value = float(row[order.index(name)])
        if not math.isnan(value):
            yield name, value


MOST_WORDS = 100
LEAST_CHANGE = 5e-4


@dataclass(frozen=True, slots=True)
class WordChange:
    """What the score would be without one word of one text; ``side`` is ``a`` or ``b``."""

    field: str
    side: str
    word: str
    score: float
    flips: bool


@dataclass(frozen=True, slots=True)
class ShorterText:
    """A text without one of its words."""

    field: int
    side: int
    word: str
    text: str


def word_changes(
    opened: OpenCorpus, pair: tuple[int, int], adjustment: float
) -> tuple[WordChange, ...]:
    """Return the score of a pair without each word that matters, the greatest change first.

    A pair below the threshold is tried without what one side alone has; a pair above it without
    what both share, taken out of the left text. What metadata adds stays as it is.
    """
    threshold = opened.settings.threshold
    nodes = opened.node_of[list(pair)]
    log_odds = score_pairs(opened.matcher.scoring, nodes[:1], nodes[1:])
    before = float(probability(log_odds + adjustment)[0])
    passes = before >= threshold
    cuts = [
        cut
        for field in range(len(opened.corpus.texts))
        for cut in shorter_texts(opened, field, pair, shared=passes)
    ][:MOST_WORDS]
    scores = probability(rescored(opened, pair, cuts) + adjustment).tolist()
    changes = [
        WordChange(
            opened.settings.field[cut.field].name,
            "ab"[cut.side],
            cut.word,
            score,
            (score >= threshold) != passes,
        )
        for cut, score in zip(cuts, scores, strict=True)
        if abs(score - before) >= LEAST_CHANGE
    ]
    return tuple(sorted(changes, key=lambda change: change.score if passes else -change.score))


def shorter_texts(
    opened: OpenCorpus, field: int, pair: tuple[int, int], *, shared: bool
) -> Iterator[ShorterText]:
    """Yield one field of either record without each of the words that could matter."""
    texts = [opened.corpus.texts[field][record] for record in pair]
    if (opened.contents.rows[field, list(pair)] < 0).any():
        return
    if field:
        texts = [text[:LONGEST_SUPPORT] for text in texts]
    for side, tokens in enumerate(word_diff(*texts)[: 1 if shared else 2]):
        for at, token in enumerate(tokens):
            if is_word(token) and token.differs != shared:
                rest = "".join(token.text for token in (*tokens[:at], *tokens[at + 1 :]))
                yield ShorterText(field, side, token.text, rest)


def is_word(token: Token) -> bool:
    """Return whether a token is a word; a single ideograph is not."""
    return any(map(str.isalnum, token.text)) and (len(token.text) > 1 or token.text.isascii())


def rescored(
    opened: OpenCorpus, pair: tuple[int, int], cuts: Sequence[ShorterText]
) -> NDArray[np.float64]:
    """Return the log-odds of the texts of a pair of records after each cut.

    Records 0 and 1 are the pair as it is; each cut adds one that takes the place of its side.
    """
    rows = opened.contents.rows[:, list(pair)]
    whole, inverse = np.unique(rows, return_inverse=True)
    own = inverse.reshape(rows.shape) - int(whole[0] < 0)
    texts = select_texts(opened.contents.texts, whole[whole >= 0].astype(np.int64))
    sides = np.array([cut.side for cut in cuts], dtype=np.int64)
    changed = own[:, sides].astype(np.int32)
    sources = [opened.corpus.sources[record] for record in pair]
    shorter = prepare_texts(
        [cut.text for cut in cuts], sources, sides.astype(np.int32), opened.settings.seed
    )
    for at, cut in enumerate(cuts):
        empty = shorter.offsets[at] == shorter.offsets[at + 1]
        changed[cut.field, at] = -1 if empty else len(texts) + at
    scoring = replace(
        opened.matcher.scoring,
        texts=concat_texts([texts, shorter]),
        rows=np.ascontiguousarray(np.concatenate([own.astype(np.int32), changed], axis=1)),
    )
    tried = np.arange(2, 2 + len(cuts))
    return score_pairs(scoring, np.where(sides, 0, tried), np.where(sides, tried, 1))
