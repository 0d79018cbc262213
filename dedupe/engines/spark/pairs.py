"""Keys to candidate pairs, on the workers, by the function of any run."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.candidates import Candidates, Crowd, pair_sorted
from dedupe.engines.arrow import numbers
from dedupe.engines.spark.carry import columns_of, frame_of
from dedupe.engines.spark.schema import PAIRED, batch_of
from dedupe.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    Rows = NDArray[np.int64]

BUCKET = ("family", "key")
NAMES = ("code", *BUCKET, "largest")
WIDE = 1 << 16
"""More than any field has families of keys."""


def meet(
    spark: SparkSession,
    fields: Sequence[DataFrame],
    kinds: NDArray[np.int64],
    crowd: Crowd | None = None,
) -> Candidates:
    """Candidate pairs among some kinds, given in order; the tables have a row a kind.

    ``crowd`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`.
    """
    living = frame_of(spark, {"kind": kinds, "rank": np.arange(len(kinds))})
    keys = keys_among(fields, living)
    if crowd is not None:
        columns = crowd.keys.view(np.int64).T
        wanted = frame_of(spark, dict(zip(BUCKET, columns, strict=True)))
        stirred = frame_of(spark, {"kind": crowd.kinds, "rank": crowd.kinds})
        wanted = wanted.join(keys_among(fields, stirred), list(BUCKET), "left_semi")
        keys = keys.join(wanted, list(BUCKET), "left_semi")
    in_order = keys.repartition(*BUCKET).sortWithinPartitions(*BUCKET, "rank")
    found = in_order.select(*BUCKET, "kind").mapInArrow(pair_rows, PAIRED)
    told = found.groupBy("code", *BUCKET).agg(f.max("largest").alias("largest"))
    rows = columns_of(told, *NAMES)
    hot = np.flatnonzero(rows["family"] >= 0)
    codes = np.sort(rows["code"][rows["code"] >= 0])
    return Candidates(
        parts=[codes],
        count=len(codes),
        hot_buckets=len(hot),
        largest_bucket=int(rows["largest"].max(initial=0)),
        crowded=np.stack([rows[name][hot] for name in BUCKET], axis=1).view(np.uint64),
    )


def nothing_proposed() -> Candidates:
    """No pairs."""
    return Candidates((), 0, 0, 0, np.zeros((0, 2), np.uint64))


def keys_among(fields: Sequence[DataFrame], kinds: DataFrame) -> DataFrame:
    """A row for each key of each field of some kinds."""
    tables = [keys_of(table.join(kinds, "kind"), field) for field, table in enumerate(fields)]
    return reduce(lambda one, other: one.unionByName(other), tables)


def keys_of(table: DataFrame, field: int) -> DataFrame:
    """A row for each key of each kind of a field; its anchors are one family."""
    bands = table.select("kind", "rank", f.posexplode("bands").alias("band", "key"))
    anchors = table.select(
        "kind", "rank", f.lit(-1).alias("band"), f.explode("anchors").alias("key")
    )
    family = (f.col("band") + (field * WIDE + 1)).cast("long").alias("family")
    return bands.unionByName(anchors).where("key <> 0").select(family, "key", "rank", "kind")


def pair_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The pairs of each bucket of sorted keys, which may span batches; one bucket is held."""
    held: list[Rows] = []
    for rows in (*map(rows_of, filter(len, incoming)), None):
        if rows is not None:
            held.append(rows)
            if np.array_equal(held[0][:-1, 0], rows[:-1, -1]):
                continue
        if held:
            joined = np.concatenate(held, axis=1)
            buckets = buckets_of(joined[:-1])
            whole = len(buckets) if rows is None else int(np.searchsorted(buckets, buckets[-1]))
            yield from found_rows(joined[:, :whole], buckets[:whole])
            held = [joined[:, whole:]]


def found_rows(rows: Rows, buckets: NDArray[np.uint64]) -> Iterator[pa.RecordBatch]:
    """Rows of ``PAIRED`` for whole buckets."""
    *told, kinds = rows
    found = pair_sorted(buckets, kinds)
    firsts = np.searchsorted(buckets, found.hot)
    yield told_rows(code=found.pairs)
    yield told_rows(**{name: own[firsts] for name, own in zip(BUCKET, told, strict=True)})
    yield told_rows(largest=np.array([found.largest]))


def rows_of(batch: pa.RecordBatch) -> Rows:
    """A batch's columns as the rows of a matrix: those of ``BUCKET``, then kinds."""
    return np.stack([numbers(batch[name]) for name in (*BUCKET, "kind")])


def buckets_of(columns: Rows) -> NDArray[np.uint64]:
    """Sorted rows by number, equal where all columns are.

    Raises EngineError for rows out of order: an engine that dropped the sort would else give other
    pairs without a word.
    """
    tied = np.ones(columns.shape[1] - 1, dtype=bool)
    for column in columns:
        if (tied & (column[1:] < column[:-1])).any():
            raise EngineError("Spark gave keys out of order")
        tied &= column[1:] == column[:-1]
    return np.append(0, np.cumsum(~tied)).astype(np.uint64)


def told_rows(**columns: NDArray[np.int64]) -> pa.RecordBatch:
    """Rows of ``PAIRED`` with -1 in the other columns."""
    none = np.full(len(next(iter(columns.values()))), -1)
    return batch_of(PAIRED, {**dict.fromkeys(NAMES, none), **columns})
