"""The batch run over all records of an index: for ``compact`` and ``check --deep``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.fixed_point import cluster_until_stable
from dedupe.clustering.linkage import SCORE_UNITS
from dedupe.clustering.result import to_clustering, to_pairs
from dedupe.index import schema, segments
from dedupe.index.database import marks_as_text
from dedupe.index.insert import as_signed, in_units
from dedupe.index.recurrence import recount_context
from dedupe.index.row_queries import count_more
from dedupe.index.text_keys import learn_corpus_marks, preprocess_records, signed
from dedupe.pipeline import open_in_memory

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.index.database import Store
    from dedupe.models import Clustering, Corpus, Pairs

AT_ONCE = 1 << 16
"""Records whose keys are made at a time."""


@dataclass(frozen=True, slots=True)
class FullClustering:
    """All records of an index, scored as a batch run would."""

    seqs: NDArray[np.int64]
    backend: MemoryBackend
    clustering: Clustering
    pairs: Pairs


def all_rows(database: sqlite3.Connection) -> NDArray[np.int64]:
    """The rows of all records, in the order of coming."""
    rows = database.execute("SELECT seq FROM facts ORDER BY seq").fetchall()
    return np.array([row[0] for row in rows], np.int64)


def cluster_all(store: Store, progress: Callable[[str, float], None]) -> FullClustering:
    """Run the batch pipeline over all records of an index; all of them are held in memory."""
    settings = store.settings
    seqs = all_rows(store.database)
    corpus = store.records(seqs)
    backend = open_in_memory(corpus, settings, progress)
    state = cluster_until_stable(backend, lambda done: progress("matching", done))
    pairs = to_pairs(state, backend)
    clustering = to_clustering(corpus.ids, state, backend, pairs)
    return FullClustering(seqs, backend, clustering, pairs)


def compact_store(store: Store, progress: Callable[[str, float], None]) -> int:
    """Give the index the clusters of the batch run, and its file the least size.

    Returns how many records have another canonical version than before.
    """
    with store.writing():
        whole = cluster_all(store, progress) if len(all_rows(store.database)) else None
        changed = 0
        if whole:
            changed = write_clusters(store.database, whole)
            marks = learn_corpus_marks(whole.backend.corpus)
            store.marks = marks
            write_counts(store.database, whole)
            rewrite_segments(store, whole.seqs, whole.backend.corpus)
            store.new_epoch(marks=marks_as_text(marks), made_with=schema.rules())
        else:
            store.new_epoch(made_with=schema.rules())
    shrink_file(store)
    return changed


def shrink_file(store: Store) -> None:
    """Give back the room of what has gone."""
    with schema.store_errors(store.path):
        store.database.execute("VACUUM")
        store.database.execute("PRAGMA busy_timeout = 0")  # a reader may take its time
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.database.execute(f"PRAGMA busy_timeout = {round(schema.PATIENCE * 1000)}")


def canonical_rows(database: sqlite3.Connection) -> NDArray[np.int64]:
    """The row of each record's canonical version."""
    rows = database.execute(
        "SELECT coalesce(canonical, seq) FROM facts LEFT JOIN clusters ON number = cluster"
        " ORDER BY seq"
    )
    return np.array([row[0] for row in rows], np.int64)


