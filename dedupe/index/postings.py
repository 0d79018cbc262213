"""Which rows hold a key, four bytes a posting: sorted entries, cut into buckets by high bits.

A segment of up to ``2**bits`` rows keeps for each key of 32 bits and row one entry of 32 bits:
the low ``32 - bits`` bits of the key, then the row's place in the segment. The high ``bits`` bits
of the key are the number of its bucket, which is not stored but counted (the split of Elias 1974,
Efficient storage and retrieval by content and address of static files). ``GROUP`` buckets make a
part, which is what is read at a time: their sizes, then their entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.hashing import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

KEY_BITS = 32
LEAST_BITS = 4
MOST_BITS = 20
GROUP = 4
MOST_SHORT = 0xFFFF
"""The sizes of a part with so many entries take two bytes each, of one with more four."""
LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows ``first`` to ``last`` of an index, by key, in ``2**bits`` buckets."""

    number: int
    first: int
    last: int
    bits: int

    @property
    def parts(self) -> int:
        """How many parts it is kept in."""
        return (1 << self.bits) // GROUP

    def part_of(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The part that holds each key."""
        return (keys >> np.uint32(KEY_BITS - self.bits)).astype(np.int64) // GROUP


def bits_for(span: int) -> int:
    """How many bits number so many rows; raises ValueError for too many."""
    bits = max(LEAST_BITS, (span - 1).bit_length())
    if bits > MOST_BITS:
        raise ValueError(f"{span} rows are too many for a segment")
    return bits


def pack(
    keys: NDArray[np.uint32], places: NDArray[np.int64], bits: int, share: int = 0, shares: int = 1
) -> Iterator[tuple[int, bytes]]:
    """The parts, each with its number, of postings given as keys and places below ``2**bits``.

    All of the postings are in one of so many equal shares of the keys, and so are the parts.
    """
    codes = np.sort(keys.astype(np.uint64) << np.uint64(bits) | places.astype(np.uint64))
    buckets = (1 << bits) // shares
    held = (codes >> np.uint64(KEY_BITS)).astype(np.int64) - share * buckets
    sizes = np.bincount(held, minlength=buckets).reshape(-1, GROUP)
    short, long = sizes.astype("<u2").tobytes(), sizes.astype("<u4").tobytes()
    entries = (codes & LOW).astype("<u4").tobytes()
    start, width = 0, len(short) // len(sizes)
    for part, end in enumerate((4 * sizes.sum(axis=1).cumsum()).tolist()):
        if end - start <= 4 * MOST_SHORT:
            head = short[width * part : width * (part + 1)]
        else:
            head = long[2 * width * part : 2 * width * (part + 1)]
        yield share * len(sizes) + part, head + entries[start:end]
        start = end


@dataclass(frozen=True, slots=True)
class Parts:
    """Some parts: bucket ``b`` of the ``i``-th is ``sizes[i, b]`` entries from ``starts[i, b]``."""

    numbers: NDArray[np.int64]
    data: NDArray[np.uint32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]


def unpack(numbers: NDArray[np.int64], blobs: Sequence[bytes]) -> Parts:
    """Parts, given in order with their numbers; raises ValueError for a blob that is no part."""
    lengths = np.fromiter(map(len, blobs), np.int64, len(blobs)) // 4
    data = np.frombuffer(b"".join(blobs), "<u4")
    firsts = lengths.cumsum() - lengths
    if (lengths < GROUP // 2).any():
        raise ValueError("a part of the postings is cut short")
    sizes = data[firsts[:, None] + np.arange(GROUP // 2)].view("<u2").astype(np.int64)
    long = lengths > GROUP // 2 + MOST_SHORT
    for part in np.flatnonzero(long).tolist():
        sizes[part] = data[firsts[part] : firsts[part] + GROUP]
    heads = np.where(long, GROUP, GROUP // 2)
    ends = sizes.cumsum(axis=1)
    if (lengths != heads + ends[:, -1]).any():
        raise ValueError("a part of the postings has another length than it says")
    return Parts(numbers, data, (firsts + heads)[:, None] + ends - sizes, sizes)


def all_of(parts: Parts, bits: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All keys of some parts of a segment and the place of each, sorted by both."""
    sizes = parts.sizes.ravel()
    entries = parts.data[ranges(parts.starts.ravel(), sizes)]
    buckets = (parts.numbers[:, None] * GROUP + np.arange(GROUP)).astype(np.uint32)
    high = np.repeat(buckets.ravel() << np.uint32(KEY_BITS - bits), sizes)
    return high | entries >> np.uint32(bits), places_of(entries, bits)


def places_of(entries: NDArray[np.uint32], bits: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """The places that entries hold."""
    return entries.astype(np.int64) & ((1 << bits) - 1)


def spans(
    parts: Parts,
    numbers: NDArray[np.int64],
    keys: NDArray[np.uint32],
    bits: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in the data the entries of each key start, and how many there are.

    Each key is of the part of that number, which is among these, in a segment of so many bits.
    """
    buckets = keys >> (KEY_BITS - bits).astype(np.uint32)
    rows = np.searchsorted(parts.numbers, numbers) * GROUP + buckets % GROUP
    starts, sizes = parts.starts.ravel()[rows], parts.sizes.ravel()[rows]
    lows = keys << bits.astype(np.uint32)
    highs = lows | ((1 << bits) - 1).astype(np.uint32)
    return within(parts.data, starts, starts + sizes, lows, highs)


def within(
    data: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    lows: NDArray[np.uint32],
    highs: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the values from each low to its high begin in sorted spans, and how many they are."""
    if kernel.available():
        firsts, sizes = np.empty((2, len(starts)), np.int64)
        kernel.find_within(data, starts, stops, lows, highs, firsts, sizes)
        return firsts, sizes
    firsts = first_past(data, starts, stops, lows, equal=False)
    return firsts, first_past(data, starts, stops, highs, equal=True) - firsts


def first_past(
    data: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    bounds: NDArray[np.uint32],
    *,
    equal: bool,
) -> NDArray[np.int64]:
    """The first place of each sorted span whose value is past its bound, or at it unless ``equal``.

    Binary search, a step of all spans at a time.
    """
    low, high = starts.copy(), stops.copy()
    live = np.flatnonzero(low < high)
    while len(live):
        middle = (low[live] + high[live]) >> 1
        value, bound = data[middle], bounds[live]
        before = (value < bound) | (value == bound) if equal else value < bound
        low[live] = np.where(before, middle + 1, low[live])
        high[live] = np.where(before, high[live], middle)
        live = live[low[live] < high[live]]
    return low
