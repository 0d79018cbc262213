"""Maintain an index: remove records, mend their clusters, and compact by a batch run over all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe.index import postings, schema
from dedupe.index.answers import hex_name
from dedupe.index.facts import LEADS, PRESENT, Facts, signed
from dedupe.index.matching import as_corpus, contents_of_facts
from dedupe.index.newcomers import identities, identity_codes, newcomers_of
from dedupe.index.schema import PATIENCE, store_errors
from dedupe.models import NO_TIME
from dedupe.pipeline import Clock, canonical_order, run_prepared
from dedupe.preprocess import preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.contents import Contents
    from dedupe.index.store import Store
    from dedupe.models import Clustering, Corpus

    Progress = Callable[[str, float], None]


THOSE = "(SELECT value FROM json_each(?))"


def remove_records(
    store: Store, before: int | None = None, ids: Iterable[str] | None = None
) -> tuple[int, int]:
    """Delete records older than a time in seconds, or of some ids (or digests), and shrink.

    Undated records have no age. A cluster keeps its name; one that loses its canonical version
    gets the best of the others. Returns how many records went, and how many ids were not there.
    """
    with store.writing():
        gone, missing = np.zeros(0, np.int64), 0
        if before is not None:
            numbers = store.facts.with_flag(PRESENT)
            times = store.facts.of(numbers)["time"]
            gone = numbers[(times != NO_TIME) & (times < before)]
        if ids is not None:
            named, missing = numbers_of(store, set(ids))
            gone = np.union1d(gone, named)
        if len(gone):
            delete_records(store, gone)
            store.segments = postings.rewrite_segments(
                store.database, store.segments, store.is_present
            )
            store.save_facts()
            store.new_epoch()
    if len(gone):
        store.forget()
        shrink_file(store)
    return len(gone), missing


def numbers_of(store: Store, wanted: set[str]) -> tuple[NDArray[np.int64], int]:
    """Return the records of some ids or digests, and how many of these no record has."""
    found, names = [], set()
    for number, given, digest in store.database.execute("SELECT number, id, digest FROM record"):
        name = given or hex_name(digest)
        if name in wanted:
            found.append(number)
            names.add(name)
    return np.array(sorted(found), np.int64), len(wanted - names)


def delete_records(store: Store, numbers: NDArray[np.int64]) -> None:
    """Delete records, and mend the clusters that held them; their postings stay until a merge."""
    if not len(numbers):
        return
    database, those = store.database, orjson.dumps(numbers.tolist()).decode()
    query = f"SELECT DISTINCT cluster FROM record WHERE number IN {THOSE}"  # noqa: S608 - a constant
    touched = [row[0] for row in database.execute(query, (those,))]
    for table in ("record", "prepared"):
        database.execute(f"DELETE FROM {table} WHERE number IN {THOSE}", (those,))  # noqa: S608 - the same
    facts = store.facts.of(numbers)
    facts[:] = np.zeros((), facts.dtype)
    store.facts.put(numbers, facts)
    for cluster in touched:
        mend_cluster(store, cluster)


def mend_cluster(store: Store, cluster: int) -> None:
    """Set a cluster's size and canonical version from its remaining records."""
    database = store.database
    rows = database.execute(
        "SELECT number FROM record WHERE cluster = ?1 AND cluster <> number"
        " UNION SELECT number FROM record WHERE number = ?1 AND cluster = ?1 ORDER BY number",
        (cluster,),
    ).fetchall()
    if not rows:
        database.execute("DELETE FROM cluster WHERE number = ?", (cluster,))
        return
    numbers = np.array([row[0] for row in rows], np.int64)
    query = "SELECT canonical FROM cluster WHERE number = ?"
    held = database.execute(query, (cluster,)).fetchone()
    canonical = held[0] if held and held[0] in numbers.tolist() else best_record(store, numbers)
    database.execute(
        "UPDATE cluster SET canonical = ?, size = ? WHERE number = ?",
        (canonical, len(numbers), cluster),
    )
    query = "UPDATE record SET score = 1, reason = 'canonical' WHERE number = ?"
    database.execute(query, (canonical,))
    store.facts.set_flag(np.array([canonical]), LEADS, on=True)


def best_record(store: Store, numbers: NDArray[np.int64]) -> int:
    """Return the best of some records by the canonical policy."""
    facts = store.facts.of(numbers)
    order = canonical_order(as_corpus(store, facts), contents_of_facts(facts), store.settings)
    return int(numbers[np.argmin(order.ranks(np.arange(len(numbers))))])


