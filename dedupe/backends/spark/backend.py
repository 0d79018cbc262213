"""A run whose texts are on workers: the driver holds a few numbers a record, and the passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.arrow import matrix_of
from dedupe.backends.memory import canonical_policy
from dedupe.backends.spark import blocking, scoring
from dedupe.backends.spark.arrow import FEW, asked_of, joined, sorted_columns, table_of
from dedupe.backends.spark.scoring import RECURRENCE, RETURNS, WorkerScorer
from dedupe.backends.spark.texts import preprocess_field, vocabulary_of, words_of
from dedupe.backends.word_columns import WordColumnBackend, load_words
from dedupe.clustering.canonical import policy_order
from dedupe.errors import BackendError
from dedupe.scoring.active_days import build_active_days
from dedupe.scoring.corpus_stats import CorpusStats, number_rare_pairs, number_values
from dedupe.scoring.pair_context import CONTEXT, PairContext, context_rows
from dedupe.scoring.pair_context import RETURNS as RECURRING
from dedupe.scoring.score import PairScores
from dedupe.text.preprocess import content_ids_of, stated_versions
from dedupe.text.vocabulary import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.record_meta import RecordMeta
    from dedupe.backends.spark.stage import Stage
    from dedupe.backends.spark.texts import TextFacts
    from dedupe.blocking.lsh import Candidates, OversizedBuckets
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.config import Settings
    from dedupe.scoring.pair_context import ScoringContext

AT_ONCE, BYTES_PER_CONTENT = 1 << 25, 8
"""So many pairs are scored at a time, and so many a kind of record where these are many."""


@dataclass(frozen=True, slots=True)
class SparkBackend(WordColumnBackend):
    """A run whose texts are in staged tables: ``keys`` a field and ``texts`` with a row a kind.

    Pairs that are looked at take some 200 bytes each on their way, and Spark Connect takes a table
    of 3 GiB at most.
    """

    LOOKED_AT = 1 << 24

    stage: Stage
    keys: tuple[DataFrame, ...]
    texts: DataFrame

    @property
    def at_once(self) -> int:
        """So many pairs are scored at a time, that the texts are sent about seldom."""
        return max(AT_ONCE, BYTES_PER_CONTENT * self.content_count)

    def candidate_pairs(
        self, content_ids: NDArray[np.int64], oversized: OversizedBuckets | None = None
    ) -> Candidates:
        """Candidate pairs among some contents."""
        if not len(content_ids) or (oversized is not None and not len(oversized.content_ids)):
            return blocking.nothing_proposed()
        return blocking.spark_candidate_pairs(self.stage, self.keys, content_ids, oversized)

    def look(
        self,
        scoring_context: ScoringContext,
        pair_context: PairContext,
        progress: Callable[[float], None],
    ) -> PairScores:
        """The scores on pairs of contents, by the workers."""
        positions = np.arange(len(pair_context))
        asked = {
            "place": positions,
            "left": pair_context.left,
            "right": pair_context.right,
            "hours": pair_context.hours,
            "same": pair_context.same_source,
            **recurring(scoring_context, pair_context),
        }
        texts = self.texts_of(np.unique([pair_context.left, pair_context.right]))
        told = scoring.score_on_workers(
            texts, asked_of(self.stage.spark, asked), self.bench(scoring_context)
        )
        names = [f"part_{field}" for field in range(len(self.zones))]
        found = answers(told, "place", positions, "score", "hope", *names)
        progress(1)
        return PairScores(
            found["score"], found["hope"], np.stack([found[name] for name in names], axis=1)
        )

    def max_exact_gap(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each content are still one story."""
        if not len(content_ids):
            return content_ids
        scoring_context = self.scoring_context(self.counts(np.flatnonzero(self.content_ids >= 0)))
        unknown = np.full(len(content_ids), np.nan)
        context = recurring(
            scoring_context, PairContext(content_ids, content_ids, unknown, unknown)
        )
        asked = asked_of(self.stage.spark, {"left": content_ids, **context})
        told = scoring.max_exact_gap_on_workers(
            self.texts_of(content_ids), asked, self.bench(scoring_context)
        )
        order = np.argsort(content_ids)
        reached = np.empty(len(content_ids), np.int64)
        reached[order] = answers(told, "kind", content_ids[order], "reach")["reach"]
        return reached

    def texts_of(self, content_ids: NDArray[np.int64]) -> DataFrame:
        """The texts of at least some contents: where they are few, the others are not sent."""
        if len(content_ids) > min(FEW, self.content_count // 2):
            return self.texts
        return self.texts.join(
            asked_of(self.stage.spark, {"kind": content_ids}), "kind", "left_semi"
        )

    def bench(self, scoring_context: ScoringContext) -> WorkerScorer:
        """What workers need of the evidence beside their texts."""
        weights = tuple(column.weights for column in scoring_context.columns)
        return WorkerScorer(
            self.settings,
            self.corpus_stats.vocabulary,
            weights,
            self.corpus_stats.rare_pairs.shape[1],
        )


def recurring(
    scoring_context: ScoringContext, pair_context: PairContext
) -> dict[str, NDArray[np.float64]]:
    """How often what two contents show returns, by the names of ``RECURRENCE`` and ``RETURNS``."""
    context = context_rows(scoring_context, pair_context)
    positions = [CONTEXT.index(name) for name in RECURRING]
    names = (*RECURRENCE, *RETURNS)
    return {name: context[:, position] for name, position in zip(names, positions, strict=True)}


def answers(
    told: DataFrame, key: str, asked: NDArray[np.int64], *names: str
) -> Mapping[str, NDArray[np.float64]]:
    """Columns in the order of what was asked; raises BackendError where some are missing."""
    found = sorted_columns(told, key, *names)
    if not np.array_equal(found[key], asked):
        raise BackendError(f"Spark gave {len(found[key]):,} rows of the {len(asked):,} asked for")
    return found


def open_spark_backend(
    stage: Stage,
    records: DataFrame,
    record_meta: RecordMeta,
    settings: Settings,
    links: LabelConstraints,
    progress: Callable[[float], None],
) -> SparkBackend:
    """Fold and sketch staged records on the workers, and gather what passes ask of them."""
    fields: list[TextFacts] = []
    for field in range(len(settings.field)):
        fields.append(preprocess_field(stage, records, settings, field))
        progress((field + 1) / len(settings.field))
    content_ids, rows = content_ids_of(
        [own.fingerprints for own in fields], [own.rows for own in fields], record_meta.times
    )
    keys, texts = tables_by_kind(stage, fields, rows)
    corpus_stats, zones = corpus_stats_of(fields, rows, keys[0], content_ids, record_meta.times)
    return SparkBackend(
        settings=settings,
        links=links,
        order=policy_order(canonical_policy(settings), record_meta.qualities(withdrawn_in(fields))),
        times=record_meta.times,
        digests=record_meta.digests,
        writers=record_meta.sources.writers,
        content_ids=content_ids,
        content_count=len(rows[0]),
        versions=stated_versions(
            [(o.rows, o.fingerprints, o.versions) for o in fields], len(content_ids)
        ),
        present=np.stack([own.fingerprints[own.rows] > 0 for own in fields]),
        corpus_stats=corpus_stats,
        zones=zones,
        stage=stage,
        keys=keys,
        texts=texts,
    )


def corpus_stats_of(
    fields: Sequence[TextFacts],
    rows: Sequence[NDArray[np.int64]],
    keys: DataFrame,
    content_ids: NDArray[np.int64],
    times: NDArray[np.int64],
) -> tuple[CorpusStats, tuple[NDArray[np.uint8], ...]]:
    """What of the words is counted, and the zones; ``keys`` are those of the first field."""
    spellings: dict[str, int] = {}
    for own in fields:
        spellings.update(vocabulary_of(own))
    vocabulary = learn_vocabulary(by_hash(spellings))
    held, zones = zip(*(load_words(words_of(own), vocabulary) for own in fields), strict=True)
    headlines = number_values(fields[0].fingerprints[rows[0]])
    anchored = table_of(keys.select("kind", "anchors")).sort_by("kind")["anchors"]
    rare_pairs = matrix_of(anchored.combine_chunks()).view(np.uint64)
    numbers = number_rare_pairs(rare_pairs, content_ids)
    corpus_stats = CorpusStats(
        vocabulary=vocabulary,
        rows=tuple(rows),
        held=held,
        headlines=headlines,
        rare_pairs=numbers,
        headline_days=build_active_days(headlines[:, None], content_ids, times),
        rare_pair_days=build_active_days(numbers, content_ids, times),
    )
    return corpus_stats, zones


def withdrawn_in(fields: Sequence[TextFacts]) -> NDArray[np.bool_]:
    """Whether a text of each record states that it is withdrawn."""
    return np.asarray(np.any([own.withdrawn[own.rows] for own in fields], axis=0))


def tables_by_kind(
    stage: Stage, fields: Sequence[TextFacts], rows: Sequence[NDArray[np.int64]]
) -> tuple[tuple[DataFrame, ...], DataFrame]:
    """For each field the keys of each content, and one table of the texts of each content."""
    keys, texts = [], None
    for field, (own, row) in enumerate(zip(fields, rows, strict=True)):
        named = {"kind": np.arange(len(row)), "first": own.firsts[row]}
        told = own.table.join(asked_of(stage.spark, named), "first")
        keys.append(stage.keep(f"keys_{field}", told.select("kind", "bands", "anchors")))
        spellings = told.select(
            "kind", *(f.col(name).alias(f"{name}_{field}") for name in ("words", "zones", "text"))
        )
        texts = spellings if texts is None else joined(texts, spellings, "kind")
    if texts is None:
        raise ValueError("a run has a field")
    return tuple(keys), stage.keep("texts", texts)
