"""What a look-up of keys brings: for each key its number of rows, and rows enough to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HOT, NEIGHBOURS
from dedupe.hashing import ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALF = 32
LOW = (1 << HALF) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """``rows[starts[k]:starts[k + 1]]`` hold the ``k``-th key wanted, in the order of coming.

    ``totals`` counts all that do; of more than ``HOT`` they are an even sample and the last
    ``NEIGHBOURS``, which alone are ``near``: those that come to be compared.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    near: NDArray[np.bool_]
    totals: NDArray[np.int64]


def gather(
    pieces: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], left_out: NDArray[np.int64]
) -> Found:
    """The finds for each key, from pieces of key numbers and rows, and how many are left out."""
    count = len(left_out)
    codes = np.concatenate([owners << HALF | rows for owners, rows in pieces])
    codes.sort()
    owners, rows = codes >> HALF, codes & LOW
    totals = np.bincount(owners, minlength=count)
    starts = np.concatenate(([0], np.cumsum(totals)))
    near = np.ones(len(rows), dtype=bool)
    if not (totals > HOT).any():
        return Found(rows, starts, near, totals + left_out)
    places = ranges(np.zeros(count, np.int64), totals)
    sizes = totals[owners]
    near = (sizes <= HOT) | (places >= sizes - NEIGHBOURS)
    sampled = places * HOT // np.maximum(sizes, 1) != (places - 1) * HOT // np.maximum(sizes, 1)
    kept = near | sampled
    starts = np.concatenate(([0], np.cumsum(kept)))[starts]
    return Found(rows[kept], starts, near[kept], totals + left_out)
