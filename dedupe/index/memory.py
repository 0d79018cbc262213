"""Stories that were met, described, in memory: what a cluster's leader is judged by.

A leader is met again and again. What folding and sketching made of it is kept, a row a story, with
its words as numbers of a lexicon, so that a call gathers them from arrays. When all of it takes
more than ``MOST_BYTES``, it is forgotten before the next call, and the stories that are met then
are fetched and described anew.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import ranges
from dedupe.index.describing import joined, withdrawn_in
from dedupe.index.growing import Growing
from dedupe.index.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.describing import Piece, Texts

MOST_BYTES = 512 << 20
ANCHORS = 10
UNKNOWN = -1
SLOTS = 1 << 21
"""Of rows whose numbers are equal modulo this, the one met last is found."""
TIME, SOURCE, VERSION, WITHDRAWN, SEQ = range(5)
START, STOP, PIECE, FIRST, LAST, STATED = range(6)
NO_PIECE = NOBODY = -1
NO_TEXT = np.array([0, 0, NO_PIECE, 0, 0, 0])


class Field:
    """The texts of one field: their words, and where those of each story begin and end."""

    def __init__(self) -> None:
        self.words = Growing(np.int32)
        self.zones = Growing(np.uint8)
        self.table = Growing(np.int32, len(NO_TEXT))
        self.stamps = Growing(np.uint64)
        self.wholes: list[str] = []
        self.pieces = Growing(np.int64)
        self._letters = 0

    @property
    def bytes(self) -> int:
        """What it takes."""
        arrays = (self.words, self.zones, self.table, self.stamps)
        return sum(array.bytes for array in arrays) + self._letters

    def add(self, texts: Texts, lexicon: Lexicon) -> None:
        """Take the texts of some stories."""
        if not any(len(piece.folded.tokens.hashes) for piece in texts.pieces):
            self.table.extend(np.broadcast_to(NO_TEXT, (len(texts.rows), len(NO_TEXT))))
            self.stamps.extend(np.zeros(len(texts.rows), np.uint64))
            return
        self.stamps.extend(joined([piece.folded.prints for piece in texts.pieces])[texts.rows])
        self.table.extend(joined([self._taken(p, lexicon) for p in texts.pieces])[texts.rows])

    def _taken(self, piece: Piece, lexicon: Lexicon) -> NDArray[np.int32]:
        """The rows of some texts, whose words are added."""
        folded = piece.folded
        table = np.empty((len(folded.prints), len(NO_TEXT)), np.int32)
        table[:, START] = folded.tokens.offsets[:-1] + len(self.words)
        table[:, STOP] = folded.tokens.offsets[1:] + len(self.words)
        table[:, PIECE] = len(self.wholes)
        table[:, FIRST], table[:, LAST] = folded.starts, folded.stops
        table[:, STATED] = folded.core.versions
        self.pieces.extend(np.array([len(self.words)]))
        self.words.extend(lexicon.numbers(folded))
        self.zones.extend(folded.zones())
        whole = folded.tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
        self._letters += sys.getsizeof(whole)
        self.wholes.append(whole)
        return table

    def cut(self, count: int) -> None:
        """Forget the texts of later stories, which share none with those before."""
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

    def prints(self, places: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The print of each story's text, 0 for none."""
        return self.stamps.held[places]

    def spans(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of all words of some stories in a row, and how many each has."""
        starts, stops = self.bounds(places)
        lengths = stops - starts
        return ranges(starts, lengths), lengths

    def bounds(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the words of some stories begin and end."""
        rows = self.table.held[places]
        return rows[:, START].astype(np.int64), rows[:, STOP].astype(np.int64)


class Memory:
    """Described stories by place, in the order in which they were met.

    ``table`` has a row a story: its time, the number of its outlet (-1 for none), the version
    that its tags state, whether it is withdrawn, and its row in the index; ``anchors`` those of its
    first field.
    """

    def __init__(self, fields: int) -> None:
        self.lexicon = Lexicon(fields)
        self.fields = tuple(Field() for _ in range(fields))
        self.table = Growing(np.int64, 5)
        self.anchors = Growing(np.uint64, ANCHORS)
        self._slots = np.zeros(SLOTS, np.int32)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def is_full(self) -> bool:
        """Whether it takes more than it may."""
        held = self.lexicon.bytes + self.table.bytes + self.anchors.bytes
        return held + sum(field.bytes for field in self.fields) > MOST_BYTES

    def places(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each row of the index, ``UNKNOWN`` where it is not held."""
        found = self._slots[seqs % SLOTS].astype(np.int64) - 1
        if not len(self):
            return found
        return np.where(self.table.held[found, SEQ] == seqs, found, UNKNOWN)

    def name(self, seqs: NDArray[np.int64], places: NDArray[np.int64]) -> None:
        """Let rows of the index be found at their places."""
        self.table.held[places, SEQ] = seqs
        self._slots[seqs % SLOTS] = places + 1

    def add(
        self,
        told: Sequence[Texts],
        times: NDArray[np.int64],
        sources: Sequence[int] | NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Take stories; returns their places."""
        first = len(self)
        for field, texts in zip(self.fields, told, strict=True):
            field.add(texts, self.lexicon)
        table = np.zeros((len(times), 5), np.int64)
        table[:, TIME], table[:, SOURCE], table[:, SEQ] = times, sources, NOBODY
        for field, texts in zip(reversed(self.fields), reversed(told), strict=True):
            filled = field.stamps.held[first:] != 0
            table[filled, VERSION] = field.table.held[first:][filled, STATED]
            table[:, WITHDRAWN] |= withdrawn_in(texts)
        self.table.extend(table)
        self.anchors.extend(joined([piece.anchors for piece in told[0].pieces])[told[0].rows])
        return np.arange(first, len(self))

    def back_to(self, count: int) -> None:
        """Keep the first stories only; none of the others has been named."""
        for field in self.fields:
            field.cut(count)
        self.table.cut(count)
        self.anchors.cut(count)
