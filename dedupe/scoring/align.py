"""Two texts word by word: what is shared, what stands on one side only, and how much it weighs.

All pairs of a block are aligned at once, as padded matrices of word numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedupe.text.vocabulary import Vocabulary

    ColumnArrays = tuple[
        NDArray[np.int32],
        NDArray[np.uint8],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int32],
    ]

LONGEST = 64
STRIDE = 8
CELLS = 1 << 21
STEM_MATCH = 14
CONCEPT_MATCH = 10
WHOLE = 16
TAG_SHARE = 4
NO_WORD = -1


@dataclass(frozen=True)
class Column:
    """One field of all texts as words: ``ids[starts[i]:stops[i]]`` are those of text ``i``.

    ``zones`` is 0 for a word of the story itself, 1 for a leading tag, 2 for a closing outlet.
    """

    ids: NDArray[np.int32]
    zones: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    vocabulary: Vocabulary
    weights: NDArray[np.int64]

    @cached_property
    def words(self) -> NDArray[np.int32]:
        """What is known of each word, side by side: stem, concept, side, number, weight, sign."""
        known = self.vocabulary
        ways = (known.stems, known.concepts, known.sides, known.numbers, self.weights, known.signs)
        return np.stack(ways, axis=1, dtype=np.int32, casting="unsafe")

    def arrays(self) -> ColumnArrays:
        """All of it in the order in which the kernel takes it."""
        return (self.ids, self.zones, self.starts, self.ends, self.words)


@dataclass(frozen=True, slots=True)
class Side:
    """The words of one side of a block of pairs: matrices of one row a pair, padded."""

    ids: NDArray[np.int32]
    stems: NDArray[np.int32]
    concepts: NDArray[np.int32]
    sides: NDArray[np.int32]
    numbers: NDArray[np.bool_]
    weights: NDArray[np.int64]
    core: NDArray[np.bool_]


def build_side(column: Column, rows: NDArray[np.int64], width: int) -> Side:
    """The words of some texts as padded matrices."""
    starts, ends = column.starts[rows], column.ends[rows]
    positions = starts[:, None] + np.arange(width)
    filled = positions < ends[:, None]
    positions = np.minimum(positions, max(len(column.ids) - 1, 0))
    ids = np.where(filled, column.ids[positions], NO_WORD)
    core = filled & (column.zones[positions] == 0)
    words = column.vocabulary
    weights = np.where(core, column.weights[ids], column.weights[ids] // TAG_SHARE)
    return Side(
        ids=ids,
        stems=np.where(filled, words.stems[ids], NO_WORD),
        concepts=np.where(filled, words.concepts[ids], NO_WORD),
        sides=np.where(filled, words.sides[ids], NO_WORD),
        numbers=filled & words.numbers[ids],
        weights=np.where(filled, weights, 0),
        core=core,
    )


def align_blocks(
    column: Column, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Cut pairs into blocks of like length: the pairs' places and the matrix width."""
    lengths = column.ends - column.starts
    longest = np.minimum(np.maximum(lengths[left], lengths[right]), LONGEST)
    widths = np.maximum(-(-longest // STRIDE) * STRIDE, STRIDE)
    for width in np.unique(widths).tolist():
        positions = np.flatnonzero(widths == width)
        step = max(1, CELLS // (width * width))
        for first in range(0, len(positions), step):
            yield positions[first : first + step], width


@dataclass(frozen=True, slots=True)
class Alignment:
    """How well each word of either side is matched on the other, in sixteenths, and where."""

    left: Side
    right: Side
    left_match: NDArray[np.int64]
    right_match: NDArray[np.int64]
    left_place: NDArray[np.int64]
    right_place: NDArray[np.int64]


def align(left: Side, right: Side) -> Alignment:
    """Match each word with its best counterpart: the word itself, its stem, or a synonym."""
    same = (left.ids[:, :, None] == right.ids[:, None, :]) & (left.ids != NO_WORD)[:, :, None]
    similarity = np.where(same, np.uint8(WHOLE), np.uint8(0))
    for one, other, worth in (
        (left.concepts, right.concepts, CONCEPT_MATCH),
        (left.sides, right.sides, CONCEPT_MATCH),
        (left.stems, right.stems, STEM_MATCH),
    ):
        alike = (one[:, :, None] == other[:, None, :]) & (one[:, :, None] != NO_WORD)
        np.maximum(similarity, np.where(alike, np.uint8(worth), np.uint8(0)), out=similarity)
    return Alignment(
        left,
        right,
        similarity.max(axis=2).astype(np.int64),
        similarity.max(axis=1).astype(np.int64),
        similarity.argmax(axis=2),
        similarity.argmax(axis=1),
    )
