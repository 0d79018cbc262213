"""Whether an index holds together: its pages, its postings, its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.index import segments
from dedupe.index.describing import describe_stories
from dedupe.index.whole import all_rows, canonical_rows, judge_all

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dedupe.index.store import Store

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


def check(store: Store) -> list[str]:
    """What is wrong with an index, in words; an empty list where nothing is."""
    with store.reading():
        return [*pages(store.database), *tables(store.database), *postings(store)][:MOST_TOLD]


def pages(database: sqlite3.Connection) -> Iterator[str]:
    """What SQLite finds wrong with its pages and trees."""
    for (told,) in database.execute(f"PRAGMA integrity_check({MOST_TOLD})"):
        if told != "ok":
            yield str(told)


def tables(database: sqlite3.Connection) -> Iterator[str]:
    """What does not fit together in the tables."""
    for words, query in WRONG.items():
        (count,) = database.execute(query).fetchone()
        if count:
            yield words.format(count)


def postings(store: Store) -> Iterator[str]:
    """Segments that are not what their stories make."""
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
        if not np.array_equal(coded(*held), recomputed(store, segment.first, segment.last)):
            yield f"segment {segment.number} is not what its stories make"


def coded(keys: NDArray[np.uint32], seqs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Postings in one order."""
    return np.sort(keys.astype(np.int64) << 31 ^ seqs)


def recomputed(store: Store, first: int, last: int) -> NDArray[np.int64]:
    """The postings of some rows, made from their stories."""
    query = "SELECT seq FROM facts WHERE seq BETWEEN ? AND ?"
    rows = store.database.execute(query, (first, last)).fetchall()
    seqs = np.array([row[0] for row in rows], np.int64)
    pieces = [np.zeros(0, np.int64)]
    for start in range(0, len(seqs), AT_ONCE):
        part = seqs[start : start + AT_ONCE]
        corpus = store.stories(part)
        told = describe_stories(corpus, store.marks, store.settings.seed)
        pieces.append(coded(*store.postings(corpus, told, part)))
    return np.sort(np.concatenate(pieces))


def differing(store: Store, progress: Callable[[str, float], None]) -> int:
    """How many stories a batch run over all of them gives another canonical version."""
    with store.reading():
        if not len(all_rows(store.database)):
            return 0
        whole = judge_all(store, progress)
        before = canonical_rows(store.database)
        return int((whole.seqs[whole.clustering.canonical] != before).sum())
