"""Newcomers against the index: candidates by their keys, then the same decision as ever.

A newcomer that shares a key with a record is compared with the canonical version of that record's
cluster, and with the other newcomers that it shares a key with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.arrays import change_mask, concat_ranges, unique_sorted
from dedupe.blocking.lsh import BlockingTable, candidate_pairs
from dedupe.index.recurrence import with_rare_pairs, with_recurrence, words_for
from dedupe.index.row_queries import leaders_of
from dedupe.index.text_cache import RARE_PAIRS, SOURCE, TIME, VERSION
from dedupe.models import HOUR, NO_TIME, Corpus
from dedupe.parallel import thread_map
from dedupe.scoring.pair_context import PairContext
from dedupe.scoring.prefilter import passes_prefilter, score_upper_bounds
from dedupe.scoring.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.index.database import Store
    from dedupe.index.lookup import LookupResult
    from dedupe.index.record_cache import RecordFacts
    from dedupe.index.row_queries import LeaderRow
    from dedupe.index.text_cache import TextCache
    from dedupe.index.text_keys import FieldTexts
    from dedupe.scoring.pair_context import ScoringContext

Item = TypeVar("Item", bound=np.generic)
FEW = 512
"""So many newcomers are not worth a thread."""
CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class MatchContext:
    """The records that are compared: the newcomers ``corpus`` after the leaders that were met.

    ``positions`` are those of all of them in the memory.
    """

    memory: TextCache
    settings: Settings
    corpus: Corpus
    positions: NDArray[np.int64]

    @property
    def old(self) -> int:
        """How many are of the index."""
        return len(self.positions) - len(self.corpus)

    def of(self, records: NDArray[np.int64], column: int) -> NDArray[np.int64]:
        """What the memory's table has of some records."""
        held: NDArray[np.int64] = self.memory.table.held[self.positions[records], column]
        return held

    def hours(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """The hours between records, NaN where a time is missing."""
        one, other = self.of(left, TIME), self.of(right, TIME)
        undated = (one == NO_TIME) | (other == NO_TIME)
        return np.where(undated, np.nan, np.abs(one.astype(float) - other) / HOUR)

    def same_source(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 where one outlet wrote both records, 0 where two did, NaN where one is unknown."""
        one, other = self.of(left, SOURCE), self.of(right, SOURCE)
        return np.where((one < 0) | (other < 0), np.nan, (one == other).astype(float))


@dataclass(frozen=True, slots=True)
class Accepted:
    """Pairs of records that pass, their scores, and each field's similarity."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]


NONE = Accepted(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 0)))


