"""The few integer hashes that folding, sketches and word counts share, in wrapping arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

BASE = np.uint64(0x9E3779B97F4A7C15)


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The 64-bit finalizer of MurmurHash3 (Appleby, public domain): a bijection that spreads."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def mix32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The 32-bit finalizer of MurmurHash3, which datasketch applies before it permutes."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def hash_spans(
    values: NDArray[np.uint32] | NDArray[np.uint64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """A 64-bit hash of each run ``values[starts[i]:stops[i]]``, order included; 0 for none."""
    out = np.zeros(len(starts), dtype=np.uint64)
    live = np.flatnonzero(stops > starts)
    step = 0
    while len(live):
        out[live] = out[live] * BASE + values[starts[live] + step] + np.uint64(1)
        step += 1
        live = live[starts[live] + step < stops[live]]
    return mix64(out)


def find(sorted_values: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each wanted hash stands among sorted ones, or -1."""
    if kernel.available():
        found = np.empty(len(wanted), dtype=np.int64)
        kernel.find_hashes(sorted_values, np.ascontiguousarray(wanted), found)
        return found
    if not len(sorted_values):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.where(sorted_values[places] == wanted, places, -1)


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenation of ``starts[i] .. starts[i] + lengths[i] - 1``."""
    stops = lengths.cumsum()
    places = np.arange(int(stops[-1]) if len(stops) else 0)
    places += (starts - stops + lengths).repeat(lengths)
    return places


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values, sorted; by sorting, which beats numpy's hash table on millions."""
    return thin(values.copy())


def thin(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same for an array that is not needed afterwards: it is sorted in its place."""
    values.sort()
    return np.asarray(values[changes(values)])


def changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value is another than the one before it; the first is."""
    changed = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed


def find_sorted(held: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted value stands among those held, or -1; both are sorted."""
    if kernel.available():
        found = np.empty(len(wanted), dtype=np.int64)
        kernel.find_sorted(held, wanted, found)
        return found
    if not len(held):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    return np.where(held[places] == wanted, places, -1)


def outside(held: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values that are not among those held; both are sorted."""
    return values[find_sorted(held, values) < 0]


def merged(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values of two sorted arrays of distinct ones, sorted."""
    if not len(one):
        return other
    fresh = outside(one, other)
    return np.insert(one, np.searchsorted(one, fresh), fresh) if len(fresh) else one
