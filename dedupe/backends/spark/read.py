"""Input to a staged table of records, each with its position: what all later steps read."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pyspark.sql import functions as f
from pyspark.sql.pandas.types import to_arrow_schema

from dedupe.backends.spark.lines import FATAL, RECORDS, parse_lines, parse_rows, take_fields
from dedupe.backends.spark.tables import batch_of, frame_of, union_of
from dedupe.errors import InputError
from dedupe.io.parquet import has_parquet_suffix
from dedupe.io.parquet_read import parse_row
from dedupe.io.parquet_values import column_values, name_values, table_problem
from dedupe.io.read_notes import check_texts
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, Row, SparkSession

    from dedupe.backends.spark.tables import Stage
    from dedupe.config import Settings

ROWS = "<rows>"
FILLED = 4
"""The place in ``met`` of whether a record of the block has a text."""
LINES = "value binary, file string, block long, problem string"
"""A line as it stands in a file, and what is wrong with it before anybody reads it."""
PLACES = {"file": "_metadata.file_path", "block": "_metadata.file_block_start"}
OFFSETS = "file string, block long, first long, above long"


class PathOrder:
    """Paths as they were named: files, folders or patterns, local ones or with a scheme."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._given = list(paths)
        self._positions = [place_of(path) for path in paths]

    def rank(self, uri: str) -> tuple[int, str]:
        """Return the rank of a file: by the path that names it, within one path by its own name."""
        own = unquote(urlsplit(uri).path)
        found = (i for i, position in enumerate(self._positions) if is_inside(own, position))
        return next(found, len(self._given)), own

    def shown(self, uri: str) -> str:
        """Return the name of a file in messages: as it was given, else its whole path."""
        rank, own = self.rank(uri)
        if rank < len(self._given) and self._positions[rank] == own:
            return self._given[rank]
        return uri if urlsplit(uri).netloc else own


def place_of(path: str) -> str:
    """Return a path on its file system."""
    return urlsplit(path).path if "://" in path else os.path.abspath(path)  # noqa: PTH100 - keeps patterns and links as they are


def is_inside(own: str, position: str) -> bool:
    """Return whether a file is what a path names, or in a folder that it names."""
    return (
        own == position or own.startswith(position.rstrip("/") + "/") or fnmatchcase(own, position)
    )


def stage_lines(
    stage: Stage,
    paths: Sequence[str],
    settings: Settings,
    read_stats: ReadStats,
    *,
    tables: bool = False,
) -> DataFrame:
    """Stage the records of JSON Lines or Parquet with their positions in input order.

    What is named as Parquet is; with ``tables`` all is. Raises InputError for a bad line, unless
    settings skip it.
    """
    stored = [path for path in paths if tables or has_parquet_suffix(path)]
    plain = [path for path in paths if path not in stored]
    ways = ((text_lines, plain), (table_lines, stored))
    parts = [way(stage.spark, some) for way, some in ways if some]
    parsed = [part.mapInArrow(partial(parse_lines, settings), RECORDS) for part in parts]
    return positioned(stage, stage.keep("lines", union_of(*parsed)), paths, settings, read_stats)


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
    empty = table.limit(0)
    known = hasattr(empty, "toArrow")  # since Spark 4.0
    problem = table_problem(empty.toArrow().schema if known else to_arrow_schema(table.schema))
    if problem:
        raise InputError(paths[0], None, problem)
    positions = (f.col(held).alias(name) for name, held in PLACES.items())
    return table.select(f.struct("*").alias("row"), *positions).mapInArrow(row_lines, LINES)


