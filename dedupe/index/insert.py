"""Add records to an index, and answer each: known, joined to a cluster, or first of its story."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe.arrays import unique_sorted
from dedupe.errors import StoreError
from dedupe.index import answers
from dedupe.index.assign import assign_clusters, place_records
from dedupe.index.facts import LEADS, PRESENT, signed, times_or_none
from dedupe.index.maintain import delete_records
from dedupe.index.newcomers import (
    corpus_part,
    identities,
    identity_codes,
    listed,
    prepare_newcomers,
)
from dedupe.index.postings import MOST_RECORDS
from dedupe.index.schema import check_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.index.answers import Answer
    from dedupe.index.assign import Placement
    from dedupe.index.newcomers import Newcomers
    from dedupe.index.store import Store
    from dedupe.models import Corpus

UNKNOWN = -1
AT_ONCE = 1 << 14
MOST_AT_ONCE = 1 << 20
"""New records that are clustered at once, so that the numbers of their keys fit."""


@dataclass(frozen=True, slots=True)
class Known:
    """The numbers of what the index holds of records that come, -1 for nothing.

    ``same`` has the equal record of each, ``earlier`` another version with its id. ``codes`` are
    the key codes by which they were looked up.
    """

    same: NDArray[np.int64]
    earlier: NDArray[np.int64]
    codes: NDArray[np.uint64]


def add(store: Store, corpus: Corpus) -> list[Answer]:
    """Add records in one transaction, and answer each.

    A record with the id of another one takes its place.
    """
    with store.writing():
        corpus = listed(corpus)
        identity = identities(corpus)
        first: dict[int, int] = {}
        own = [first.setdefault(mark, at) for at, mark in enumerate(identity.tolist())]
        out: list[Answer | None] = [None] * len(corpus)
        for records in turns(corpus.ids, own):
            chosen = corpus_part(corpus, records)
            found = add_distinct(store, chosen, identity[records])
            for record, answer in zip(records.tolist(), found, strict=True):
                out[record] = answer
        return [answer or repeated(out[own[at]]) for at, answer in enumerate(out)]


def turns(ids: Sequence[str], own: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Return distinct records in turns; of several versions of an id each has its own turn."""
    named = [name for name in ids if name]
    if len(set(named)) == len(named) and len(ids) <= MOST_AT_ONCE:
        yield unique_sorted(np.array(own, np.int64))
        return
    versions: dict[str, int] = {}
    out: dict[int, list[int]] = {}
    for record, (name, first) in enumerate(zip(ids, own, strict=True)):
        if first == record:
            turn = versions.get(name, 0) if name else 0
            versions[name] = turn + 1
            out.setdefault(turn, []).append(record)
    for turn in sorted(out):
        for start in range(0, len(out[turn]), MOST_AT_ONCE):
            yield np.array(out[turn][start : start + MOST_AT_ONCE], np.int64)


def repeated(answer: Answer | None) -> Answer:
    """Return the answer to a record that comes again in one call."""
    assert answer is not None  # noqa: S101 - the first of equal records is always answered
    return answer._replace(new=False, opens=False)


def add_distinct(store: Store, corpus: Corpus, identity: NDArray[np.uint64]) -> list[Answer]:
    """Add records that all have an id."""
    known = find_known(store, corpus, identity)
    fresh = np.flatnonzero(known.same == UNKNOWN)
    held = known.same[known.same != UNKNOWN]
    stored = answers.stored_answers(store, unique_sorted(held).tolist()) if len(held) else {}
    out = [stored.get(number) for number in known.same.tolist()]
    if len(fresh):
        names = replace_earlier(store, known.earlier[fresh])
        marks = identity[fresh], known.codes[fresh]
        added = insert(store, corpus_part(corpus, fresh), *marks, names)
        for record, answer in zip(fresh.tolist(), added, strict=True):
            out[record] = answer
    return [answer for answer in out if answer]


