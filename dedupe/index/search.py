"""Search segments for keys, and gather the records that share one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from dedupe.arrays import change_mask, concat_ranges
from dedupe.blocking.lsh import MAX_BUCKET, NEIGHBOURS
from dedupe.index.postings import GROUP, KEY_BITS, MOST, Spans, key_spans, rows_of, unpack_postings
from dedupe.index.row_queries import select
from dedupe.index.segments import STRIDE, blobs_of, stretches

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.cache import SegmentCache
    from dedupe.index.postings import Parts, Segment

    Finds = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

Item = TypeVar("Item", bound=np.generic)
FEW = 8
"""One part in so many is read by itself; of more, all are."""
AT_ONCE = 1 << 14
"""So many keys are looked up at once in what is held, so that memory stays flat."""


def find_postings(
    database: sqlite3.Connection,
    segments: Sequence[Segment],
    keys: NDArray[np.uint32],
    segment_cache: SegmentCache | None = None,
) -> Finds:
    """The number of each sorted key that some segments hold, once for each row, and the rows.

    Also how many rows of each key are left out, where a segment has more than ``MOST``. Some
    segments come to be held in memory, if told where.
    """
    nothing = np.zeros(0, np.int64)
    told = [(nothing, nothing, np.zeros(len(keys), np.int64))]
    if segment_cache and len(keys):
        segment_cache.ask(segments, len(keys), partial(blobs_of, database))
        if segment_cache.segments:
            told.append(find_cached(segment_cache, keys))
        segments = segment_cache.others
    few = [segment for segment in segments if len(keys) * FEW < segment.parts]
    many = [segment for segment in segments if len(keys) * FEW >= segment.parts]
    if few and len(keys):
        told.append(find_single(database, few, keys))
    told += [find_all(database, segment, keys) for segment in many]
    owners, rows, gone = zip(*told, strict=True)
    return np.concatenate(owners), np.concatenate(rows), np.sum(gone, axis=0)


def find_single(
    database: sqlite3.Connection, segments: Sequence[Segment], keys: NDArray[np.uint32]
) -> Finds:
    """The same for few keys: the parts that have them, of all segments at once."""
    segments = sorted(segments, key=number_of)
    sought = KeySearch.of(segments, [segment.number * STRIDE for segment in segments], keys)
    fresh = change_mask(sought.parts)
    held = unpack_postings(single(database, sought.parts[fresh]))
    return sought.found_in(held, fresh.cumsum() - 1)


def find_cached(segment_cache: SegmentCache, keys: NDArray[np.uint32]) -> Finds:
    """The same of the segments that are held."""
    told = []
    for start in range(0, max(1, len(keys)), AT_ONCE):
        sought = KeySearch.of(
            segment_cache.segments, segment_cache.firsts, keys[start : start + AT_ONCE]
        )
        owners, rows, gone = sought.found_in(segment_cache.parts, sought.parts)
        told.append((owners + start, rows, gone))
    owners, rows, gone = map(np.concatenate, zip(*told, strict=True))
    return owners, rows, gone


@dataclass(frozen=True, slots=True)
class KeySearch:
    """All of some keys in each of some segments: the part of each, and what is to be known."""

    parts: NDArray[np.int64]
    keys: NDArray[np.uint32]
    numbers: NDArray[np.int64]
    bits: NDArray[np.int64]
    rows: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, segments: Sequence[Segment], firsts: Sequence[int], keys: NDArray[np.uint32]
    ) -> Self:
        """The keys in segments whose parts are numbered from ``firsts`` on."""
        shape = len(segments), len(keys)
        lows, bits, rows = np.array([firsts, *zip(*map(bits_and_row, segments), strict=True)])
        parts = lows[:, None] + (keys >> (KEY_BITS - bits)[:, None]) // GROUP
        numbers = np.arange(len(keys))
        every, owners, held, starts = (
            fill_shape(shape, each) for each in (keys, numbers, bits[:, None], rows[:, None])
        )
        return cls(parts.ravel(), every, owners, held, starts, shape)

    def found_in(self, held: Parts, parts: NDArray[np.int64]) -> Finds:
        """The finds; the part of each stands at that place of those that are held."""
        starts, sizes = key_spans(held, parts, self.keys, self.bits)
        owners, rows = rows_of(held, Spans(starts, sizes, self.numbers, self.bits, self.rows))
        return owners, rows, missing_segments(sizes).reshape(self.shape).sum(axis=0)


def fill_shape(shape: tuple[int, int], values: NDArray[Item]) -> NDArray[Item]:
    """A matrix of some rows or columns, flat."""
    matrix = np.empty(shape, values.dtype)
    matrix[:] = values
    return matrix.ravel()


def bits_and_row(segment: Segment) -> tuple[int, int]:
    """What is to be known of a segment to read its entries."""
    return segment.bits, segment.first


def number_of(segment: Segment) -> int:
    """By which the parts of segments stand."""
    return segment.number


def missing_segments(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the rows of keys are not read."""
    return np.maximum(sizes - MOST, 0)