def cluster_numbers(
    seqs: NDArray[np.int64], held: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The number of each record's new cluster: that of the oldest cluster founded by one of it.

    ``held`` are the numbers before, ``leaders`` the new leaders by position. A cluster without a
    founder of one before is founded by its first record.
    """
    none = np.iinfo(np.int64).max
    founded = np.full(len(seqs), none)
    np.minimum.at(founded, leaders, np.where(held == seqs, seqs, none))
    first = np.full(len(seqs), none)
    np.minimum.at(first, leaders, seqs)
    return np.where(founded < none, founded, first)[leaders]


def write_clusters(database: sqlite3.Connection, whole: FullClustering) -> int:
    """Put every record into its cluster of the batch run; returns how many moved."""
    seqs, leaders = whole.seqs, whole.clustering.canonical
    before = canonical_rows(database)
    held = dict(database.execute("SELECT seq, cluster FROM facts").fetchall())
    names = dict(database.execute("SELECT number, name FROM clusters").fetchall())
    now = np.array([held[seq] for seq in seqs.tolist()], np.int64)
    numbers = cluster_numbers(seqs, now, leaders)
    moved = np.flatnonzero(numbers != now)
    database.executemany(
        "UPDATE facts SET cluster = ? WHERE seq = ?",
        zip(numbers[moved].tolist(), seqs[moved].tolist(), strict=True),
    )
    own = dict(zip(seqs.tolist(), whole.backend.corpus.digests.tolist(), strict=True))
    headlines = np.flatnonzero(leaders == np.arange(len(leaders)))
    rows = []
    for record in headlines.tolist():
        number, size = int(numbers[record]), int(whole.clustering.sizes[record])
        name = names.get(number, as_signed(own[number]))
        if size > 1 or name != as_signed(own[number]):
            rows.append((number, name, int(seqs[record]), size))
    database.execute("DELETE FROM clusters")
    database.executemany("INSERT INTO clusters VALUES (?, ?, ?, ?)", rows)
    database.executemany(
        "UPDATE stories SET score = nullif(?, 1000000), reason = nullif(?, 'canonical'),"
        " weight = ? WHERE seq = ?",
        zip(
            in_units(whole.clustering.scores),
            whole.clustering.reasons,
            weights_of(whole).tolist(),
            seqs.tolist(),
            strict=True,
        ),
    )
    write_facts(database, whole)
    return int((seqs[leaders] != before).sum())


def write_facts(database: sqlite3.Connection, whole: FullClustering) -> None:
    """The prints of the headlines and the versions, which marks and rules may have changed."""
    view = whole.backend.description.views[0]
    headlines = signed(view.fingerprints[view.rows]).tolist()
    seqs = whole.seqs.tolist()
    database.executemany(
        "UPDATE facts SET head = ? WHERE seq = ?", zip(headlines, seqs, strict=True)
    )
    versions = whole.clustering.versions.tolist()
    database.executemany(
        "UPDATE stories SET version = ? WHERE seq = ?", zip(versions, seqs, strict=True)
    )


def weights_of(whole: FullClustering) -> NDArray[np.int64]:
    """How central each record is: the sum of the scores of its pairs."""
    weights = np.zeros(len(whole.seqs), np.int64)
    units = np.rint(whole.pairs.scores * SCORE_UNITS).astype(np.int64)
    np.add.at(weights, whole.pairs.left, units)
    np.add.at(weights, whole.pairs.right, units)
    return weights


def write_counts(database: sqlite3.Connection, whole: FullClustering) -> None:
    """Count the words of the records that lead a cluster, and of no other."""
    leaders = whole.clustering.canonical
    headlines = np.flatnonzero(leaders == np.arange(len(leaders)))
    database.execute("DELETE FROM words")
    count_more(database, recount_context(whole.backend, headlines))


def rewrite_segments(store: Store, seqs: NDArray[np.int64], corpus: Corpus) -> None:
    """Make all postings anew from the records."""
    database = store.database
    database.execute("DELETE FROM segments")
    database.execute("DELETE FROM parts")
    pieces = []
    for start in range(0, len(seqs), AT_ONCE):
        cut = slice(start, start + AT_ONCE)
        part = corpus_cut(corpus, cut)
        told = preprocess_records(part, store.marks, store.settings.seed)
        pieces.append(store.postings(part, told, seqs[cut]))
    if pieces:
        keys = np.concatenate([keys for keys, _ in pieces])
        rows = np.concatenate([rows for _, rows in pieces])
        segments.write_segment(database, int(seqs[0]), int(seqs[-1]), (keys, rows))


def corpus_cut(corpus: Corpus, cut: slice) -> Corpus:
    """A stretch of a corpus, without its bytes."""
    return type(corpus)(
        batches=(),
        texts=tuple(column[cut] for column in corpus.texts),
        ids=corpus.ids[cut],
        sources=corpus.sources[cut],
        times=corpus.times[cut],
        digests=corpus.digests[cut],
    )
