"""What the decision may look at, counted over the texts that are still in play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct
from dedupe.stories import NO_TIME
from dedupe.verify import (
    IGNORE,
    STRICT,
    Column,
    Evidence,
    spelled_without_numbers,
    without_numbers,
)
from dedupe.words import learn_vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description, View
    from dedupe.settings import Settings
    from dedupe.words import Vocabulary

DAY = 86_400
WEEK = 7


@dataclass(frozen=True, slots=True)
class Lexis:
    """The words of a corpus: the vocabulary, each view's word numbers, and who holds which.

    ``headlines`` numbers each kind's headline, ``anchors`` its anchor keys, equal where they are.
    """

    vocabulary: Vocabulary
    ids: tuple[NDArray[np.int32], ...]
    holders: tuple[NDArray[np.int64], ...]
    held: tuple[NDArray[np.int32], ...]
    texts: tuple[list[str], ...]
    headlines: NDArray[np.int64]
    anchors: NDArray[np.int64]


def learn_lexis(description: Description, numbers: str) -> Lexis:
    """Number the words of all views; each text holds a word once, however often it says it.

    ``numbers`` is the setting of this name.
    """
    spell = spelled_without_numbers if numbers == IGNORE else str
    spelled: dict[int, str] = {}
    for view in description.views:
        spelled.update(view.spelled)
    vocabulary = learn_vocabulary(spelled)
    ids = tuple(vocabulary.ids(view.hashes) for view in description.views)
    pairs = [
        distinct_words(view, words) for view, words in zip(description.views, ids, strict=True)
    ]
    view, rows = description.views[0], description.view_rows[0]
    keys = view.anchors[rows]
    return Lexis(
        vocabulary,
        ids,
        tuple(p >> 32 for p in pairs),
        tuple(map(low_half, pairs)),
        tuple(
            [spell(view.texts[i]) for i in rows.tolist()]
            for view, rows in zip(description.views, description.view_rows, strict=True)
        ),
        np.unique(view.prints[rows], return_inverse=True)[1].astype(np.int64),
        np.unique(keys, return_inverse=True)[1].reshape(keys.shape).astype(np.int64),
    )


def low_half(pairs: NDArray[np.int64]) -> NDArray[np.int32]:
    """The word of each coded pair."""
    return (pairs & 0xFFFFFFFF).astype(np.int32)


def distinct_words(view: View, ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """The distinct ``text << 32 | word`` of a view."""
    owners = np.repeat(np.arange(len(view.offsets) - 1), np.diff(view.offsets))
    return distinct(owners << 32 | ids)


def evidence_over(
    description: Description,
    lexis: Lexis,
    alive: NDArray[np.bool_],
    recurrence: NDArray[np.float64],
    meetings: NDArray[np.float64],
    settings: Settings,
) -> Evidence:
    """The evidence with word counts over the kinds in ``alive``."""
    views, rows = description.views, description.view_rows
    columns = []
    for field, view in enumerate(views):
        weights = weigh(lexis, field, distinct(rows[field][alive]), len(view.offsets) - 1)
        starts, stops = view.offsets[rows[field]], view.offsets[rows[field] + 1]
        ids, words = lexis.ids[field], lexis.vocabulary
        column = Column(ids, view.zones, starts, stops, words, weights)
        columns.append(without_numbers(column) if settings.numbers == IGNORE else column)
    return Evidence(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(columns),
        texts=lexis.texts,
        recurrence=recurrence,
        anchors=views[0].anchors[rows[0]],
        meetings=meetings,
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
    )


def weigh(lexis: Lexis, field: int, rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Each word's weight by its count among some texts of a view that has ``count``."""
    counted = np.zeros(count, dtype=bool)
    counted[rows] = True
    held = lexis.held[field][counted[lexis.holders[field]]]
    counts = np.bincount(held, minlength=len(lexis.vocabulary.hashes))
    return lexis.vocabulary.weights(counts, len(rows))


def days_of(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The day of each time; undated ones share a day."""
    return np.where(times == NO_TIME, -(1 << 20), times // DAY)


def recurrence_of(
    lexis: Lexis, kinds: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each kind log2 of the days on which its headline appears, among records given."""
    return count_spans(lexis.headlines[kinds], days_of(times), lexis.headlines)


def meetings_of(
    lexis: Lexis, kinds: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each kind and anchor key log2 of the days, weeks and headlines that have the key."""
    days = np.repeat(days_of(times), lexis.anchors.shape[1])
    spans = count_spans(lexis.anchors[kinds].ravel(), days, lexis.anchors)
    crowds = np.bincount(lexis.anchors[distinct(kinds)].ravel(), minlength=size_of(lexis.anchors))
    return np.concatenate(
        [spans, np.log2(np.maximum(crowds, 1))[lexis.anchors][:, :, None]], axis=2
    )


def size_of(numbers: NDArray[np.int64]) -> int:
    """How many numbers there may be."""
    return int(numbers.max(initial=-1)) + 1


def count_spans(
    numbers: NDArray[np.int64], days: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each wanted number log2 of its days and of its weeks, in a last axis of two.

    A story told again and again in three or four days stands in one week, wherever weeks begin;
    a series returns in many.
    """
    size = size_of(wanted)
    weeks = [count_days(numbers, (days + shift) // WEEK, size) for shift in (0, WEEK // 2)]
    counts = np.stack([count_days(numbers, days, size), np.minimum(*weeks)], axis=-1)
    return np.asarray(np.log2(np.maximum(counts, 1))[wanted])


def count_days(numbers: NDArray[np.int64], days: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """How many distinct days each number stands beside."""
    seen = distinct((numbers << 24) | (days + (1 << 20) & 0xFFFFFF))
    return np.bincount(seen >> 24, minlength=size)
