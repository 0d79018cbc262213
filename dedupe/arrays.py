"""Operations on sorted and grouped numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_positions(
    sorted_values: NDArray[np.uint64], wanted: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Where each wanted hash stands among sorted ones, or -1."""
    if kernel.available():
        found = np.empty(len(wanted), dtype=np.int64)
        kernel.find_hashes(sorted_values, np.ascontiguousarray(wanted), found)
        return found
    if not len(sorted_values):
        return np.full(len(wanted), -1)
    positions = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.where(sorted_values[positions] == wanted, positions, -1)


def concat_ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenation of ``starts[i] .. starts[i] + lengths[i] - 1``."""
    ends = lengths.cumsum()
    positions = np.arange(int(ends[-1]) if len(ends) else 0)
    positions += (starts - ends + lengths).repeat(lengths)
    return positions


def distinct_sorted(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values, sorted; by sorting, which beats numpy's hash table on millions."""
    return unique_sorted(values.copy())


def unique_sorted(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same for an array that is not needed afterwards: it is sorted in its place."""
    values.sort()
    return np.asarray(values[change_mask(values)])


def change_mask(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value is another than the one before it; the first is."""
    changed = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed


def find_in_sorted(held: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted value stands among those held, or -1; both are sorted."""
    if kernel.available():
        found = np.empty(len(wanted), dtype=np.int64)
        kernel.find_sorted(held, wanted, found)
        return found
    if not len(held):
        return np.full(len(wanted), -1)
    positions = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    return np.where(held[positions] == wanted, positions, -1)


def difference_sorted(held: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values that are not among those held; both are sorted."""
    return values[find_in_sorted(held, values) < 0]


def merge_sorted(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values of two sorted arrays of distinct ones, sorted."""
    if not len(left):
        return right
    fresh = difference_sorted(left, right)
    return np.insert(left, np.searchsorted(left, fresh), fresh) if len(fresh) else left
