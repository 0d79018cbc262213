"""Score pairs of records by their texts: candidates in, log-odds out.

The plain implementation scores one pair at a time; its twin is ``_kernel/scoring/score.c``.
A pair's log-odds depend on its two records alone. What time, outlets and recurrence add is
:mod:`dedupe.scoring.metadata`.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.scoring.align import Word, words_of
from dedupe.scoring.features import FEATURES, features, zone_factor
from dedupe.scoring.model import Model, shipped_model
from dedupe.tokens import Fact, TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.blocking.look_back import Candidates
    from dedupe.scoring.quickscorer import ForestArrays
    from dedupe.tokens import PreparedTexts

    ScoringArrays = tuple[
        NDArray[np.uint8],
        NDArray[np.int64],
        NDArray[np.uint8],
        NDArray[np.int64],
        NDArray[np.uint8],
        *ForestArrays,
        NDArray[np.int32],
        NDArray[np.float64],
        NDArray[np.int64],
    ]

LEAST_PART, OF_PARTS = 2, 5
"""A pair is scored if at least two fifths of its information have a counterpart."""
NEUTRAL_ODDS, UNLIKE_SHARE, ALIKE_SHARE, MOST_FIELD_OBJECTION = -2.5, 0.3, 0.6, 1.0
"""What a further field adds, see :func:`further_odds`.

Measured on labelled pairs: ledes of one story have log-odds of -1.5 on average, those of different
stories -5.
"""
GENERIC_ODDS = -1.5
"""Two generic titles (Morning briefing) are no story, whatever metadata adds."""
NUMBERS = {"weigh": 0, "strict": 1, "ignore": 2}
PAIR = np.dtype([("left", "<u4"), ("right", "<u4"), ("log_odds", "<f8")])


@dataclasses.dataclass(frozen=True)
class TextScoring:
    """The texts of records, and how they are scored.

    ``rows`` has a row a field: the text of each record in ``texts``, -1 for none. ``weights`` are
    those of the fields.
    """

    texts: PreparedTexts
    rows: NDArray[np.int32]
    weights: NDArray[np.float64]
    numbers: str = "weigh"
    model: Model = dataclasses.field(default_factory=shipped_model)

    def arrays(self) -> ScoringArrays:
        """Return all of it in the order in which the kernel takes it."""
        texts = self.texts
        return (
            texts.tokens.view(np.uint8),
            texts.offsets,
            texts.letters,
            texts.letter_offsets,
            texts.facts,
            *self.model.text.scorer.arrays(),
            self.rows.reshape(-1),
            self.weights,
            np.array([NUMBERS[self.numbers]]),
        )

    @cached_property
    def words(self) -> dict[int, list[Word]]:
        """The words of texts that were asked for, by text."""
        return {}

    def words_of(self, text: int) -> list[Word]:
        """Return the words of a text that are compared, an empty list for no text."""
        if text < 0:
            return []
        if text not in self.words:
            texts = self.texts
            tokens = texts.tokens[texts.offsets[text] : texts.offsets[text + 1]]
            start, end = texts.letter_offsets[text : text + 2].tolist()
            words = words_of(tokens, texts.letters[start:end].tobytes())
            plain = [word for word in words if word.kind is not TokenKind.NUMBER]
            self.words[text] = plain if self.numbers == "ignore" and plain else words
        return self.words[text]


def score_pairs(
    scoring: TextScoring, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-odds of pairs of records; minus infinity where they share too little."""
    out = np.empty(len(left))
    if kernel.available():
        left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        kernel.score(*scoring.arrays(), left, right, out)
        return out
    for at, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        out[at] = pair_log_odds(scoring, *pair)
    return out


