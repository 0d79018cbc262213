"""Keys to candidate pairs, on the workers, by the function of any run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.candidates import Candidates, pair_sorted
from dedupe.engines.arrow import numbers
from dedupe.engines.spark.schema import PAIRED, batch_of, columns_of, frame_of
from dedupe.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    Rows = NDArray[np.int64]

BUCKET = ("field", "family", "key")


def meet(spark: SparkSession, fields: Sequence[DataFrame], kinds: NDArray[np.int64]) -> Candidates:
    """Candidate pairs among some kinds, given in order; the tables have a row a kind."""
    living = frame_of(spark, {"kind": kinds, "rank": np.arange(len(kinds))})
    keys = None
    for field, table in enumerate(fields):
        own = keys_of(table.join(living, "kind"), field)
        keys = own if keys is None else keys.unionByName(own)
    if keys is None:
        raise ValueError("a run has a field")
    in_order = keys.repartition(*BUCKET).sortWithinPartitions(*BUCKET, "rank")
    found = in_order.select(*BUCKET, "kind").mapInArrow(pair_rows, PAIRED)
    told = found.groupBy("code", "crowded").agg(
        f.sum("hot").alias("hot"), f.max("largest").alias("largest")
    )
    rows = columns_of(told, "code", "crowded", "hot", "largest")
    return Candidates(
        codes=np.sort(rows["code"][rows["code"] >= 0]),
        hot_buckets=int(rows["hot"].sum()),
        largest_bucket=int(rows["largest"].max(initial=0)),
        crowded=np.sort(rows["crowded"][rows["crowded"] >= 0]),
    )


def keys_of(table: DataFrame, field: int) -> DataFrame:
    """A row for each key of each kind; those of an anchor are of one family."""
    bands = table.select("kind", "rank", f.posexplode("bands").alias("family", "key"))
    anchors = table.select(
        "kind", "rank", f.lit(-1).alias("family"), f.explode("anchors").alias("key")
    )
    return bands.unionByName(anchors).where("key <> 0").withColumn("field", f.lit(field))


def pair_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The pairs of each bucket of sorted keys, which may span batches; one bucket is held."""
    held: list[Rows] = []
    hot = largest = 0
    for rows in (*map(rows_of, filter(len, incoming)), None):
        if rows is not None:
            held.append(rows)
            if np.array_equal(held[0][:-1, 0], rows[:-1, -1]):
                continue
        if held:
            joined = np.concatenate(held, axis=1)
            buckets = buckets_of(joined[:-1])
            whole = len(buckets) if rows is None else int(np.searchsorted(buckets, buckets[-1]))
            found = pair_sorted(buckets[:whole], joined[-1, :whole])
            hot, largest = hot + found.hot, max(largest, found.largest)
            yield found_rows(code=found.pairs)
            yield found_rows(crowded=found.crowded)
            held = [joined[:, whole:]]
    told = np.array([hot]), np.array([largest])
    yield found_rows(hot=told[0], largest=told[1])


def rows_of(batch: pa.RecordBatch) -> Rows:
    """A batch's columns as the rows of a matrix: those of ``BUCKET``, then kinds."""
    return np.stack([numbers(batch[name]).astype(np.int64) for name in (*BUCKET, "kind")])


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


def found_rows(**columns: NDArray[np.int64]) -> pa.RecordBatch:
    """Rows of ``PAIRED``."""
    count = len(next(iter(columns.values())))
    none = {"code": np.full(count, -1), "crowded": np.full(count, -1)}
    figures = dict.fromkeys(("hot", "largest"), np.zeros(count, np.int64))
    return batch_of(PAIRED, {**none, **figures, **columns})
