"""What was found, beside the records on the workers: lines of text, in input order."""

from __future__ import annotations

from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import asked_of, batch_of, frame_of, joined, numbers_array
from dedupe.errors import InputError
from dedupe.io.annotate import KEYS, annotation_rows, check_key_is_free, splice_members
from dedupe.io.integrity import RowChecksum
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    from dedupe.backends.spark.paths import PathOrder
    from dedupe.models import Clustering
    from dedupe.pipeline import Result

VALUE = "position long, value binary"
TAKEN = "file string, line long, reason string"
COUNTED = "rows long, sum binary"
TOGETHER = 1 << 14


def annotated(
    spark: SparkSession, records: DataFrame, result: Result, into: str, names: PathOrder
) -> DataFrame:
    """Return every record with its cluster spliced in, as rows of ``VALUE``.

    Raises InputError for a record that has the key already.
    """
    taken = records.select("file", "line", "raw").mapInArrow(partial(taken_rows, into), TAKEN)
    for row in sorted(taken.collect(), key=lambda row: (*names.rank(row.file), row.line)):
        raise InputError(names.shown(row.file), row.line, row.reason)
    found = frame_of(
        spark, annotation_table(result.clustering, {"member": pa.binary()}, members_of)
    )
    both = joined(records.select("position", "raw"), found, "position")
    return both.mapInArrow(partial(splice, into), VALUE)


def annotation_table(
    clustering: Clustering,
    columns: dict[str, pa.DataType],
    told: Callable[[list[dict[str, Any]]], dict[str, list[Any]]],
) -> pa.Table:
    """Return the result of each record, by position, in chunks."""
    schema = pa.schema([("position", pa.int64()), *columns.items()])
    chunks = []
    for start in range(0, len(clustering.canonical), TOGETHER):
        stop = min(start + TOGETHER, len(clustering.canonical))
        values = told(annotation_rows(clustering, start, stop))
        arrays = [pa.array(values[name], kind) for name, kind in columns.items()]
        positions = pa.array(np.arange(start, stop))
        chunks.append(pa.RecordBatch.from_arrays([positions, *arrays], schema=schema))
    return pa.Table.from_batches(chunks, schema)


def members_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the result of some records as JSON."""
    return {"member": list(map(orjson.dumps, rows))}


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the result of some records by columns; a version that is not stated is null."""
    return {name: [row.get(name) for row in rows] for name in KEYS}


def taken_rows(into: str, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return records that have the key already, the first of each batch."""
    for rows in incoming:
        batch = batch_of_lines(rows["raw"].to_pylist(), numbers_array(rows["line"]))
        try:
            check_key_is_free(batch, into)
        except InputError as error:
            file = rows["file"][batch.lines.tolist().index(error.line)].as_py()
            told = {"file": [file], "line": [error.line], "reason": [error.reason]}
            yield batch_of(TAKEN, told)


def splice(into: str, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return records with one more member each."""
    for rows in incoming:
        batch = batch_of_lines(rows["raw"].to_pylist(), numbers_array(rows["position"]))
        members: list[Any] = list(map(orjson.Fragment, rows["member"].to_pylist()))
        lines = splice_members(batch, members, into).split(b"\n")[:-1]
        yield batch_of(VALUE, {"position": rows["position"], "value": lines})


def batch_of_lines(lines: list[bytes], numbered: NDArray[np.int64]) -> Batch:
    """Return lines without endings as a batch."""
    ends = list(accumulate(map(len, lines), initial=0))
    starts, stops = np.array(list(pairwise(ends)), np.int64).reshape(-1, 2).T
    none = np.zeros(len(lines), np.int64)
    spans = {"starts": starts, "ends": stops, "limits": stops, "lines": numbered, "times": none}
    return Batch(
        "", "jsonl", b"", b"".join(lines), texts=(), ids=[], sources=[],
        **spans, days_only=none.astype(bool), url_keys=none, dialect=None, prepared=None,
    )  # fmt: skip


def selected(spark: SparkSession, records: DataFrame, chosen: NDArray[np.bool_]) -> DataFrame:
    """Return the chosen records as rows of ``VALUE``."""
    wanted = asked_of(spark, {"position": np.flatnonzero(chosen)})
    return records.join(wanted, "position").select("position", f.col("raw").alias("value"))


def with_chunks(spark: SparkSession, chunks: Iterable[bytes]) -> DataFrame:
    """Return lines that the driver made as rows of ``VALUE``."""
    lines = [pa.array(chunk.split(b"\n")[:-1], pa.binary()) for chunk in chunks]
    values = pa.chunked_array(lines, pa.binary())
    return frame_of(spark, {"position": np.arange(len(values)), "value": values})


def write(rows: DataFrame, out: str) -> None:
    """Write rows of ``VALUE`` as a folder of text files, which joined by name are in order."""
    in_order = rows.repartitionByRange("position").sortWithinPartitions("position")
    in_order.select(f.col("value").cast("string")).write.text(out)


def read_back(spark: SparkSession, out: str) -> DataFrame:
    """Return the lines that were written, from their files."""
    lines = spark.read.text(out, lineSep="\n")
    return lines.select(f.col("value").cast("binary").alias("value"))


def counted(lines: DataFrame) -> RowChecksum:
    """Return the number and sum of lines."""
    found = RowChecksum()
    for row in lines.mapInArrow(count_rows, COUNTED).toLocalIterator():
        found += RowChecksum(row.rows, int.from_bytes(row["sum"]))
    return found


def count_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the number and sum of the lines of each batch."""
    for rows in incoming:
        found = RowChecksum.of(rows["value"].to_pylist())
        yield batch_of(
            COUNTED, {"rows": [found.count], "sum": [found.sum.to_bytes(RowChecksum.SIZE)]}
        )
