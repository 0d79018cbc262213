"""Pairs to scores, on the workers, by the functions of any run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.arrow import numbers_array
from dedupe.backends.spark.arrow import joined
from dedupe.backends.spark.schema import REACHED, batch_of, scored_schema
from dedupe.backends.spark.text_columns import TextColumns, text_columns
from dedupe.scoring.corpus_stats import StatsSnapshot, build_scoring_context
from dedupe.scoring.pair_context import PairContext
from dedupe.scoring.score import max_exact_gap, score_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.config import Settings
    from dedupe.scoring.pair_context import ScoringContext
    from dedupe.text.vocabulary import Vocabulary

RECURRENCE = ("days", "weeks")
RETURNS = ("met_days", "met_weeks", "met_crowd")
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class WorkerScorer:
    """What workers need to score pairs, beside their texts; ``weights`` of words are by field.

    ``signs`` is how many rare-pair keys a text may have.
    """

    settings: Settings
    vocabulary: Vocabulary
    weights: tuple[NDArray[np.int64], ...]
    signs: int

    def scoring_context(self, batch: pa.RecordBatch, sides: Sequence[str]) -> ScoringContext:
        """The evidence on the texts of some rows, those of one side after those of the other.

        Each row has signs of its own, by which it finds what the driver counted for it.
        """
        own = np.arange(batch.num_rows, dtype=np.int32)
        returns = np.stack([numbers_array(batch[name]) for name in RETURNS], axis=1)
        shown = np.stack([numbers_array(batch[name]) for name in RECURRENCE], axis=1)
        rare_pairs = np.full((len(own), self.signs), -1, np.int32)
        rare_pairs[:, 0] = np.where(np.isnan(returns[:, 0]), -1, own)
        pages = [self.page(batch, sides, field) for field in range(len(self.weights))]
        columns = [
            page.column(self.vocabulary, weights)
            for page, weights in zip(pages, self.weights, strict=True)
        ]
        signs = np.tile(own, len(sides)), np.tile(rare_pairs, (len(sides), 1))
        counts = StatsSnapshot(self.weights, shown, np.nan_to_num(returns))
        letters = [page.letters for page in pages]
        found = build_scoring_context(self.settings, columns, letters, signs, counts)
        return replace(found, jobs=1)

    def page(self, batch: pa.RecordBatch, sides: Sequence[str], field: int) -> TextColumns:
        """One field's texts of some rows."""
        first, *rest = (
            text_columns(
                batch[f"{side}_words_{field}"],
                batch[f"{side}_zones_{field}"],
                batch[f"{side}_text_{field}"],
                self.vocabulary,
                self.settings.numbers,
            )
            for side in sides
        )
        return first + rest[0] if rest else first


def score_on_workers(texts: DataFrame, pairs: DataFrame, bench: WorkerScorer) -> DataFrame:
    """The scores on pairs of contents ``left`` and ``right``; ``texts`` has a row a kind."""
    both = pairs
    for side in SIDES:
        both = joined(both, side_of(texts, side), side)
    return both.mapInArrow(partial(score_rows, bench), scored_schema(len(bench.weights)))


def side_of(texts: DataFrame, side: str) -> DataFrame:
    """The texts of all contents as those of one side of pairs."""
    own = [f.col(name).alias(f"{side}_{name}") for name in texts.columns if name != "kind"]
    return texts.select(f.col("kind").alias(side), *own)


def score_rows(bench: WorkerScorer, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``scored_schema`` for pairs with both texts and what the driver told of them."""
    schema = scored_schema(len(bench.weights))
    for batch in filter(len, incoming):
        positions = np.arange(batch.num_rows)
        ends = PairContext(
            positions,
            positions + len(positions),
            numbers_array(batch["hours"]),
            numbers_array(batch["same"]),
        )
        found = score_pairs(bench.scoring_context(batch, SIDES), ends)
        parts = {f"part_{field}": part for field, part in enumerate(found.parts.T)}
        told = {"place": batch["place"], "score": found.scores, "hope": found.upper_bounds}
        yield batch_of(schema, {**told, **parts})


def max_exact_gap_on_workers(
    texts: DataFrame, content_ids: DataFrame, bench: WorkerScorer
) -> DataFrame:
    """How many seconds apart two records of each content ``left`` are still one story."""
    both = joined(content_ids, side_of(texts, SIDES[0]), SIDES[0])
    return both.mapInArrow(partial(max_gap_rows, bench), REACHED)


def max_gap_rows(
    bench: WorkerScorer, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``REACHED`` for contents with their texts and what the driver told of them."""
    for batch in filter(len, incoming):
        scoring_context = bench.scoring_context(batch, SIDES[:1])
        found = max_exact_gap(scoring_context, np.arange(batch.num_rows), bench.settings.threshold)
        yield batch_of(REACHED, {"kind": batch["left"], "reach": found})
