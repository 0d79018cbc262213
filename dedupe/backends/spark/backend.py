"""A run whose texts are on workers: the driver holds a few numbers a record, and the passes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import asked_of, frame_of, joined, matrix_of, table_of
from dedupe.backends.spark.texts import (
    KEYS,
    META,
    ODDS,
    PAIRS,
    PREPARED,
    PairScorer,
    driver_texts,
    facts_only,
    key_rows,
    look_back_rows,
    prepare_rows,
)
from dedupe.contents import FieldTexts, number_contents
from dedupe.errors import BackendError
from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.matching import Matcher
from dedupe.models import Corpus
from dedupe.pair_keys import pack
from dedupe.pipeline import Backend
from dedupe.prepare import RARE_KEYS
from dedupe.scoring.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.stage import Stage
    from dedupe.config import Settings
    from dedupe.contents import Contents
    from dedupe.models import Batch
    from dedupe.scoring.metadata import RecordMeta

SOME = 1 << 16
FEW_NODES = 1 << 12
"""The texts of so few nodes are fetched and scored by the driver itself."""


class SparkBackend(Backend):
    """Keeps staged records on the workers, prepares their texts and scores their pairs there."""

    def __init__(self, stage: Stage, records: DataFrame) -> None:
        self.stage, self.records = stage, records
        self.contents: Contents

    def load(self, batches: Iterable[Batch], settings: Settings) -> Corpus:  # noqa: ARG002 - the records are staged
        """Return the ids, outlets, times and digests of all records."""
        names = ("id", "source", "time", "day", "digest")
        table = table_of(self.records.select("position", *names)).sort_by("position")
        ids, sources = StringPacker(), StringCoder()
        for batch in table.to_batches(SOME):
            ids.add(batch["id"].to_pylist())
            sources.add(batch["source"].to_pylist())
        times, digests = table["time"].to_numpy(), table["digest"].to_numpy().view(np.uint64)
        days = table["day"].to_numpy().astype(bool)
        return Corpus((), (), ids.packed(), sources.coded(), times, days, digests)

    def prepare(
        self, corpus: Corpus, settings: Settings, progress: Callable[[float], None]
    ) -> Contents:
        """Prepare the texts on the workers; return what the driver knows of them."""
        rows = self.records.select("position", "source", "texts")
        prepared = self.stage.keep(
            "prepared", rows.mapInArrow(partial(prepare_rows, settings), PREPARED)
        )
        progress(0.5)
        fields = len(settings.field)
        table = table_of(prepared.select("position", "meta", "rare")).sort_by("position")
        meta = matrix_of(table["meta"], META, fields)
        rare = matrix_of(table["rare"], np.uint32, fields * RARE_KEYS)
        del table
        progress(1)
        places = np.arange(len(corpus), dtype=np.int32)
        texts = [FieldTexts([driver_texts(meta, rare, field)], places) for field in range(fields)]
        self.contents = number_contents(texts, corpus)
        return replace(self.contents, texts=facts_only(self.contents.texts))

    def matcher(
        self, nodes: NDArray[np.int64], contents: Contents, meta: RecordMeta, settings: Settings
    ) -> Matcher:
        """Return what finds the accepted pairs among nodes."""
        whole, self.contents = self.contents, contents  # keys are of no use once they are grouped
        return SparkMatcher(self.stage, nodes, whole, meta, settings)


class SparkMatcher(Matcher):
    """Finds and scores candidate pairs on the workers.

    Texts are fetched for the clusters alone that an accepted pair connects with another one, and
    for few records: those are scored by the driver.
    """

    def __init__(
        self,
        stage: Stage,
        nodes: NDArray[np.int64],
        contents: Contents,
        meta: RecordMeta,
        settings: Settings,
    ) -> None:
        super().__init__(nodes, contents, meta, settings)
        self.scoring = replace(self.scoring, texts=facts_only(contents.texts))
        self.stage, self.scorer = stage, PairScorer(settings)
        placed = {"position": nodes, "node": np.arange(len(nodes)), "time": self.meta.times}
        prepared = stage.kept("prepared", PREPARED)
        known = joined(prepared, frame_of(stage.spark, placed), "position")
        self.texts = stage.keep("nodes", known.drop("position"))
        self.keys = stage.keep(
            "keys", self.texts.select("node", "time", "rare", "bands").mapInArrow(key_rows, KEYS)
        )
        self.fetched: dict[int, Any] = {}

    def search(self, in_play: NDArray[np.bool_], progress: Callable[[float], None]) -> int:
        """Score the new candidates on the workers; return how many there were."""
        keys, moved = self.keys, np.flatnonzero(in_play != self.before)
        if len(moved) < len(in_play) // 2:
            touched = keys.join(asked_of(self.stage.spark, {"node": moved}), "node", "left_semi")
            keys = keys.join(touched.select("key").distinct(), "key", "left_semi")
        in_order = keys.repartition("key").sortWithinPartitions("key", "node")
        masks = [np.packbits(mask).tobytes() for mask in (in_play, self.before)]
        pairs = in_order.mapInArrow(partial(look_back_rows, *masks), PAIRS).distinct()
        self.fetched.clear()
        found = table_of(
            self.with_texts(pairs).mapInArrow(partial(self.scorer.near, self.least), ODDS)
        )
        progress(1)
        keys_found, odds = found["pair"].to_numpy(), found["odds"].to_numpy()
        counts = keys_found < 0
        self.pairs.add(keys_found[~counts], odds[~counts])
        return int(odds[counts].sum())

    def with_texts(self, pairs: DataFrame) -> DataFrame:
        """Return pairs with the texts of both their records."""
        ends = pairs.select(
            "pair",
            f.shiftright("pair", 32).alias("left"),
            f.col("pair").bitwiseAND(0xFFFFFFFF).alias("right"),
        )
        for side in ("left", "right"):
            named = [f.col(name).alias(f"{side}_{name}") for name in ("tokens", "letters", "meta")]
            own = self.texts.select(f.col("node").alias(side), *named)
            ends = joined(ends, own, side)
        return ends

    def text_odds(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the log-odds of pairs of nodes by their texts, by the workers if they are many."""
        nodes = np.unique(np.concatenate([left, right]))
        if len(nodes) <= FEW_NODES or all(map(self.fetched.__contains__, nodes.tolist())):
            scoring = self.scorer.scoring(*self.fetch(nodes))
            return score_pairs(scoring, np.searchsorted(nodes, left), np.searchsorted(nodes, right))
        return self.ask(self.scorer.odds, ODDS, "odds", left, right)

    def scores(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores of pairs of nodes, by the driver: linkage asks for few at a time."""
        self.fetch(np.unique(np.concatenate([left, right])))
        return super().scores(left, right)

    def similarities(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the similarity of each field of pairs of nodes, NaN where one lacks it."""
        fields = len(self.settings.field)
        schema = "pair long, parts binary"
        parts = self.ask(self.scorer.similarities, schema, "parts", left, right)
        return np.frombuffer(b"".join(parts.tolist()), np.float64).reshape(-1, fields)

    def ask(
        self,
        work: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        schema: str,
        name: str,
        left: NDArray[np.int64],
        right: NDArray[np.int64],
    ) -> NDArray[Any]:
        """Return a value a pair from the workers; raises BackendError where some are missing."""
        pairs = pack(left, right)
        keys, inverse = np.unique(pairs, return_inverse=True)
        if not len(keys):
            return np.zeros(0)
        asked = frame_of(self.stage.spark, {"pair": keys})
        table = table_of(self.with_texts(asked).mapInArrow(work, schema)).sort_by("pair")
        if not np.array_equal(table["pair"].to_numpy(), keys):
            raise BackendError(f"Spark gave {table.num_rows:,} rows of the {len(keys):,} asked for")
        return np.asarray(table[name].to_numpy())[inverse]

    def fetch(self, nodes: NDArray[np.int64]) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the tokens, letters and facts of some nodes; the driver keeps them for a pass."""
        missing = [node for node in nodes.tolist() if node not in self.fetched]
        if missing:
            asked = asked_of(self.stage.spark, {"node": np.array(missing)})
            names = ("node", "tokens", "letters", "meta")
            table = table_of(self.texts.join(asked, "node").select(*names))
            for node, *own in zip(*(table[name].to_pylist() for name in names), strict=True):
                self.fetched[node] = own
        rows = [self.fetched[node] for node in nodes.tolist()]
        tokens, letters, meta = zip(*rows, strict=True) if rows else ((), (), ())
        return list(tokens), list(letters), list(meta)
