"""Records into the index, each answered: known already, joined to a cluster, or opening one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import distinct_sorted
from dedupe.index import texts
from dedupe.index.answers import answers_of, duplicate_guesses, stored_answers
from dedupe.index.assign import assign, groups_of, single_groups
from dedupe.index.cache import gc_paused
from dedupe.index.lookup import UNKNOWN, known_rows, look_up, select_lookup
from dedupe.index.match import corpus_part, match_records, unpacked
from dedupe.index.row_queries import SCORES, count_more
from dedupe.index.schema import write_meta
from dedupe.index.text_cache import SOURCE, VERSION
from dedupe.index.text_keys import postings_of, preprocess_records, signed
from dedupe.index.word_columns import counts_to_keep
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.answers import Answer
    from dedupe.index.assign import Assignment, ClusterUpdate
    from dedupe.index.database import Store
    from dedupe.index.lookup import LookupResult
    from dedupe.index.match import MatchResult
    from dedupe.index.text_keys import FieldTexts
    from dedupe.models import Corpus


@gc_paused()
def add(store: Store, corpus: Corpus) -> list[Answer]:
    """Take records in, in one transaction, and answer each."""
    corpus = unpacked(corpus)
    with store.writing():
        told = preprocess_records(corpus, store.marks, store.settings.seed)
        looked = look_up(store, corpus, told)
        known = known_rows(store, looked)
        first = first_of_each(looked.own)
        fresh = np.flatnonzero((known == UNKNOWN) & (first == np.arange(len(corpus))))
        answers = already_stored(store, known)
        if len(fresh):
            fresh_ones = insert_records(store, *select_records(corpus, told, looked, fresh))
            for record, answer in zip(fresh.tolist(), fresh_ones, strict=True):
                answers[record] = answer
        for record in np.flatnonzero(first != np.arange(len(corpus))).tolist():
            held = answers[int(first[record])]
            answers[record] = held and held._replace(new=False, opens=False)
        return [answer for answer in answers if answer]


@gc_paused()
def match_only(store: Store, corpus: Corpus) -> list[Answer]:
    """Answer each record as the index stands, and change nothing."""
    corpus = unpacked(corpus)
    with store.reading():
        told = preprocess_records(corpus, store.marks, store.settings.seed)
        looked = look_up(store, corpus, told)
        known = known_rows(store, looked)
        answers = already_stored(store, known)
        unknown = np.flatnonzero(known == UNKNOWN)
        if len(unknown):
            asked = select_records(corpus, told, looked, unknown)
            matches = match_records(store, *asked, among=False)
            guessed = duplicate_guesses(matches)
            matches.forget()
            for record, answer in zip(unknown.tolist(), guessed, strict=True):
                answers[record] = answer
        return [answer for answer in answers if answer]


def select_records(
    corpus: Corpus, told: Sequence[FieldTexts], looked: LookupResult, records: NDArray[np.int64]
) -> tuple[Corpus, Sequence[FieldTexts], LookupResult]:
    """Some of the records, with what is known of them."""
    if len(records) == len(corpus):
        return corpus, told, looked
    fewer = [replace(held, rows=held.rows[records]) for held in told]
    return corpus_part(corpus, records), fewer, select_lookup(looked, records)


def already_stored(store: Store, known: NDArray[np.int64]) -> list[Answer | None]:
    """The answers to records whose row is known, None for the others."""
    rows = distinct_sorted(known[known != UNKNOWN])
    if not len(rows):
        return [None] * len(known)
    told = stored_answers(store, rows)
    return [told.get(row) for row in known.tolist()]


def first_of_each(marks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each record the first that is the same record."""
    _, firsts, inverse = np.unique(marks, return_index=True, return_inverse=True)
    return firsts[inverse]


def insert_records(
    store: Store, corpus: Corpus, told: Sequence[FieldTexts], looked: LookupResult
) -> list[Answer]:
    """Write records that the index does not hold."""
    matched = match_records(store, corpus, told, looked, among=True)
    matches, positions = assign(store.database, matched)
    old = len(matches.leaders.seqs)
    first = int(store.database.execute("SELECT value FROM meta WHERE name = 'next'").fetchone()[0])
    seqs = np.arange(first, first + len(corpus))
    groups = groups_of(matches, positions, first)
    rows = np.concatenate([matches.leaders.seqs, seqs])
    write_facts(store, matches, groups, rows, rows[positions.tops])
    write_records(store, matches, positions, seqs)
    write_clusters(store, matches, positions, groups, rows)
    first_ones = np.array([group.fresh[0] for group in groups if not group.old], np.int64)
    founders = np.append(single_groups(positions, groups, old), first_ones)
    count_more(store.database, counts_to_keep(store.memory, matches.positions[founders]))
    write_meta(store.database, {"next": int(first + len(corpus))})
    store.keep_postings(postings_of(looked.keys, looked.own, seqs), int(first + len(corpus)))
    return answers_of(matches, positions, groups)[old:]


