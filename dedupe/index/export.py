"""Export all clusters of an index, and its figures."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.index import texts
from dedupe.index.row_queries import SCORES
from dedupe.index.schema import FORMAT, read_meta

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from dedupe.index.database import Store

ALL = """
SELECT f.cluster, f.seq, f.time, s.id, s.digest, o.name,
  coalesce(s.score, 1000000), coalesce(s.reason, 'canonical'), s.version,
  coalesce(c.name, s.digest), coalesce(c.canonical, f.seq)
FROM facts f JOIN stories s USING (seq) LEFT JOIN clusters c ON c.number = f.cluster
  LEFT JOIN sources o ON o.number = s.source
ORDER BY f.cluster, f.seq
"""
AT_ONCE = 4096
DIGITS = 4
WRAP = 1 << 64
FIGURES = {
    "stories": "SELECT count(*) FROM facts",
    "clusters": "SELECT count(*) FROM clusters WHERE size > 1",
    "duplicates": "SELECT coalesce(sum(size - 1), 0) FROM clusters",
    "largest_cluster": (
        "SELECT max(coalesce((SELECT max(size) FROM clusters), 0),"
        " (SELECT count(*) FROM (SELECT 1 FROM facts LIMIT 1)))"
    ),
    "outlets": "SELECT count(*) FROM sources",
    "segments": "SELECT count(*) FROM segments",
    "text_bytes": (
        "SELECT (SELECT coalesce(sum(length(CAST(id AS BLOB))), 0) FROM stories)"
        " + (SELECT coalesce(sum(size), 0) FROM texts)"
    ),
}


def export_clusters(store: Store) -> Iterator[dict[str, Any]]:
    """Every cluster with all its records, the oldest cluster first."""
    names = [field.name for field in store.settings.field]
    with store.reading():
        for _, held in groupby(all_records(store.database), key=lambda row: row[0]):
            members = list(held)
            leader = next((row for row in members if row[1] == row[10]), members[0])
            yield {
                "cluster": f"{leader[9] % WRAP:016x}",
                "size": len(members),
                "canonical_id": name_of(leader),
                "stories": [cluster_member(row, names) for row in members],
            }


def all_records(database: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The rows of all records by cluster, the texts of each at the end of its row."""
    rows = database.execute(ALL)
    while held := rows.fetchmany(AT_ONCE):
        told = texts.read_texts(database, np.array([row[1] for row in held], np.int64))
        yield from ((*row, text) for row, text in zip(held, told, strict=True))


def name_of(row: tuple[Any, ...]) -> str:
    """A record's id, given or made from its bytes."""
    return row[3] or f"{row[4] % WRAP:016x}"


def cluster_member(row: tuple[Any, ...], names: list[str]) -> dict[str, Any]:
    """One record of a cluster, what it lacks left out."""
    told: dict[str, Any] = {"id": name_of(row)}
    told |= {name: text for name, text in zip(names, row[11], strict=True) if text}
    if row[5]:
        told["source"] = row[5]
    if row[2] is not None:
        told["published"] = as_date(row[2])
    told |= {"canonical": row[1] == row[10], "score": round(row[6] / SCORES, DIGITS)}
    told["reason"] = row[7]
    return told | ({"version": row[8]} if row[8] else {})


def as_date(seconds: int) -> str | int:
    """ISO 8601, or the seconds since 1970 of a year that it cannot spell."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return seconds


def index_stats(store: Store) -> dict[str, Any]:
    """The figures of an index: records, clusters, bytes, settings."""
    with store.reading():
        database = store.database
        told: dict[str, Any] = {"path": store.path, "format": FORMAT}
        told |= {name: database.execute(query).fetchone()[0] for name, query in FIGURES.items()}
        oldest, newest = database.execute("SELECT min(time), max(time) FROM facts").fetchone()
        meta = read_meta(database)
        size = sum(
            path.stat().st_size
            for path in (Path(store.path), Path(store.path + "-wal"))
            if path.exists()
        )
        beyond = size - told["text_bytes"]
        return told | {
            "bytes": size,
            "bytes_a_story_beyond_text": round(beyond / told["stories"], 1)
            if told["stories"]
            else None,
            "oldest": None if oldest is None else as_date(oldest),
            "newest": None if newest is None else as_date(newest),
            "compacted": "marks" in meta,
            "settings": meta["settings"],
            "made_with": meta["made_with"],
        }
