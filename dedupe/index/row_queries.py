"""Rows of records, clusters and word counts: asked for and written, in lists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.arrays import distinct_sorted
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

SCORES = 1_000_000
"""Scores are kept in millionths."""
MOST_LISTED = 512
MANY = "(SELECT value FROM json_each(?))"

FACTS = """
SELECT f.seq, coalesce(c.canonical, f.seq), coalesce(f.time, ?), f.head
FROM facts f LEFT JOIN clusters c ON c.number = f.cluster
WHERE f.seq IN {} ORDER BY f.seq
"""
FACTS_BETWEEN = """
SELECT group_concat(seq), group_concat(cluster), group_concat(coalesce(time, ?)), group_concat(head)
FROM facts WHERE seq BETWEEN ? AND ?
"""
CLUSTERS = "SELECT group_concat(number), group_concat(canonical) FROM clusters WHERE number IN {}"
CLUSTERS_BETWEEN = """
SELECT group_concat(number), group_concat(canonical) FROM clusters WHERE number BETWEEN ? AND ?
"""
LEADERS = """
SELECT f.cluster, coalesce(c.name, s.digest), coalesce(c.size, 1), s.weight
FROM facts f JOIN stories s USING (seq) LEFT JOIN clusters c ON c.number = f.cluster
WHERE f.seq IN {} ORDER BY f.seq
"""
PLACES = """
SELECT f.seq, coalesce(c.name, s.digest), coalesce(c.size, 1), coalesce(c.canonical, f.seq),
  t.id, t.digest, coalesce(s.score, 1000000), coalesce(s.reason, 'canonical'), s.version
FROM facts f JOIN stories s USING (seq) LEFT JOIN clusters c ON c.number = f.cluster
  JOIN stories t ON t.seq = coalesce(c.canonical, f.seq)
WHERE f.seq IN {}
"""


@dataclass(frozen=True, slots=True)
class LeaderRow:
    """Canonical records: the number, name and size of each one's cluster, and its centrality."""

    seqs: NDArray[np.int64]
    numbers: NDArray[np.int64]
    names: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    weights: NDArray[np.int64]


def select(
    database: sqlite3.Connection, query: str, numbers: NDArray[np.int64], *before: object
) -> sqlite3.Cursor:
    """Ask for what has some numbers, at least one, which stand for the braces of a query.

    Few are given one by one, in lists of few lengths, so that the query need not be parsed anew.
    """
    if len(numbers) > MOST_LISTED:
        given = np.ascontiguousarray(numbers)
        told = orjson.dumps(given, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return database.execute(query.format(MANY), (*before, told))
    width = 1 << max(0, len(numbers) - 1).bit_length()
    listed = numbers.tolist()
    listed += listed[-1:] * (width - len(listed))
    return database.execute(query.format(marks(len(listed))), (*before, *listed))


@cache
def marks(count: int) -> str:
    """So many numbers of a query, to be given with it."""
    return f"({','.join('?' * count)})"


def columns(rows: Sequence[tuple[int, ...]], count: int) -> NDArray[np.int64]:
    """Rows of whole numbers as columns."""
    told = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * count)
    return told.reshape(len(rows), count).T


def listed(rows: sqlite3.Cursor) -> NDArray[np.int64]:
    """Columns of whole numbers that a query gives as lists, a row in the same place of each.

    SQLite spells numbers and numpy reads them in half of the time that objects of Python take.
    """
    told = [np.fromstring(text or "", np.int64, sep=",") for text in rows.fetchone()]
    return np.stack(told)


def facts_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
    """A row for each of sorted distinct rows of the index: its leader, its time, its head's print.

    Raises ValueError where some are missing.
    """
    rows = select(database, FACTS, seqs, NO_TIME).fetchall()
    if len(rows) != len(seqs):
        raise ValueError("stories that the postings name are missing")
    return columns(rows, 4)[1:].T


def facts_between(
    database: sqlite3.Connection, first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same of all rows in a range that are there, with their numbers before."""
    told = database.execute(FACTS_BETWEEN, (NO_TIME, first, last))
    seqs, clusters, times, headlines = listed(told)
    held = listed(database.execute(CLUSTERS_BETWEEN, (first, last)))
    elsewhere = distinct_sorted(clusters[(clusters < first) | (clusters > last)])
    if len(elsewhere):
        held = np.concatenate([held, listed(select(database, CLUSTERS, elsewhere))], axis=1)
    held = held[:, held[0].argsort()]
    positions = held[0].searchsorted(clusters)
    told = np.append(held[0], -1)[positions] == clusters
    leaders = np.where(told, np.append(held[1], -1)[positions], seqs)
    return seqs, np.stack([leaders, times, headlines], axis=1)


def leaders_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> LeaderRow:
    """What is known of sorted distinct canonical records."""
    if not len(seqs):
        return LeaderRow(seqs, seqs, seqs.view(np.uint64), seqs, seqs)
    rows = select(database, LEADERS, seqs).fetchall()
    held = columns(rows, 4)
    return LeaderRow(seqs, held[0], held[1].view(np.uint64), held[2], held[3])


def places_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> dict[int, tuple[Any, ...]]:
    """The place of each row: cluster name, size, canonical, its id and digest, and the verdict."""
    return {row[0]: row[1:] for row in select(database, PLACES, seqs)}


def source_number(database: sqlite3.Connection, name: str) -> int | None:
    """The number of an outlet, None for one that the index does not know."""
    row = database.execute("SELECT number FROM sources WHERE name = ?", (name,)).fetchone()
    return row and int(row[0])


def new_source(database: sqlite3.Connection, name: str) -> int:
    """The number of an outlet that is new."""
    row = database.execute("INSERT INTO sources (name) VALUES (?) RETURNING number", (name,))
    return int(row.fetchone()[0])


def count_of(database: sqlite3.Connection, words: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many texts hold each word, by the word's key."""
    query = "SELECT word, count FROM words WHERE word IN {}"
    held = dict(select(database, query, words).fetchall())
    return np.fromiter((held.get(word, 0) for word in words.tolist()), np.int64, len(words))


def count_more(database: sqlite3.Connection, counts: Iterable[tuple[int, int]]) -> None:
    """Add to the counts of words."""
    database.executemany(
        "INSERT INTO words VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        counts,
    )