def row_lines(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of Parquet as lines of JSON."""
    for batch in incoming:
        rows = batch["row"]
        columns = [column_values(column) for column in rows.flatten()]
        names = [field.name for field in rows.type]
        lines = [parse_row(0, record) for record in name_values(names, columns, len(rows))]
        values = [row.line[:-1] for row in lines]
        problems = [row.problem or None for row in lines]
        places = {name: batch[name] for name in PLACES}
        yield batch_of(LINES, {"value": values, "problem": problems, **places})


def positioned(
    stage: Stage, read: DataFrame, paths: Sequence[str], settings: Settings, read_stats: ReadStats
) -> DataFrame:
    """Return records with ``position``, and ``line`` counted over the whole file."""
    names = PathOrder(paths)
    rows = sorted(blocks_of(read), key=lambda row: (*names.rank(row.file), row.block))
    read_stats.files = len({row.file for row in rows})
    read_stats.met, read_stats.bytes, read_stats.blank, read_stats.undated = (
        sum(row.met[i] for row in rows) for i in range(4)
    )
    above: dict[str, int] = {}
    offsets: dict[str, list[Any]] = {"file": [], "block": [], "first": [], "above": []}
    for row in rows:
        at = (row.file, row.block, read_stats.records, above.get(row.file, 0))
        for column, value in zip(offsets.values(), at, strict=True):
            column.append(value)
        read_stats.records += row.records
        above[row.file] = at[3] + row.met[0]
    known = f.broadcast(frame_of(stage.spark, OFFSETS, offsets))
    found = read.join(known, ["file", "block"]).withColumn("line", f.col("line") + f.col("above"))
    check_fields(names.shown(rows[0].file) if rows else "", settings, read_stats, rows)
    read_stats.skipped = sum(row.bad for row in rows)
    fatal = sum(row.fatal for row in rows)
    if fatal or (read_stats.skipped and settings.on_error == "fail"):
        raise first_error(found, names, fatal=settings.on_error != "fail")
    records = found.where("raw is not null")
    records = records.withColumn("position", f.col("place") + f.col("first"))
    return records.drop("place", "first", "above", "reason", "met", "seen")


def check_fields(path: str, settings: Settings, read_stats: ReadStats, rows: Sequence[Row]) -> None:
    """Note the fields that were met; raises as :func:`dedupe.io.read_notes.check_texts`."""
    take_fields((row.seen for row in rows), read_stats)
    if not any(row.filled for row in rows):
        read_stats.without_text = read_stats.records
    check_texts(path, settings, read_stats)


def blocks_of(read: DataFrame) -> list[Row]:
    """Return the number of records and bad lines of each block, and its counts."""
    bad = f.col("reason").isNotNull()
    found: list[Row] = (
        read.groupBy("file", "block")
        .agg(
            count_where(f.col("raw").isNotNull()).alias("records"),
            count_where(bad).alias("bad"),
            count_where(bad & (f.col("place") == FATAL)).alias("fatal"),
            f.max("met").alias("met"),
            f.max("seen").alias("seen"),
            f.max(f.col("met")[FILLED]).alias("filled"),
        )
        .collect()
    )
    return found


def count_where(condition: Column) -> Column:
    """Count the rows in which a condition holds."""
    return f.count(f.when(condition, 1))


def first_error(found: DataFrame, names: PathOrder, *, fatal: bool) -> InputError:
    """Return the error of the first bad line, or of the first that may not be skipped."""
    bad = found.where("reason is not null" + (f" and place = {FATAL}" if fatal else ""))
    firsts = bad.groupBy("file").agg(f.min(f.struct("line", "reason")).alias("at")).collect()
    row = min(firsts, key=lambda row: names.rank(row.file))
    return InputError(names.shown(row.file), row["at"].line, row["at"].reason)


def stage_rows(stage: Stage, rows: DataFrame, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """Stage the rows of a frame as records, and the rows as they came, both with ``position``.

    Positions are in the order of what rows hold. Raises InputError for a row that cannot be read,
    and where no row has a text.
    """
    lines = rows.select(f.to_json(f.struct("*")).alias("value"), f.struct("*").alias("row"))
    numbered = stage.number("rows", lines, ["value"], "position")
    values = numbered.select("position", f.col("value").cast("binary").alias("value"))
    parsed = stage.keep("lines", values.mapInArrow(partial(parse_rows, settings), RECORDS))
    bad = parsed.where("reason is not null").orderBy("line").limit(1).collect()
    if bad:
        raise InputError(ROWS, bad[0].line, bad[0].reason)
    records = parsed.where("raw is not null")
    seen = parsed.where("seen is not null").select("seen", f.col("met")[0].alias("filled"))
    read_stats = ReadStats(records=records.count())
    check_fields(ROWS, settings, read_stats, seen.distinct().orderBy("seen").collect())
    records = records.withColumnRenamed("place", "position")
    return records.drop("reason", "met", "seen", "block"), numbered.select("position", "row.*")
