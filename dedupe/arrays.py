"""Operations on sorted and grouped numpy arrays, and pairs of ids packed in one integer each.

A pair key holds two ids below 2**31, so that pairs can be sorted, merged and searched as numbers.
It sorts by its left id, then by its right id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
HALF = 32
LOW = (1 << HALF) - 1
NO_PAIRS = np.zeros((2, 0), np.int64)
"""No pairs of ids, as two rows: the left ends and the right ends."""


def copy_rows(
    values: NDArray[Any], offsets: NDArray[np.int64], wanted: NDArray[np.int64], out: NDArray[Any]
) -> None:
    """Copy the wanted rows to ``out``: row ``i`` is ``values[offsets[i] : offsets[i + 1]]``."""
    if kernel.available():
        width = np.array([values.itemsize], np.int64)
        kernel.copy_rows(values.view(np.uint8), width, offsets, wanted, out.view(np.uint8))
    else:
        out[:] = values[concat_ranges(offsets[wanted], np.diff(offsets)[wanted])]


def concat_ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the concatenation of ``starts[i] .. starts[i] + lengths[i] - 1``."""
    ends = lengths.cumsum()
    positions = np.arange(int(ends[-1]) if len(ends) else 0)
    positions += (starts - ends + lengths).repeat(lengths)
    return positions


def change_mask(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return whether each value differs from the one before it; the first always does."""
    changed = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed


def unique_sorted(values: NDArray[Number]) -> NDArray[Number]:
    """Return the distinct values, sorted, without ``numpy.ma``, which takes long to import."""
    values = np.sort(values)
    return values[change_mask(values)]


def find_in_sorted(
    known: NDArray[np.int64] | NDArray[np.uint64], wanted: NDArray[np.int64] | NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return where each wanted value stands among sorted distinct ones, or -1."""
    if not len(known):
        return np.full(len(wanted), -1)
    positions = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[positions] == wanted, positions, -1)


def order_positions(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each item stands in an order.

    >>> order_positions(np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order))
    return positions


def first_places(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return where each number below a count comes first, -1 where it does not.

    >>> first_places(np.array([2, 0, 2]), 3).tolist()
    [1, -1, 0]
    """
    firsts = np.full(count, -1)
    firsts[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)  # the last that is assigned stays
    return firsts


def renumber(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers in the same order without gaps.

    >>> renumber(np.array([7, 3, 7])).tolist()
    [1, 0, 1]
    """
    present = np.bincount(numbers) > 0
    return np.asarray((np.cumsum(present) - 1)[numbers])


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


def components(ends: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the component of each of ``count`` nodes, named by its lowest node.

    Disjoint sets with path halving: Tarjan and van Leeuwen 1984.
    """
    parents: dict[int, int] = {}

    def top(node: int) -> int:
        while (above := parents.get(node, node)) != node:
            parents[node] = parents.get(above, above)
            node = parents[node]
        return node

    for left, right in ends.T.tolist():
        low, high = sorted((top(left), top(right)))
        parents[high] = low
    found = np.arange(count)
    for node in unique_sorted(ends.ravel()).tolist():
        found[node] = top(node)
    return found
