"""Tables between the steps: Arrow to numpy and back on the workers, small ones on the driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Observation
from pyspark.sql import functions as f

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame, SparkSession

SORT = "merge"
"""Spark's name for a join by sorting both sides."""
FEW = 1 << 20
"""At most so many numbers are sent to every worker."""
ROWS = 1 << 13
"""At most so many rows are taken at a time."""
PLACES = 33
"""Bits of Spark's ids that count the rows of a part; the others number the part."""
ARROW = {
    "long": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "string": pa.string(),
    "array<long>": pa.list_(pa.int64()),
    "array<binary>": pa.list_(pa.binary()),
    "array<double>": pa.list_(pa.float64()),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A Spark session, and the folder where steps leave their tables; all workers can reach it."""

    spark: SparkSession
    folder: str

    def keep(self, name: str, frame: DataFrame) -> DataFrame:
        """Write a table and read it back: what a lost worker held is not computed again."""
        path = f"{self.folder}/{name}"
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def observed(
        self, name: str, frame: DataFrame, **figures: Column
    ) -> tuple[DataFrame, dict[str, Any]]:
        """Keep a table, and return it with aggregates of its rows, counted as they are written."""
        seen = Observation()
        columns = [column.alias(figure) for figure, column in figures.items()]
        return self.keep(name, frame.observe(seen, *columns)), seen.get

    def number(
        self, name: str, frame: DataFrame, order: Sequence[Column | str], number: str
    ) -> DataFrame:
        """Keep a table and return it with a ``number`` for each row, from 0 in the order given.

        Numbers are fixed on disk: Spark would number rows otherwise when it computes them again.
        """
        in_order = frame.repartitionByRange(*order).sortWithinPartitions(*order)
        held = self.keep(name, in_order.withColumn("at", f.monotonically_increasing_id()))
        part = f.shiftright("at", PLACES)
        counts = columns_of(held.groupBy(part.alias("part")).count(), "part", "count")
        by_part = np.argsort(counts["part"])
        sizes = counts["count"][by_part]
        columns = {"part": counts["part"][by_part], "first": np.cumsum(sizes) - sizes}
        offsets = f.broadcast(frame_of(self.spark, "part long, first long", columns))
        place = f.col("at").bitwiseAND((1 << PLACES) - 1)
        numbered = held.withColumn("part", part).join(offsets, "part")
        return numbered.withColumn(number, f.col("first") + place).drop("part", "first", "at")


def numbers_array(column: pa.Array) -> NDArray[Any]:
    """Return a column of numbers as an array."""
    return np.asarray(column.to_numpy(zero_copy_only=False))


def blobs(rows: NDArray[Any]) -> pa.Array:
    """Return each row of a matrix as bytes."""
    rows = np.ascontiguousarray(rows)
    width = rows.nbytes // max(len(rows), 1)
    offsets = pa.py_buffer((np.arange(len(rows) + 1) * width).astype(np.int32))
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, offsets, pa.py_buffer(rows)])


def matrix_of(column: pa.Array | pa.ChunkedArray, kind: Any, width: int) -> NDArray[Any]:  # noqa: ANN401 - what numpy takes for a type
    """Return the matrix of which each row was made bytes."""
    return np.frombuffer(b"".join(column.to_pylist()), kind).reshape(len(column), width)


def encoded(text: str) -> bytes:
    """Return a text as bytes; halves of surrogate pairs pass."""
    return text.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    """Return the text of some bytes."""
    return data.decode("utf-8", "surrogatepass")


def names_of(schema: str) -> tuple[str, ...]:
    """Return the names of a schema's columns."""
    return tuple(part.split()[0] for part in schema.split(", "))


def batch_of(schema: str, columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Return rows for Spark, whose columns are as the schema names them; others are null."""
    types = dict(part.split() for part in schema.split(", "))
    count = len(next(iter(columns.values())))
    arrays = [
        as_array(columns.get(name, [None] * count), ARROW[kind]) for name, kind in types.items()
    ]
    return pa.RecordBatch.from_arrays(arrays, list(types))


def as_array(values: Any, kind: pa.DataType) -> pa.Array:  # noqa: ANN401 - what Arrow takes
    """Return values as Arrow has them."""
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def slices(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield rows a few at a time."""
    for batch in incoming:
        for start in range(0, batch.num_rows, ROWS):
            yield batch.slice(start, ROWS)


def columns_of(frame: DataFrame, *names: str) -> dict[str, NDArray[Any]]:
    """Return some columns of numbers of a small frame as arrays on the driver."""
    rows = frame.select(*names).collect()
    return {name: np.array([row[name] for row in rows], np.int64) for name in names}


def frame_of(spark: SparkSession, schema: str, columns: Mapping[str, Any]) -> DataFrame:
    """Return a small frame of columns that are on the driver."""
    values = (np.asarray(columns[name]).tolist() for name in names_of(schema))
    return spark.createDataFrame(list(zip(*values, strict=True)), schema)


def joined(left: DataFrame, right: DataFrame, on: str | list[str], how: str = "inner") -> DataFrame:
    """Join two tables by sorting both.

    Spark sends one whole to all workers where its files are small, and files are where much in them
    is alike: it may still be more than memory holds.
    """
    return left.join(right.hint(SORT), on, how)


def union_of(first: DataFrame, *others: DataFrame) -> DataFrame:
    """Return the rows of all frames, which have the same columns in the same order."""
    for other in others:
        first = first.union(other)
    return first
