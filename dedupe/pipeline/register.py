"""What of a corpus's words is counted: which texts hold which, and what recurs when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.hashing import changes, distinct, find, thin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.spans import Calendar
    from dedupe.words import Vocabulary

LOW = 0xFFFFFFFF
TEXTS = 1 << 18


@dataclass(frozen=True, slots=True)
class Holdings:
    """The words of a field's texts in their order: ``words[ends[i] : ends[i + 1]]`` of text ``i``.

    A text holds a word once, however often it says it.
    """

    ends: NDArray[np.int64]
    words: NDArray[np.int32]

    def counts(self, texts: NDArray[np.int64], words: int) -> NDArray[np.int64]:
        """How many of some distinct texts hold each of so many words."""
        counted = np.zeros(len(self.ends) - 1, dtype=bool)
        counted[texts] = True
        if not kernel.available():
            return self.count_plainly(counted, words)
        counts = np.zeros(words, np.int64)
        kernel.count_words(self.ends, self.words, counted, counts)
        return counts

    def count_plainly(self, counted: NDArray[np.bool_], words: int) -> NDArray[np.int64]:
        """Count by numpy."""
        owners = np.repeat(np.arange(len(counted)), np.diff(self.ends))
        held = counted[owners]
        return np.bincount(thin(owners[held] << 32 | self.words[held]) & LOW, minlength=words)

    def any(self, words: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each text holds one of some words, which a mask tells."""
        held = np.zeros(len(self.ends) - 1, dtype=bool)
        for first in range(0, len(held), TEXTS):
            ends = self.ends[first : first + TEXTS + 1]
            found = np.append(0, np.cumsum(words[self.words[ends[0] : ends[-1]]]))
            found = found[ends - ends[0]]
            held[first : first + TEXTS] = found[1:] > found[:-1]
        return held


@dataclass(frozen=True, slots=True)
class Register:
    """What of a corpus's words is counted: which texts hold which, and what recurs when.

    ``rows`` has the text of each kind in each field. ``headlines`` numbers each kind's headline,
    ``anchors`` its anchor keys, equal where they are, -1 for none; ``shown`` and ``met`` tell on
    which days records show them.
    """

    vocabulary: Vocabulary
    rows: tuple[NDArray[np.int64], ...]
    held: tuple[Holdings, ...]
    headlines: NDArray[np.int32]
    anchors: NDArray[np.int32]
    shown: Calendar
    met: Calendar

    def changed(self, before: Counts, after: Counts) -> NDArray[np.bool_]:
        """Whether what is counted of each kind differs."""
        headlines = changed_rows(before.recurrence, after.recurrence)
        met = np.append(changed_rows(before.meetings, after.meetings), False)
        changed = headlines[self.headlines] | met[self.anchors].any(axis=1)
        weights = zip(before.weights, after.weights, strict=True)
        for rows, held, (was, becomes) in zip(self.rows, self.held, weights, strict=True):
            changed |= held.any(was != becomes)[rows]
        return changed

    def count(self, kinds: NDArray[np.int64], alive: NDArray[np.bool_]) -> Counts:
        """The counts over the records in ``alive``, one value a record, of so many ``kinds``."""
        living = np.zeros(len(self.headlines), dtype=bool)
        living[kinds[alive]] = True
        weights = []
        for rows, held in zip(self.rows, self.held, strict=True):
            texts = distinct(rows[living])
            counts = held.counts(texts, len(self.vocabulary.hashes))
            weights.append(self.vocabulary.weights(counts, len(texts)))
        crowds = crowds_of(self.anchors, living, self.met.count)
        return Counts(
            tuple(weights),
            self.shown.spans(alive),
            np.concatenate([self.met.spans(alive), crowds[:, None]], axis=1),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """The words' weights in each field, and how often headlines and anchors return."""

    weights: tuple[NDArray[np.int64], ...]
    recurrence: NDArray[np.float64]
    meetings: NDArray[np.float64]


def changed_rows(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each row differs."""
    return np.asarray((before != after).any(axis=1))


def numbered(values: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Values by number, equal where they are."""
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def numbered_anchors(keys: NDArray[np.uint64], kinds: NDArray[np.int64]) -> NDArray[np.int32]:
    """The numbers of each kind's anchor keys, -1 for none and for what one record alone has."""
    values = np.sort(keys, axis=None)
    values = values[changes(values) & (values > 0)]
    numbers = find(values, keys.ravel()).astype(np.int32).reshape(keys.shape)
    records = np.bincount(kinds[kinds >= 0], minlength=len(keys))
    counts = np.zeros(len(values), dtype=np.int64)
    for column in numbers.T:
        own = column >= 0
        counts += np.bincount(column[own], records[own], len(values)).astype(np.int64)
    held = np.append(counts > 1, False)
    return np.where(held, np.cumsum(held) - 1, -1).astype(np.int32)[numbers]


def crowds_of(
    anchors: NDArray[np.int32], living: NDArray[np.bool_], count: int
) -> NDArray[np.float64]:
    """For each of so many anchors log2 of the living kinds that have it."""
    counts = np.zeros(count, dtype=np.int64)
    for column in anchors.T:
        counts += np.bincount(column[living & (column >= 0)], minlength=count)
    return np.log2(np.maximum(counts, 1))
