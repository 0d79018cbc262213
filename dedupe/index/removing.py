"""Stories out of an index: by id, or by age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.canonical import order_by
from dedupe.index import segments, texts
from dedupe.index.describing import describe_stories, withdrawn_in
from dedupe.index.whole import shrink
from dedupe.pipeline.case import policy, qualities

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.index.postings import Segment
    from dedupe.index.store import Store
    from dedupe.stories import Corpus


def remove(
    store: Store, before: int | None = None, ids: Iterable[str] | None = None
) -> tuple[int, int]:
    """Forget stories older than a time in seconds, or of some ids (or digests), and shrink.

    Undated stories have no age. A cluster keeps its name; one that loses its canonical version
    gets the best of the others. Returns how many stories went, and how many ids were not there.
    """
    with store.writing():
        database = store.database
        database.execute("CREATE TEMP TABLE gone (seq INTEGER PRIMARY KEY)")
        try:
            missing = mark(database, before, ids)
            (count,) = database.execute("SELECT count(*) FROM gone").fetchone()
            if count:
                forget(store)
        finally:
            database.execute("DROP TABLE gone")
    if count:
        shrink(store)
    return count, missing


def mark(database: sqlite3.Connection, before: int | None, ids: Iterable[str] | None) -> int:
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


def forget(store: Store) -> None:
    """Delete the noted rows, and mend the clusters and postings that held them."""
    database = store.database
    touched = database.execute(
        "SELECT DISTINCT cluster FROM facts JOIN gone USING (seq)"
    ).fetchall()
    gone = database.execute("SELECT seq FROM gone ORDER BY seq").fetchall()
    texts.forget(database, np.array([row[0] for row in gone], np.int64))
    database.execute("DELETE FROM facts WHERE seq IN (SELECT seq FROM gone)")
    database.execute("DELETE FROM stories WHERE seq IN (SELECT seq FROM gone)")
    for (number,) in touched:
        mend(store, number)
    for segment in store.segments:
        thin(database, segment)
    store.new_epoch()


def mend(store: Store, number: int) -> None:
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
    canonical = held[1] if held[1] in seqs.tolist() else best_of(store, seqs)
    database.execute(
        "UPDATE clusters SET canonical = ?, size = ? WHERE number = ?",
        (canonical, len(seqs), number),
    )
    database.execute("UPDATE stories SET score = NULL, reason = NULL WHERE seq = ?", (canonical,))


def best_of(store: Store, seqs: NDArray[np.int64]) -> int:
    """The best of some stories by policy."""
    corpus = store.stories(seqs)
    query = "SELECT weight FROM stories WHERE seq = ?"
    weights = [store.database.execute(query, (seq,)).fetchone()[0] for seq in seqs.tolist()]
    held = qualities(corpus, withdrawn_among(store, corpus))
    ranks = order_by(policy(store.settings), held).rank(np.array(weights, float))
    return int(seqs[np.argmin(ranks)])


def withdrawn_among(store: Store, corpus: Corpus) -> NDArray[np.bool_]:
    """Whether a text of each of some stories states that it is withdrawn."""
    told = describe_stories(corpus, store.marks, store.settings.seed, bands=False)
    return np.asarray(np.any([withdrawn_in(texts) for texts in told], axis=0))


def thin(database: sqlite3.Connection, segment: Segment) -> None:
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