def feature_rows(
    scoring: TextScoring, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the features of pairs by field, shape (n, fields, features); NaN for a missing one."""
    fields = len(scoring.weights)
    out = np.full((len(left), fields, len(FEATURES)), np.nan)
    if kernel.available():
        left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        odds = np.empty(len(left))
        kernel.features(*scoring.arrays(), left, right, odds, out.reshape(-1))
        return out
    for at, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        for field in range(fields):
            row = field_features(scoring, field, one, other)
            if row is not None:
                out[at, field] = row
    return out


def similarities(
    scoring: TextScoring, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the Dice coefficients of pairs, shape (n, fields); NaN for a missing field."""
    if not kernel.available():
        return feature_rows(scoring, left, right)[:, :, FEATURES.index("dice")]
    out = np.full((len(left), len(scoring.weights)), np.nan)
    left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
    kernel.similarities(*scoring.arrays(), left, right, out)
    return out


def field_features(scoring: TextScoring, field: int, one: int, other: int) -> list[float] | None:
    """Return the features of one field of two records; None where one has no words there."""
    left, right = int(scoring.rows[field, one]), int(scoring.rows[field, other])
    left_words, right_words = scoring.words_of(left), scoring.words_of(right)
    if not left_words or not right_words:
        return None
    facts = scoring.texts.facts
    row = features(left_words, right_words, int(facts[left]), int(facts[right]))
    return [float(value) for value in row]


def pair_log_odds(scoring: TextScoring, one: int, other: int) -> float:
    """Return the log-odds of two records."""
    both = [
        field
        for field in range(len(scoring.weights))
        if scoring.words_of(int(scoring.rows[field, one]))
        and scoring.words_of(int(scoring.rows[field, other]))
    ]
    words = {
        field: [scoring.words_of(int(scoring.rows[field, record])) for record in (one, other)]
        for field in both
    }
    if not any(is_promising(*words[field]) for field in both):
        return -np.inf
    rows = {field: field_features(scoring, field, one, other) or [] for field in both}
    generic = {
        field: bool(
            scoring.texts.facts[scoring.rows[field, one]]
            & scoring.texts.facts[scoring.rows[field, other]]
            & Fact.GENERIC
        )
        for field in both
    }
    return combine(scoring, rows, generic)


def combine(scoring: TextScoring, rows: dict[int, list[float]], generic: dict[int, bool]) -> float:
    """Return the log-odds of a pair from the features of the fields that both records have.

    The field of the highest weight leads, of equal ones the first. Each other one supports it, or
    objects, by its share of the leading weight.
    """
    lead = max(rows, key=lambda field: (scoring.weights[field], -field))
    if scoring.numbers == "strict" and rows[lead][FEATURES.index("numbers_min")] > 0:
        return -np.inf
    total = 0.0
    for field in sorted(rows):
        odds = float(scoring.model.text.log_odds(np.array([rows[field]]))[0])
        odds = min(odds, GENERIC_ODDS) if generic[field] else odds
        if field == lead:
            total += odds
        else:
            share = scoring.weights[field] / scoring.weights[lead]
            total += share * float(further_odds(np.array(odds)))
    return total


def further_odds(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a field beside the leading one adds, by its own log-odds.

    Ledes that have something in common support the headlines, and those that have nothing in common
    object a little.
    """
    unlike = UNLIKE_SHARE * (np.minimum(odds, 0) - NEUTRAL_ODDS)
    return np.maximum(unlike, -MOST_FIELD_OBJECTION) + ALIKE_SHARE * np.maximum(odds, 0)


def is_promising(left: Sequence[Word], right: Sequence[Word]) -> bool:
    """Return whether two texts share enough to be compared closely: the pre-filter."""
    total = sum(word.weight * zone_factor(word) for word in (*left, *right))
    met = matched_weight(left, right) + matched_weight(right, left)
    return OF_PARTS * met >= LEAST_PART * total


def matched_weight(words: Sequence[Word], others: Sequence[Word]) -> int:
    """Return the weight of the words that have a counterpart by key, stem or concept."""
    keys = {other.key for other in others}
    stems = {other.stem or other.key for other in others}
    concepts = frozenset().union(*(other.concepts for other in others))
    return sum(
        word.weight * zone_factor(word)
        for word in words
        if word.key in keys
        or (word.stem or word.key) in stems
        or not concepts.isdisjoint(word.concepts)
    )


def score_candidates(scoring: TextScoring, found: Candidates, least: float) -> NDArray[np.void]:
    """Return the candidate pairs of at least ``least`` log-odds as ``PAIR``, by record."""
    first, last = found.first, found.first + len(found.starts) - 1
    if kernel.available():
        scored = kernel.score_candidates(
            *scoring.arrays(), found.starts, found.partners, np.array([first, last]),
            np.array([least]),
        )  # fmt: skip
        return np.frombuffer(memoryview(scored), PAIR)
    pairs = []
    for record in range(first, last):
        start, end = found.starts[record - first : record - first + 2].tolist()
        for partner in found.partners[start:end].tolist():
            odds = pair_log_odds(scoring, record, partner)
            if odds >= least:
                pairs.append((record, partner, odds))
    return np.array(pairs, PAIR)
