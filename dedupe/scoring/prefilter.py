"""Reject pairs that cannot reach the threshold before the full comparison.

The pre-filter compares bags of words; the upper bound then aligns the words and leaves out the
comparison by characters.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe import kernel
from dedupe.scoring.align import NO_WORD, Column, align_blocks, build_side
from dedupe.scoring.features import word_feature_rows
from dedupe.scoring.log_odds import combine_fields
from dedupe.scoring.model import VALUE_UNITS, Model, read_model, shipped_model, to_probability
from dedupe.scoring.pair_context import context_rows
from dedupe.text.vocabulary import SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.scoring.align import Side
    from dedupe.scoring.pair_context import PairContext, ScoringContext

BAG = (
    "dice",  # shared information over all information of both
    "containment",  # the same, of the side that is better covered by the other
    "shared",  # shared information, bits, on the side that has less of it
    "rest_min",  # information without counterpart, bits, on the side that has less of it
    "rest_max",  # the same on the side that has more
    "words_min",  # words of the shorter text
    "words_max",  # words of the longer one
)
PREFILTER_FEATURES = (*BAG, *(f"lede_{name}" for name in BAG), "gap", "same_source")
MIN_THRESHOLD = 0.5
"""The lowest threshold for which the pre-filter was fitted; below it every pair is looked at."""

PREFILTER_FIELDS = 2
"""The pre-filter knows a field that leads and one that backs it."""


@cache
def shipped_prefilter() -> tuple[Model, float]:
    """The trees that come with the package, and the log-odds below which a pair is turned away."""
    data = (files("dedupe") / "data" / "prefilter.json").read_bytes()
    return read_model(data), orjson.loads(data)["cut"] / VALUE_UNITS


def passes_prefilter(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.bool_]:
    """Which pairs are worth a closer look: all, where evidence is not for the pre-filter."""
    if not scoring_context.use_prefilter or len(scoring_context.columns) > PREFILTER_FIELDS:
        return np.ones(len(pair_context), dtype=bool)
    return np.asarray(prefilter_log_odds(scoring_context, pair_context) >= shipped_prefilter()[1])


def prefilter_log_odds(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.float64]:
    """The log-odds of pairs being worth a closer look."""
    model, _ = shipped_prefilter()
    if not kernel.available():
        return model.log_odds(prefilter_rows(scoring_context, pair_context))
    odds = np.full(len(pair_context), model.base)
    kernel.prefilter_log_odds(
        *scoring_context.columns[0].arrays(),
        *scoring_context.columns[-1].arrays(),
        *model.forest.arrays(),
        np.array([len(scoring_context.columns)]),
        np.ascontiguousarray(pair_context.left),
        np.ascontiguousarray(pair_context.right),
        np.log1p(pair_context.hours),
        np.ascontiguousarray(pair_context.same_source),
        odds,
    )
    return odds


def prefilter_rows(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.float64]:
    """The ``PREFILTER_FEATURES`` features of pairs; the first field that both texts have leads."""
    primary, back = np.full((2, len(pair_context), len(BAG)), np.nan)
    for column in scoring_context.columns:
        bags = bag_features(column, pair_context.left, pair_context.right)
        is_leader, seen = np.isnan(primary[:, 0]), ~np.isnan(bags[:, 0])
        back[seen & ~is_leader] = bags[seen & ~is_leader]
        primary[seen & is_leader] = bags[seen & is_leader]
    return np.column_stack([primary, back, np.log1p(pair_context.hours), pair_context.same_source])


def bag_features(
    column: Column, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The ``BAG`` features of pairs of texts of one field; NaN where a text is empty."""
    out = np.full((len(left), len(BAG)), np.nan)
    lengths = column.ends - column.starts
    both = np.flatnonzero((lengths[left] > 0) & (lengths[right] > 0))
    signs = column.vocabulary.signs
    for positions, width in align_blocks(column, left[both], right[both]):
        ours, theirs = (
            build_side(column, pair_context[both[positions]], width)
            for pair_context in (left, right)
        )
        met = signs_of(ours, signs)[:, :, None] == signs_of(theirs, signs)[:, None, :]
        met &= (ours.ids != NO_WORD)[:, :, None] & (theirs.ids != NO_WORD)[:, None, :]
        shared = [
            (side.weights * met.any(axis=axis)).sum(axis=1)
            for side, axis in ((ours, 2), (theirs, 1))
        ]
        out[both[positions]] = bags_of(shared, ours, theirs)
    return out


def signs_of(side: Side, signs: NDArray[np.int32]) -> NDArray[np.int32]:
    """The sign of each word of a side."""
    return np.asarray(signs[side.ids])


def bags_of(shared: list[NDArray[np.int64]], left: Side, right: Side) -> NDArray[np.float64]:
    """The features of what each side shares with the other, a row a pair."""
    total = [np.maximum(side.weights.sum(axis=1), 1) for side in (left, right)]
    rest = [whole - part for whole, part in zip(total, shared, strict=True)]
    words = [(side.ids != NO_WORD).sum(axis=1) for side in (left, right)]
    return np.column_stack(
        [
            (shared[0] + shared[1]) / (total[0] + total[1]),
            np.maximum(shared[0] / total[0], shared[1] / total[1]),
            np.minimum(*shared) / SCALE,
            np.minimum(*rest) / SCALE,
            np.maximum(*rest) / SCALE,
            np.minimum(*words),
            np.maximum(*words),
        ]
    )


FIELDS = 2
"""The kernel knows a field that leads and one that backs it."""


def score_upper_bounds(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.float64]:
    """The score of pairs if all characters agreed and nothing recurred, which none can exceed.

    Numbers that conflict are let pass here. Pairs that share too little at the pre-filter come to
    nothing.
    """
    upper_bounds = np.zeros(len(pair_context))
    worth = np.flatnonzero(passes_prefilter(scoring_context, pair_context))
    if not len(worth):
        return upper_bounds
    upper_bounds[worth] = word_upper_bounds(scoring_context, pair_context.at(worth))
    return upper_bounds


def word_upper_bounds(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.float64]:
    """The same, of pairs that are not turned away at the pre-filter."""
    if kernel.available() and len(scoring_context.columns) <= FIELDS:
        return compiled_upper_bounds(scoring_context, pair_context)
    views = [
        word_feature_rows(column, pair_context.left, pair_context.right)
        for column in scoring_context.columns
    ]
    context = context_rows(scoring_context, pair_context)
    return to_probability(combine_fields(scoring_context, views, context, strict=False)[:, 1])


def compiled_upper_bounds(
    scoring_context: ScoringContext, pair_context: PairContext
) -> NDArray[np.float64]:
    """The same by the kernel."""
    model = shipped_model()
    odds = np.full(len(pair_context), model.base)
    kernel.upper_bound_log_odds(
        *scoring_context.columns[0].arrays(),
        *scoring_context.columns[-1].arrays(),
        scoring_context.rare_pairs,
        *model.forest.arrays(),
        np.array([len(scoring_context.columns)]),
        np.ascontiguousarray(pair_context.left),
        np.ascontiguousarray(pair_context.right),
        np.log1p(pair_context.hours),
        np.ascontiguousarray(pair_context.same_source),
        odds,
    )
    return to_probability(odds)
