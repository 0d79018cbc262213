"""Records that were met, described, in memory: what a cluster's leader is scored by.

A leader is met again and again. What normalising and sketching made of it is kept, a row a record,
with its words as numbers of a lexicon, so that a call gathers them from arrays. When all of it
takes more than ``MOST_BYTES``, it is forgotten before the next call, and the records that are met
then are fetched and described anew.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges
from dedupe.index.cache import GrowingArray
from dedupe.index.stats import WordStats
from dedupe.index.text_keys import joined, withdrawn_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.text_keys import FieldTexts, TextPart

MOST_BYTES = 512 << 20
RARE_PAIRS = 10
UNKNOWN = -1
SLOTS = 1 << 21
"""Of rows whose numbers are equal modulo this, the one met last is found."""
TIME, SOURCE, VERSION, WITHDRAWN, SEQ = range(5)
START, STOP, PIECE, FIRST, LAST, STATED = range(6)
NO_PIECE = NOBODY = -1
NO_TEXT = np.array([0, 0, NO_PIECE, 0, 0, 0])


class FieldCache:
    """The texts of one field: their words, and where those of each record begin and end."""

    def __init__(self) -> None:
        self.words = GrowingArray(np.int32)
        self.zones = GrowingArray(np.uint8)
        self.table = GrowingArray(np.int32, len(NO_TEXT))
        self.stamps = GrowingArray(np.uint64)
        self.wholes: list[str] = []
        self.pieces = GrowingArray(np.int64)
        self._letters = 0

    @property
    def bytes(self) -> int:
        """What it takes."""
        arrays = (self.words, self.zones, self.table, self.stamps)
        return sum(array.bytes for array in arrays) + self._letters

    def add(self, texts: FieldTexts, word_stats: WordStats) -> None:
        """Take the texts of some records."""
        if not any(len(piece.normalized.tokens.hashes) for piece in texts.pieces):
            self.table.extend(np.broadcast_to(NO_TEXT, (len(texts.rows), len(NO_TEXT))))
            self.stamps.extend(np.zeros(len(texts.rows), np.uint64))
            return
        self.stamps.extend(
            joined([piece.normalized.fingerprints for piece in texts.pieces])[texts.rows]
        )
        self.table.extend(joined([self._taken(p, word_stats) for p in texts.pieces])[texts.rows])

    def _taken(self, piece: TextPart, word_stats: WordStats) -> NDArray[np.int32]:
        """The rows of some texts, whose words are added."""
        normalized = piece.normalized
        table = np.empty((len(normalized.fingerprints), len(NO_TEXT)), np.int32)
        table[:, START] = normalized.tokens.offsets[:-1] + len(self.words)
        table[:, STOP] = normalized.tokens.offsets[1:] + len(self.words)
        table[:, PIECE] = len(self.wholes)
        table[:, FIRST], table[:, LAST] = normalized.starts, normalized.ends
        table[:, STATED] = normalized.core.versions
        self.pieces.extend(np.array([len(self.words)]))
        self.words.extend(word_stats.numbers(normalized))
        self.zones.extend(normalized.zones())
        whole = normalized.tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
        self._letters += sys.getsizeof(whole)
        self.wholes.append(whole)
        return table

    def cut(self, count: int) -> None:
        """Forget the texts of later records, which share none with those before."""
        pieces = self.table.held[count:, PIECE]
        pieces = pieces[pieces != NO_PIECE]
        self.table.cut(count)
        self.stamps.cut(count)
        if len(pieces):
            first = int(pieces.min())
            words = int(self.pieces.held[first])
            self.words.cut(words)
            self.zones.cut(words)
            self._letters -= sum(map(sys.getsizeof, self.wholes[first:]))
            del self.wholes[first:]
            self.pieces.cut(first)

    def fingerprints(self, positions: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The print of each record's text, 0 for none."""
        return self.stamps.held[positions]

    def spans(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of all words of some records in a row, and how many each has."""
        starts, ends = self.bounds(positions)
        lengths = ends - starts
        return concat_ranges(starts, lengths), lengths

    def bounds(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the words of some records begin and end."""
        rows = self.table.held[positions]
        return rows[:, START].astype(np.int64), rows[:, STOP].astype(np.int64)


class TextCache:
    """Described records by place, in the order in which they were met.

    ``table`` has a row a record: its time, the number of its outlet (-1 for none), the version that
    its tags state, whether it is withdrawn, and its row in the index; ``rare_pairs`` those of its
    first field.
    """

    def __init__(self, fields: int) -> None:
        self.word_stats = WordStats(fields)
        self.fields = tuple(FieldCache() for _ in range(fields))
        self.table = GrowingArray(np.int64, 5)
        self.rare_pairs = GrowingArray(np.uint64, RARE_PAIRS)
        self._slots = np.zeros(SLOTS, np.int32)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def is_full(self) -> bool:
        """Whether it takes more than it may."""
        held = self.word_stats.bytes + self.table.bytes + self.rare_pairs.bytes
        return held + sum(field.bytes for field in self.fields) > MOST_BYTES

    def positions(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each row of the index, ``UNKNOWN`` where it is not held."""
        found = self._slots[seqs % SLOTS].astype(np.int64) - 1
        if not len(self):
            return found
        return np.where(self.table.held[found, SEQ] == seqs, found, UNKNOWN)

    def name(self, seqs: NDArray[np.int64], positions: NDArray[np.int64]) -> None:
        """Let rows of the index be found at their places."""
        self.table.held[positions, SEQ] = seqs
        self._slots[seqs % SLOTS] = positions + 1

    def add(
        self,
        told: Sequence[FieldTexts],
        times: NDArray[np.int64],
        sources: Sequence[int] | NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Take records; returns their places."""
        first = len(self)
        for field, texts in zip(self.fields, told, strict=True):
            field.add(texts, self.word_stats)
        table = np.zeros((len(times), 5), np.int64)
        table[:, TIME], table[:, SOURCE], table[:, SEQ] = times, sources, NOBODY
        for field, texts in zip(reversed(self.fields), reversed(told), strict=True):
            filled = field.stamps.held[first:] != 0
            table[filled, VERSION] = field.table.held[first:][filled, STATED]
            table[:, WITHDRAWN] |= withdrawn_in(texts)
        self.table.extend(table)
        self.rare_pairs.extend(joined([piece.rare_pairs for piece in told[0].pieces])[told[0].rows])
        return np.arange(first, len(self))

    def back_to(self, count: int) -> None:
        """Keep the first records only; none of the others has been named."""
        for field in self.fields:
            field.cut(count)
        self.table.cut(count)
        self.rare_pairs.cut(count)
