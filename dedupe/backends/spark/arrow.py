"""Columns between driver and workers: schemas, Arrow to numpy and back.

Before Spark 4.0 columns go packed in rows, since it takes no Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import to_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from pyspark.sql import SparkSession

PACKED = "packed binary"
TAKES_ARROW = hasattr(DataFrame, "toArrow")
ROWS = 1 << 16
SORT = "merge"
"""Spark's name for a join by sorting both sides."""
FEW = 1 << 20
"""At most so many numbers are sent to every worker."""
RECORDS = (
    "file string, block long, place long, line long, raw binary, reason string, id string, "
    "source string, time long, day boolean, digest long, page long, "
    "texts array<binary>, met array<long>, seen string"
)
"""A line as it was read: ``position`` counts the records of its block, ``line`` its lines, from 1.

A bad line has a ``reason``, and a place of -1 where it may not be skipped. The last row of a block
has no ``raw``: ``met`` has its lines, bytes, blank lines and dates that could not be read, and
``seen`` the names of its fields and what they were used for. ``page`` is the key of its url.
"""
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
SPARK = {kind: name for name, kind in ARROW.items()}


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


def batch_of(schema: str, columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Return rows for Spark, whose columns are as the schema names them."""
    types = dict(part.split() for part in schema.split(", "))
    arrays = [as_array(columns[name], ARROW[kind]) for name, kind in types.items()]
    return pa.RecordBatch.from_arrays(arrays, list(types))


def as_array(values: Any, kind: pa.DataType) -> pa.Array:  # noqa: ANN401 - what Arrow takes
    """Return values as Arrow has them."""
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def columns_of(frame: DataFrame, *names: str) -> dict[str, NDArray[Any]]:
    """Return some columns of a frame as arrays on the driver."""
    table = table_of(frame.select(*names))
    return {name: numbers_array(table[name]) for name in names}


def table_of(frame: DataFrame) -> pa.Table:
    """Return a frame as a table on the driver."""
    if TAKES_ARROW:
        return frame.toArrow()
    rows = frame.mapInArrow(packed, PACKED).collect()
    batches = [batch for row in rows for batch in unpacked(row.packed)]
    types = [(field.name, ARROW[arrow_type(field.dataType)]) for field in frame.schema.fields]
    return pa.Table.from_batches(batches, pa.schema(types))


def schema_of(frame: DataFrame) -> pa.Schema:
    """Return the schema of a frame in Arrow."""
    return frame.limit(0).toArrow().schema if TAKES_ARROW else to_arrow_schema(frame.schema)


def frame_of(spark: SparkSession, columns: Mapping[str, Any] | pa.Table) -> DataFrame:
    """Return a frame of arrays that are on the driver."""
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if TAKES_ARROW and table.num_rows:  # Spark Connect does not see the types of no rows
        return spark.createDataFrame(table)
    schema = ", ".join(f"{field.name} {SPARK[field.type]}" for field in table.schema)
    if not table.num_rows:
        return spark.createDataFrame([], schema)
    rows = [(packed_batch(batch),) for batch in table.to_batches(ROWS)]
    return spark.createDataFrame(rows, PACKED).mapInArrow(unpack, schema)


def joined(left: DataFrame, right: DataFrame, on: str | list[str]) -> DataFrame:
    """Join two tables by sorting both.

    Spark sends one whole to all workers where its files are small, and files are where much in them
    is alike: it may still be more than memory holds.
    """
    return left.join(right.hint(SORT), on)


def asked_of(spark: SparkSession, columns: Mapping[str, NDArray[Any]]) -> DataFrame:
    """Return a frame to join with: every worker gets all of it if it is small, else by sorting."""
    frame = frame_of(spark, columns)
    return f.broadcast(frame) if sum(map(len, columns.values())) <= FEW else frame.hint(SORT)


def arrow_type(field: Any) -> str:  # noqa: ANN401 - a type of Spark's
    """Return the name in schemas of a type of Spark."""
    return str(field.simpleString()).replace("bigint", "long")


def packed(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return batches as rows of bytes."""
    for batch in incoming:
        yield pa.RecordBatch.from_arrays([pa.array([packed_batch(batch)], pa.binary())], ["packed"])


def packed_batch(batch: pa.RecordBatch) -> bytes:
    """Return a batch with its schema as bytes; every column may be null."""
    batch = pa.RecordBatch.from_arrays(batch.columns, batch.schema.names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def unpack(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the batches that rows of bytes hold."""
    for rows in incoming:
        for data in rows["packed"].to_pylist():
            yield from unpacked(data)


def unpacked(data: bytes) -> Iterator[pa.RecordBatch]:
    """Return the batches that bytes hold."""
    with pa.ipc.open_stream(data) as stream:
        yield from stream
