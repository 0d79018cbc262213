"""What the decision may look at, counted over the texts that are still in play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct
from dedupe.pipeline.spans import Calendar, calendar_of
from dedupe.verify import (
    IGNORE,
    LETTERS,
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


@dataclass(frozen=True, slots=True)
class Lexis:
    """The words of a corpus: the vocabulary, each view's word numbers, and who holds which.

    ``headlines`` numbers each kind's headline, ``anchors`` its anchor keys, equal where they are,
    -1 for none; ``shown`` and ``met`` tell on which days records show them.
    """

    vocabulary: Vocabulary
    ids: tuple[NDArray[np.int32], ...]
    holders: tuple[NDArray[np.int64], ...]
    held: tuple[NDArray[np.int32], ...]
    texts: tuple[list[str], ...]
    headlines: NDArray[np.int32]
    anchors: NDArray[np.int32]
    shown: Calendar
    met: Calendar


def learn_lexis(description: Description, times: NDArray[np.int64], numbers: str) -> Lexis:
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
    headlines, anchors = numbered_headlines(description), numbered_anchors(description)
    return Lexis(
        vocabulary,
        ids,
        tuple(p >> 32 for p in pairs),
        tuple(map(low_half, pairs)),
        tuple(
            [spell(view.texts[i])[:LETTERS] for i in rows.tolist()]
            for view, rows in zip(description.views, description.view_rows, strict=True)
        ),
        headlines,
        anchors,
        calendar_of(headlines[:, None], description.kinds, times),
        calendar_of(anchors, description.kinds, times),
    )


def numbered_headlines(description: Description) -> NDArray[np.int32]:
    """The number of each kind's headline."""
    prints = description.views[0].prints[description.view_rows[0]]
    return np.unique(prints, return_inverse=True)[1].astype(np.int32)


def numbered_anchors(description: Description) -> NDArray[np.int32]:
    """The numbers of each kind's anchor keys, -1 for none and for what one record alone has."""
    keys = description.views[0].anchors[description.view_rows[0]]
    values, numbers = np.unique(keys, return_inverse=True)
    numbers = numbers.reshape(keys.shape)
    kinds = description.kinds[description.kinds >= 0]
    records = np.bincount(kinds, minlength=len(keys))
    held = np.bincount(numbers.ravel(), np.repeat(records, keys.shape[1]), len(values)) > 1
    held &= values > 0
    return np.where(held, np.cumsum(held) - 1, -1)[numbers].astype(np.int32)


def low_half(pairs: NDArray[np.int64]) -> NDArray[np.int32]:
    """The word of each coded pair."""
    return (pairs & 0xFFFFFFFF).astype(np.int32)


def distinct_words(view: View, ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """The distinct ``text << 32 | word`` of a view."""
    owners = np.repeat(np.arange(len(view.offsets) - 1), np.diff(view.offsets))
    return distinct(owners << 32 | ids)


def evidence_over(
    description: Description, lexis: Lexis, alive: NDArray[np.bool_], settings: Settings
) -> Evidence:
    """The evidence with counts over the records in ``alive``, which is one value a record."""
    kinds = np.zeros(len(description), dtype=bool)
    kinds[description.kinds[alive]] = True
    views, rows = description.views, description.view_rows
    columns = []
    for field, view in enumerate(views):
        weights = weigh(lexis, field, distinct(rows[field][kinds]), len(view.offsets) - 1)
        starts, stops = view.offsets[rows[field]], view.offsets[rows[field] + 1]
        ids, words = lexis.ids[field], lexis.vocabulary
        column = Column(ids, view.zones, starts, stops, words, weights)
        columns.append(without_numbers(column) if settings.numbers == IGNORE else column)
    return Evidence(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(columns),
        texts=lexis.texts,
        recurrence=lexis.shown.spans(alive)[lexis.headlines],
        anchors=lexis.anchors,
        meetings=np.concatenate([lexis.met.spans(alive), crowds(lexis, kinds)[:, None]], axis=1),
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
    )


def crowds(lexis: Lexis, kinds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each anchor log2 of the kinds, among those given, that have it."""
    held = lexis.anchors[kinds].ravel()
    counts = np.bincount(held[held >= 0], minlength=lexis.met.count)
    return np.log2(np.maximum(counts, 1))


def weigh(lexis: Lexis, field: int, rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Each word's weight by its count among some texts of a view that has ``count``."""
    counted = np.zeros(count, dtype=bool)
    counted[rows] = True
    held = lexis.held[field][counted[lexis.holders[field]]]
    counts = np.bincount(held, minlength=len(lexis.vocabulary.hashes))
    return lexis.vocabulary.weights(counts, len(rows))
