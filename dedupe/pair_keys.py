"""Pack two ids into one integer, so that pairs can be sorted, merged and searched as numbers.

Ids are below 2**31. A pair key sorts by its left id, then by its right id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = 32
LOW = (1 << HALF) - 1


def pack(
    left: NDArray[np.int64], right: NDArray[np.int64] | NDArray[np.int32] | int
) -> NDArray[np.int64]:
    """Return the keys of pairs of ids, in the order given."""
    return left << HALF | right


def pack_ordered(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys of pairs of ids, the lower id first."""
    return pack(np.minimum(left, right), np.maximum(left, right))


def unpack(pair_keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the left and the right ids of pairs."""
    return pair_keys >> HALF, pair_keys & LOW


def left_of(pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the left ids of pairs."""
    return pair_keys >> HALF


def right_of(pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the right ids of pairs."""
    return pair_keys & LOW
