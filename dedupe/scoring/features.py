"""What a pair of texts looks like to the decision: one row of numbers a pair.

Every feature is named in ``VIEW`` and means the same for a headline and for a lede. Sums are of
integer weights, so that a feature does not depend on the order of words or of pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from rapidfuzz import fuzz, process

from dedupe import kernel
from dedupe.scoring.align import (
    CONCEPT_MATCH,
    LONGEST,
    NO_WORD,
    STEM_MATCH,
    WHOLE,
    Alignment,
    Column,
    Side,
    align,
    align_blocks,
    build_side,
)
from dedupe.text.vocabulary import SCALE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Letters: TypeAlias = "Sequence[str] | Mapping[int, str]"
"""What of each text is compared by characters; of those that are asked for at the least."""

VIEW = (
    "dice",  # shared information over all information of both
    "containment",  # the same, of the side that is better covered by the other
    "shared",  # shared information, bits
    "rest_min",  # information without counterpart, bits, on the side that has less of it
    "rest_max",  # the same on the side that has more
    "top_min",  # the most telling word without counterpart, bits, lesser of the sides
    "top_max",  # the same, greater of the sides
    "numbers_both",  # numbers without counterpart, lesser of the sides
    "numbers_max",  # the same, greater of the sides
    "opposed",  # whether an unmatched word on one side contradicts one on the other
    "order",  # share of matched words that stand out of order
    "exchanged",  # whether two telling words change places about a third, as who beats whom
    "head",  # how well the left text's first word is matched
    "words_min",  # words of the shorter text
    "loose_min",  # words wholly without counterpart, lesser of the sides
    "tags",  # words of tags and outlets without counterpart, greater of the sides
    "ratio",  # 1 - insertions and deletions over the length of both (rapidfuzz.fuzz.ratio)
)
RATIO = VIEW.index("ratio")
LETTERS = 512
"""Of each text so many letters are compared: more than its first words, which are, have."""
TELLING = 7
PIVOTAL = 6
"""The least bits of a word that changes places, and of the one about which it does."""


def word_feature_rows(
    column: Column, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The features of pairs of one field, one row a pair; NaN where a text is empty.

    ``ratio`` is dear and left at 1, the most that it can be, for :func:`fill_ratios` to put right.
    """
    out = np.full((len(left), len(VIEW)), np.nan)
    lengths = column.ends - column.starts
    both = np.flatnonzero((lengths[left] > 0) & (lengths[right] > 0))
    out[both, :RATIO] = word_features(column, left[both], right[both])
    out[both, RATIO] = 1
    return out


