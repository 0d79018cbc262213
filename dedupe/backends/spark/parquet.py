"""Parquet in and out, by Spark's own reader and writer; its rows are spelled as in any run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import batch_of, joined, schema_of
from dedupe.backends.spark.write import annotation_columns
from dedupe.errors import InputError
from dedupe.io.parquet_read import parse_row
from dedupe.io.parquet_values import column_values, name_values, table_problem
from dedupe.io.parquet_write import ADDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from dedupe.backends.spark.result import Outcome

LINES = "value binary, file string, block long, problem string"
"""A line as it stands in a file, and what is wrong with it before anybody reads it."""
PLACES = {"file": "_metadata.file_path", "block": "_metadata.file_block_start"}
ROW = "_metadata.row_index"


def text_lines(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """Return the lines of text files as rows of ``LINES``."""
    lines = spark.read.text(list(paths), lineSep="\n")
    positions = (f.col(held).alias(name) for name, held in PLACES.items())
    value = f.col("value").cast("binary").alias("value")
    return lines.select(value, *positions, f.lit(None).cast("string").alias("problem"))


def table_lines(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """Return the rows of Parquet files as JSON, as rows of ``LINES``.

    Raises InputError for a column that JSON cannot hold.
    """
    table = spark.read.parquet(*paths)
    told = table_problem(schema_of(table))
    if told:
        raise InputError(paths[0], None, told)
    positions = (f.col(held).alias(name) for name, held in PLACES.items())
    return table.select(f.struct("*").alias("row"), *positions).mapInArrow(row_lines, LINES)


def row_lines(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of Parquet as lines of JSON."""
    for batch in incoming:
        rows = batch["row"]
        columns = [column_values(column) for column in rows.flatten()]
        names = [field.name for field in rows.type]
        lines = [parse_row(0, record) for record in name_values(names, columns, len(rows))]
        told = {
            "value": [row.line[:-1] for row in lines],
            "file": batch["file"],
            "block": batch["block"],
            "problem": [row.problem or None for row in lines],
        }
        yield batch_of(LINES, told)


def kept(
    spark: SparkSession, paths: Sequence[str], records: DataFrame, chosen: DataFrame
) -> DataFrame:
    """Return the chosen rows of Parquet files with their ``position``."""
    at = joined(records, chosen, "position").select(
        f.col("position"), f.col("file").alias("_file"), f.col("line").alias("_line")
    )
    table = spark.read.parquet(*paths)
    rows = table.select("*", f.col(PLACES["file"]).alias("_file"), (f.col(ROW) + 1).alias("_line"))
    return joined(rows, at, ["_file", "_line"]).drop("_file", "_line")


def widened(
    spark: SparkSession, paths: Sequence[str], records: DataFrame, outcome: Outcome, into: str
) -> DataFrame:
    """Return all rows of Parquet files with their ``position`` and the result of each in columns.

    Raises InputError where there is such a column already.
    """
    rows = kept(spark, paths, records, outcome.found.select("position"))
    names = [f"{into}_{name}" for name in ADDED]
    for name in names:
        if name in rows.columns:
            raise InputError(paths[0], None, f"already has {name}; use --into with another name")
    found = annotation_columns(outcome).toDF("position", *names)
    return joined(rows, found, "position")


def write_table(rows: DataFrame, out: str) -> None:
    """Write rows as a folder of Parquet files, in the order of ``position``."""
    in_order = rows.repartitionByRange("position").sortWithinPartitions("position")
    in_order.drop("position").write.parquet(out)
