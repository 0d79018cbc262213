"""Records to nodes: numbered in order of time, with what makes equal headlines and contents one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import batch_of, joined, numbers_array
from dedupe.backends.spark.part import Demands, Part, whole_groups
from dedupe.backends.spark.streams import IN_PLAY, KEYS, STREAM, TITLE, KeyStream, key_rows
from dedupe.backends.spark.texts import FACTS, PREPARED, TEXTS, prepare_rows
from dedupe.pipeline import group_copies
from dedupe.scoring.metadata import reach_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.constraints import Labels
    from dedupe.backends.spark.stage import Stage
    from dedupe.config import Settings

NODE = f"node long, {FACTS}, title long, generic boolean, content long, rare binary, bands binary"
"""A record with a text: ``title`` and ``content`` are equal for equal headlines and contents."""
SIGN = -(1 << 63)
REACH = "content long, reach long"
STANDS = "node long, representative long"


def prepare(stage: Stage, records: DataFrame, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """Return rows of ``NODE``, and the texts by node."""
    names = ("position", "time", "day", "digest", "source", "texts")
    rows = records.select(*names).mapInArrow(partial(prepare_rows, settings), PREPARED)
    digest = f.col("digest").bitwiseXOR(f.lit(SIGN)).alias("unsigned")
    order = [f.col("time"), digest, f.col("position")]
    nodes = stage.number("ordered", rows.where("said is not null"), order, "node")
    named = nodes.select("node", *names[:-1], *NODE_FACTS, "titled", "generic", "said", *KEPT)
    titled = named.repartition("titled").sortWithinPartitions("titled", "position")
    said = titled.mapInArrow(first_titles, SAID).repartition("said")
    said = said.sortWithinPartitions("said", "node").mapInArrow(first_contents, NODE)
    texts = nodes.select("node", *(part.split()[0] for part in TEXTS.split(", ")))
    return stage.keep("contents", said), texts


NODE_FACTS = ("version", "length", "whole", "plain", "withdrawn")
KEPT = ("rare", "bands")
SAID = f"node long, {FACTS}, title long, generic boolean, said binary, rare binary, bands binary"


def first_titles(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Number equal headlines by the first record that has each, which says if it is generic.

    The outlet tells generic headlines apart: two outlets' morning briefings are two.
    """
    held: tuple[bytes, int, bool] | None = None
    for batch in incoming:
        titles, generic = [], []
        columns = (batch[name].to_pylist() for name in ("titled", "position", "generic"))
        for titled, position, own in zip(*columns, strict=True):
            if held is None or held[0] != titled:
                held = titled, position, own
            titles.append(held[1])
            generic.append(held[2])
        said = [
            (1 + len(source.encode())).to_bytes(4) + source.encode() + value if flag else value
            for value, source, flag in zip(
                batch["said"].to_pylist(), batch["source"].to_pylist(), generic, strict=True
            )
        ]
        yield with_columns(batch, SAID, {"title": titles, "generic": generic, "said": said})


def first_contents(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Number equal contents by the first node that has each."""
    held: tuple[bytes, int] | None = None
    for batch in incoming:
        contents = []
        for said, node in zip(batch["said"].to_pylist(), batch["node"].to_pylist(), strict=True):
            if held is None or held[0] != said:
                held = said, node
            contents.append(held[1])
        yield with_columns(batch, NODE, {"content": contents})


def with_columns(batch: pa.RecordBatch, schema: str, columns: dict[str, Any]) -> pa.RecordBatch:
    """Return the rows of a batch that a schema names, with some other columns."""
    names = [part.split()[0] for part in schema.split(", ")]
    return batch_of(
        schema, {name: columns[name] if name in columns else batch[name] for name in names}
    )


def stream_keys(rows: DataFrame, kinds: str, stream: KeyStream) -> DataFrame:
    """Return rows of ``STREAM`` for rows of nodes with ``marks``, by some kinds of keys."""
    keys = rows.mapInArrow(partial(key_rows, kinds), KEYS)
    return stream_sorted(keys, stream)


def stream_sorted(keys: DataFrame, stream: KeyStream) -> DataFrame:
    """Return rows of ``STREAM`` for rows of ``KEYS``."""
    in_order = keys.repartition("key").sortWithinPartitions("key", "node")
    return in_order.mapInArrow(stream, STREAM)


def with_counts(wanted: DataFrame, counts: DataFrame) -> DataFrame:
    """Return nodes with what recurs of their keys: of the title only where ``marks`` say in play.

    ``wanted`` has ``node``, ``time``, ``marks``, ``title`` and ``rare`` among its columns.
    """
    held = wanted.select("node", "time", "marks", "title", "rare")
    keys = held.mapInArrow(partial(key_rows, "rare title"), KEYS)
    told = keys.where((f.col("key") < TITLE) | (f.col("marks").bitwiseAND(IN_PLAY) > 0))
    found = joined(told.select("key", "node"), counts, "key")
    dated = f.struct("key", "days", "weeks", "contents")
    lists = found.groupBy("node").agg(f.collect_list(dated).alias("counts"))
    return wanted.join(lists.hint("merge"), "node", "left")


def representatives(
    stage: Stage, nodes: DataFrame, texts: DataFrame, counts: DataFrame, labels: Labels
) -> DataFrame:
    """Return nodes with the node that stands for each and the number of nodes that it stands for.

    ``counts`` are over all nodes, ``nodes`` have their ``group``.
    """
    demands = labels.demands
    several = nodes.groupBy("content").count().where("count > 1").select("content")
    firsts = joined(nodes, several.withColumnRenamed("content", "node"), "node")
    known = joined(with_counts(firsts.withColumn("marks", f.lit(IN_PLAY)), counts), texts, "node")
    reach = known.drop("bands").mapInArrow(partial(reach_rows, demands), REACH)
    copies = joined(nodes.drop("rare", "bands"), reach, "content").repartition("content")
    in_order = copies.sortWithinPartitions("content", "node")
    stands = stage.keep("copies", in_order.mapInArrow(partial(copy_rows, demands), STANDS))
    own = f.coalesce("representative", "node").alias("representative")
    told = nodes.join(stands.hint("merge"), "node", "left").select(*nodes.columns, own)
    sizes = stands.groupBy("representative").agg(f.count("*").alias("size"))
    sizes = sizes.withColumnRenamed("representative", "node")
    sized = told.join(sizes.hint("merge"), "node", "left")
    return stage.keep("nodes", sized.fillna(1, ["size"]))


def reach_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return how far apart in time equal records are one story, for the first of each content."""
    for batch in incoming:
        matcher = Part(demands, batch).matcher
        nodes = np.arange(batch.num_rows)
        needed = matcher.threshold - matcher.text_odds(nodes, nodes)
        model, meta = matcher.scoring.model, matcher.meta
        reach = reach_seconds(model, meta, matcher.recurrence, matcher.rare, nodes, needed)
        reach[numbers_array(batch["generic"]).astype(bool)] = 0
        yield batch_of(REACH, {"content": batch["content"], "reach": reach})


def copy_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the representative of each node of contents that several have, by content."""
    for rows in whole_groups(incoming, "content"):
        part = Part(demands, rows)
        found = group_copies(part.matcher, part.constraints, part.order)
        nodes = numbers_array(rows["node"])
        yield batch_of(STANDS, {"node": nodes, "representative": nodes[found]})
