"""Pairs to verdicts, on the workers, by the functions of any run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.engines.arrow import numbers
from dedupe.engines.spark.carry import joined
from dedupe.engines.spark.page import Page, page_of
from dedupe.engines.spark.schema import REACHED, batch_of, judged_schema
from dedupe.pipeline.evidence import evidence_of
from dedupe.pipeline.register import Counts
from dedupe.verify import Ends, identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.settings import Settings
    from dedupe.verify import Evidence
    from dedupe.words import Vocabulary

RECURRENCE = ("days", "weeks")
RETURNS = ("met_days", "met_weeks", "met_crowd")
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Bench:
    """What workers need to score pairs, beside their texts; ``weights`` of words are by field.

    ``signs`` is how many anchor keys a text may have.
    """

    settings: Settings
    vocabulary: Vocabulary
    weights: tuple[NDArray[np.int64], ...]
    signs: int

    def evidence(self, batch: pa.RecordBatch, sides: Sequence[str]) -> Evidence:
        """The evidence on the texts of some rows, those of one side after those of the other.

        Each row has signs of its own, by which it finds what the driver counted for it.
        """
        own = np.arange(batch.num_rows, dtype=np.int32)
        met = np.stack([numbers(batch[name]) for name in RETURNS], axis=1)
        shown = np.stack([numbers(batch[name]) for name in RECURRENCE], axis=1)
        anchors = np.full((len(own), self.signs), -1, np.int32)
        anchors[:, 0] = np.where(np.isnan(met[:, 0]), -1, own)
        pages = [self.page(batch, sides, field) for field in range(len(self.weights))]
        columns = [
            page.column(self.vocabulary, weights)
            for page, weights in zip(pages, self.weights, strict=True)
        ]
        signs = np.tile(own, len(sides)), np.tile(anchors, (len(sides), 1))
        counts = Counts(self.weights, shown, np.nan_to_num(met))
        letters = [page.letters for page in pages]
        found = evidence_of(self.settings, columns, letters, signs, counts)
        return replace(found, jobs=1)

    def page(self, batch: pa.RecordBatch, sides: Sequence[str], field: int) -> Page:
        """One field's texts of some rows."""
        first, *rest = (
            page_of(
                batch[f"{side}_words_{field}"],
                batch[f"{side}_zones_{field}"],
                batch[f"{side}_text_{field}"],
                self.vocabulary,
                self.settings.numbers,
            )
            for side in sides
        )
        return first + rest[0] if rest else first


def judge(texts: DataFrame, pairs: DataFrame, bench: Bench) -> DataFrame:
    """The verdicts on pairs of kinds ``left`` and ``right``; ``texts`` has a row a kind."""
    both = pairs
    for side in SIDES:
        both = joined(both, side_of(texts, side), side)
    return both.mapInArrow(partial(judge_rows, bench), judged_schema(len(bench.weights)))


def side_of(texts: DataFrame, side: str) -> DataFrame:
    """The texts of all kinds as those of one side of pairs."""
    own = [f.col(name).alias(f"{side}_{name}") for name in texts.columns if name != "kind"]
    return texts.select(f.col("kind").alias(side), *own)


def judge_rows(bench: Bench, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``judged_schema`` for pairs with both texts and what the driver told of them."""
    schema = judged_schema(len(bench.weights))
    for batch in filter(len, incoming):
        places = np.arange(batch.num_rows)
        ends = Ends(places, places + len(places), numbers(batch["hours"]), numbers(batch["same"]))
        found = verify(bench.evidence(batch, SIDES), ends)
        parts = {f"part_{field}": part for field, part in enumerate(found.parts.T)}
        told = {"place": batch["place"], "score": found.scores, "hope": found.hopes}
        yield batch_of(schema, {**told, **parts})


def reach(texts: DataFrame, kinds: DataFrame, bench: Bench) -> DataFrame:
    """How many seconds apart two records of each kind ``left`` are still one story."""
    both = joined(kinds, side_of(texts, SIDES[0]), SIDES[0])
    return both.mapInArrow(partial(reach_rows, bench), REACHED)


def reach_rows(bench: Bench, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``REACHED`` for kinds with their texts and what the driver told of them."""
    for batch in filter(len, incoming):
        evidence = bench.evidence(batch, SIDES[:1])
        found = identical_reach(evidence, np.arange(batch.num_rows), bench.settings.threshold)
        yield batch_of(REACHED, {"kind": batch["left"], "reach": found})
