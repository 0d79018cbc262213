"""Input to a staged table of records, each with its position: what all later steps read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import RECORDS, columns_of, frame_of
from dedupe.backends.spark.lines import FATAL, parse_lines, parse_rows, take_fields
from dedupe.backends.spark.parquet import table_lines, text_lines
from dedupe.backends.spark.paths import PathOrder
from dedupe.errors import InputError
from dedupe.io.parquet import has_parquet_suffix
from dedupe.io.read_notes import check_texts
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, Row, SparkSession
    from pyspark.sql.types import StructType

    from dedupe.config import Settings

PLACES = 33
"""Bits of Spark's ids that count the rows of a part; the others number the part."""
ROWS = "<rows>"
FILLED = 4
"""The place in ``met`` of whether a record of the block has a text."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A Spark session, and the folder where steps leave their tables; all workers can reach it."""

    spark: SparkSession
    folder: str

    def keep(self, name: str, frame: DataFrame, by: Sequence[str] = ()) -> DataFrame:
        """Write a table and read it back: what a lost worker held is not computed again.

        A table that is parted ``by`` columns is read in part where these are asked for.
        """
        path = f"{self.folder}/{name}"
        frame.write.mode("overwrite").partitionBy(*by).parquet(path)
        return self.kept(name, frame.schema)

    def kept(self, name: str, schema: StructType | str) -> DataFrame:
        """Return a table that was written before."""
        return self.spark.read.schema(schema).parquet(f"{self.folder}/{name}")

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
        offsets = {"part": counts["part"][by_part], "first": np.cumsum(sizes) - sizes}
        told = held.withColumn("part", part)
        told = told.join(f.broadcast(frame_of(self.spark, offsets)), "part")
        place = f.col("at").bitwiseAND((1 << PLACES) - 1)
        return told.withColumn(number, f.col("first") + place).drop("part", "first", "at")


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
    read = stage.keep("lines", reduce(lambda left, right: left.unionByName(right), parsed))
    return positioned(stage, read, PathOrder(paths), settings, read_stats)


def positioned(
    stage: Stage, read: DataFrame, names: PathOrder, settings: Settings, read_stats: ReadStats
) -> DataFrame:
    """Return records with ``position``, and ``line`` counted over the whole file."""
    rows = sorted(blocks_of(read), key=lambda row: (*names.rank(row.file), row.block))
    read_stats.files, read_stats.records = (
        len({row.file for row in rows}),
        sum(row.records for row in rows),
    )
    read_stats.met, read_stats.bytes, read_stats.blank, read_stats.undated = (
        sum(row.met[i] for row in rows) for i in range(4)
    )
    above: dict[str, int] = {}
    offsets: dict[str, list[Any]] = {"file": [], "block": [], "first": [], "above": []}
    records = 0
    for row in rows:
        at = (row.file, row.block, records, above.get(row.file, 0))
        for column, value in zip(offsets.values(), at, strict=True):
            column.append(value)
        records += row.records
        above[row.file] = at[3] + row.met[0]
    told = read.join(f.broadcast(frame_of(stage.spark, offsets)), ["file", "block"])
    told = told.withColumn("line", f.col("line") + f.col("above"))
    check_fields(names.shown(rows[0].file) if rows else "", settings, read_stats, rows)
    bad, fatal = sum(row.bad for row in rows), sum(row.fatal for row in rows)
    if fatal or (bad and settings.on_error == "fail"):
        raise first_error(told, names, fatal=settings.on_error != "fail")
    read_stats.skipped = bad
    held = told.where("raw is not null").withColumn("position", f.col("place") + f.col("first"))
    return stage.keep("records", held.drop("place", "first", "above", "reason", "met"))


def check_fields(path: str, settings: Settings, read_stats: ReadStats, told: Sequence[Row]) -> None:
    """Note the fields that were met; raises as :func:`dedupe.io.read_notes.check_texts`."""
    take_fields((row.seen for row in told), read_stats)
    if not any(row.filled for row in told):
        read_stats.without_text = read_stats.records
    check_texts(path, settings, read_stats)


def blocks_of(read: DataFrame) -> list[Row]:
    """Return the number of records and bad lines of each block, and its counts."""
    bad = f.col("reason").isNotNull()
    found: list[Row] = (
        read.groupBy("file", "block")
        .agg(
            counted(f.col("raw").isNotNull()).alias("records"),
            counted(bad).alias("bad"),
            counted(bad & (f.col("place") == FATAL)).alias("fatal"),
            f.max("met").alias("met"),
            f.max("seen").alias("seen"),
            f.max(f.col("met")[FILLED]).alias("filled"),
        )
        .collect()
    )
    return found


def counted(what: Column) -> Column:
    """Count the rows in which a condition holds."""
    return f.count(f.when(what, 1))


def first_error(told: DataFrame, names: PathOrder, *, fatal: bool) -> InputError:
    """Return the error of the first bad line, or of the first that may not be skipped."""
    bad = told.where("reason is not null" + (f" and place = {FATAL}" if fatal else ""))
    firsts = bad.groupBy("file").agg(f.min(f.struct("line", "reason")).alias("at")).collect()
    row = min(firsts, key=lambda row: names.rank(row.file))
    return InputError(names.shown(row.file), row["at"].line, row["at"].reason)


def stage_rows(stage: Stage, rows: DataFrame, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """Stage the rows of a frame as records, and the rows as they came, both with ``position``.

    Positions are in the order of what rows hold, and are told once for all, on disk: Spark would
    number them otherwise when it computes them again. Raises InputError for a row that cannot be
    read, and where no row has a text.
    """
    spellings = rows.select(f.to_json(f.struct("*")).alias("value"), f.struct("*").alias("row"))
    told = stage.number("rows", spellings, ["value"], "position")
    lines = told.select("position", f.col("value").cast("binary").alias("value"))
    parsed = stage.keep("lines", lines.mapInArrow(partial(parse_rows, settings), RECORDS))
    bad = parsed.where("reason is not null").orderBy("line").limit(1).collect()
    if bad:
        raise InputError(ROWS, bad[0].line, bad[0].reason)
    seen = parsed.where("seen is not null").select("seen", f.col("met")[0].alias("filled"))
    read_stats = ReadStats(records=parsed.where("raw is not null").count())
    check_fields(ROWS, settings, read_stats, seen.distinct().orderBy("seen").collect())
    records = parsed.where("raw is not null").withColumnRenamed("place", "position")
    records = records.drop("reason", "met", "block")
    return records, told.select("position", "row.*")
