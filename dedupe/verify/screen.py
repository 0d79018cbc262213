"""What pairs may come to at the most: the hopeless, most of all, are seen by their words alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.verify.context import context_rows
from dedupe.verify.features import word_views
from dedupe.verify.glance import promising
from dedupe.verify.model import probability, shipped_model
from dedupe.verify.odds import combine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.verify.context import Ends, Evidence

FIELDS = 2
"""The kernel knows a field that leads and one that backs it."""


def hopes_of(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The score of pairs if all characters agreed and nothing recurred, which none can exceed.

    Numbers that conflict are let pass here. Pairs that share too little at a glance come to
    nothing.
    """
    hopes = np.zeros(len(ends))
    worth = np.flatnonzero(promising(evidence, ends))
    if not len(worth):
        return hopes
    hopes[worth] = close_hopes(evidence, ends.at(worth))
    return hopes


def close_hopes(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The same, of pairs that are not turned away at a glance."""
    if kernel.available() and len(evidence.columns) <= FIELDS:
        return compiled_hopes(evidence, ends)
    views = [word_views(column, ends.left, ends.right) for column in evidence.columns]
    context = context_rows(evidence, ends)
    return probability(combine(evidence, views, context, strict=False)[:, 1])


def compiled_hopes(evidence: Evidence, ends: Ends) -> NDArray[np.float64]:
    """The same by the kernel."""
    model = shipped_model()
    odds = np.full(len(ends), model.base)
    kernel.screen(
        *evidence.columns[0].arrays(),
        *evidence.columns[-1].arrays(),
        evidence.anchors,
        *model.forest.arrays(),
        np.array([len(evidence.columns)]),
        np.ascontiguousarray(ends.left),
        np.ascontiguousarray(ends.right),
        np.log1p(ends.hours),
        np.ascontiguousarray(ends.same_source),
        odds,
    )
    return probability(odds)
