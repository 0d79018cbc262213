"""The integer hashes that texts, sketches and word counts share, in wrapping arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    ends: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """A 64-bit hash of each run ``values[starts[i]:stops[i]]``, order included; 0 for none."""
    out = np.zeros(len(starts), dtype=np.uint64)
    live = np.flatnonzero(ends > starts)
    step = 0
    while len(live):
        out[live] = out[live] * BASE + values[starts[live] + step] + np.uint64(1)
        step += 1
        live = live[starts[live] + step < ends[live]]
    return mix64(out)
