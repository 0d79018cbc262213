"""Run on many machines with Apache Spark: the same functions, the same bytes.

The workers do all that grows with the input. The driver holds counts, the blocks of files and what
labels demand. Only the DataFrame API is used.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as f

from dedupe.backends.spark.groups import read_demands
from dedupe.backends.spark.passes import Passes
from dedupe.backends.spark.read import PathOrder, stage_lines, stage_rows
from dedupe.backends.spark.result import Outcome, outcome_of
from dedupe.backends.spark.session import check_workers, spark_errors
from dedupe.backends.spark.tables import Stage, joined
from dedupe.backends.spark.write import (
    annotated,
    annotation_columns,
    counted,
    kept,
    pair_lines,
    read_back,
    selected,
    widened,
    write,
    write_table,
)
from dedupe.config import SETTINGS, Settings
from dedupe.errors import AccountingError, SettingsError
from dedupe.io.parquet_write import ADDED
from dedupe.pipeline import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from dedupe.io.result_rows import RowChecksum
    from dedupe.models import ReadStats

    Progress = Callable[[str, float], None]

__all__ = ["Job", "Outcome", "cluster", "run_files"]

ROWS_OF = {"cluster": "records", "unique": "unique", "duplicates": "duplicates", "pairs": "pairs"}
"""The figure that counts the rows that a command writes."""
OTHERS = ("jobs", "max_ratio")
"""Settings of what Spark does by itself: it shares out the work, and decompresses."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with which files: ``command`` is cluster, unique, duplicates or pairs.

    ``tables`` says that they are Parquet whatever they are named, ``stores`` that the output is.
    """

    command: str
    paths: tuple[str, ...]
    out: str
    tables: bool = False
    stores: bool = False


def run_files(
    stage: Stage,
    job: Job,
    settings: Settings,
    read_stats: ReadStats,
    progress: Progress = lambda _stage, _share: None,
) -> tuple[Outcome, RowChecksum]:
    """Read files and write a folder of text files whose join is what one machine would write.

    The read statistics is filled but for its checksum. The rows are those that were written,
    counted in the files. Raises what :func:`dedupe.pipeline.run` raises, SettingsError for a
    setting that means nothing here, BackendError where Spark fails, and AccountingError where lines
    of output are lost; paths are as Spark takes them.
    """
    check_spark_settings(settings)
    with spark_errors():
        records = stage_lines(stage, job.paths, settings, read_stats, tables=job.tables)
        outcome = compute(stage, records, settings, progress)
        lines = write_outcome(job, records, outcome, settings)
        if job.stores:
            write_table(write_stored(stage, job, records, outcome, settings), job.out)
            rows, count = counted(lines), stage.spark.read.parquet(job.out).count()
        else:
            write(lines, job.out)
            rows = counted(read_back(stage.spark, job.out))
            count = rows.count
    expected = int(str(outcome.stats[ROWS_OF[job.command]]))
    if count != expected:
        raise AccountingError("lines of output", expected, count)
    return outcome, rows


def chosen_rows(job: Job, outcome: Outcome) -> DataFrame:
    """Return the positions of the records that a command writes."""
    leads = f.col("leader") == f.col("position")
    wanted = {"cluster": f.lit(True), "unique": leads, "duplicates": ~leads}  # noqa: FBT003 - a value
    return outcome.found.where(wanted[job.command]).select("position")


def check_spark_settings(settings: Settings) -> None:
    """Raise SettingsError for what Spark has no use for."""
    defaults = {setting.name: setting.default for setting in SETTINGS}
    for name in OTHERS:
        if getattr(settings, name) != defaults[name]:
            raise SettingsError(name, "has no meaning under Spark")
    if settings.on_error not in ("fail", "skip"):
        raise SettingsError("on_error", "under Spark a bad line can fail or be skipped")


def write_outcome(job: Job, records: DataFrame, outcome: Outcome, settings: Settings) -> DataFrame:
    """Return the lines that a command writes."""
    names = PathOrder(job.paths)
    if job.command == "cluster":
        return annotated(records, outcome, settings.into, names)
    if job.command == "pairs":
        return pair_lines(records, outcome, settings, names)
    return selected(records, chosen_rows(job, outcome))


def write_stored(
    stage: Stage, job: Job, records: DataFrame, outcome: Outcome, settings: Settings
) -> DataFrame:
    """Return the rows of Parquet that a command writes, of those that it read."""
    if job.command == "cluster":
        return widened(stage.spark, job.paths, records, outcome, settings.into)
    return kept(stage.spark, job.paths, records, chosen_rows(job, outcome))


def compute(stage: Stage, records: DataFrame, settings: Settings, progress: Progress) -> Outcome:
    """Return the clusters of staged records."""
    clock = Clock()
    labels = read_demands(stage, records, settings)
    passes = Passes(stage, records, labels)
    clock.stop("preparing")
    effort = passes.run(partial(progress, "matching"))
    clock.stop("matching")
    outcome = outcome_of(passes, records, effort)
    clock.stop("result")
    return replace(outcome, stats={**outcome.stats, "seconds": clock.seconds})


def cluster(
    rows: DataFrame, settings: Settings | None = None, staging: str | None = None
) -> DataFrame:
    """Return the rows with the result of each in columns: ``dedupe_cluster``, ``dedupe_score``.

    Columns are found by the names that the settings give fields, ids, dates and outlets. The result
    hangs on what rows hold, not on their order. ``staging`` is a folder that all workers see, and
    is needed where they are not all on this machine; what is left in it may go once the result has
    been used. Raises as :func:`run_files`, and InputError for a row
    that cannot be read, and where no row has a text.
    """
    chosen = settings or Settings()
    check_spark_settings(chosen)
    stage = Stage(rows.sparkSession, staging or tempfile.mkdtemp(prefix="dedupe-spark-"))
    with spark_errors():
        check_workers(stage.spark)
        records, held = stage_rows(stage, rows, chosen)
        outcome = compute(stage, records, chosen, lambda _stage, _share: None)
        names = [f"{chosen.into}_{name}" for name in ADDED]
        found = stage.keep("annotations", annotation_columns(outcome).toDF("position", *names))
    return joined(held, found, "position").drop("position")