def write_facts(
    store: Store,
    matches: MatchResult,
    groups: Sequence[ClusterUpdate],
    rows: NDArray[np.int64],
    tops: NDArray[np.int64],
) -> None:
    """One row of facts for each newcomer, in the index and in memory; ``tops`` lead the rows."""
    old = len(matches.leaders.seqs)
    numbers = rows.copy()
    for group in groups:
        numbers[list(group.fresh)] = group.number
    headlines, held = signed(matches.headlines), matches.corpus.times
    times = [None if time == NO_TIME else time for time in held[old:].tolist()]
    seqs = rows[old:].tolist()
    store.database.executemany(
        "INSERT INTO facts VALUES (?, ?, ?, ?)",
        zip(seqs, numbers[old:].tolist(), times, headlines[old:].tolist(), strict=True),
    )
    store.pages.write(rows[old:], np.stack([tops, held, headlines], axis=1)[old:])
    gone = np.flatnonzero(tops[:old] != rows[:old])
    if len(gone):
        store.pages.move(rows[gone], tops[gone])
    leading = np.flatnonzero(tops[old:] == rows[old:]) + old
    store.memory.name(rows[leading], matches.positions[leading])


def write_records(
    store: Store, matches: MatchResult, positions: Assignment, seqs: NDArray[np.int64]
) -> None:
    """One row of the record for each newcomer, and its texts."""
    corpus, old = matches.corpus, len(matches.leaders.seqs)
    told = list(zip(*(column[old:] for column in corpus.texts), strict=True))
    texts.write_texts(store.database, int(seqs[0]), told)
    store.database.executemany(
        "INSERT INTO stories VALUES (?, ?, ?, ?, nullif(?, 1000000), nullif(?, 'canonical'), ?, ?)",
        zip(
            seqs.tolist(),
            corpus.ids[old:],
            [None if source < 0 else source for source in matches.of(SOURCE)[old:].tolist()],
            signed(corpus.digests[old:]).tolist(),
            in_units(positions.scores[old:]),
            positions.reasons[old:],
            matches.of(VERSION)[old:].tolist(),
            positions.gains[old:].tolist(),
            strict=True,
        ),
    )


def in_units(scores: NDArray[np.float64]) -> list[int]:
    """Scores as they are kept."""
    return list(map(int, np.rint(scores * SCORES).tolist()))


def write_clusters(
    store: Store,
    matches: MatchResult,
    positions: Assignment,
    groups: Sequence[ClusterUpdate],
    rows: NDArray[np.int64],
) -> None:
    """What has changed of clusters, and of the records that lead or led them."""
    database = store.database
    database.executemany(
        "INSERT OR REPLACE INTO clusters VALUES (?, ?, ?, ?)",
        [
            (group.number, as_signed(group.name), int(rows[group.top]), group.size)
            for group in groups
        ],
    )
    gone = [(group.number, number) for group in groups for number, _ in group.absorbed]
    database.executemany("UPDATE facts SET cluster = ? WHERE cluster = ? AND cluster <> seq", gone)
    database.executemany("UPDATE facts SET cluster = ?1 WHERE seq = ?2 AND cluster = ?2", gone)
    database.executemany("DELETE FROM clusters WHERE number = ?", [(into[1],) for into in gone])
    old = len(matches.leaders.seqs)
    touched = np.flatnonzero(positions.gains[:old])
    database.executemany(
        "UPDATE stories SET weight = weight + ?, score = nullif(?, 1000000),"
        " reason = nullif(?, 'canonical') WHERE seq = ?",
        zip(
            positions.gains[touched].tolist(),
            in_units(positions.scores[touched]),
            [positions.reasons[record] for record in touched.tolist()],
            rows[touched].tolist(),
            strict=True,
        ),
    )


def as_signed(value: int) -> int:
    """A 64-bit number as SQLite keeps it."""
    return value - (1 << 64) if value >> 63 else value
