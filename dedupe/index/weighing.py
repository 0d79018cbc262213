"""The words and letters of some stories, as the decision takes them, weighed by the index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from dedupe.hashing import changes, distinct, thin
from dedupe.index.memory import FIRST, LAST, PIECE
from dedupe.verify import LETTERS, Column, spelled_without_numbers
from dedupe.words import Vocabulary

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.matching import Case
    from dedupe.index.memory import Field, Memory

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
class Spelled:
    """The folded texts of some stories as a sequence; each is cut out when it is asked for."""

    field: Field
    places: NDArray[np.int64]
    ignoring: bool

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, record: int) -> str:
        pieces, firsts, lasts = self._spans
        text = self.field.wholes[pieces[record]][firsts[record] : lasts[record]]
        return (spelled_without_numbers(text) if self.ignoring else text)[:LETTERS]

    @cached_property
    def _spans(self) -> tuple[list[int], list[int], list[int]]:
        """The piece of each text, and where in it the text begins and ends."""
        rows = self.field.table.held[self.places]
        return rows[:, PIECE].tolist(), rows[:, FIRST].tolist(), rows[:, LAST].tolist()


def spelled(field: Field, places: NDArray[np.int64], *, ignoring: bool) -> Sequence[str]:
    """The folded texts of some stories, of which no more than items are asked for."""
    return cast("Sequence[str]", Spelled(field, places, ignoring))


def column_of(database: sqlite3.Connection, case: Case, number: int) -> Column:
    """The words of one field of all records, weighed by the index and the newcomers."""
    field, lexicon = case.memory.fields[number], case.memory.lexicon
    if not len(field.words):
        return no_words(len(case.places))
    if len(case.places) * FEW > len(lexicon):
        words, ids, zones = np.arange(len(lexicon)), field.words.held, field.zones.held
        starts, stops = field.bounds(case.places)
    else:
        tokens, lengths = field.spans(case.places)
        if not len(tokens):
            return no_words(len(case.places))
        zones, stops = field.zones.held[tokens], lengths.cumsum()
        words, ids = compact(field.words.held[tokens], len(lexicon))
        starts = stops - lengths
    own, counts, texts = count_words(case.memory, number, case.places[case.old :])
    more = np.zeros(len(words), np.int64)
    more[np.searchsorted(words, own)] = counts
    weights = lexicon.weights(database, number, words, more, texts)
    return Column(ids, zones, starts, stops, lexicon.vocabulary(words), weights)


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
        codes = ids.astype(np.int64) << HALF | np.arange(len(ids))
        codes.sort()
        fresh = changes(codes >> HALF)
        numbers = np.empty(len(ids), np.int32)
        numbers[codes & LOW] = fresh.cumsum() - 1
        return codes[fresh] >> HALF, numbers
    met = np.zeros(count, dtype=bool)
    met[ids] = True
    words = np.flatnonzero(met)
    places = np.empty(count, np.int32)
    places[words] = np.arange(len(words), dtype=np.int32)
    return words, places[ids]


def count_words(
    memory: Memory, number: int, places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The words of some stories' distinct texts, in how many each stands, and the texts.

    Stories without any text count for nothing, one that lacks this field has an empty text.
    """
    filled = np.any([field.prints(places) != 0 for field in memory.fields], axis=0)
    places = places[filled]
    field = memory.fields[number]
    if len(places) == 1:
        (start,), (stop,) = field.bounds(places)
        words = distinct(field.words.held[start:stop].astype(np.int64))
        return words, np.ones(len(words), np.int64), 1
    _, firsts = np.unique(field.prints(places), return_index=True)
    tokens, lengths = field.spans(places[firsts])
    owners = np.repeat(np.arange(len(firsts)), lengths)
    held = thin(owners << HALF | field.words.held[tokens]) & LOW
    words, numbers = compact(held.astype(np.int32), len(memory.lexicon))
    return words, np.bincount(numbers, minlength=len(words)), len(firsts)


def counts_to_keep(memory: Memory, places: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The words of some stories' texts and their counts, as the index adds them to its own."""
    rows = []
    for number in range(len(memory.fields)):
        rows += memory.lexicon.count(number, *count_words(memory, number, places))
    return rows
