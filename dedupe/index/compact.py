"""The batch run over all records of an index: for ``compact`` and ``check --deep``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.index import postings, prepared, schema
from dedupe.index.facts import BLOCK, LEADS, PRESENT, Facts, signed
from dedupe.index.newcomers import identities, identity_codes, newcomers_of, posting_entries
from dedupe.index.removal import shrink_file
from dedupe.pipeline import build_matcher, cluster_corpus
from dedupe.preprocess import preprocess
from dedupe.result import to_clustering, to_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.contents import Contents
    from dedupe.index.store import Store
    from dedupe.models import Clustering, Corpus

    Progress = Callable[[str, float], None]


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
    matcher = build_matcher(corpus, contents, settings)
    state = cluster_corpus(corpus, contents, matcher, partial(progress, "matching"))
    found = to_clustering(corpus, contents, state, to_pairs(state, settings))
    return BatchRun(numbers, corpus, contents, found)


def compact_store(store: Store, progress: Progress) -> int:
    """Give the index the clusters of the batch run, and its file the least size.

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
    """Return the number of each record's new cluster: of the oldest that one of it founded.

    ``held`` are the numbers before, ``leaders`` the new leaders by position. A cluster without a
    founder of one before is founded by its first record.
    """
    none = np.iinfo(np.int64).max
    founded, first = np.full((2, len(numbers)), none)
    np.minimum.at(founded, leaders, np.where(held == numbers, numbers, none))
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
        (number, names.get(number, digests[number]), canonical, size)
        for number, canonical, size in zip(*columns, strict=True)
        if size > 1 or number != canonical or number in names
    ]
    database.executemany("INSERT INTO cluster VALUES (?, ?, ?, ?)", clusters)


def write_derived(store: Store, run: BatchRun) -> None:
    """Make all that follows from the records anew: facts, prepared texts and postings."""
    database, numbers = store.database, run.numbers
    outlets = store.outlet_numbers(run.corpus.sources)
    new = newcomers_of(run.corpus, run.contents, outlets)
    for table in ("facts", "prepared", "segment", "posting"):
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
    facts, end, written = Facts(), store.facts.end, store.facts.written
    facts.first = int(numbers[0]) // BLOCK * BLOCK
    facts.end = facts.first
    facts.grow(end)
    rows = new.facts.copy()
    follows = run.clustering.canonical != np.arange(len(numbers))
    rows["flags"][follows] &= 255 ^ LEADS
    facts.put(numbers, rows)
    facts.written = written
    store.facts = facts
    blobs = prepared.encode(run.contents, np.arange(len(numbers)))
    database.executemany(
        "INSERT INTO prepared VALUES (?, ?)", zip(numbers.tolist(), blobs, strict=True)
    )
    codes = identity_codes(run.corpus.ids, identities(run.corpus))
    entries = posting_entries(new, codes, numbers)
    store.segments = postings.add_entries(database, [], entries, store.is_present)
