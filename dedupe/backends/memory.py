"""The in-memory backend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.base import Backend
from dedupe.blocking.lsh import (
    BlockingTable,
    candidate_pairs,
    keys_of_oversized,
    rows_with_keys,
    shared_keys,
)
from dedupe.clustering.canonical import Qualities, policy_order
from dedupe.clustering.constraints import NO_CONSTRAINTS
from dedupe.io.string_columns import code_strings
from dedupe.scoring.corpus_stats import CorpusTexts, build_corpus_stats, scoring_context_over
from dedupe.scoring.score import max_exact_gap, score_pairs
from dedupe.scoring.scored_pairs import score_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.blocking.lsh import Candidates, OversizedBuckets
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.config import Settings
    from dedupe.models import Corpus
    from dedupe.scoring.corpus_stats import StatsSnapshot
    from dedupe.scoring.pair_context import ScoringContext
    from dedupe.scoring.scored_pairs import PairScorer
    from dedupe.text.preprocess import Contents


ELLIPSES = ("...", "\u2026")


@dataclass(frozen=True, slots=True)
class MemoryBackend(Backend):
    """A run whose texts are all in memory."""

    corpus: Corpus
    description: Contents
    corpus_stats: CorpusTexts

    def candidate_pairs(
        self, content_ids: NDArray[np.int64], oversized: OversizedBuckets | None = None
    ) -> Candidates:
        """Candidate pairs among some contents."""
        blocking_tables = self.blocking_tables(content_ids)
        if oversized is not None:
            stirred = self.blocking_tables(oversized.content_ids)
            bucket_keys = [
                shared_keys(own, keys_of_oversized(oversized.keys, i))
                for i, own in enumerate(stirred)
            ]
            blocking_tables = [
                rows_with_keys(own, keys)
                for own, keys in zip(blocking_tables, bucket_keys, strict=True)
            ]
        return candidate_pairs(blocking_tables, self.settings.jobs)

    def blocking_tables(self, content_ids: NDArray[np.int64]) -> list[BlockingTable]:
        """The keys of some contents, by bands, then rare-word pairs, of each field."""
        return [
            BlockingTable(keys, row_of[content_ids], content_ids)
            for view, row_of in zip(self.description.views, self.description.view_rows, strict=True)
            for keys in (*view.bands.T[:, :, None], view.rare_pairs)
        ]

    def scorer(self, counts: StatsSnapshot, floor: float, *, prefilter: bool) -> PairScorer:
        """How pairs of records are scored under some counts."""
        scoring_context = replace(self.scoring_context(counts), floor=floor if prefilter else 0)
        return partial(score_slices, self, partial(score_pairs, scoring_context), floor)

    def max_exact_gap(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each content are still one story."""
        scoring_context = scoring_context_of(self, np.flatnonzero(self.content_ids >= 0))
        return max_exact_gap(scoring_context, content_ids, self.settings.threshold)

    def scoring_context(self, counts: StatsSnapshot) -> ScoringContext:
        """What the decision may look at under some counts."""
        zones = [view.zones for view in self.description.views]
        return scoring_context_over(
            self.settings, self.corpus_stats, counts, zones, self.corpus_stats.texts
        )


def build_memory_backend(
    corpus: Corpus,
    description: Contents,
    settings: Settings,
    links: LabelConstraints = NO_CONSTRAINTS,
) -> MemoryBackend:
    """Number the words and the outlets of a described corpus."""
    return MemoryBackend(
        settings=settings,
        links=links,
        order=policy_order(
            canonical_policy(settings), canonical_qualities(corpus, withdrawn_mask(description))
        ),
        times=corpus.times,
        digests=corpus.digests,
        writers=code_strings(corpus.sources).writers,
        content_ids=description.content_ids,
        content_count=len(description),
        versions=description.versions,
        present=np.stack([view.fingerprints[view.rows] > 0 for view in description.views]),
        corpus=corpus,
        description=description,
        corpus_stats=build_corpus_stats(description, corpus.times, settings.numbers),
    )


def canonical_policy(settings: Settings) -> tuple[str, ...]:
    """The whole canonical policy: never a withdrawn version, then what is preferred, then kept."""
    return ("not-withdrawn", *settings.prefer, *settings.keep)


def withdrawn_mask(description: Contents) -> NDArray[np.bool_]:
    """Whether a text of each record states that it is withdrawn."""
    return np.asarray(np.any([view.withdrawn[view.rows] for view in description.views], axis=0))


def canonical_qualities(corpus: Corpus, withdrawn: NDArray[np.bool_]) -> Qualities:
    """What the canonical policy may ask of each record."""
    return Qualities(
        sources=corpus.sources,
        times=corpus.times,
        withdrawn=withdrawn,
        filled=np.sum([completeness(column) for column in corpus.texts], axis=0),
        lengths=np.sum([text_lengths(column) for column in corpus.texts], axis=0),
        digests=corpus.digests,
    )


def text_lengths(texts: Sequence[str]) -> NDArray[np.int64]:
    """How many characters each text has."""
    return np.fromiter(map(len, texts), np.int64, len(texts))


def completeness(texts: Sequence[str]) -> NDArray[np.int64]:
    """2 for each text that is there, 1 for one that breaks off in an ellipsis, 0 for none."""
    worth = [2 * bool(text) - text.endswith(ELLIPSES) for text in texts]
    return np.array(worth, dtype=np.int64)


def scoring_context_of(backend: MemoryBackend, records: NDArray[np.int64]) -> ScoringContext:
    """What the decision may look at with counts over the texts and days of some records."""
    return backend.scoring_context(backend.counts(records))
