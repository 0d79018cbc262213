"""Segments of postings in the file: written, looked up, merged in tiers.

Rows come in order, so segments cover them one after another. Whenever ``FANOUT`` of one tier
stand at the end they become one of the next (the logarithmic method of Bentley and Saxe 1980), so
that a record's postings are written a few times in all, and a look-up asks few segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.index.memtable import ENOUGH
from dedupe.index.postings import (
    LEAST_BITS,
    MOST_BITS,
    Segment,
    all_of,
    bits_for,
    merge_postings_in_parts,
    pack_postings,
    unpack_postings,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Postings = tuple[NDArray[np.uint32], NDArray[np.int64]]

FANOUT = 4
STRIDE = 1 << 18
"""Parts of a segment stand at ``number * STRIDE + part``."""
AT_ONCE = 4096
SHARES = 16
"""Segments are merged in so many parts of the key space, so that memory stays flat."""


def read_segments(database: sqlite3.Connection) -> list[Segment]:
    """The segments, in the order of their rows; raises ValueError for one that cannot be."""
    rows = database.execute("SELECT number, first, last, bits FROM segments ORDER BY first")
    held = [Segment(*row) for row in rows]
    for each in held:
        if not (0 <= each.first <= each.last and LEAST_BITS <= each.bits <= MOST_BITS):
            raise ValueError(f"segment {each.number} has impossible bounds")
    return held


def write_segment(database: sqlite3.Connection, first: int, last: int, postings: Postings) -> None:
    """Keep the postings of rows ``first`` to ``last``, in several segments if they are many."""
    keys, seqs = postings
    most = 1 << MOST_BITS
    for start in range(first, last + 1, most):
        stop = min(start + most, last + 1)
        inside = (seqs >= start) & (seqs < stop)
        segment = new_segment(database, start, stop - 1)
        keep_parts(
            database, segment, pack_postings(keys[inside], seqs[inside] - start, segment.bits)
        )


def new_segment(database: sqlite3.Connection, first: int, last: int) -> Segment:
    """Note a segment for some rows, whose parts are to follow."""
    (number,) = database.execute("SELECT coalesce(max(number), 0) + 1 FROM segments").fetchone()
    segment = Segment(number, first, last, bits_for(last - first + 1))
    row = (number, first, last, segment.bits)
    database.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", row)
    return segment


def keep_parts(
    database: sqlite3.Connection, segment: Segment, parts: Iterable[tuple[int, bytes]]
) -> None:
    """Write parts of a segment."""
    low = segment.number * STRIDE
    database.executemany(
        "INSERT INTO parts VALUES (?, ?)", ((low + part, data) for part, data in parts)
    )


def drop_segment(database: sqlite3.Connection, segment: Segment) -> None:
    """Forget a segment."""
    low = segment.number * STRIDE
    database.execute("DELETE FROM parts WHERE place >= ? AND place < ?", (low, low + STRIDE))
    database.execute("DELETE FROM segments WHERE number = ?", (segment.number,))


def stretches(
    database: sqlite3.Connection, segment: Segment, share: int = 0, shares: int = 1
) -> Iterator[tuple[int, list[bytes]]]:
    """All parts of a segment, or of one of so many equal shares of it, a few at a time.

    Each time with the number of the first.
    """
    low = segment.number * STRIDE
    count = segment.parts // shares
    for start in range(share * count, (share + 1) * count, AT_ONCE):
        stop = min(start + AT_ONCE, (share + 1) * count)
        rows = database.execute(
            "SELECT data FROM parts WHERE place >= ? AND place < ? ORDER BY place",
            (low + start, low + stop),
        ).fetchall()
        if len(rows) != stop - start:
            raise ValueError("parts of the postings are missing")
        yield start, [data for (data,) in rows]


def blobs_of(database: sqlite3.Connection, segment: Segment) -> Iterator[list[bytes]]:
    """All parts of a segment, some at a time."""
    return (blobs for _, blobs in stretches(database, segment))


def postings_of(database: sqlite3.Connection, segment: Segment) -> Postings:
    """All postings of a segment: keys and rows, sorted by key."""
    keys, positions = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    for start, blobs in stretches(database, segment):
        held = all_of(unpack_postings(blobs), segment.bits, start)
        keys.append(held[0])
        positions.append(held[1])
    return np.concatenate(keys), np.concatenate(positions) + segment.first


def tier(segment: Segment) -> int:
    """How often a segment of this span has grown by ``FANOUT``."""
    return max(0, ((segment.last - segment.first + 1) // ENOUGH).bit_length() - 1) // 2


def tidy(database: sqlite3.Connection) -> None:
    """Merge segments of equal tier at the end until fewer than ``FANOUT`` stand there."""
    while True:
        segments = read_segments(database)
        last = [tier(segment) for segment in segments[-FANOUT:]]
        together = segments[-FANOUT:]
        if len(last) < FANOUT or min(last) < max(last):
            return
        if together[-1].last - together[0].first >= 1 << MOST_BITS:
            return
        merge(database, together)


def merge(database: sqlite3.Connection, segments: Sequence[Segment]) -> None:
    """Replace neighbouring segments by one, a share of the keys at a time."""
    into = new_segment(database, segments[0].first, segments[-1].last)
    shares = min(SHARES, *(segment.parts for segment in segments))
    for share in range(shares):
        held = [
            (
                segment,
                [b for _, blobs in stretches(database, segment, share, shares) for b in blobs],
            )
            for segment in segments
        ]
        keep_parts(database, into, merge_postings_in_parts(held, into, share, shares))
    for segment in segments:
        drop_segment(database, segment)
