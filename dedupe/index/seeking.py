"""Keys looked up in segments: in those held in memory, part by part, or in all parts in a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from dedupe.hashing import changes
from dedupe.index.postings import GROUP, KEY_BITS, MOST, Spans, rows_of, spans, unpack
from dedupe.index.segments import STRIDE, blobs_of, stretches
from dedupe.index.shelf import select

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.holding import Holding
    from dedupe.index.postings import Parts, Segment

    Finds = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

Item = TypeVar("Item", bound=np.generic)
FEW = 8
"""One part in so many is read by itself; of more, all are."""
AT_ONCE = 1 << 14
"""So many keys are looked up at once in what is held, so that memory stays flat."""


def find(
    database: sqlite3.Connection,
    segments: Sequence[Segment],
    keys: NDArray[np.uint32],
    holding: Holding | None = None,
) -> Finds:
    """The number of each sorted key that some segments hold, once for each row, and the rows.

    Also how many rows of each key are left out, where a segment has more than ``MOST``. Some
    segments come to be held in memory, if told where.
    """
    nothing = np.zeros(0, np.int64)
    told = [(nothing, nothing, np.zeros(len(keys), np.int64))]
    if holding and len(keys):
        holding.ask(segments, len(keys), partial(blobs_of, database))
        if holding.segments:
            told.append(find_held(holding, keys))
        segments = holding.others
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
    sought = Sought.of(segments, [segment.number * STRIDE for segment in segments], keys)
    fresh = changes(sought.parts)
    held = unpack(single(database, sought.parts[fresh]))
    return sought.found_in(held, fresh.cumsum() - 1)


def find_held(holding: Holding, keys: NDArray[np.uint32]) -> Finds:
    """The same of the segments that are held."""
    told = []
    for start in range(0, max(1, len(keys)), AT_ONCE):
        sought = Sought.of(holding.segments, holding.firsts, keys[start : start + AT_ONCE])
        owners, rows, gone = sought.found_in(holding.parts, sought.parts)
        told.append((owners + start, rows, gone))
    owners, rows, gone = map(np.concatenate, zip(*told, strict=True))
    return owners, rows, gone


@dataclass(frozen=True, slots=True)
class Sought:
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
            filled(shape, each) for each in (keys, numbers, bits[:, None], rows[:, None])
        )
        return cls(parts.ravel(), every, owners, held, starts, shape)

    def found_in(self, held: Parts, parts: NDArray[np.int64]) -> Finds:
        """The finds; the part of each stands at that place of those that are held."""
        starts, sizes = spans(held, parts, self.keys, self.bits)
        owners, rows = rows_of(held, Spans(starts, sizes, self.numbers, self.bits, self.rows))
        return owners, rows, left_out(sizes).reshape(self.shape).sum(axis=0)


def filled(shape: tuple[int, int], values: NDArray[Item]) -> NDArray[Item]:
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


def left_out(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
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
        held, here = unpack(blobs), slice(low, high)
        starts, sizes = spans(held, parts[here] - start, keys[here], bits[here])
        numbers = np.arange(low, high)
        told.append(rows_of(held, Spans(starts, sizes, numbers, bits[here], firsts[here])))
        gone[here] = left_out(sizes)
    owners, rows = zip(*told, strict=True)
    return np.concatenate(owners), np.concatenate(rows), gone


def single(database: sqlite3.Connection, places: NDArray[np.int64]) -> list[bytes]:
    """The parts at some places, in order."""
    query = "SELECT data FROM parts WHERE place IN {} ORDER BY place"
    found = select(database, query, places).fetchall()
    if len(found) != len(places):
        raise ValueError("parts of the postings are missing")
    return [row[0] for row in found]
