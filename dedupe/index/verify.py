"""Verify an index: its pages, its tables, and what follows from its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.index import postings
from dedupe.index.facts import LEADS, PRESENT
from dedupe.index.maintain import count_changed, run_batch
from dedupe.index.newcomers import identities, identity_codes, newcomers_of, posting_entries
from dedupe.index.postings import NUMBER
from dedupe.packed_texts import pack_texts, unpack_texts
from dedupe.preprocess import preprocess

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dedupe.index.store import Store

AT_ONCE = 1 << 14
MOST_SHOWN = 20
FIXED = ("digest", "title", "content", "time", "outlet", "version", "flags")
"""Facts that follow from one record alone; lengths are those of the first of equal texts."""

WRONG = {
    "{} stories without prepared texts, or prepared texts without a story": (
        "SELECT (SELECT count(*) FROM record LEFT JOIN prepared USING (number) WHERE data IS NULL)"
        " + (SELECT count(*) FROM prepared LEFT JOIN record USING (number) WHERE id IS NULL)"
    ),
    "{} stories in a cluster that is not there": (
        "SELECT count(*) FROM record r LEFT JOIN cluster c ON c.number = r.cluster"
        " WHERE c.number IS NULL AND r.cluster <> r.number"
    ),
    "{} clusters of another size than they say": (
        "SELECT count(*) FROM cluster LEFT JOIN"
        " (SELECT cluster AS own, count(*) AS held FROM record GROUP BY cluster) ON own = number"
        " WHERE size IS NOT held"
    ),
    "{} clusters whose canonical version is elsewhere": (
        "SELECT count(*) FROM cluster c LEFT JOIN record r ON r.number = c.canonical"
        " WHERE r.cluster IS NOT c.number"
    ),
    "{} stories of outlets that are not there": (
        "SELECT count(*) FROM record r LEFT JOIN outlet o ON o.number = r.outlet"
        " WHERE r.outlet <> 0 AND o.number IS NULL"
    ),
    "{} stories beyond the next number": (
        "SELECT count(*) FROM record"
        " WHERE number >= (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'next')"
    ),
}
"""Counts that must be 0."""


def check_index(store: Store) -> list[str]:
    """Return what is wrong with an index, in words; an empty list where nothing is."""
    with store.reading():
        found = [*check_pages(store.database), *check_tables(store.database)]
        return (found or [*check_derived(store)])[:MOST_SHOWN]


def check_pages(database: sqlite3.Connection) -> Iterator[str]:
    """Return what SQLite finds wrong with its pages and trees."""
    for (found,) in database.execute(f"PRAGMA integrity_check({MOST_SHOWN})"):
        if found != "ok":
            yield str(found)


def check_tables(database: sqlite3.Connection) -> Iterator[str]:
    """Return what does not fit together in the tables."""
    for words, query in WRONG.items():
        (count,) = database.execute(query).fetchone()
        if count:
            yield words.format(count)


def check_derived(store: Store) -> Iterator[str]:
    """Compare facts, prepared texts and postings with what the records make."""
    query = (
        "SELECT record.number, coalesce(canonical, record.number) FROM record"
        " LEFT JOIN cluster ON cluster.number = cluster ORDER BY record.number"
    )
    rows = store.database.execute(query).fetchall()
    numbers, canonical = np.array(rows, np.int64).reshape(-1, 2).T
    if not np.array_equal(numbers, store.facts.with_flag(PRESENT)):
        yield "the facts are of other stories"
        return
    held = stored_entries(store)
    made = 0
    for start in range(0, len(numbers), AT_ONCE):
        own = slice(start, start + AT_ONCE)
        facts, blobs, entries = derived(store, numbers[own])
        facts["flags"][canonical[own] != numbers[own]] &= 255 ^ LEADS
        first, last = int(numbers[own][0]), int(numbers[own][-1])
        if any((facts[name] != store.facts.of(numbers[own])[name]).any() for name in FIXED):
            yield f"the facts of stories {first} to {last} are not what they make"
        if not equal_texts(blobs, store.prepared(numbers[own].tolist()), len(store.settings.field)):
            yield f"the prepared texts of stories {first} to {last} are not what they make"
        if not np.isin(entries, held).all():
            yield f"the postings of stories {first} to {last} are not what they make"
        made += len(entries)
    if store.is_present((held & NUMBER).astype(np.int64)).sum() > made:
        yield "there are postings that no story makes"


def stored_entries(store: Store) -> NDArray[np.uint64]:
    """Return the entries of all segments, sorted."""
    parts = [np.zeros(0, np.uint64)]
    for segment in store.segments:
        entries = postings.read_segment(store.database, segment)
        if len(entries) != segment.entries or (entries[1:] < entries[:-1]).any():
            raise ValueError(f"segment {segment.number} is not sorted or not whole")
        if not np.array_equal(entries[:: postings.PART], segment.fences):
            raise ValueError(f"the fences of segment {segment.number} are wrong")
        parts.append(entries)
    return np.sort(np.concatenate(parts), kind="stable")


def derived(
    store: Store, numbers: NDArray[np.int64]
) -> tuple[NDArray[np.void], list[bytes], NDArray[np.uint64]]:
    """Return the facts, prepared texts and postings that some records make."""
    corpus, settings = store.corpus(numbers), store.settings
    contents = preprocess(corpus, settings.seed, settings.jobs)
    new = newcomers_of(corpus, contents, store.outlet_numbers(corpus.sources))
    codes = identity_codes(corpus.ids, identities(corpus))
    blobs = list(pack_texts(contents.texts, contents.rows))
    return new.facts.copy(), blobs, posting_entries(new, codes, numbers)


def equal_texts(left: list[bytes], right: list[bytes], fields: int) -> bool:
    """Return whether prepared texts are equal but for the case of their letters.

    Texts that differ in case alone are prepared once, as the first of them was written.
    """
    one, other = unpack_texts(left, fields)[0], unpack_texts(right, fields)[0]
    return (
        np.array_equal(one.offsets, other.offsets)
        and np.array_equal(one.tokens["key"], other.tokens["key"])
        and np.array_equal(one.tokens["stem"], other.tokens["stem"])
        and np.array_equal(one.letters, other.letters)
    )


def count_differing(store: Store, progress: Callable[[str, float], None]) -> int:
    """Return how many records a batch run over all of them gives another canonical version."""
    with store.reading():
        if not len(store.facts.with_flag(PRESENT)):
            return 0
        return count_changed(store, run_batch(store, progress))
