"""Count how often headlines and rare-word pairs recur, with the newcomers included."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, concat_ranges, distinct_sorted, find_positions
from dedupe.blocking.keys import BANDING
from dedupe.blocking.lsh import MAX_BUCKET
from dedupe.hashing import BASE, mix64
from dedupe.index.stats import texts_key, word_keys
from dedupe.index.text_cache import RARE_PAIRS, TIME
from dedupe.index.word_columns import column_of, text_column
from dedupe.pairs import left_of, pack, right_of
from dedupe.scoring.active_days import ActiveDays, days_of
from dedupe.scoring.numbers import IGNORE, STRICT, without_numbers
from dedupe.scoring.pair_context import ScoringContext
from dedupe.scoring.prefilter import MIN_THRESHOLD

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.index.lookup import LookupResult
    from dedupe.index.match import MatchContext
    from dedupe.index.record_cache import RecordFacts

NONE = -1
NO_RARE_PAIRS = np.zeros((0, RARE_PAIRS), np.int32)
NO_RETURNS = np.zeros((0, 3))


def words_for(database: sqlite3.Connection, context: MatchContext) -> ScoringContext:
    """What the decision may look at, as if nothing recurred and no rare-word pair were shared."""
    settings, memory = context.settings, context.memory
    ignoring = settings.numbers == IGNORE
    columns = [column_of(database, context, number) for number in range(len(memory.fields))]
    return ScoringContext(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(without_numbers(column) if ignoring else column for column in columns),
        texts=tuple(
            text_column(field, context.positions, ignoring=ignoring) for field in memory.fields
        ),
        recurrence=np.zeros((len(context.positions), 2)),
        rare_pairs=NO_RARE_PAIRS,
        pair_returns=NO_RETURNS,
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
        use_prefilter=settings.threshold >= MIN_THRESHOLD,
    )


def with_rare_pairs(
    scoring_context: ScoringContext,
    context: MatchContext,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> ScoringContext:
    """The context with the rare-word pairs of some pairs, whose right records are newcomers."""
    rare_pairs, count = rare_pairs_of(context, left, right)
    return replace(scoring_context, rare_pairs=rare_pairs, pair_returns=np.zeros((count, 3)))


def with_recurrence(
    scoring_context: ScoringContext,
    context: MatchContext,
    looked: LookupResult,
    facts: RecordFacts,
    plausible: NDArray[np.int64],
) -> ScoringContext:
    """The same with what recurs of headlines, and of the rare-word pairs of some newcomers."""
    rare_pairs, count = narrow_rare_pairs(
        scoring_context.rare_pairs, len(scoring_context.pair_returns), plausible
    )
    return replace(
        scoring_context,
        recurrence=recurrence_of(context, facts),
        rare_pairs=rare_pairs,
        pair_returns=pair_recurrence(context, rare_pairs, count, looked, facts),
    )


def narrow_rare_pairs(
    rare_pairs: NDArray[np.int32], count: int, records: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """So many rare-word pairs numbered anew: those that some records have, -1 for the others."""
    wanted = np.zeros(count + 1, dtype=bool)
    wanted[rare_pairs[records]] = True
    wanted[-1] = False
    numbers = np.where(wanted, wanted.cumsum() - 1, NONE).astype(np.int32)
    return numbers[rare_pairs], int(wanted.sum())


def recurrence_of(context: MatchContext, facts: RecordFacts) -> NDArray[np.float64]:
    """For each record log2 of the days and weeks on which its headline appears.

    One that appears once, as most do, stands on one day.
    """
    fingerprints = context.memory.fields[0].fingerprints(context.positions)
    fresh = fresh_and_filled(context)
    is_leader = np.flatnonzero(facts.is_leader)
    is_leader = is_leader[firsts_of(facts.seqs[is_leader])]
    headlines = np.concatenate([fingerprints[fresh], facts.headlines[is_leader]])
    times = np.concatenate([context.of(fresh, TIME), facts.times[is_leader]])
    again = np.sort(headlines)
    again = again[1:][again[1:] == again[:-1]]
    if not len(again):
        return np.zeros((len(fingerprints), 2))
    again = again[change_mask(again)]
    numbers = find_positions(again, headlines)
    told = numbers != NONE
    spans = spans_of(numbers[told], times[told], len(again))
    return np.concatenate([spans, np.zeros((1, 2))])[find_positions(again, fingerprints)]


def firsts_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place of each distinct value below 2**31, in the order of values."""
    packed = pack(values, np.arange(len(values)))
    packed.sort()
    held = left_of(packed)
    return right_of(packed[change_mask(held)])


def fresh_and_filled(context: MatchContext) -> NDArray[np.int64]:
    """The newcomers that have a text."""
    positions = context.positions[context.old :]
    filled = np.any([field.fingerprints(positions) != 0 for field in context.memory.fields], axis=0)
    return np.flatnonzero(filled) + context.old


