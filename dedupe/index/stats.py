"""The words of the records in memory, numbered as they are met, and their counts in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import find_positions
from dedupe.index.cache import GrowingArray
from dedupe.index.row_queries import count_of
from dedupe.index.text_keys import signed, tagged
from dedupe.text.preprocess import first_seen, token_text_at
from dedupe.text.vocabulary import (
    Vocabulary,
    blend_weights,
    learn_vocabulary,
    standard_forms,
    static_weights,
)

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from dedupe.text.normalize import NormalizedTexts

WORD = 1 << 16
SHORTER = np.uint64(24)
"""Words are counted by the other bits of their keys: two of a million share one by chance."""
UNKNOWN = -1
STATIC, OVERLAPS = 5, 4
BYTES_A_WORD = 400
"""About what a word takes, in the dictionaries most of all."""


def texts_key(field: int) -> int:
    """The key under which the texts of a field are counted."""
    return -1 - field


def word_keys(hashes: NDArray[np.uint64], field: int) -> NDArray[np.int64]:
    """The key of each word as a word of a field, by which it is counted."""
    return signed(tagged(hashes, WORD + field) >> SHORTER)


LATE = 4
LEAST_LATE = 1024
"""So many words that came late, and one in ``LATE`` of the others, are worth sorting."""


class WordStats:
    """Words by number; a number, once given, stands.

    They are found by their hashes, sorted, those that came late in a dictionary.

    ``known`` has a row a word: stem, concept, side, whether it is a number, whether it overlaps its
    neighbours, and its weight by the shipped table (see
    :class:`dedupe.text.vocabulary.Vocabulary`).
    """

    def __init__(self, fields: int) -> None:
        self._hashed = np.zeros(0, np.uint64)
        self._numbered = np.zeros(0, np.int32)
        self._late: dict[int, int] = {}
        self._standard: dict[int, int] = {}
        self._stems: dict[str, int] = {}
        self._hashes = GrowingArray(np.uint64)
        self._known = GrowingArray(np.int64, 6)
        self._counts = GrowingArray(np.int64, fields)
        self._texts = [UNKNOWN] * fields

    def __len__(self) -> int:
        return len(self._hashes)

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        return len(self) * BYTES_A_WORD

    def numbers(self, normalized: NormalizedTexts) -> NDArray[np.int32]:
        """The number of each token of normalised texts; words that are new get one."""
        hashes = normalized.tokens.hashes
        positions = find_positions(self._hashed, hashes)
        missing = np.flatnonzero(positions < 0)
        if not len(missing):
            return self._numbered[positions]
        firsts = first_seen(normalized.tokens)
        late = self._late_numbers(normalized, firsts[positions[firsts] < 0], hashes[missing])
        numbers = np.append(self._numbered, np.int32(0))[positions]
        numbers[missing] = late
        self._apply_pending()
        return numbers

    def _late_numbers(
        self, normalized: NormalizedTexts, firsts: NDArray[np.int64], hashes: NDArray[np.uint64]
    ) -> NDArray[np.int32]:
        """The number of some tokens, of which the first of each word is given; learns new words."""
        values = normalized.tokens.hashes[firsts]
        given = values.tolist()
        new = [position for position, value in enumerate(given) if value not in self._late]
        if new:
            self._learn(
                [given[position] for position in new], token_text_at(normalized, firsts[new])
            )
        numbers = np.fromiter(map(self._late.__getitem__, given), np.int32, len(given))
        order = values.argsort()
        return numbers[order[find_positions(values[order], hashes)]]

    def _apply_pending(self) -> None:
        """Sort the words that came late in among the others, when they are many."""
        if len(self._late) < max(LEAST_LATE, len(self._hashed) // LATE):
            return
        late = np.fromiter(self._late, np.uint64, len(self._late))
        numbers = np.fromiter(self._late.values(), np.int32, len(self._late))
        hashed = np.concatenate([self._hashed, late])
        order = hashed.argsort()
        self._hashed = hashed[order]
        self._numbered = np.concatenate([self._numbered, numbers])[order]
        self._late = {}

    def _learn(self, values: list[int], words: list[str]) -> None:
        """Number words, given by the hash and the normalised spelling of each."""
        told = learn_vocabulary(dict(zip(values, words, strict=True)), self._stems)
        hashes = told.hashes.tolist()
        new = [position for position, value in enumerate(hashes) if value not in self._standard]
        for position in new:
            self._standard[hashes[position]] = len(self._standard)
        columns = (told.stems, told.concepts, told.sides, told.numbers, told.overlaps)
        known = np.stack([*columns, static_weights(told.hashes)], axis=1, dtype=np.int64)
        self._known.extend(known[new])
        self._hashes.extend(told.hashes[new])
        self._counts.extend(np.full((len(new), len(self._texts)), UNKNOWN))
        standards = standard_forms(np.array(values, np.uint64)).tolist()
        self._late.update(
            (value, self._standard[other]) for value, other in zip(values, standards, strict=True)
        )

    def vocabulary(self, words: NDArray[np.int64]) -> Vocabulary:
        """What is known of some words."""
        stems, concepts, sides, numbers, overlaps, _ = self._known.held[words].T
        return Vocabulary(
            hashes=self._hashes.held[words],
            stems=stems.astype(np.int32),
            concepts=concepts.astype(np.int32),
            sides=sides.astype(np.int32),
            numbers=numbers.astype(bool),
            overlaps=overlaps.astype(bool),
        )

    def weights(
        self,
        database: sqlite3.Connection,
        field: int,
        words: NDArray[np.int64],
        more: NDArray[np.int64],
        texts: int,
    ) -> NDArray[np.int64]:
        """The weight of some words of a field, by their counts in the index and ``more``.

        ``texts`` are those that the index does not count yet.
        """
        counts = self._counts_of(database, field, words) + more
        known = self._known.held[words]
        bits = blend_weights(known[:, STATIC], counts, texts + self._texts[field])
        return np.where(known[:, OVERLAPS] > 0, bits // 2, bits)

    def _counts_of(
        self, database: sqlite3.Connection, field: int, words: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """How many texts of the index hold each word; asks for what has not been asked before."""
        if self._texts[field] == UNKNOWN:
            self._texts[field] = int(count_of(database, np.array([texts_key(field)]))[0])
        column = self._counts.held[:, field]
        unknown = words[column[words] == UNKNOWN]
        if len(unknown):
            column[unknown] = count_of(database, word_keys(self._hashes.held[unknown], field))
        return column[words]

    def count(
        self, field: int, words: NDArray[np.int64], counts: NDArray[np.int64], texts: int
    ) -> list[tuple[int, int]]:
        """Count words of more texts; returns what is to be added to the counts of the index."""
        column = self._counts.held[:, field]
        asked = column[words] != UNKNOWN
        column[words[asked]] += counts[asked]
        if self._texts[field] != UNKNOWN:
            self._texts[field] += texts
        keys = word_keys(self._hashes.held[words], field)
        rows = list(zip(keys.tolist(), counts.tolist(), strict=True))
        return [*rows, (texts_key(field), texts)]

    def forget_counts(self) -> None:
        """Ask for all counts anew: another has written."""
        self._counts.held[:] = UNKNOWN
        self._texts = [UNKNOWN] * len(self._texts)
