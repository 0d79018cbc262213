"""Whether an index holds together: its pages, its postings, its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.index import segments
from dedupe.index.compact import all_rows, canonical_rows, cluster_all
from dedupe.index.text_keys import preprocess_records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dedupe.index.database import Store

AT_ONCE = 1 << 14
MOST_TOLD = 20

WRONG = {
    "{} stories without facts, or facts without a story": (
        "SELECT (SELECT count(*) FROM facts LEFT JOIN stories USING (seq) WHERE id IS NULL)"
        " + (SELECT count(*) FROM stories LEFT JOIN facts USING (seq) WHERE cluster IS NULL)"
    ),
    "{} stories without texts": (
        "SELECT count(*) FROM stories WHERE NOT EXISTS (SELECT 1 FROM texts WHERE first ="
        " (SELECT max(first) FROM texts WHERE first <= seq) AND seq < first + count)"
    ),
    "{} stories in a cluster that is not there": (
        "SELECT count(*) FROM facts LEFT JOIN clusters ON number = cluster"
        " WHERE number IS NULL AND cluster <> seq"
    ),
    "{} clusters of another size than they say": (
        "SELECT count(*) FROM clusters LEFT JOIN"
        " (SELECT cluster, count(*) AS held FROM facts GROUP BY cluster) ON cluster = number"
        " WHERE size IS NOT held"
    ),
    "{} clusters whose canonical version is elsewhere": (
        "SELECT count(*) FROM clusters LEFT JOIN facts ON seq = canonical"
        " WHERE cluster IS NOT number"
    ),
    "{} stories of outlets that are not there": (
        "SELECT count(*) FROM stories LEFT JOIN sources ON number = source"
        " WHERE source IS NOT NULL AND number IS NULL"
    ),
    "{} stories beyond the next number": (
        "SELECT count(*) FROM facts WHERE seq >= (SELECT value FROM meta WHERE name = 'next')"
    ),
}
"""Counts that must be 0."""


def check_index(store: Store) -> list[str]:
    """What is wrong with an index, in words; an empty list where nothing is."""
    with store.reading():
        return [
            *check_pages(store.database),
            *check_tables(store.database),
            *check_postings(store),
        ][:MOST_TOLD]


def check_pages(database: sqlite3.Connection) -> Iterator[str]:
    """What SQLite finds wrong with its pages and trees."""
    for (told,) in database.execute(f"PRAGMA integrity_check({MOST_TOLD})"):
        if told != "ok":
            yield str(told)


def check_tables(database: sqlite3.Connection) -> Iterator[str]:
    """What does not fit together in the tables."""
    for words, query in WRONG.items():
        (count,) = database.execute(query).fetchone()
        if count:
            yield words.format(count)


def check_postings(store: Store) -> Iterator[str]:
    """Segments that are not what their records make."""
    following = None
    for segment in store.segments:
        if following is not None and segment.first < following:
            yield f"segments {segment.number} and the one before overlap"
        following = segment.last + 1
        try:
            held = segments.postings_of(store.database, segment)
        except ValueError as error:
            yield f"segment {segment.number}: {error}"
            continue
        if not np.array_equal(code_keys(*held), recomputed(store, segment.first, segment.last)):
            yield f"segment {segment.number} is not what its stories make"


def code_keys(keys: NDArray[np.uint32], seqs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Postings in one order."""
    return np.sort(keys.astype(np.int64) << 31 ^ seqs)


def recomputed(store: Store, first: int, last: int) -> NDArray[np.int64]:
    """The postings of some rows, made from their records."""
    query = "SELECT seq FROM facts WHERE seq BETWEEN ? AND ?"
    rows = store.database.execute(query, (first, last)).fetchall()
    seqs = np.array([row[0] for row in rows], np.int64)
    pieces = [np.zeros(0, np.int64)]
    for start in range(0, len(seqs), AT_ONCE):
        part = seqs[start : start + AT_ONCE]
        corpus = store.records(part)
        told = preprocess_records(corpus, store.marks, store.settings.seed)
        pieces.append(code_keys(*store.postings(corpus, told, part)))
    return np.sort(np.concatenate(pieces))


def count_differing(store: Store, progress: Callable[[str, float], None]) -> int:
    """How many records a batch run over all of them gives another canonical version."""
    with store.reading():
        if not len(all_rows(store.database)):
            return 0
        whole = cluster_all(store, progress)
        before = canonical_rows(store.database)
        return int((whole.seqs[whole.clustering.canonical] != before).sum())
