"""The texts of records, packed some neighbours at a time: ledes pack to half of their size.

A block holds rows ``first`` to ``first + count - 1``, as the deflated JSON of a list for each, or
of null for one that is gone. A record that comes alone is a block at first; what came in blocks too
small is packed anew when its postings become a segment.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe.arrays import distinct_sorted
from dedupe.index.row_queries import listed, select
from dedupe.models import NO_TIME, Corpus
from dedupe.parallel import thread_map

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Row = Sequence[str] | None
    Block = tuple[int, int, int, bytes]

BLOCKS = """
SELECT seq, first, data FROM facts
LEFT JOIN texts ON first = (SELECT max(t.first) FROM texts t WHERE t.first <= seq)
WHERE seq IN {} ORDER BY seq
"""
RECORD_QUERY = """
SELECT id, coalesce(name, ''), coalesce(time, ?), digest
FROM stories JOIN facts USING (seq) LEFT JOIN sources ON number = source
WHERE seq IN {} ORDER BY seq
"""
SOURCED = """
SELECT group_concat(seq), group_concat(coalesce(time, ?)), group_concat(coalesce(source, ?))
FROM stories JOIN facts USING (seq) WHERE seq IN {}
"""
ALONG = """
SELECT first, count, data FROM texts
WHERE first >= (SELECT max(first) FROM texts WHERE first <= ?) AND first <= ? ORDER BY first
"""
TOGETHER = 8
"""Records of a block."""
RAW = -15
"""Deflated without header and checksum, in the widest window."""
AS_IT_IS, HARD = 0, 6
WORTH = 1024
"""So many bytes of a block are worth the time to pack and, again and again, to unpack them."""
MANY = 512
SPARSE = 64
"""So many records, one in so many or more, are read with all that stand between them."""
MISSING = "the texts of some stories are missing"
ENOUGH = 64 * TOGETHER
"""Records that are worth a thread."""


def write_texts(database: sqlite3.Connection, first: int, rows: Sequence[Row]) -> None:
    """Write the texts of consecutive records from row ``first`` on."""

    def blocks(start: int) -> list[Block]:
        positions = range(start, min(start + ENOUGH, len(rows)), TOGETHER)
        return [
            packed(first + position, rows[position : position + TOGETHER]) for position in positions
        ]

    with thread_map(1 if len(rows) <= ENOUGH else 0) as spread:
        for made in spread(blocks, range(0, len(rows), ENOUGH)):
            database.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", made)


def packed(first: int, rows: Sequence[Row]) -> Block:
    """A block: its first row, how many there are, how long they are unpacked, and they."""
    told = [orjson.dumps(row) for row in rows]
    size = sum(len(each) for each, row in zip(told, rows, strict=True) if row is not None)
    whole = b"[" + b",".join(told) + b"]"
    deflating = zlib.compressobj(AS_IT_IS if len(whole) < WORTH else HARD, wbits=RAW)
    return first, len(rows), size, deflating.compress(whole) + deflating.flush()


def unpacked(data: bytes) -> list[list[str] | None]:
    """The texts of a block; raises ValueError for what is none."""
    try:
        rows: list[list[str] | None] = orjson.loads(zlib.decompress(data, RAW))
    except zlib.error as error:
        raise ValueError("the texts of some stories cannot be unpacked") from error
    return rows


def read_texts(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> list[list[str]]:
    """The texts of some records that are there; raises ValueError where some are missing."""
    wanted = distinct_sorted(seqs)
    if len(wanted) > MANY and wanted[-1] - wanted[0] < SPARSE * len(wanted):
        found = read_along(database, wanted.tolist())
    else:
        rows = select(database, BLOCKS, wanted).fetchall()
        if len(rows) != len(wanted):
            raise ValueError("stories that others refer to are missing")
        found = texts_in(rows)
    return [found[position] for position in np.searchsorted(wanted, seqs).tolist()]


def read_along(database: sqlite3.Connection, seqs: list[int]) -> list[list[str]]:
    """The texts of many of the records of a stretch, reading all of its blocks."""
    found: list[list[str] | None] = []
    for first, count, data in database.execute(ALONG, (seqs[0], seqs[-1])):
        here = seqs[len(found) : bisect_left(seqs, first + count, len(found))]
        if here:
            block = unpacked(data)
            found += [block[seq - first] for seq in here if seq >= first]
    told = [row for row in found if row is not None]
    if len(told) < len(seqs):
        raise ValueError(MISSING)
    return told


def texts_in(rows: Iterable[tuple[int, int | None, bytes]]) -> list[list[str]]:
    """The texts of some records, given by their number, the first of their block, and the block.

    Raises ValueError where some are missing.
    """
    held: dict[int | None, list[list[str] | None]] = {None: []}
    found = []
    for seq, first, data in rows:
        if first not in held:
            held[first] = unpacked(data)
        position, block = seq - (first or 0), held[first]
        row = block[position] if position < len(block) else None
        if row is None:
            raise ValueError(MISSING)
        found.append(row)
    return found


def repack(database: sqlite3.Connection, first: int, last: int) -> None:
    """Put the blocks of some rows together where most are too small."""
    query = "SELECT first, count, data FROM texts WHERE first BETWEEN ? AND ? ORDER BY first"
    blocks = database.execute(query, (first, last)).fetchall()
    if len(blocks) * TOGETHER <= 2 * sum(count for _, count, _ in blocks):
        return
    database.execute("DELETE FROM texts WHERE first BETWEEN ? AND ?", (first, last))
    rows: list[Row] = []
    for start, _, data in blocks:
        rows += [None] * (start - first - len(rows))
        rows += unpacked(data)
    write_texts(database, first, rows)


def delete_texts(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> None:
    """Take the texts of some records out of their blocks; a block without any goes."""
    blocks: dict[int, list[Row]] = {}
    for seq, first, data in select(database, BLOCKS, seqs).fetchall():
        if first not in blocks:
            blocks[first] = [*unpacked(data)]
        blocks[first][seq - first] = None
    for first, rows in blocks.items():
        database.execute("DELETE FROM texts WHERE first = ?", (first,))
        if any(row is not None for row in rows):
            database.execute("INSERT INTO texts VALUES (?, ?, ?, ?)", packed(first, rows))


def records_with_texts(
    database: sqlite3.Connection, seqs: NDArray[np.int64], nobody: int
) -> tuple[list[list[str]], NDArray[np.int64], NDArray[np.int64]]:
    """The texts, times and outlets, by number, ``nobody`` for none, of records given in order.

    Raises ValueError where some are missing.
    """
    held = listed(select(database, SOURCED, seqs, NO_TIME, nobody))
    found, times, sources = held[:, held[0].argsort()]
    if not np.array_equal(found, seqs):
        raise ValueError("stories that others refer to are missing")
    return read_texts(database, seqs), times, sources


def read_records(database: sqlite3.Connection, seqs: NDArray[np.int64], fields: int) -> Corpus:
    """Some records, given in the order of coming, as a corpus without their bytes.

    Raises ValueError where some are missing.
    """
    rows = select(database, RECORD_QUERY, seqs, NO_TIME).fetchall()
    if len(rows) != len(seqs):
        raise ValueError("stories that others refer to are missing")
    ids, sources, times, digests = zip(*rows, strict=True) if rows else ((),) * 4
    texts = read_texts(database, seqs)
    return Corpus(
        batches=(),
        texts=tuple([text[field] for text in texts] for field in range(fields)),
        ids=list(ids),
        sources=list(sources),
        times=np.array(times, np.int64),
        digests=np.array(digests, np.int64).view(np.uint64),
    )
