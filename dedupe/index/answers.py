"""The answers of an index: a record's cluster, the export of all clusters, and its figures."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from dedupe.index.schema import FORMAT, MEMORY, read_meta
from dedupe.models import DIGITS
from dedupe.result import CANONICAL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from dedupe.index.store import Store


WRAP = 1 << 64


class Answer(NamedTuple):
    """One record's place in the index, as of the end of the call.

    ``cluster`` stays the same as the cluster grows. ``score`` is the likeness to the record's
    canonical version when it came; ``version`` what the headline's tag states, 0 for nothing.
    ``new`` says whether the index did not hold the record, ``opens`` whether it held no other of
    its story, so that ``unique`` lets the record through. ``merged`` names the clusters that this
    record brought into its own, and ``canonical_changed`` the id of the canonical version that it
    took the place of.
    """

    cluster: str
    size: int
    canonical: bool
    canonical_id: str
    score: float
    reason: str
    version: int
    new: bool
    merged: tuple[str, ...] = ()
    canonical_changed: str | None = None
    opens: bool = False

    def row(self) -> dict[str, Any]:
        """Return the object that goes into a record."""
        row: dict[str, Any] = {
            "cluster": self.cluster,
            "size": self.size,
            "canonical": self.canonical,
            "canonical_id": self.canonical_id,
            "score": round(self.score, DIGITS),
            "reason": self.reason,
        }
        if self.version:
            row["version"] = self.version
        row["new"] = self.new
        row["opens"] = self.opens
        if self.merged:
            row["merged"] = list(self.merged)
        if self.canonical_changed is not None:
            row["canonical_changed"] = self.canonical_changed
        return row


class ClusterRow(NamedTuple):
    """A cluster as the index holds it: ``canonical`` is the number of a record."""

    number: int
    name: int
    canonical: int
    size: int


def hex_name(digest: int) -> str:
    """Return a digest as clusters, and records without an id, are named by it."""
    return f"{digest % WRAP:016x}"


def lone_answer(name: str, digest: str, version: int) -> Answer:
    """Return the answer to a record that is a cluster of its own."""
    return Answer(digest, 1, True, name, 1.0, CANONICAL, version, True, (), None, True)  # noqa: FBT003 - in the order of Answer


def clusters_of(store: Store, numbers: Iterable[int]) -> dict[int, ClusterRow]:
    """Return the cluster of each of some records."""
    columns = (
        "record.number, record.cluster, coalesce(cluster.name, digest),"
        " coalesce(cluster.canonical, record.number), coalesce(cluster.size, 1)"
    )
    rows = store.rows(columns, numbers, "LEFT JOIN cluster ON cluster.number = record.cluster")
    return {row[0]: ClusterRow(*row[1:]) for row in rows}


def names_of(store: Store, numbers: Iterable[int]) -> dict[int, str]:
    """Return the id of each of some records, given or made from its bytes."""
    rows = store.rows("record.number, id, digest", numbers)
    return {number: given or hex_name(digest) for number, given, digest in rows}


def stored_answers(store: Store, numbers: list[int]) -> dict[int, Answer]:
    """Return the answer to each of some records that the index holds."""
    clusters = clusters_of(store, numbers)
    names = names_of(store, {row.canonical for row in clusters.values()})
    rows = store.rows("record.number, score, reason, version", numbers)
    return {
        number: Answer(
            cluster=hex_name(clusters[number].name),
            size=clusters[number].size,
            canonical=number == clusters[number].canonical,
            canonical_id=names[clusters[number].canonical],
            score=score,
            reason=reason,
            version=version,
            new=False,
        )
        for number, score, reason, version in rows
    }


ALL = """
SELECT r.cluster, r.number, r.time, r.id, r.digest, o.name, r.score, r.reason, r.version,
  coalesce(c.name, r.digest), coalesce(c.canonical, r.number), r.texts
FROM record r LEFT JOIN cluster c ON c.number = r.cluster LEFT JOIN outlet o ON o.number = r.outlet
ORDER BY r.cluster, r.number
"""
AT_ONCE = 4096
FIGURES = {
    "stories": "SELECT count(*) FROM record",
    "clusters": "SELECT count(*) FROM cluster WHERE size > 1",
    "duplicates": "SELECT coalesce(sum(size - 1), 0) FROM cluster",
    "largest_cluster": (
        "SELECT max(coalesce((SELECT max(size) FROM cluster), 0),"
        " (SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)))"
    ),
    "outlets": "SELECT count(*) FROM outlet",
    "segments": "SELECT count(*) FROM segment",
    "text_bytes": (
        "SELECT coalesce(sum(length(CAST(id AS BLOB)) + length(CAST(texts AS BLOB))), 0)"
        " FROM record"
    ),
}


def export_clusters(store: Store) -> Iterator[dict[str, Any]]:
    """Return every cluster with all its records, the oldest cluster first."""
    names = [field.name for field in store.settings.field]
    with store.reading():
        for _, held in groupby(all_records(store.database), key=lambda row: row[0]):
            members = list(held)
            leader = next((row for row in members if row[1] == row[10]), members[0])
            yield {
                "cluster": hex_name(leader[9]),
                "size": len(members),
                "canonical_id": name_of(leader),
                "stories": [cluster_member(row, names) for row in members],
            }


def all_records(database: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Return the rows of all records by cluster."""
    rows = database.execute(ALL)
    while held := rows.fetchmany(AT_ONCE):
        yield from held


def name_of(row: tuple[Any, ...]) -> str:
    """Return a record's id, given or made from its bytes."""
    return row[3] or hex_name(row[4])


def cluster_member(row: tuple[Any, ...], names: list[str]) -> dict[str, Any]:
    """Return one record of a cluster, what it lacks left out."""
    out: dict[str, Any] = {"id": name_of(row)}
    texts = orjson.loads(row[11])
    out |= {name: text for name, text in zip(names, texts, strict=True) if text}
    if row[5]:
        out["source"] = row[5]
    if row[2] is not None:
        out["published"] = as_date(row[2])
    out |= {"canonical": row[1] == row[10], "score": round(row[6], DIGITS), "reason": row[7]}
    return out | ({"version": row[8]} if row[8] else {})


def as_date(seconds: int) -> str | int:
    """Return ISO 8601, or the seconds since 1970 of a year that it cannot spell."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return seconds


def index_stats(store: Store) -> dict[str, Any]:
    """Return the figures of an index: records, clusters, bytes, settings."""
    with store.reading():
        database = store.database
        out: dict[str, Any] = {"path": store.path, "format": FORMAT}
        out |= {name: database.execute(query).fetchone()[0] for name, query in FIGURES.items()}
        oldest, newest = database.execute("SELECT min(time), max(time) FROM record").fetchone()
        meta = read_meta(database)
        size = file_size(store)
        beyond = size - out["text_bytes"]
        return out | {
            "bytes": size,
            "bytes_a_story_beyond_text": (
                round(beyond / out["stories"], 1) if out["stories"] else None
            ),
            "oldest": None if oldest is None else as_date(oldest),
            "newest": None if newest is None else as_date(newest),
            "compacted": meta["compacted"],
            "settings": meta["settings"],
            "made_with": meta["made_with"],
        }


def file_size(store: Store) -> int:
    """Return the size in bytes of the index and its write-ahead log."""
    if store.path == MEMORY:
        (pages,) = store.database.execute("PRAGMA page_count").fetchone()
        return int(pages * store.database.execute("PRAGMA page_size").fetchone()[0])
    paths = (Path(store.path), Path(store.path + "-wal"))
    return sum(path.stat().st_size for path in paths if path.exists())