def shrink_file(store: Store) -> None:
    """Return the space of deleted records to the file system."""
    with store_errors(store.path):
        store.database.execute("VACUUM")
        store.database.execute("PRAGMA busy_timeout = 0")  # a reader may take its time
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.database.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")


@dataclass(frozen=True, slots=True)
class BatchRun:
    """All records of an index, clustered by the batch pipeline."""

    numbers: NDArray[np.int64]
    corpus: Corpus
    contents: Contents
    clustering: Clustering


def run_batch(store: Store, progress: Progress) -> BatchRun:
    """Run the batch pipeline over all records of an index; all of them are held in memory."""
    settings = store.settings
    numbers = store.facts.with_flag(PRESENT)
    corpus = store.corpus(numbers)
    contents = preprocess(corpus, settings.seed, settings.jobs, partial(progress, "preparing"))
    found = run_prepared(corpus, contents, settings, progress, Clock())
    return BatchRun(numbers, corpus, contents, found.clustering)


def compact_store(store: Store, progress: Progress) -> int:
    """Replace the clusters of the index by those of a batch run, and shrink its file.

    Returns how many records have another canonical version than before.
    """
    with store.writing():
        changed = 0
        if len(store.facts.with_flag(PRESENT)):
            run = run_batch(store, progress)
            changed = count_changed(store, run)
            write_clusters(store, run)
            write_derived(store, run)
        store.new_epoch(made_with=schema.rules(), compacted=True)
    store.forget()
    shrink_file(store)
    return changed


def count_changed(store: Store, run: BatchRun) -> int:
    """Return how many records have another canonical version in the batch run."""
    rows = store.database.execute(
        "SELECT coalesce(canonical, record.number) FROM record"
        " LEFT JOIN cluster ON cluster.number = cluster ORDER BY record.number"
    )
    before = np.array([row[0] for row in rows], np.int64)
    return int((run.numbers[run.clustering.canonical] != before).sum())


def cluster_numbers(
    numbers: NDArray[np.int64], held: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the number of each record's new cluster: the oldest that a record of it stands for.

    ``held`` are the numbers before, ``leaders`` the new leaders by position. The record of a
    cluster's number stands for that cluster; once it is deleted, the first that is left does. A
    cluster with none of these gets the number of its first record.
    """
    none = np.iinfo(np.int64).max
    kept, firsts = np.unique(held, return_index=True)
    founders = held == numbers
    founders[firsts[~np.isin(kept, held[founders])]] = True
    founded, first = np.full((2, len(numbers)), none)
    np.minimum.at(founded, leaders, np.where(founders, held, none))
    np.minimum.at(first, leaders, numbers)
    return np.where(founded < none, founded, first)[leaders]


def write_clusters(store: Store, run: BatchRun) -> None:
    """Put every record into its cluster of the batch run."""
    database, numbers, found = store.database, run.numbers, run.clustering
    rows = database.execute("SELECT cluster FROM record ORDER BY number")
    held = np.array([row[0] for row in rows], np.int64)
    names = dict(database.execute("SELECT number, name FROM cluster").fetchall())
    own = cluster_numbers(numbers, held, found.canonical)
    digests = dict(zip(numbers.tolist(), signed(run.corpus.digests), strict=True))
    database.executemany(
        "UPDATE record SET cluster = ?, score = ?, reason = ?, version = ? WHERE number = ?",
        zip(
            own.tolist(),
            found.scores.tolist(),
            found.reasons,
            found.versions.tolist(),
            numbers.tolist(),
            strict=True,
        ),
    )
    database.execute("DELETE FROM cluster")
    leads = np.flatnonzero(found.canonical == np.arange(len(numbers)))
    columns = (own[leads].tolist(), numbers[leads].tolist(), found.sizes[leads].tolist())
    clusters = [
        (number, names[number] if number in names else digests[number], canonical, size)
        for number, canonical, size in zip(*columns, strict=True)
        if size > 1 or number != canonical or number in names
    ]
    database.executemany("INSERT INTO cluster VALUES (?, ?, ?, ?)", clusters)


def write_derived(store: Store, run: BatchRun) -> None:
    """Write everything derived from the records again: facts, prepared texts and postings."""
    database, numbers = store.database, run.numbers
    outlets = store.outlet_numbers(run.corpus.sources)
    new = newcomers_of(run.corpus, run.contents, outlets)
    for table in ("facts", "prepared", "segment", "posting"):
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
    end, written = store.facts.end, store.facts.written
    store.facts, store.segments = Facts(), []
    store.facts.written = written
    leads = run.clustering.canonical == np.arange(len(numbers))
    codes = identity_codes(run.corpus.ids, identities(run.corpus))
    store.write_derived(new, numbers, codes, leads)
    store.facts.grow(end)
