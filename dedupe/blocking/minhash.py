"""Normalised text to MinHash signatures and band keys, in vectors.

The signatures are those of ``datasketch.MinHash(num_perm, seed, scheme="affine32")`` fed with
the same 32-bit shingle hashes; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import BASE, mix32, mix64

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHINGLE = 4
SPACELESS_SHINGLE = 2
PAD = np.uint32(32)
STRIDE = 8


@dataclass(frozen=True, slots=True)
class Banding:
    """How signatures are cut into band keys: ``bands`` keys of ``rows`` slots each."""

    bands: int
    rows: int

    @property
    def slots(self) -> int:
        """The length of a signature."""
        return self.bands * self.rows

    def recall(self, jaccard: float) -> float:
        """The chance that a pair of this Jaccard similarity shares a band key.

        Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, section 3.4.2.

        >>> round(Banding(32, 4).recall(0.6), 3)
        0.988
        """
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


@cache
def permutations(slots: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The odd multipliers and the offsets that datasketch draws for a seed."""
    generator = np.random.RandomState(seed)
    half = generator.randint(0, 1 << 31, slots, dtype=np.uint32)
    offsets = generator.randint(0, 1 << 32, slots, dtype=np.uint32)
    return half * np.uint32(2) + np.uint32(1), offsets


def shingles(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hash every shingle of each text ``codes[starts[i]:stops[i]]``.

    A shingle is four code points, two where a script sets no spaces, of the text with a space
    at either end; a shorter text is one shingle. Returns the 32-bit hashes of all texts in a row
    and the ``n + 1`` offsets; an empty text has none.
    """
    lengths = ends - starts
    widths = np.where(spaceless, SPACELESS_SHINGLE, SHINGLE)
    counts = np.where(lengths > 0, np.maximum(lengths + 2 - widths + 1, 1), 0)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    owners = np.repeat(np.arange(len(starts)), counts)
    positions = np.arange(offsets[-1]) - offsets[owners] + starts[owners] - 1
    values = np.zeros(len(positions), dtype=np.uint64)
    for step in range(SHINGLE):
        at = positions + step
        inside = (at >= starts[owners]) & (at < ends[owners])
        code = np.where(inside, codes[np.clip(at, 0, max(len(codes) - 1, 0))], PAD)
        wanted = step < widths[owners]
        values = np.where(wanted, values * BASE + code, values)
    return (mix64(values) >> np.uint64(32)).astype(np.uint32), offsets


def signatures(
    hashes: NDArray[np.uint32], offsets: NDArray[np.int64], slots: int, seed: int
) -> NDArray[np.uint32]:
    """MinHash signatures, one row of ``slots`` a text; all ones for a text without shingles.

    Texts of like length are laid side by side (short ones repeat their last shingle, which
    leaves a minimum as it is), so that each permutation is three passes over one array.
    """
    mixed = mix32(hashes)
    counts = np.diff(offsets)
    out = np.full((len(counts), slots), 0xFFFFFFFF, dtype=np.uint32)
    heights = -(-counts // STRIDE) * STRIDE
    for height in np.unique(heights[counts > 0]).tolist():
        rows = np.flatnonzero(heights == height)
        steps = np.minimum(np.arange(height)[:, None], counts[rows] - 1)
        out[rows] = minima(mixed[offsets[rows] + steps], slots, seed)
    return out


def minima(values: NDArray[np.uint32], slots: int, seed: int) -> NDArray[np.uint32]:
    """The least permuted value of each column, one row a column and one slot a permutation."""
    out = np.empty((values.shape[1], slots), dtype=np.uint32)
    work = np.empty_like(values)
    for slot, (multiplier, offset) in enumerate(zip(*permutations(slots, seed), strict=True)):
        np.multiply(values, multiplier, out=work)
        np.add(work, offset, out=work)
        out[:, slot] = work.min(axis=0)
    return out


def band_keys(signed: NDArray[np.uint32], banding: Banding) -> NDArray[np.uint64]:
    """One 64-bit key a band of each signature; the band's number is part of the key."""
    cut = signed[:, : banding.slots].reshape(len(signed), banding.bands, banding.rows)
    keys = np.broadcast_to(np.arange(1, banding.bands + 1, dtype=np.uint64), cut.shape[:2]).copy()
    for row in range(banding.rows):
        keys = mix64(keys * BASE + cut[:, :, row])
    return keys
