"""Remove records, and merge another index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.memory import canonical_policy, canonical_qualities
from dedupe.clustering.canonical import policy_order
from dedupe.errors import StoreError
from dedupe.index import segments, texts
from dedupe.index.compact import all_rows, shrink_file
from dedupe.index.insert import add
from dedupe.index.schema import check_settings
from dedupe.index.text_keys import preprocess_records, withdrawn_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.index.database import Store
    from dedupe.index.postings import Segment
    from dedupe.models import Corpus


def remove_records(
    store: Store, before: int | None = None, ids: Iterable[str] | None = None
) -> tuple[int, int]:
    """Forget records older than a time in seconds, or of some ids (or digests), and shrink.

    Undated records have no age. A cluster keeps its name; one that loses its canonical version
    gets the best of the others. Returns how many records went, and how many ids were not there.
    """
    with store.writing():
        database = store.database
        database.execute("CREATE TEMP TABLE gone (seq INTEGER PRIMARY KEY)")
        try:
            missing = mark_removed(database, before, ids)
            (count,) = database.execute("SELECT count(*) FROM gone").fetchone()
            if count:
                delete_records(store)
        finally:
            database.execute("DROP TABLE gone")
    if count:
        shrink_file(store)
    return count, missing


def mark_removed(
    database: sqlite3.Connection, before: int | None, ids: Iterable[str] | None
) -> int:
    """Note the rows that are to go; returns how many ids have none."""
    if before is not None:
        database.execute("INSERT INTO gone SELECT seq FROM facts WHERE time < ?", (before,))
    if ids is None:
        return 0
    wanted = set(ids)
    found = set()
    for seq, given, digest in database.execute("SELECT seq, id, digest FROM stories").fetchall():
        name = given or f"{digest % (1 << 64):016x}"
        if name in wanted:
            found.add(name)
            database.execute("INSERT OR IGNORE INTO gone VALUES (?)", (seq,))
    return len(wanted - found)


def delete_records(store: Store) -> None:
    """Delete the noted rows, and mend the clusters and postings that held them."""
    database = store.database
    touched = database.execute(
        "SELECT DISTINCT cluster FROM facts JOIN gone USING (seq)"
    ).fetchall()
    gone = database.execute("SELECT seq FROM gone ORDER BY seq").fetchall()
    texts.delete_texts(database, np.array([row[0] for row in gone], np.int64))
    database.execute("DELETE FROM facts WHERE seq IN (SELECT seq FROM gone)")
    database.execute("DELETE FROM stories WHERE seq IN (SELECT seq FROM gone)")
    for (number,) in touched:
        repair_cluster(store, number)
    for segment in store.segments:
        rewrite_segment(database, segment)
    store.new_epoch()


def repair_cluster(store: Store, number: int) -> None:
    """Set a cluster's size and canonical version by what is left of it."""
    database = store.database
    rows = database.execute(
        "SELECT seq FROM facts WHERE cluster = ?1 AND cluster <> seq"
        " UNION SELECT seq FROM facts WHERE seq = ?1 AND cluster = ?1 ORDER BY seq",
        (number,),
    ).fetchall()
    held = database.execute(
        "SELECT name, canonical FROM clusters WHERE number = ?", (number,)
    ).fetchone()
    if not rows:
        database.execute("DELETE FROM clusters WHERE number = ?", (number,))
        return
    if held is None:
        return
    seqs = np.array([row[0] for row in rows], np.int64)
    canonical = held[1] if held[1] in seqs.tolist() else best_record(store, seqs)
    database.execute(
        "UPDATE clusters SET canonical = ?, size = ? WHERE number = ?",
        (canonical, len(seqs), number),
    )
    database.execute("UPDATE stories SET score = NULL, reason = NULL WHERE seq = ?", (canonical,))


def best_record(store: Store, seqs: NDArray[np.int64]) -> int:
    """The best of some records by policy."""
    corpus = store.records(seqs)
    query = "SELECT weight FROM stories WHERE seq = ?"
    weights = [store.database.execute(query, (seq,)).fetchone()[0] for seq in seqs.tolist()]
    held = canonical_qualities(corpus, withdrawn_records(store, corpus))
    ranks = policy_order(canonical_policy(store.settings), held).rank(np.array(weights, float))
    return int(seqs[np.argmin(ranks)])


def withdrawn_records(store: Store, corpus: Corpus) -> NDArray[np.bool_]:
    """Whether a text of each of some records states that it is withdrawn."""
    told = preprocess_records(corpus, store.marks, store.settings.seed, bands=False)
    return np.asarray(np.any([withdrawn_in(texts) for texts in told], axis=0))


def rewrite_segment(database: sqlite3.Connection, segment: Segment) -> None:
    """Take the noted rows out of a segment; one without rows goes."""
    gone = database.execute(
        "SELECT seq FROM gone WHERE seq BETWEEN ? AND ?", (segment.first, segment.last)
    ).fetchall()
    if not gone:
        return
    keys, seqs = segments.postings_of(database, segment)
    kept = ~np.isin(seqs, np.array([row[0] for row in gone], np.int64))
    keys, seqs = keys[kept], seqs[kept]
    segments.drop_segment(database, segment)
    if len(seqs):
        segments.write_segment(database, int(seqs.min()), int(seqs.max()), (keys, seqs))


AT_ONCE = 1 << 14


def merge_index(into: Store, other: Store) -> int:
    """Add all records of another index; returns how many were new.

    All or nothing: it is one transaction. Raises StoreError for other settings and for one file
    given twice.
    """
    check_settings(into.path, into.kept, other.kept)
    with other.reading():
        seqs = all_rows(other.database)
        added = 0
        with into.writing():
            if same_file(into, other):
                raise StoreError(into.path, "cannot be merged into itself")
            for start in range(0, len(seqs), AT_ONCE):
                answers = add(into, other.records(seqs[start : start + AT_ONCE]))
                added += sum(answer.new for answer in answers)
    return added


def same_file(left: Store, right: Store) -> bool:
    """Whether two stores are of one file."""
    from pathlib import Path  # noqa: PLC0415 - nothing else here knows files

    return Path(left.path).samefile(right.path)