def spans_of(
    values: NDArray[np.int64], times: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """For each of so many things log2 of the days and weeks at which it stands."""
    order = np.lexsort((times, values))
    starts = np.searchsorted(values[order], np.arange(count + 1))
    active_days = ActiveDays(starts, order.astype(np.int32), days_of(times))
    return active_days.spans(np.ones(len(order), dtype=bool))


def rare_pairs_of(
    context: MatchContext, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """The numbers of each record's rare-word pairs, and the count of those in newcomer pairs.

    They are -1 for a rare-word pair that these do not have, and for old records that are in no
    pair.
    """
    held = context.memory.rare_pairs.held
    own = distinct_sorted(
        held[context.positions[distinct_sorted(right)]].view(np.int64).ravel()
    ).view(np.uint64)
    own = np.sort(own[own > 0])
    rare_pairs = np.full((len(context.positions), RARE_PAIRS), NONE, np.int32)
    for records in (
        np.arange(context.old, len(context.positions)),
        distinct_sorted(left[left < context.old]),
    ):
        keys = held[context.positions[records]]
        rare_pairs[records] = find_positions(own, keys.ravel()).reshape(keys.shape)
    return rare_pairs, len(own)


def pair_recurrence(
    context: MatchContext,
    rare_pairs: NDArray[np.int32],
    count: int,
    looked: LookupResult,
    facts: RecordFacts,
) -> NDArray[np.float64]:
    """For each rare-word pair log2 of the days, weeks and headlines that have it.

    Of a key that more than ``MAX_BUCKET`` records have, a sample of so many tells the days and
    weeks.
    """
    found = looked.found
    number = numbers_of_keys(rare_pairs[context.old :], looked)
    told, at = occurrences(number, looked, facts)
    fingerprints = context.memory.fields[0].fingerprints(context.positions)
    fresh = fresh_and_filled(context)
    rows, columns = np.nonzero(rare_pairs[fresh] >= 0)
    rows, mine = fresh[rows], rare_pairs[fresh[rows], columns].astype(np.int64)
    values = np.concatenate([mine, told])
    times = np.concatenate([context.of(rows, TIME), facts.times[at]])
    bucket_counts = bucket_sizes_of(
        values, np.concatenate([fingerprints[rows], facts.headlines[at]]), count
    )
    bucket_keys = np.flatnonzero((found.totals > MAX_BUCKET) & (number >= 0))
    scale = np.ones(count)
    scale[number[bucket_keys]] = found.totals[bucket_keys] / np.diff(found.starts)[bucket_keys]
    oversized = np.log2(np.maximum(bucket_counts * scale, 1))
    return np.concatenate([spans_of(values, times, count), oversized[:, None]], axis=1)


def numbers_of_keys(rare_pairs: NDArray[np.int32], looked: LookupResult) -> NDArray[np.int64]:
    """The number of the rare-word pair that each key is looked up by, -1 for other keys.

    ``rare_pairs`` are those of the newcomers.
    """
    positions = looked.columns - BANDING.bands
    own = np.flatnonzero((positions >= 0) & (positions < RARE_PAIRS))
    numbers = np.full(len(looked.wanted), NONE)
    numbers[looked.numbers[own]] = rare_pairs[looked.owners[own], positions[own]]
    return numbers


def occurrences(
    numbers: NDArray[np.int64], looked: LookupResult, facts: RecordFacts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of a rare-word pair, once for each leader found, and the leader's position."""
    starts, sizes = looked.found.starts[:-1], np.diff(looked.found.starts)
    keys = np.flatnonzero(numbers >= 0)
    at = concat_ranges(starts[keys], sizes[keys])
    told = np.repeat(numbers[keys], sizes[keys])
    is_leader = facts.is_leader[at]
    return told[is_leader], at[is_leader]


def bucket_sizes_of(
    numbers: NDArray[np.int64], headlines: NDArray[np.uint64], count: int
) -> NDArray[np.int64]:
    """How many distinct headlines stand beside each number, each told by as many bits as fit."""
    bits = np.uint64(max(1, count.bit_length()))
    mixed = mix64(headlines + BASE) >> bits
    packed = mixed | numbers.astype(np.uint64) << (np.uint64(64) - bits)
    packed.sort()
    held = packed[change_mask(packed)] >> (np.uint64(64) - bits)
    return np.bincount(held.astype(np.int64), minlength=count)


def recount_context(backend: MemoryBackend, records: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The words of some records' texts and their counts, as the index keeps them."""
    rows = []
    for field in range(len(backend.description.views)):
        counts, texts = count_words(backend, field, records)
        held = np.flatnonzero(counts)
        keys = word_keys(backend.corpus_stats.vocabulary.hashes[held], field)
        rows += list(zip(keys.tolist(), counts[held].tolist(), strict=True))
        rows.append((texts_key(field), texts))
    return rows


def count_words(
    backend: MemoryBackend, field: int, records: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """How many of some records' distinct texts hold each word, and how many texts they are."""
    description, corpus_stats = backend.description, backend.corpus_stats
    content_ids = distinct_sorted(backend.content_ids[records])
    rows = distinct_sorted(description.view_rows[field][content_ids[content_ids >= 0]])
    return corpus_stats.held[field].counts(rows, len(corpus_stats.vocabulary.hashes)), len(rows)