@dataclass(frozen=True, slots=True)
class MatchResult:
    """Accepted pairs among the newcomers and the canonical records that match one.

    The records of ``corpus`` are the records of ``leaders``, then the newcomers; ``positions`` are
    where the memory has them. ``left`` and ``right`` are records, ``left`` the lower.
    """

    memory: TextCache
    settings: Settings
    corpus: Corpus
    positions: NDArray[np.int64]
    leaders: LeaderRow
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def forget(self) -> None:
        """Let the memory go back to what it was before the newcomers."""
        self.memory.back_to(int(self.positions[len(self.leaders.seqs)]))

    def of(self, column: int) -> NDArray[np.int64]:
        """What the memory's table has of each record."""
        held: NDArray[np.int64] = self.memory.table.held[self.positions, column]
        return held

    @property
    def headlines(self) -> NDArray[np.uint64]:
        """The print of each record's headline."""
        return self.memory.fields[0].fingerprints(self.positions)

    def alike(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether two records fold alike in all texts."""
        ours, theirs = self.positions[left], self.positions[right]
        same = [
            field.fingerprints(ours) == field.fingerprints(theirs) for field in self.memory.fields
        ]
        return np.asarray(np.all(same, axis=0))


def match_records(
    store: Store, corpus: Corpus, told: Sequence[FieldTexts], looked: LookupResult, *, among: bool
) -> MatchResult:
    """Compare newcomers with the index and, if told so, ``among`` one another."""
    facts = store.pages.facts(store.database, looked.found.rows)
    right, theirs = candidates(looked, facts)
    seqs, left = numbered(theirs)
    before = store.recall(seqs)
    sources = store.source_numbers(corpus.sources, new=among)
    fresh = store.memory.add(told, corpus.times, sources)
    context = MatchContext(store.memory, store.settings, corpus, np.concatenate([before, fresh]))
    right = right + context.old
    if among and len(corpus) > 1:
        jobs = 1 if len(corpus) <= FEW else store.settings.jobs
        one, other = pairs_among(looked.keys, told, jobs)
        left = np.concatenate([left, one + context.old])
        right = np.concatenate([right, other + context.old])
    return score_matches(store, context, seqs, permitted_pairs(context, left, right), looked, facts)


def score_matches(
    store: Store,
    context: MatchContext,
    seqs: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    looked: LookupResult,
    facts: RecordFacts,
) -> MatchResult:
    """The pairs that pass; ``seqs`` are the rows of the leaders that were met."""
    passed = accepted_pairs(store, context, pairs, looked, facts) if len(pairs[0]) else NONE
    kept = np.zeros(len(context.positions), dtype=bool)
    kept[passed.left] = kept[context.old :] = True
    numbers = kept.cumsum() - 1
    leaders = leaders_of(store.database, seqs[kept[: context.old]])
    return MatchResult(
        context.memory,
        context.settings,
        joined(store.records(leaders.seqs), context.corpus)
        if len(leaders.seqs)
        else context.corpus,
        context.positions[kept],
        leaders,
        numbers[passed.left],
        numbers[passed.right],
        passed.scores,
        passed.parts,
    )


def accepted_pairs(
    store: Store,
    context: MatchContext,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    looked: LookupResult,
    facts: RecordFacts,
) -> Accepted:
    """The pairs that pass; rare-word pairs and what recurs are counted for the hopeful alone."""
    pair_context = PairContext(*pairs, context.hours(*pairs), context.same_source(*pairs))
    scoring_context = words_for(store.database, context)
    pair_context = pair_context.at(
        np.flatnonzero(score_all(passes_prefilter, scoring_context, pair_context))
    )
    if not len(pair_context):
        return NONE
    scoring_context = with_rare_pairs(
        scoring_context, context, pair_context.left, pair_context.right
    )
    pair_context = pair_context.at(
        np.flatnonzero(
            score_all(score_upper_bounds, scoring_context, pair_context)
            >= context.settings.threshold
        )
    )
    if not len(pair_context):
        return NONE
    scoring_context = with_recurrence(scoring_context, context, looked, facts, pair_context.right)
    pair_scores = score_pairs(scoring_context, pair_context)
    passed = np.flatnonzero(pair_scores.scores >= context.settings.threshold)
    scores, parts = pair_scores.scores[passed], pair_scores.parts[passed]
    return Accepted(pair_context.left[passed], pair_context.right[passed], scores, parts)


def score_all(
    look: Callable[[ScoringContext, PairContext], NDArray[Item]],
    scoring_context: ScoringContext,
    pair_context: PairContext,
) -> NDArray[Item]:
    """What a look tells of each pair, many of them in threads."""
    if len(pair_context) <= CHUNK:
        return look(scoring_context, pair_context)
    cuts = [slice(first, first + CHUNK) for first in range(0, len(pair_context), CHUNK)]
    with thread_map(scoring_context.jobs) as spread:
        return np.concatenate(
            [*spread(lambda cut: look(scoring_context, pair_context.at(cut)), cuts)]
        )


def candidates(
    looked: LookupResult, facts: RecordFacts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs of a newcomer and the canonical record of a cluster that shares a key.

    They are sorted by the canonical record.
    """
    found = looked.found
    leaders = facts.leaders[found.near]
    bounds = np.concatenate(([0], np.cumsum(found.near)))[found.starts]
    starts, sizes = bounds[looked.numbers], np.diff(bounds)[looked.numbers]
    bits = max(1, (len(looked.keys) - 1).bit_length())
    packed = leaders[concat_ranges(starts, sizes)] << bits | np.repeat(looked.owners, sizes)
    packed = unique_sorted(packed)
    return packed & ((1 << bits) - 1), packed >> bits


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct ones of sorted values, and the number of each value among them."""
    fresh = change_mask(values)
    return values[fresh], fresh.cumsum() - 1


def pairs_among(
    keys: NDArray[np.uint64], told: Sequence[FieldTexts], jobs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of newcomers that share a key, as the batch run proposes them."""
    names = np.arange(len(keys))
    blocking_tables, start = [], 0
    width = keys.shape[1] // len(told)
    for _ in told:
        bands = start + width - RARE_PAIRS
        blocking_tables += [
            BlockingTable(keys[:, [band]], names, names) for band in range(start, bands)
        ]
        rare_pairs = np.ascontiguousarray(keys[:, bands : start + width])
        blocking_tables.append(BlockingTable(rare_pairs, names, names))
        start += width
    return candidate_pairs(blocking_tables, jobs).left_right()


def permitted_pairs(
    context: MatchContext, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that neither the window nor their versions keep apart."""
    if context.settings.window is not None:
        kept = ~(context.hours(left, right) * HOUR > context.settings.window)
        left, right = left[kept], right[kept]
    if context.settings.updates == "split":
        kept = context.of(left, VERSION) == context.of(right, VERSION)
        left, right = left[kept], right[kept]
    return left, right


def joined(left: Corpus, right: Corpus) -> Corpus:
    """Two corpora as one, without their bytes."""
    return Corpus(
        batches=(),
        texts=tuple([*a, *b] for a, b in zip(left.texts, right.texts, strict=True)),
        ids=[*left.ids, *right.ids],
        sources=[*left.sources, *right.sources],
        times=np.concatenate([left.times, right.times]),
        digests=np.concatenate([left.digests, right.digests]),
    )


def corpus_part(corpus: Corpus, records: NDArray[np.int64]) -> Corpus:
    """Some records of a corpus, without their bytes."""
    chosen = records.tolist()
    return Corpus(
        batches=(),
        texts=tuple([column[i] for i in chosen] for column in corpus.texts),
        ids=[corpus.ids[i] for i in chosen],
        sources=[corpus.sources[i] for i in chosen],
        times=corpus.times[records],
        digests=corpus.digests[records],
    )


def unpacked(corpus: Corpus) -> Corpus:
    """A corpus without its bytes, whose strings are lists."""
    return replace(
        corpus,
        batches=(),
        texts=tuple(map(list, corpus.texts)),
        ids=list(corpus.ids),
        sources=list(corpus.sources),
    )
