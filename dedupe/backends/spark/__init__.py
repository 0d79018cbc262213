"""Run on many machines with Apache Spark: the same functions, the same bytes.

The workers read lines, prepare texts, find candidate pairs and score them. The driver holds some
numbers a record, counts and clusters. Only the DataFrame API is used.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.spark.arrow import frame_of, joined, table_of
from dedupe.backends.spark.backend import SparkBackend
from dedupe.backends.spark.parquet import kept, widened, write_table
from dedupe.backends.spark.paths import PathOrder
from dedupe.backends.spark.session import check_workers, spark_errors
from dedupe.backends.spark.stage import Stage, stage_lines, stage_rows
from dedupe.backends.spark.write import (
    annotated,
    annotation_table,
    columns_of,
    counted,
    read_back,
    selected,
    with_chunks,
    write,
)
from dedupe.config import SETTINGS, Settings
from dedupe.errors import AccountingError, SettingsError
from dedupe.io.parquet_write import ADDED
from dedupe.io.result_rows import write_pairs
from dedupe.models import Batch, Corpus
from dedupe.pipeline import Result, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.io.integrity import RowChecksum
    from dedupe.models import ReadStats

    Progress = Callable[[str, float], None]

__all__ = ["Job", "check", "cluster", "run_files"]

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
) -> tuple[Result, RowChecksum]:
    """Read files and write a folder of text files whose join is what one machine would write.

    The read statistics is filled but for its checksum. The rows are those that were written,
    counted in the files. Raises what :func:`dedupe.pipeline.run` raises, SettingsError for a
    setting that means nothing here, BackendError where Spark fails, and AccountingError where lines
    of output are lost; paths are as Spark takes them.
    """
    check_spark_settings(settings)
    with spark_errors():
        records = stage_lines(stage, job.paths, settings, read_stats, tables=job.tables)
        result = compute(stage, records, settings, progress)
        expected = (
            len(result.pairs) if job.command == "pairs" else int(canonical_rows(job, result).sum())
        )
        lines = write_outcome(stage, job, records, result, settings)
        if job.stores:
            write_table(write_stored(stage, job, records, result, settings), job.out)
            rows, count = counted(lines), stage.spark.read.parquet(job.out).count()
        else:
            write(lines, job.out)
            rows = counted(read_back(stage.spark, job.out))
            count = rows.count
    if count != expected:
        raise AccountingError("lines of output", expected, count)
    return result, rows


def canonical_rows(job: Job, result: Result) -> NDArray[np.bool_]:
    """Return which records a command writes."""
    canonical = result.clustering.canonical
    if job.command == "cluster":
        return np.ones(len(canonical), bool)
    return np.asarray((canonical == np.arange(len(canonical))) == (job.command == "unique"))


def check_spark_settings(settings: Settings) -> None:
    """Raise SettingsError for what Spark has no use for."""
    defaults = {setting.name: setting.default for setting in SETTINGS}
    for name in OTHERS:
        if getattr(settings, name) != defaults[name]:
            raise SettingsError(name, "has no meaning under Spark")
    if "url" in settings.same:
        raise SettingsError("same", "under Spark records can be joined by their id alone")
    if settings.on_error not in ("fail", "skip"):
        raise SettingsError("on_error", "under Spark a bad line can fail or be skipped")


def write_outcome(
    stage: Stage, job: Job, records: DataFrame, result: Result, settings: Settings
) -> DataFrame:
    """Return the lines that a command writes."""
    spark, names = stage.spark, PathOrder(job.paths)
    if job.command == "cluster":
        return annotated(spark, records, result, settings.into, names)
    if job.command == "pairs":
        corpus = record_lines(result.corpus, records, names)
        return with_chunks(spark, write_pairs(corpus, result.pairs, settings))
    return selected(spark, records, canonical_rows(job, result))


def write_stored(
    stage: Stage, job: Job, records: DataFrame, result: Result, settings: Settings
) -> DataFrame:
    """Return the rows of Parquet that a command writes, of those that it read."""
    if job.command == "cluster":
        return widened(stage.spark, job.paths, records, result.clustering, settings.into)
    return kept(stage.spark, job.paths, records, canonical_rows(job, result))


def compute(stage: Stage, records: DataFrame, settings: Settings, progress: Progress) -> Result:
    """Return the clusters of staged records."""
    return run((), settings, progress, SparkBackend(stage, records))


def record_lines(corpus: Corpus, records: DataFrame, names: PathOrder) -> Corpus:
    """Return a corpus that knows the file and line of each record."""
    table = table_of(records.select("position", "file", "line")).sort_by("position")
    files, lines = table["file"].combine_chunks().dictionary_encode(), table["line"].to_numpy()
    numbers = files.indices.to_numpy()
    cuts = np.flatnonzero(np.diff(numbers)) + 1
    batches = [
        path_of_record(names.shown(files.dictionary[int(numbers[some[0]])].as_py()), lines[some])
        for some in np.split(np.arange(len(lines)), cuts)
        if len(some)
    ]
    return replace(corpus, batches=batches)


def path_of_record(path: str, lines: NDArray[np.int64]) -> Batch:
    """Return a batch of records of one file of which only the lines are known."""
    names = ("starts", "ends", "limits", "lines", "times", "url_keys")
    spans = dict.fromkeys(names, lines)
    days = np.zeros(len(lines), bool)
    return Batch(
        path, "jsonl", b"", b"", texts=(), ids=[], sources=[],
        **spans, days_only=days, dialect=None, prepared=None,
    )  # fmt: skip


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
        result = compute(stage, records, chosen, lambda _stage, _share: None)
        found = annotation_table(result.clustering, ADDED, columns_of)
    named = [name if name == "position" else f"{chosen.into}_{name}" for name in found.column_names]
    told_of = stage.keep("found", frame_of(stage.spark, found.rename_columns(named)))
    return joined(held, told_of, "position").drop("position")
