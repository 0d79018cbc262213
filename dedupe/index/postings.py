"""Which rows hold a key, four bytes a posting: sorted entries, cut into buckets by high bits.

A segment of up to ``2**bits`` rows keeps for each key of 32 bits and row one entry of 32 bits:
the low ``32 - bits`` bits of the key, then the row's place in the segment. The high ``bits`` bits
of the key are the number of its bucket, which is not stored but counted (the split of Elias 1974,
Efficient storage and retrieval by content and address of static files). ``GROUP`` buckets make a
part, which is what is read at a time: their sizes, then their entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import concat_ranges
from dedupe.blocking.lsh import NEIGHBOURS

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
MOST = 256
"""Of the rows of one key so many are read from a segment, evenly and from its end."""
LIMITS = np.array([MOST, NEIGHBOURS])


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


def pack_postings(
    keys: NDArray[np.uint32],
    positions: NDArray[np.int64],
    bits: int,
    share: int = 0,
    shares: int = 1,
) -> Iterator[tuple[int, bytes]]:
    """The parts, each with its number, of postings given as keys and places below ``2**bits``.

    All of the postings are in one of so many equal shares of the keys, and so are the parts.
    """
    packed = np.sort(keys.astype(np.uint64) << np.uint64(bits) | positions.astype(np.uint64))
    buckets = (1 << bits) // shares
    held = (packed >> np.uint64(KEY_BITS)).astype(np.int64) - share * buckets
    sizes = np.bincount(held, minlength=buckets).reshape(-1, GROUP)
    short, long = sizes.astype("<u2").tobytes(), sizes.astype("<u4").tobytes()
    entries = (packed & LOW).astype("<u4").tobytes()
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
    """Parts end to end: the ``i``-th is ``data[bounds[i]:bounds[i + 1]]``."""

    data: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def unpack_postings(blobs: Sequence[bytes]) -> Parts:
    """Parts from how they are kept."""
    bounds = np.zeros(len(blobs) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, blobs), np.int64, len(blobs)) // 4, out=bounds[1:])
    return Parts(np.frombuffer(b"".join(blobs), "<u4"), bounds)


def buckets_of(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in the data each bucket of each part begins, and how many entries it has.

    Raises ValueError for what is no part.
    """
    firsts, lengths = parts.bounds[:-1], np.diff(parts.bounds)
    if (lengths < GROUP // 2).any():
        raise ValueError("a part of the postings is cut short")
    sizes = parts.data[firsts[:, None] + np.arange(GROUP // 2)].view("<u2").astype(np.int64)
    long = lengths > GROUP // 2 + MOST_SHORT
    for part in np.flatnonzero(long).tolist():
        sizes[part] = parts.data[firsts[part] : firsts[part] + GROUP]
    headlines = np.where(long, GROUP, GROUP // 2)
    ends = sizes.cumsum(axis=1)
    if (lengths != headlines + ends[:, -1]).any():
        raise ValueError("a part of the postings has another length than it says")
    return (firsts + headlines)[:, None] + ends - sizes, sizes


def all_of(parts: Parts, bits: int, first: int = 0) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All keys of some parts of a segment, from that number on, and the place of each, sorted."""
    starts, sizes = buckets_of(parts)
    entries = parts.data[concat_ranges(starts.ravel(), sizes.ravel())]
    buckets = np.arange(first * GROUP, (first + len(parts)) * GROUP).astype(np.uint32)
    high = np.repeat(buckets << np.uint32(KEY_BITS - bits), sizes.ravel())
    return high | entries >> np.uint32(bits), places_of(entries, bits)


def places_of(entries: NDArray[np.uint32], bits: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """The places that entries hold."""
    return entries.astype(np.int64) & ((1 << bits) - 1)


def key_spans(
    parts: Parts,
    numbers: NDArray[np.int64],
    keys: NDArray[np.uint32],
    bits: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in the data the entries of each key start, and how many there are.

    Each key is in the part of that place among these, in a segment of so many bits.
    """
    if kernel.available():
        firsts, sizes = np.empty((2, len(keys)), np.int64)
        kernel.find_postings(parts.data, parts.bounds, numbers, keys, bits, firsts, sizes)
        return firsts, sizes
    held = [values.ravel() for values in buckets_of(parts)]
    buckets = keys >> (KEY_BITS - bits).astype(np.uint32)
    starts, lengths = (values[numbers * GROUP + buckets % GROUP] for values in held)
    lows = keys << bits.astype(np.uint32)
    highs = lows | ((1 << bits) - 1).astype(np.uint32)
    firsts = first_past(parts.data, starts, starts + lengths, lows, equal=False)
    return firsts, first_past(parts.data, starts, starts + lengths, highs, equal=True) - firsts


def first_past(
    data: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    bounds: NDArray[np.uint32],
    *,
    equal: bool,
) -> NDArray[np.int64]:
    """The first place of each sorted span whose value is past its bound, or at it unless ``equal``.

    Binary search, a step of all spans at a time.
    """
    low, high = starts.copy(), ends.copy()
    live = np.flatnonzero(low < high)
    while len(live):
        middle = (low[live] + high[live]) >> 1
        value, bound = data[middle], bounds[live]
        before = (value < bound) | (value == bound) if equal else value < bound
        low[live] = np.where(before, middle + 1, low[live])
        high[live] = np.where(before, high[live], middle)
        live = live[low[live] < high[live]]
    return low


@dataclass(frozen=True, slots=True)
class Spans:
    """The entries of keys: ``sizes`` of them from ``firsts`` on, in a segment of ``bits``.

    ``numbers`` tell the keys; the rows of each segment begin with ``rows``.
    """

    firsts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    numbers: NDArray[np.int64]
    bits: NDArray[np.int64]
    rows: NDArray[np.int64]


def rows_of(parts: Parts, spans: Spans) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each key, once for each of its rows, ``MOST`` at most, and the rows."""
    kept = np.minimum(spans.sizes, MOST)
    if kernel.available():
        numbers, rows = np.empty((2, int(kept.sum())), np.int64)
        given = (spans.firsts, spans.sizes, spans.numbers, spans.bits, spans.rows)
        kernel.take_postings(parts.data, *given, LIMITS, numbers, rows)
        return numbers, rows
    entries = parts.data[chosen_entries(spans.firsts, spans.sizes)]
    positions = places_of(entries, np.repeat(spans.bits, kept))
    return np.repeat(spans.numbers, kept), positions + np.repeat(spans.rows, kept)


def chosen_entries(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of all rows of each key, or of ``MOST``: the last, and those before evenly."""
    if sizes.max(initial=0) <= MOST:
        return concat_ranges(starts, sizes)
    kept = np.minimum(sizes, MOST)
    steps = concat_ranges(np.zeros(len(kept), np.int64), kept)
    back = np.repeat(kept, kept) - 1 - steps
    room = np.repeat(sizes, kept) - 1
    even = back * room // np.maximum(np.repeat(kept, kept) - 1, 1)
    spread = np.where(back < NEIGHBOURS, back, even)
    return np.repeat(starts, kept) + np.where(np.repeat(sizes > MOST, kept), room - spread, steps)


def merge_postings_in_parts(
    sources: Sequence[tuple[Segment, Sequence[bytes]]], into: Segment, share: int, shares: int
) -> Iterator[tuple[int, bytes]]:
    """The parts of one segment, each with its number, from those of several that it covers.

    All are of one of so many equal shares of the keys.
    """
    held = [unpack_postings(blobs) for _, blobs in sources]
    offsets = [segment.first - into.first for segment, _ in sources]
    if kernel.available():
        first, count = share * (into.parts // shares), into.parts // shares
        bits = [segment.bits for segment, _ in sources]
        parts = merge_at_once(held, bits, offsets, into.bits, count)
        ends = (4 * parts.bounds).tolist()
        data = parts.data.tobytes()
        yield from ((first + part, data[a:b]) for part, (a, b) in enumerate(pairwise(ends)))
        return
    told = [
        all_of(parts, segment.bits, share * (segment.parts // shares))
        for parts, (segment, _) in zip(held, sources, strict=True)
    ]
    keys = np.concatenate([keys for keys, _ in told])
    moved = [positions + offset for (_, positions), offset in zip(told, offsets, strict=True)]
    yield from pack_postings(keys, np.concatenate(moved), into.bits, share, shares)


def merge_at_once(
    held: Sequence[Parts], bits: Sequence[int], offsets: Sequence[int], into: int, count: int
) -> Parts:
    """So many parts of a segment of ``into`` bits, by the kernel."""
    data = np.concatenate([parts.data for parts in held])
    lengths = np.concatenate([np.diff(parts.bounds) for parts in held])
    ends = np.concatenate(([0], lengths.cumsum()))
    out = Parts(np.empty(len(data) + GROUP * count, "<u4"), np.empty(count + 1, np.int64))
    sizes = np.array(list(map(len, held)))
    numbers = sizes, np.array(bits), np.array(offsets)
    used = kernel.merge_postings(data, ends, *numbers, np.array([into]), out.data, out.bounds)
    return Parts(out.data[:used], out.bounds)
