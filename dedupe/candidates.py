"""Keys to candidate pairs, with hot buckets under control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

HOT = 64
NEIGHBOURS = 8
HALF = 32
LOW = (1 << HALF) - 1


@dataclass(frozen=True, slots=True)
class Candidates:
    """Distinct candidate pairs, ``left < right``, and how many buckets were too full for all."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    hot_buckets: int
    largest_bucket: int


def propose(keys: Iterable[NDArray[np.uint64]], order: NDArray[np.int64]) -> Candidates:
    """Pair the texts that share a key.

    Each array of ``keys`` has one row a text and is a family of its own: keys meet across its
    columns; 0 is no key. Texts of a bucket of up to ``HOT`` are all paired; in a fuller one each
    meets its ``NEIGHBOURS`` next ones by ``order`` (a rank by time, then content).
    """
    found = [np.zeros(0, dtype=np.int64)]
    hot = largest = 0
    for family in keys:
        pairs, crowded, fullest = pair_family(family, order)
        found.append(pairs)
        hot, largest = hot + crowded, max(largest, fullest)
    joined = distinct(np.concatenate(found))
    return Candidates(joined >> HALF, joined & LOW, hot, largest)


def pair_family(
    family: NDArray[np.uint64], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, int]:
    """The coded pairs of one family, its hot buckets and its largest bucket."""
    owners, columns = np.nonzero(family)
    values = family[owners, columns]
    sorting = np.lexsort((order[owners], values))
    values, owners = values[sorting], owners[sorting]
    if not len(values):
        return np.zeros(0, dtype=np.int64), 0, 0
    firsts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    sizes = np.diff(np.append(firsts, len(values)))
    ranks = np.arange(len(values)) - np.repeat(firsts, sizes)
    reach = np.where(sizes > HOT, NEIGHBOURS, sizes - 1)
    pairs = pair_neighbours(owners, np.minimum(ranks, np.repeat(reach, sizes)))
    return pairs, int((sizes > HOT).sum()), int(sizes.max())


def pair_neighbours(owners: NDArray[np.int64], reach: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair each row with the ``reach`` rows before it; distinct, coded ``left << 32 | right``."""
    found = [np.zeros(0, dtype=np.int64)]
    rows = np.flatnonzero(reach)
    step = 1
    while len(rows):
        one, other = owners[rows - step], owners[rows]
        pairs = np.minimum(one, other) << HALF | np.maximum(one, other)
        found.append(pairs[one != other])
        step += 1
        rows = rows[reach[rows] >= step]
    return distinct(np.concatenate(found))
