"""Export all clusters of an index, and its figures."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from dedupe.index.answers import hex_name
from dedupe.index.schema import FORMAT, MEMORY, read_meta

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from dedupe.index.store import Store

ALL = """
SELECT r.cluster, r.number, r.time, r.id, r.digest, o.name, r.score, r.reason, r.version,
  coalesce(c.name, r.digest), coalesce(c.canonical, r.number), r.texts
FROM record r LEFT JOIN cluster c ON c.number = r.cluster LEFT JOIN outlet o ON o.number = r.outlet
ORDER BY r.cluster, r.number
"""
AT_ONCE = 4096
DIGITS = 4
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
    """Return the bytes of the index and of what was written to it last."""
    if store.path == MEMORY:
        (pages,) = store.database.execute("PRAGMA page_count").fetchone()
        return int(pages * store.database.execute("PRAGMA page_size").fetchone()[0])
    paths = (Path(store.path), Path(store.path + "-wal"))
    return sum(path.stat().st_size for path in paths if path.exists())
