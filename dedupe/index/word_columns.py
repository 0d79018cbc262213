"""The words and letters of some records, as the decision takes them, weighed by the index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from dedupe.arrays import change_mask, distinct_sorted, unique_sorted
from dedupe.index.text_cache import FIRST, LAST, PIECE
from dedupe.scoring.align import Column
from dedupe.scoring.features import LETTERS
from dedupe.scoring.numbers import text_without_numbers
from dedupe.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.match import MatchContext
    from dedupe.index.text_cache import FieldCache, TextCache

FEW = 16
"""Fewer than one in so many words are sorted, more are marked."""
MOST_KEPT = 256
HALF = 32
LOW = (1 << HALF) - 1
NO_IDS = np.zeros(0, np.int32)
NO_WEIGHTS = np.zeros(0, np.int64)
NO_FLAGS = np.zeros(0, np.bool_)
NO_VOCABULARY = Vocabulary(np.zeros(0, np.uint64), NO_IDS, NO_IDS, NO_IDS, NO_FLAGS, NO_FLAGS)


@dataclass(frozen=True)
class TextColumn:
    """The normalised texts of some records as a sequence; each is cut out when it is asked for."""

    field: FieldCache
    positions: NDArray[np.int64]
    ignoring: bool

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, record: int) -> str:
        pieces, firsts, lasts = self._spans
        text = self.field.wholes[pieces[record]][firsts[record] : lasts[record]]
        return (text_without_numbers(text) if self.ignoring else text)[:LETTERS]

    @cached_property
    def _spans(self) -> tuple[list[int], list[int], list[int]]:
        """The piece of each text, and where in it the text begins and ends."""
        rows = self.field.table.held[self.positions]
        return rows[:, PIECE].tolist(), rows[:, FIRST].tolist(), rows[:, LAST].tolist()


def text_column(
    field: FieldCache, positions: NDArray[np.int64], *, ignoring: bool
) -> Sequence[str]:
    """The normalised texts of some records, of which no more than items are asked for."""
    return cast("Sequence[str]", TextColumn(field, positions, ignoring))


def column_of(database: sqlite3.Connection, context: MatchContext, number: int) -> Column:
    """The words of one field of all records, weighed by the index and the newcomers."""
    field, word_stats = context.memory.fields[number], context.memory.word_stats
    if not len(field.words):
        return no_words(len(context.positions))
    if len(context.positions) * FEW > len(word_stats):
        words, ids, zones = np.arange(len(word_stats)), field.words.held, field.zones.held
        starts, ends = field.bounds(context.positions)
    else:
        tokens, lengths = field.spans(context.positions)
        if not len(tokens):
            return no_words(len(context.positions))
        zones, ends = field.zones.held[tokens], lengths.cumsum()
        words, ids = compact(field.words.held[tokens], len(word_stats))
        starts = ends - lengths
    own, counts, texts = count_words(context.memory, number, context.positions[context.old :])
    more = np.zeros(len(words), np.int64)
    more[np.searchsorted(words, own)] = counts
    weights = word_stats.weights(database, number, words, more, texts)
    return Column(ids, zones, starts, ends, word_stats.vocabulary(words), weights)


def no_words(count: int) -> Column:
    """A field that none of so many records has; those of few are kept."""
    return without_words(count) if count < MOST_KEPT else without_words.__wrapped__(count)


@lru_cache(maxsize=MOST_KEPT)
def without_words(count: int) -> Column:
    """One of them."""
    bounds = np.zeros(count, np.int64)
    return Column(NO_IDS, np.zeros(0, np.uint8), bounds, bounds, NO_VOCABULARY, NO_WEIGHTS)


def compact(ids: NDArray[np.int32], count: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The distinct ones of numbers below a count, sorted, and each one's place among them."""
    if len(ids) * FEW < count:
        packed = ids.astype(np.int64) << HALF | np.arange(len(ids))
        packed.sort()
        fresh = change_mask(packed >> HALF)
        numbers = np.empty(len(ids), np.int32)
        numbers[packed & LOW] = fresh.cumsum() - 1
        return packed[fresh] >> HALF, numbers
    seen = np.zeros(count, dtype=bool)
    seen[ids] = True
    words = np.flatnonzero(seen)
    positions = np.empty(count, np.int32)
    positions[words] = np.arange(len(words), dtype=np.int32)
    return words, positions[ids]


def count_words(
    memory: TextCache, number: int, positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The words of some records' distinct texts, in how many each stands, and the texts.

    Records without any text count for nothing, one that lacks this field has an empty text.
    """
    filled = np.any([field.fingerprints(positions) != 0 for field in memory.fields], axis=0)
    positions = positions[filled]
    field = memory.fields[number]
    if len(positions) == 1:
        (start,), (stop,) = field.bounds(positions)
        words = distinct_sorted(field.words.held[start:stop].astype(np.int64))
        return words, np.ones(len(words), np.int64), 1
    _, firsts = np.unique(field.fingerprints(positions), return_index=True)
    tokens, lengths = field.spans(positions[firsts])
    owners = np.repeat(np.arange(len(firsts)), lengths)
    held = unique_sorted(owners << HALF | field.words.held[tokens]) & LOW
    words, numbers = compact(held.astype(np.int32), len(memory.word_stats))
    return words, np.bincount(numbers, minlength=len(words)), len(firsts)


def counts_to_keep(memory: TextCache, positions: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The words of some records' texts and their counts, as the index adds them to its own."""
    rows = []
    for number in range(len(memory.fields)):
        rows += memory.word_stats.count(number, *count_words(memory, number, positions))
    return rows
