"""A first glance at a pair: which words both texts have, and nothing of how they stand.

Most candidate pairs share little more than what brought them together. A small sum of trees over
what a bag of words tells turns them away, before any text is aligned. It is fitted to the decision
itself by ``python -m dedupe.judge.fit_glance``, for thresholds of a half and more.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe import kernel
from dedupe.verify.align import NO_WORD, Column, blocks, take_side
from dedupe.verify.model import VALUE_UNITS, Model, read_model
from dedupe.words import SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.verify.align import Side
    from dedupe.verify.context import Ends, Evidence

BAG = (
    "dice",  # shared information over all information of both
    "containment",  # the same, of the side that is better covered by the other
    "shared",  # shared information, bits, on the side that has less of it
    "rest_min",  # information without counterpart, bits, on the side that has less of it
    "rest_max",  # the same on the side that has more
    "words_min",  # words of the shorter text
    "words_max",  # words of the longer one
)
GLANCE = (*BAG, *(f"lede_{name}" for name in BAG), "gap", "same_source")
LEAST = 0.5
"""The lowest threshold for which the glance was fitted; below it every pair is looked at."""

FIELDS = 2
"""A glance knows a field that leads and one that backs it."""


@cache
def shipped_glance() -> tuple[Model, float]:
    """The trees that come with the package, and the log-odds below which a pair is turned away."""
    data = (files("dedupe") / "data" / "glance.json").read_bytes()
    return read_model(data), orjson.loads(data)["cut"] / VALUE_UNITS


def promising(evidence: Evidence, ends: Ends) -> NDArray[np.bool_]:
    """Which pairs are worth a closer look: all, where evidence is not for a glance."""
    if not evidence.glanced or len(evidence.columns) > FIELDS:
        return np.ones(len(ends), dtype=bool)
    return np.asarray(glance_odds(evidence, ends) >= shipped_glance()[1])


def glance_odds(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The log-odds of pairs being worth a closer look."""
    model, _ = shipped_glance()
    if not kernel.available():
        return model.log_odds(glances(evidence, ends))
    odds = np.full(len(ends), model.base)
    kernel.glance(
        *evidence.columns[0].arrays(),
        *evidence.columns[-1].arrays(),
        *model.forest.arrays(),
        np.array([len(evidence.columns)]),
        np.ascontiguousarray(ends.left),
        np.ascontiguousarray(ends.right),
        np.log1p(ends.hours),
        np.ascontiguousarray(ends.same_source),
        odds,
    )
    return odds


def glances(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The ``GLANCE`` features of pairs; the first field that both texts have leads."""
    lead, back = np.full((2, len(ends), len(BAG)), np.nan)
    for column in evidence.columns:
        bags = bag_features(column, ends.left, ends.right)
        leads, seen = np.isnan(lead[:, 0]), ~np.isnan(bags[:, 0])
        back[seen & ~leads] = bags[seen & ~leads]
        lead[seen & leads] = bags[seen & leads]
    return np.column_stack([lead, back, np.log1p(ends.hours), ends.same_source])


def bag_features(
    column: Column, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The ``BAG`` features of pairs of texts of one field; NaN where a text is empty."""
    out = np.full((len(left), len(BAG)), np.nan)
    lengths = column.stops - column.starts
    both = np.flatnonzero((lengths[left] > 0) & (lengths[right] > 0))
    signs = column.vocabulary.signs
    for places, width in blocks(column, left[both], right[both]):
        ours, theirs = (take_side(column, ends[both[places]], width) for ends in (left, right))
        met = signs_of(ours, signs)[:, :, None] == signs_of(theirs, signs)[:, None, :]
        met &= (ours.ids != NO_WORD)[:, :, None] & (theirs.ids != NO_WORD)[:, None, :]
        shared = [
            (side.weights * met.any(axis=axis)).sum(axis=1)
            for side, axis in ((ours, 2), (theirs, 1))
        ]
        out[both[places]] = bags_of(shared, ours, theirs)
    return out


def signs_of(side: Side, signs: NDArray[np.int32]) -> NDArray[np.int32]:
    """The sign of each word of a side."""
    return np.asarray(signs[side.ids])


def bags_of(shared: list[NDArray[np.int64]], ours: Side, theirs: Side) -> NDArray[np.float64]:
    """The features of what each side shares with the other, a row a pair."""
    total = [np.maximum(side.weights.sum(axis=1), 1) for side in (ours, theirs)]
    rest = [whole - part for whole, part in zip(total, shared, strict=True)]
    words = [(side.ids != NO_WORD).sum(axis=1) for side in (ours, theirs)]
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
