"""Rows of stories, clusters and word counts: asked for and written, in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

SCORES = 1_000_000
"""Scores are kept in millionths."""

FACTS = """
SELECT f.seq, coalesce(c.canonical, f.seq), f.time, f.head
FROM facts f LEFT JOIN clusters c ON c.number = f.cluster
WHERE f.seq IN (SELECT value FROM json_each(?)) ORDER BY f.seq
"""
LEADERS = """
SELECT f.cluster, coalesce(c.name, s.digest), coalesce(c.size, 1), s.weight
FROM facts f JOIN stories s USING (seq) LEFT JOIN clusters c ON c.number = f.cluster
WHERE f.seq IN (SELECT value FROM json_each(?)) ORDER BY f.seq
"""
PLACES = """
SELECT f.seq, coalesce(c.name, s.digest), coalesce(c.size, 1), coalesce(c.canonical, f.seq),
  t.id, t.digest, s.score, s.reason, s.version
FROM facts f JOIN stories s USING (seq) LEFT JOIN clusters c ON c.number = f.cluster
  JOIN stories t ON t.seq = coalesce(c.canonical, f.seq)
WHERE f.seq IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of the index: who leads the cluster of each, when it was, and its headline's print."""

    seqs: NDArray[np.int64]
    leaders: NDArray[np.int64]
    times: NDArray[np.int64]
    heads: NDArray[np.uint64]

    def at(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where some of the rows stand."""
        return np.searchsorted(self.seqs, seqs)


@dataclass(frozen=True, slots=True)
class Leaders:
    """Canonical stories: the number, name and size of each one's cluster, and its centrality."""

    seqs: NDArray[np.int64]
    numbers: NDArray[np.int64]
    names: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    weights: NDArray[np.int64]


def listed(numbers: NDArray[np.int64]) -> str:
    """Numbers as SQLite's ``json_each`` takes them."""
    return orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def columns(rows: Sequence[tuple[int, ...]], count: int) -> NDArray[np.int64]:
    """Rows of whole numbers as columns."""
    return np.array(rows, np.int64).reshape(len(rows), count).T


def facts_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> Facts:
    """The facts of sorted distinct rows; raises ValueError where some are missing."""
    rows = database.execute(FACTS, (listed(seqs),)).fetchall()
    if len(rows) != len(seqs):
        raise ValueError("stories that the postings name are missing")
    dated = [(s, c, NO_TIME if t is None else t, h) for s, c, t, h in rows]
    held = columns(dated, 4)
    return Facts(held[0], held[1], held[2], held[3].view(np.uint64))


def leaders_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> Leaders:
    """What is known of sorted distinct canonical stories."""
    rows = database.execute(LEADERS, (listed(seqs),)).fetchall()
    held = columns(rows, 4)
    return Leaders(seqs, held[0], held[1].view(np.uint64), held[2], held[3])


def places_of(database: sqlite3.Connection, seqs: NDArray[np.int64]) -> dict[int, tuple[Any, ...]]:
    """The place of each row: cluster name, size, canonical, its id and digest, and the verdict."""
    return {row[0]: row[1:] for row in database.execute(PLACES, (listed(seqs),))}


def source_numbers(database: sqlite3.Connection, names: Sequence[str]) -> list[int | None]:
    """The number of each outlet, new ones given one; None for no name."""
    numbers: dict[str, int | None] = {"": None}
    for name in dict.fromkeys(names):
        if name:
            database.execute("INSERT OR IGNORE INTO sources (name) VALUES (?)", (name,))
            row = database.execute("SELECT number FROM sources WHERE name = ?", (name,)).fetchone()
            numbers[name] = row[0]
    return [numbers[name] for name in names]


def count_of(database: sqlite3.Connection, words: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many texts hold each word, by the word's key."""
    query = "SELECT word, count FROM words WHERE word IN (SELECT value FROM json_each(?))"
    held = dict(database.execute(query, (listed(words),)).fetchall())
    return np.fromiter((held.get(word, 0) for word in words.tolist()), np.int64, len(words))


def count_more(database: sqlite3.Connection, counts: Iterable[tuple[int, int]]) -> None:
    """Add to the counts of words."""
    database.executemany(
        "INSERT INTO words VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        counts,
    )
