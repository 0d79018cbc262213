"""The same run on many machines, under Apache Spark: the same stage functions, the same bytes.

The driver holds some numbers a record and carries out the rounds; folding, sketching, the sorting
of keys and the scoring of pairs are done by the workers. Only the DataFrame API is used.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.engines.spark.carry import frame_of, joined, table_of
from dedupe.engines.spark.names import Names
from dedupe.engines.spark.outline import open_sparked
from dedupe.engines.spark.session import check_workers, failures
from dedupe.engines.spark.stage import Stage, call_roll, stage_lines, stage_rows
from dedupe.engines.spark.tables import kept, widened, write_table
from dedupe.engines.spark.write import (
    annotated,
    columns_of,
    counted,
    found_table,
    read_back,
    selected,
    told,
    write,
)
from dedupe.errors import AccountingError, SettingsError
from dedupe.pipeline import Clock, Result, conclude
from dedupe.pipeline.links import links_of
from dedupe.settings import KNOBS, Settings
from dedupe.stories import Batch, Corpus
from dedupe.writing import pair_lines
from dedupe.writing.parquet import ADDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.stories import Tally
    from dedupe.writing import Rows

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
    tally: Tally,
    progress: Progress = lambda _stage, _share: None,
) -> tuple[Result, Rows]:
    """Read JSON Lines, write a folder of text files whose join is what one machine would write.

    The tally is filled but for its checksum. The rows are those that were written, counted in the
    files. Raises what :func:`dedupe.pipeline.run` raises, SettingsError for a setting that means
    nothing here, EngineError where Spark fails, and AccountingError where lines of output are lost;
    paths are as Spark takes them.
    """
    check(settings)
    with failures():
        records = stage_lines(stage, job.paths, settings, tally, tables=job.tables)
        result = compute(stage, records, settings, progress)
        expected = len(result.pairs) if job.command == "pairs" else int(chosen(job, result).sum())
        lines = outcome(stage, job, records, result, settings)
        if job.stores:
            write_table(stored(stage, job, records, result, settings), job.out)
            rows, count = counted(lines), stage.spark.read.parquet(job.out).count()
        else:
            write(lines, job.out)
            rows = counted(read_back(stage.spark, job.out))
            count = rows.count
    if count != expected:
        raise AccountingError("lines of output", expected, count)
    return result, rows


def chosen(job: Job, result: Result) -> NDArray[np.bool_]:
    """Which records a command writes."""
    canonical = result.clustering.canonical
    if job.command == "cluster":
        return np.ones(len(canonical), bool)
    return np.asarray((canonical == np.arange(len(canonical))) == (job.command == "unique"))


def check(settings: Settings) -> None:
    """Raise SettingsError for what Spark has no use for."""
    defaults = {knob.name: knob.default for knob in KNOBS}
    for name in OTHERS:
        if getattr(settings, name) != defaults[name]:
            raise SettingsError(name, "has no meaning under Spark")
    if settings.on_error not in ("fail", "skip"):
        raise SettingsError("on_error", "under Spark a bad line can fail or be skipped")


def outcome(
    stage: Stage, job: Job, records: DataFrame, result: Result, settings: Settings
) -> DataFrame:
    """The lines that a command writes."""
    spark, names = stage.spark, Names(job.paths)
    if job.command == "cluster":
        return annotated(spark, records, result, settings.into, names)
    if job.command == "pairs":
        corpus = placed(result.corpus, records, names)
        return told(spark, pair_lines(corpus, result.pairs, settings))
    return selected(spark, records, chosen(job, result))


def stored(
    stage: Stage, job: Job, records: DataFrame, result: Result, settings: Settings
) -> DataFrame:
    """The rows of Parquet that a command writes, of those that it read."""
    if job.command == "cluster":
        return widened(stage.spark, job.paths, records, result.clustering, settings.into)
    return kept(stage.spark, job.paths, records, chosen(job, result))


def compute(stage: Stage, records: DataFrame, settings: Settings, progress: Progress) -> Result:
    """The clusters of staged records."""
    clock = Clock()
    roll = call_roll(records)
    corpus = Corpus((), (), roll.ids, roll.sources, roll.times, roll.digests)
    links = links_of(corpus, settings)
    clock.stop("reading")
    outline = open_sparked(stage, records, roll, settings, links, partial(progress, "folding"))
    clock.stop("folding")
    return conclude(corpus, outline, clock, partial(progress, "matching"))


def placed(corpus: Corpus, records: DataFrame, names: Names) -> Corpus:
    """A corpus that knows the file and line of each record."""
    table = table_of(records.select("position", "file", "line")).sort_by("position")
    files, lines = table["file"].combine_chunks().dictionary_encode(), table["line"].to_numpy()
    numbers = files.indices.to_numpy()
    cuts = np.flatnonzero(np.diff(numbers)) + 1
    batches = [
        place(names.shown(files.dictionary[int(numbers[some[0]])].as_py()), lines[some])
        for some in np.split(np.arange(len(lines)), cuts)
        if len(some)
    ]
    return Corpus(batches, (), corpus.ids, corpus.sources, corpus.times, corpus.digests)


def place(path: str, lines: NDArray[np.int64]) -> Batch:
    """Records of one file of which only the lines are known."""
    spans = dict.fromkeys(("starts", "ends", "limits", "lines", "times"), lines)
    return Batch(path, "jsonl", b"", b"", texts=(), ids=[], sources=[], **spans)


def cluster(
    rows: DataFrame, settings: Settings | None = None, staging: str | None = None
) -> DataFrame:
    """The rows with what was found of each, in columns as ``dedupe_cluster``, ``dedupe_score``.

    Columns are found by the names that the settings give fields, ids, dates and outlets. The result
    hangs on what rows hold, not on their order. ``staging`` is a folder that all workers see, and
    is needed where they are not all on this machine; what is left in it may go once the result has
    been used. Raises as :func:`run_files`, and InputError for a row that holds no story.
    """
    chosen = settings or Settings()
    check(chosen)
    stage = Stage(rows.sparkSession, staging or tempfile.mkdtemp(prefix="dedupe-spark-"))
    with failures():
        check_workers(stage.spark)
        records, held = stage_rows(stage, rows, chosen)
        result = compute(stage, records, chosen, lambda _stage, _share: None)
        found = found_table(result.clustering, ADDED, columns_of)
    named = [name if name == "position" else f"{chosen.into}_{name}" for name in found.column_names]
    told_of = stage.keep("found", frame_of(stage.spark, found.rename_columns(named)))
    return joined(held, told_of, "position").drop("position")
