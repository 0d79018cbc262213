"""Judged pairs of run heads to leaders, under what links and versions demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import outside
from dedupe.linkage import SCORE_UNITS, join, lead
from dedupe.pipeline.bonds import best_of_groups, bonds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.bonds import Bonds
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.outline import Outline


def lead_heads(
    outline: Outline, heads: NDArray[np.int64], judged: Judged, hopeless: Hopeless
) -> NDArray[np.int64]:
    """Each record's leader by the judged pairs of run heads, and by what links demand."""
    accepting = outline.settings.threshold
    bonds = bonds_of(outline, heads)
    judged = judged.where(~bonds.part(judged.left, judged.right))
    accepted = judged.where(judged.scores >= accepting)
    ranks = ranks_of(outline, heads, accepted)
    best = best_of_groups(bonds, heads, ranks)
    apart = best[np.stack([bonds.apart >> 32, bonds.apart & 0xFFFFFFFF])]
    left, right = best[accepted.left], best[accepted.right]
    other = left != right
    leaders = lead(ranks, left[other], right[other], accepted.scores[other], apart)[best]
    if outline.settings.linkage == "average" and outline.settings.window is None:
        told = with_hopeless(judged, accepted, leaders, hopeless, bonds)
        leaders = join(ranks, leaders, *told, accepting, apart)
    return leaders[heads]


def with_hopeless(
    judged: Judged,
    accepted: Judged,
    leaders: NDArray[np.int64],
    hopeless: Hopeless,
    bonds: Bonds,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All judged pairs and their scores: the hopeless too, where accepted ones may join them."""
    one, other = leaders[accepted.left], leaders[accepted.right]
    touched = np.zeros(len(leaders), dtype=bool)
    touched[one[one != other]] = touched[other[one != other]] = True
    touched = touched[leaders]
    codes = hopeless.among(touched)
    codes = outside(judged.codes, codes[~bonds.part(codes >> 32, codes & 0xFFFFFFFF)])
    return (
        np.concatenate([judged.left, codes >> 32]),
        np.concatenate([judged.right, codes & 0xFFFFFFFF]),
        np.concatenate([judged.scores, np.zeros(len(codes))]),
    )


def ranks_of(outline: Outline, heads: NDArray[np.int64], accepted: Judged) -> NDArray[np.int64]:
    """Each record's rank by policy; one without text comes after all that have some."""
    sizes = np.bincount(heads, minlength=len(heads))
    units = np.rint(accepted.scores * SCORE_UNITS)
    ends = ((accepted.left, accepted.right), (accepted.right, accepted.left))
    sums = [np.bincount(own, units * sizes[other], len(heads)) for own, other in ends]
    ranks = outline.order.rank(np.add(*sums))
    return np.where(outline.kinds < 0, ranks + len(ranks), ranks)
