"""Find the records that have a key: sorted 64-bit entries in segments, by binary search.

An entry is a kind (2 bits), a key (32) and the number of a record that has it (30), so that the
records of one key stand side by side. ``add`` writes a segment, which is merged with the one before
while that is no more than twice as large; so there are few, and an entry is written about as often
as the number of records can be halved. A segment is cut into parts; its fences are the first entry
of each. (O'Neil et al. 1996, The Log-Structured Merge-Tree.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe.arrays import change_mask, concat_ranges

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Keep = Callable[[NDArray[np.int64]], NDArray[np.bool_]]
    """Says of numbers of records which are still there."""

RARE, BAND, TITLE, IDENTITY = range(4)
KEY_BITS, NUMBER_BITS = 32, 30
MOST_RECORDS = 1 << NUMBER_BITS
NUMBER = np.uint64(MOST_RECORDS - 1)
SHIFT = np.uint64(NUMBER_BITS)
PART = 248
"""Entries of a part, so that four parts fill a page of the file."""
PARTS_OF_SEGMENT = 1 << 32
MERGED = 2
"""A segment up to so many times as large as what comes is merged with it."""
KEYS_AT_ONCE = 1 << 17
ENTRY = np.dtype("<u8")


@dataclass(frozen=True, slots=True)
class Segment:
    """Sorted entries on disk; ``fences`` has the first entry of each part."""

    number: int
    entries: int
    fences: NDArray[np.uint64]

    def place(self, part: int) -> int:
        """Return the row of a part."""
        return self.number * PARTS_OF_SEGMENT + part


def key_codes(kind: int, keys: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return keys with their kind: an entry without its record."""
    return keys.astype(np.uint64) | np.uint64(kind << KEY_BITS)


def read_segments(database: sqlite3.Connection) -> list[Segment]:
    """Return all segments, the oldest first."""
    segments = []
    for number, entries, data in database.execute("SELECT * FROM segment ORDER BY number"):
        fences = np.frombuffer(data, ENTRY)
        if len(fences) != -(-entries // PART):
            raise ValueError(f"segment {number} has another number of parts")
        segments.append(Segment(number, entries, fences))
    return segments


def find(
    database: sqlite3.Connection, segments: Sequence[Segment], codes: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the records that have each of some sorted distinct key codes.

    The result is two columns: positions in ``codes``, rising, and numbers of records, rising for
    each position.
    """
    found = [np.zeros(0, ENTRY)]
    for start in range(0, len(codes), KEYS_AT_ONCE):
        low = codes[start : start + KEYS_AT_ONCE] << SHIFT
        high = low | NUMBER
        parts = [wanted_parts(segment, low, high) for segment in segments]
        for entries in read_parts(database, segments, parts):
            if not len(entries):
                continue
            first = entries.searchsorted(low)
            there = entries.take(first, mode="clip") <= high
            there &= first < len(entries)
            first, last = first[there], entries.searchsorted(high[there], "right")
            found.append(entries[concat_ranges(first, last - first)])
    entries = np.sort(np.concatenate(found), kind="stable")
    keys = entries >> SHIFT
    opens = change_mask(keys)
    positions = codes.searchsorted(keys[opens])[np.cumsum(opens) - 1]
    return positions, (entries & NUMBER).astype(np.int64)


def wanted_parts(
    segment: Segment, low: NDArray[np.uint64], high: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return the parts of a segment that may hold entries from ``low[i]`` to ``high[i]``, rising.

    The bounds rise, so that the parts of two neighbours share one at most.
    """
    first = np.maximum(segment.fences.searchsorted(low, "right") - 1, 0)
    sizes = segment.fences.searchsorted(high, "right") - first
    parts = concat_ranges(first, sizes)
    return parts[change_mask(parts)]


def read_parts(
    database: sqlite3.Connection, segments: Sequence[Segment], parts: Sequence[NDArray[np.int64]]
) -> list[NDArray[np.uint64]]:
    """Return the entries of some parts of each segment, one after another.

    Raises ValueError where a part is missing.
    """
    places = [s.number * PARTS_OF_SEGMENT + own for s, own in zip(segments, parts, strict=True)]
    wanted = orjson.dumps(np.concatenate([np.zeros(0, np.int64), *places]).tolist()).decode()
    query = "SELECT data FROM json_each(?) CROSS JOIN posting ON place = value"
    blobs = [row[0] for row in database.execute(query, (wanted,)).fetchall()]
    if len(blobs) != sum(map(len, parts)):
        raise ValueError("parts of the postings are missing")
    out, start = [], 0
    for own in parts:
        data = b"".join(blobs[start : start + len(own)])
        out.append(np.frombuffer(data, ENTRY))
        start += len(own)
    return out


def read_segment(database: sqlite3.Connection, segment: Segment) -> NDArray[np.uint64]:
    """Return all entries of a segment."""
    return read_parts(database, [segment], [np.arange(len(segment.fences))])[0]


def write_segment(
    database: sqlite3.Connection, number: int, entries: NDArray[np.uint64]
) -> Segment:
    """Write sorted entries as a segment."""
    segment = Segment(number, len(entries), np.ascontiguousarray(entries[::PART]))
    row = (number, len(entries), segment.fences.tobytes())
    database.execute("INSERT INTO segment VALUES (?, ?, ?)", row)
    database.executemany(
        "INSERT INTO posting VALUES (?, ?)",
        (
            (segment.place(part), entries[start : start + PART].tobytes())
            for part, start in enumerate(range(0, len(entries), PART))
        ),
    )
    return segment


def drop_segment(database: sqlite3.Connection, segment: Segment) -> None:
    """Delete a segment."""
    bounds = segment.place(0), segment.place(len(segment.fences))
    database.execute("DELETE FROM posting WHERE place BETWEEN ? AND ?", bounds)
    database.execute("DELETE FROM segment WHERE number = ?", (segment.number,))


def add_entries(
    database: sqlite3.Connection,
    segments: Sequence[Segment],
    entries: NDArray[np.uint64],
    keep: Keep,
) -> list[Segment]:
    """Write entries as a new segment, merged with those before it that are not much larger.

    Entries of records that are gone are left out of what is merged. Returns the segments after it.
    """
    left = list(segments)
    parts = [np.sort(entries)]
    size = len(entries)
    number = left[-1].number + 1 if left else 1
    while left and left[-1].entries <= MERGED * size:
        segment = left.pop()
        held = read_segment(database, segment)
        parts.append(held[keep((held & NUMBER).astype(np.int64))])
        size += segment.entries
        drop_segment(database, segment)
        number = segment.number
    merged = np.sort(np.concatenate(parts), kind="stable") if len(parts) > 1 else parts[0]
    return [*left, write_segment(database, number, merged)] if len(merged) else left


def rewrite_segments(
    database: sqlite3.Connection, segments: Sequence[Segment], keep: Keep
) -> list[Segment]:
    """Drop the entries of deleted records from all segments; returns the segments left."""
    left = []
    for segment in segments:
        held = read_segment(database, segment)
        kept = held[keep((held & NUMBER).astype(np.int64))]
        if len(kept) < len(held):
            drop_segment(database, segment)
        if len(kept):
            whole = len(kept) == len(held)
            left.append(segment if whole else write_segment(database, segment.number, kept))
    return left