def fill_ratios(
    view: NDArray[np.float64],
    texts: Letters,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> None:
    """Put the character ratio into the rows of a view whose pairs both have the field."""
    both = np.flatnonzero(~np.isnan(view[:, RATIO]))
    view[both, RATIO] = character_ratios(texts, left[both], right[both])


def word_features(
    column: Column, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The features of ``VIEW`` up to ``ratio`` for pairs of texts that both have words."""
    out = np.empty((len(left), RATIO))
    if kernel.available():
        kernel.aligned_features(*column.arrays(), left, right, out)
        return out
    for positions, width in align_blocks(column, left, right):
        matched = align(
            build_side(column, left[positions], width), build_side(column, right[positions], width)
        )
        out[positions] = np.stack(aligned_features(matched), axis=1)
    return out


def character_ratios(
    texts: Letters, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The character ratio of each pair, 0 to 1."""
    ours, theirs = [texts[i] for i in left.tolist()], [texts[i] for i in right.tolist()]
    scores = process.cpdist(ours, theirs, scorer=fuzz.ratio, dtype=np.float64)
    return np.asarray(scores) / 100


def aligned_features(matched: Alignment) -> list[NDArray[np.float64]]:
    """The features of ``VIEW`` up to ``ratio`` for a block of aligned pairs, column by column."""
    left, right = matched.left, matched.right
    here, there = (
        unmatched_weight(left, matched.left_match),
        unmatched_weight(right, matched.right_match),
    )
    total = [np.maximum(side.weights.sum(axis=1), 1) for side in (left, right)]
    rest = [loose.sum(axis=1) / WHOLE for loose in (here, there)]
    shared = [t - r for t, r in zip(total, rest, strict=True)]
    top = [loose.max(axis=1) / WHOLE for loose in (here, there)]
    numbers = [
        (side.numbers & side.core & (match < WHOLE)).sum(axis=1)
        for side, match in ((left, matched.left_match), (right, matched.right_match))
    ]
    loose = [
        (side.core & (match == 0)).sum(axis=1)
        for side, match in ((left, matched.left_match), (right, matched.right_match))
    ]
    tags = [
        (~side.core & (side.ids != NO_WORD) & (match < WHOLE)).sum(axis=1)
        for side, match in ((left, matched.left_match), (right, matched.right_match))
    ]
    return [
        (shared[0] + shared[1]) / (total[0] + total[1]),
        np.maximum(shared[0] / total[0], shared[1] / total[1]),
        np.minimum(*shared) / SCALE,
        np.minimum(*rest) / SCALE,
        np.maximum(*rest) / SCALE,
        np.minimum(*top) / SCALE,
        np.maximum(*top) / SCALE,
        np.minimum(*numbers),
        np.maximum(*numbers),
        opposed(matched),
        out_of_order(matched),
        has_exchange(matched),
        head_match(matched),
        np.minimum(left.core.sum(axis=1), right.core.sum(axis=1)),
        np.minimum(*loose),
        np.maximum(*tags),
    ]


def unmatched_weight(side: Side, match: NDArray[np.int64]) -> NDArray[np.int64]:
    """The weight of each word that has no counterpart, in sixteenths of its weight's unit."""
    return side.weights * (WHOLE - match)


def opposed(matched: Alignment) -> NDArray[np.bool_]:
    """Whether an unmatched word on one side is on the other side of an antonym line."""
    left, right = matched.left, matched.right
    ours = np.where(matched.left_match < CONCEPT_MATCH, left.sides, NO_WORD)
    theirs = np.where(matched.right_match < CONCEPT_MATCH, right.sides, NO_WORD)
    meets = (ours ^ 1)[:, :, None] == theirs[:, None, :]
    return np.asarray((meets & (ours != NO_WORD)[:, :, None]).any(axis=(1, 2)))


def out_of_order(matched: Alignment) -> NDArray[np.float64]:
    """The share of matched words whose counterpart stands before that of an earlier word."""
    ours = late_share(matched.left_match, matched.left_place)
    return np.maximum(ours, late_share(matched.right_match, matched.right_place))


def late_share(match: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same, seen from one side."""
    strong = match >= STEM_MATCH
    positions = np.where(strong, position, -1)
    late = strong & (positions < np.maximum.accumulate(positions, axis=1))
    return np.asarray(late.sum(axis=1) / np.maximum(strong.sum(axis=1), 1))


def has_exchange(matched: Alignment) -> NDArray[np.bool_]:
    """Whether two telling words that both texts have change places about a third one.

    A clause that moves keeps its words in order; who beats whom turns about what stands between.
    """
    return turn_count(matched.left, matched.left_match, matched.left_place) | turn_count(
        matched.right, matched.right_match, matched.right_place
    )


def turn_count(
    side: Side, match: NDArray[np.int64], position: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """The same, seen from one side."""
    ends = (match >= STEM_MATCH) & (side.weights >= TELLING * SCALE)
    before = np.maximum.accumulate(np.where(ends, position, -1), axis=1)
    after = np.where(ends, position, LONGEST)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1]
    middle = (match >= CONCEPT_MATCH) & (side.weights >= PIVOTAL * SCALE)
    return np.asarray((middle & (before > position) & (after < position)).any(axis=1))


def head_match(matched: Alignment) -> NDArray[np.float64]:
    """How well the first words of the two stories match on the other side, the lesser of both."""
    rows = np.arange(len(matched.left.ids))
    left = matched.left_match[rows, matched.left.core.argmax(axis=1)]
    right = matched.right_match[rows, matched.right.core.argmax(axis=1)]
    return np.asarray(np.minimum(left, right) / WHOLE)