def find_all(database: sqlite3.Connection, segment: Segment, keys: NDArray[np.uint32]) -> Finds:
    """The same for many keys, reading all parts of a segment, a stretch at a time."""
    parts = segment.part_of(keys)
    gone = np.zeros(len(keys), np.int64)
    bits, firsts = np.full(len(keys), segment.bits), np.full(len(keys), segment.first)
    told = []
    for start, blobs in stretches(database, segment):
        low, high = np.searchsorted(parts, [start, start + len(blobs)])
        held, here = unpack_postings(blobs), slice(low, high)
        starts, sizes = key_spans(held, parts[here] - start, keys[here], bits[here])
        numbers = np.arange(low, high)
        told.append(rows_of(held, Spans(starts, sizes, numbers, bits[here], firsts[here])))
        gone[here] = missing_segments(sizes)
    owners, rows = zip(*told, strict=True)
    return np.concatenate(owners), np.concatenate(rows), gone


def single(database: sqlite3.Connection, positions: NDArray[np.int64]) -> list[bytes]:
    """The parts at some places, in order."""
    query = "SELECT data FROM parts WHERE place IN {} ORDER BY place"
    found = select(database, query, positions).fetchall()
    if len(found) != len(positions):
        raise ValueError("parts of the postings are missing")
    return [row[0] for row in found]


HALF = 32
LOW = (1 << HALF) - 1


@dataclass(frozen=True, slots=True)
class PostingHits:
    """``rows[starts[k]:starts[k + 1]]`` hold the ``k``-th key wanted, in the order of coming.

    ``totals`` counts all that do; of more than ``MAX_BUCKET`` they are an even sample and the last
    ``NEIGHBOURS``, which alone are ``near``: those that come to be compared.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    near: NDArray[np.bool_]
    totals: NDArray[np.int64]


def gather_hits(
    pieces: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], left_out: NDArray[np.int64]
) -> PostingHits:
    """The finds for each key, from pieces of key numbers and rows, and how many are left out."""
    count = len(left_out)
    packed = np.concatenate([owners << HALF | rows for owners, rows in pieces])
    packed.sort()
    owners, rows = packed >> HALF, packed & LOW
    totals = np.bincount(owners, minlength=count)
    starts = np.concatenate(([0], np.cumsum(totals)))
    near = np.ones(len(rows), dtype=bool)
    if not (totals > MAX_BUCKET).any():
        return PostingHits(rows, starts, near, totals + left_out)
    positions = concat_ranges(np.zeros(count, np.int64), totals)
    sizes = totals[owners]
    near = (sizes <= MAX_BUCKET) | (positions >= sizes - NEIGHBOURS)
    sampled = positions * MAX_BUCKET // np.maximum(sizes, 1) != (
        positions - 1
    ) * MAX_BUCKET // np.maximum(sizes, 1)
    kept = near | sampled
    starts = np.concatenate(([0], np.cumsum(kept)))[starts]
    return PostingHits(rows[kept], starts, near[kept], totals + left_out)
