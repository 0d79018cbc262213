"""The batch run over all that an index holds: what ``compact`` writes and ``check --deep`` asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.index import schema, segments
from dedupe.index.adding import as_signed, in_units
from dedupe.index.describing import describe_stories, learn_marks, signed
from dedupe.index.recounting import recounted
from dedupe.index.shelf import count_more
from dedupe.index.store import marks_as_text
from dedupe.linkage import SCORE_UNITS
from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.settle import settle
from dedupe.pipeline.tell import clustering_of, pairs_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.index.store import Store
    from dedupe.pipeline.case import Case
    from dedupe.stories import Clustering, Corpus, Pairs

AT_ONCE = 1 << 16
"""Stories whose keys are made at a time."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All stories of an index, judged as a batch run would."""

    seqs: NDArray[np.int64]
    case: Case
    clustering: Clustering
    pairs: Pairs


def all_rows(database: sqlite3.Connection) -> NDArray[np.int64]:
    """The rows of all stories, in the order of coming."""
    rows = database.execute("SELECT seq FROM facts ORDER BY seq").fetchall()
    return np.array([row[0] for row in rows], np.int64)


def judge_all(store: Store, progress: Callable[[str, float], None]) -> Whole:
    """Run the batch pipeline over all stories of an index; all of them are held in memory."""
    settings = store.settings
    seqs = all_rows(store.database)
    corpus = store.stories(seqs)
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    case = open_case(corpus, description, settings)
    settled = settle(case, lambda done: progress("matching", done))
    pairs = pairs_of(settled, case)
    clustering = clustering_of(corpus.ids, settled, case, pairs)
    return Whole(seqs, case, clustering, pairs)


def compact(store: Store, progress: Callable[[str, float], None]) -> int:
    """Give the index the clusters of the batch run, and its file the least size.

    Returns how many stories have another canonical version than before.
    """
    with store.writing():
        whole = judge_all(store, progress) if len(all_rows(store.database)) else None
        changed = 0
        if whole:
            changed = write_clusters(store.database, whole)
            marks = learn_marks(whole.case.corpus)
            store.marks = marks
            write_counts(store.database, whole)
            rewrite_segments(store, whole.seqs, whole.case.corpus)
            store.new_epoch(marks=marks_as_text(marks), made_with=schema.rules())
        else:
            store.new_epoch(made_with=schema.rules())
    shrink(store)
    return changed


def shrink(store: Store) -> None:
    """Give back the room of what has gone."""
    with schema.store_errors(store.path):
        store.database.execute("VACUUM")
        store.database.execute("PRAGMA busy_timeout = 0")  # a reader may take its time
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.database.execute(f"PRAGMA busy_timeout = {round(schema.PATIENCE * 1000)}")


def canonical_rows(database: sqlite3.Connection) -> NDArray[np.int64]:
    """The row of each story's canonical version."""
    rows = database.execute(
        "SELECT coalesce(canonical, seq) FROM facts LEFT JOIN clusters ON number = cluster"
        " ORDER BY seq"
    )
    return np.array([row[0] for row in rows], np.int64)


def cluster_numbers(
    seqs: NDArray[np.int64], held: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The number of each story's new cluster: that of the oldest cluster founded by one of it.

    ``held`` are the numbers before, ``leaders`` the new leaders by position. A cluster without a
    founder of one before is founded by its first story.
    """
    none = np.iinfo(np.int64).max
    founded = np.full(len(seqs), none)
    np.minimum.at(founded, leaders, np.where(held == seqs, seqs, none))
    first = np.full(len(seqs), none)
    np.minimum.at(first, leaders, seqs)
    return np.where(founded < none, founded, first)[leaders]


def write_clusters(database: sqlite3.Connection, whole: Whole) -> int:
    """Put every story into its cluster of the batch run; returns how many moved."""
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
    own = dict(zip(seqs.tolist(), whole.case.corpus.digests.tolist(), strict=True))
    heads = np.flatnonzero(leaders == np.arange(len(leaders)))
    rows = []
    for record in heads.tolist():
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


def write_facts(database: sqlite3.Connection, whole: Whole) -> None:
    """The prints of the headlines and the versions, which marks and rules may have changed."""
    view = whole.case.description.views[0]
    heads = signed(view.prints[view.rows]).tolist()
    seqs = whole.seqs.tolist()
    database.executemany("UPDATE facts SET head = ? WHERE seq = ?", zip(heads, seqs, strict=True))
    versions = whole.clustering.versions.tolist()
    database.executemany(
        "UPDATE stories SET version = ? WHERE seq = ?", zip(versions, seqs, strict=True)
    )


def weights_of(whole: Whole) -> NDArray[np.int64]:
    """How central each story is: the sum of the scores of its pairs."""
    weights = np.zeros(len(whole.seqs), np.int64)
    units = np.rint(whole.pairs.scores * SCORE_UNITS).astype(np.int64)
    np.add.at(weights, whole.pairs.left, units)
    np.add.at(weights, whole.pairs.right, units)
    return weights


def write_counts(database: sqlite3.Connection, whole: Whole) -> None:
    """Count the words of the stories that lead a cluster, and of no other."""
    leaders = whole.clustering.canonical
    heads = np.flatnonzero(leaders == np.arange(len(leaders)))
    database.execute("DELETE FROM words")
    count_more(database, recounted(whole.case, heads))


def rewrite_segments(store: Store, seqs: NDArray[np.int64], corpus: Corpus) -> None:
    """Make all postings anew from the stories."""
    database = store.database
    database.execute("DELETE FROM segments")
    database.execute("DELETE FROM parts")
    pieces = []
    for start in range(0, len(seqs), AT_ONCE):
        cut = slice(start, start + AT_ONCE)
        part = cut_of(corpus, cut)
        told = describe_stories(part, store.marks, store.settings.seed)
        pieces.append(store.postings(part, told, seqs[cut]))
    if pieces:
        keys = np.concatenate([keys for keys, _ in pieces])
        rows = np.concatenate([rows for _, rows in pieces])
        segments.write_segment(database, int(seqs[0]), int(seqs[-1]), (keys, rows))


def cut_of(corpus: Corpus, cut: slice) -> Corpus:
    """A stretch of a corpus, without its bytes."""
    return type(corpus)(
        batches=(),
        texts=tuple(column[cut] for column in corpus.texts),
        ids=corpus.ids[cut],
        sources=corpus.sources[cut],
        times=corpus.times[cut],
        digests=corpus.digests[cut],
    )
