"""Columns between driver and Spark: as Arrow where Spark takes it, packed in rows before 4.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import to_arrow_schema

from dedupe.backends.arrow import numbers_array
from dedupe.backends.spark.schema import ARROW

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
"""So many numbers may be sent to every worker."""
SPARK = {kind: name for name, kind in ARROW.items()}


def columns_of(frame: DataFrame, *names: str) -> dict[str, NDArray[Any]]:
    """Some columns of a frame on the driver, as arrays."""
    table = table_of(frame.select(*names))
    return {name: numbers_array(table[name]) for name in names}


def sorted_columns(frame: DataFrame, by: str, *names: str) -> dict[str, NDArray[Any]]:
    """The same in the order of a column, sorted on the driver: a backend may keep no order."""
    found = columns_of(frame, by, *names)
    order = np.argsort(found[by], kind="stable")
    return {name: values[order] for name, values in found.items()}


def table_of(frame: DataFrame) -> pa.Table:
    """A frame on the driver."""
    if TAKES_ARROW:
        return frame.toArrow()
    rows = frame.mapInArrow(packed, PACKED).collect()
    batches = [batch for row in rows for batch in unpacked(row.packed)]
    types = [(field.name, ARROW[arrow_type(field.dataType)]) for field in frame.schema.fields]
    return pa.Table.from_batches(batches, pa.schema(types))


def schema_of(frame: DataFrame) -> pa.Schema:
    """The types of a frame, as Arrow has them."""
    return frame.limit(0).toArrow().schema if TAKES_ARROW else to_arrow_schema(frame.schema)


def frame_of(spark: SparkSession, columns: Mapping[str, Any] | pa.Table) -> DataFrame:
    """A frame of arrays that are on the driver."""
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if TAKES_ARROW and table.num_rows:  # Spark Connect does not see the types of no rows
        return spark.createDataFrame(table)
    schema = ", ".join(f"{field.name} {SPARK[field.type]}" for field in table.schema)
    if not table.num_rows:
        return spark.createDataFrame([], schema)
    rows = [(packed_batch(batch),) for batch in table.to_batches(ROWS)]
    return spark.createDataFrame(rows, PACKED).mapInArrow(unpack, schema)


def joined(left: DataFrame, right: DataFrame, on: str | list[str]) -> DataFrame:
    """Two tables joined by sorting both.

    Spark sends one whole to all workers where its files are small, and files are where much in them
    is alike: it may still be more than memory holds.
    """
    return left.join(right.hint(SORT), on)


def asked_of(spark: SparkSession, columns: Mapping[str, NDArray[Any]]) -> DataFrame:
    """What others are joined with: every worker gets all of it where it is little, else by sort."""
    frame = frame_of(spark, columns)
    return f.broadcast(frame) if sum(map(len, columns.values())) <= FEW else frame.hint(SORT)


def arrow_type(field: Any) -> str:  # noqa: ANN401 - a type of Spark's
    """A type of Spark's by its name in schemas."""
    return str(field.simpleString()).replace("bigint", "long")


def packed(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches as rows of bytes."""
    for batch in incoming:
        yield pa.RecordBatch.from_arrays([pa.array([packed_batch(batch)], pa.binary())], ["packed"])


def packed_batch(batch: pa.RecordBatch) -> bytes:
    """A batch as bytes, with its schema, which forgets what cannot be null."""
    batch = pa.RecordBatch.from_arrays(batch.columns, batch.schema.names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def unpack(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of rows of bytes."""
    for rows in incoming:
        for data in rows["packed"].to_pylist():
            yield from unpacked(data)


def unpacked(data: bytes) -> Iterator[pa.RecordBatch]:
    """The batches in some bytes."""
    with pa.ipc.open_stream(data) as stream:
        yield from stream