def find_known(store: Store, corpus: Corpus, identity: NDArray[np.uint64]) -> Known:
    """Find the records that the index holds already."""
    codes = identity_codes(corpus.ids, identity)
    wanted, place = np.unique(codes, return_inverse=True)
    positions, numbers = store.find(wanted)
    there = store.facts.flagged(numbers, PRESENT)
    positions, numbers = positions[there], numbers[there]
    same, earlier = np.full((2, len(corpus)), UNKNOWN)
    rows = store.rows("id, identity", numbers.tolist()) if len(numbers) else []
    found: dict[int, list[tuple[int, str, int]]] = {}
    for position, number, row in zip(positions.tolist(), numbers.tolist(), rows, strict=True):
        found.setdefault(position, []).append((number, row[0], row[1] % answers.WRAP))
    if found:
        for record, position in enumerate(place.tolist()):
            for number, name, mark in found.get(position, ()):
                if mark == int(identity[record]):
                    same[record] = number
                elif name and name == corpus.ids[record]:
                    earlier[record] = number
    return Known(same, earlier, codes)


def replace_earlier(store: Store, earlier: NDArray[np.int64]) -> dict[int, int]:
    """Delete the versions that others replace; returns the names of clusters to hand on.

    A record gets the name of its earlier version's cluster, should it found one.
    """
    records = np.flatnonzero(earlier != UNKNOWN)
    if not len(records):
        return {}
    numbers = earlier[records]
    clusters = answers.clusters_of(store, numbers.tolist())
    delete_records(store, unique_sorted(numbers))
    query = "SELECT number FROM cluster WHERE number IN (SELECT value FROM json_each(?))"
    wanted = orjson.dumps([row.number for row in clusters.values()]).decode()
    left = {number for (number,) in store.database.execute(query, (wanted,))}
    own = [clusters[number] for number in numbers.tolist()]
    return {
        record: cluster.name
        for record, cluster in zip(records.tolist(), own, strict=True)
        if cluster.number not in left
    }


def insert(
    store: Store,
    corpus: Corpus,
    identity: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    names: dict[int, int],
) -> list[Answer]:
    """Write records that the index does not hold.

    ``codes`` are the key codes of their identity. ``names`` are those of clusters that some of them
    take over, should they found one.
    """
    if store.facts.end + len(corpus) > MOST_RECORDS:
        raise StoreError(store.path, f"an index holds at most {MOST_RECORDS:,} records")
    new = prepare_newcomers(store, corpus, new=True)
    placed = place_records(store, new)
    numbers = np.arange(store.facts.end, store.facts.end + len(new))
    found = assign_clusters(store, new, placed, numbers, names)
    write_records(store, new, placed, identity, numbers, found.clusters)
    leads = placed.tops == np.arange(len(placed.tops))
    store.write_derived(new, numbers, codes, leads[placed.held :])
    demoted = np.flatnonzero(~leads[: placed.held])
    store.facts.set_flag(placed.numbers[demoted], LEADS, on=False)
    return found.answers


def write_records(
    store: Store,
    new: Newcomers,
    placed: Placement,
    identity: NDArray[np.uint64],
    numbers: NDArray[np.int64],
    clusters: NDArray[np.int64],
) -> None:
    """Write a row for each newcomer."""
    corpus, own = new.corpus, slice(placed.held, None)
    texts = [orjson.dumps(row).decode() for row in zip(*corpus.texts, strict=True)]
    store.database.executemany(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        zip(
            numbers.tolist(),
            clusters.tolist(),
            corpus.ids,
            times_or_none(corpus.times),
            new.facts["outlet"].tolist(),
            signed(corpus.digests),
            signed(identity),
            placed.scores[own].tolist(),
            placed.reasons[own],
            new.facts["version"].tolist(),
            texts,
            strict=True,
        ),
    )


def merge_index(into: Store, other: Store) -> int:
    """Add all records of another index; returns how many were new.

    All or nothing: it is one transaction. Raises StoreError for other settings and for one file
    given twice.
    """
    check_settings(into.path, into.kept, other.kept)
    if into is other or (
        Path(into.path).exists()
        and Path(other.path).exists()
        and Path(into.path).samefile(other.path)
    ):
        raise StoreError(into.path, "cannot be merged into itself")
    added = 0
    with other.reading(), into.writing():
        numbers = other.facts.with_flag(PRESENT)
        for start in range(0, len(numbers), AT_ONCE):
            found = add(into, other.corpus(numbers[start : start + AT_ONCE]))
            added += sum(answer.new for answer in found)
    return added
