"""Run cluster, unique or pairs on Apache Spark."""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import progress_line, run_summary, timing_summary
from dedupe.cli.notes import read_notes
from dedupe.cli.run import open_stats, record_counts
from dedupe.errors import AccountingError, BackendError
from dedupe.io.parquet import has_parquet_suffix
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.backends.spark import Outcome
    from dedupe.cli.options import Request
    from dedupe.io.integrity import RowChecksum

SPARK_LIBRARIES = ("pyspark", "pyarrow", "pandas")
MISSING_SPARK = (
    "--engine spark needs pyspark, pyarrow and pandas: "
    "pip install 'pyspark>=3.5' 'pyarrow>=18' 'pandas>=2.2,<3'"
)
MIN_OPERANDS = 2


def check_spark_options(request: Request, others: Mapping[str, bool]) -> None:
    """Raise UsageError for what one machine alone can do."""
    given = {
        **others,
        "--output": request.output is not None,
        "--memory": request.memory is not None,
        f"--from {request.format}": request.format not in (None, "jsonl", "parquet"),
        "--stats -": request.stats == "-",
        "standard input": "-" in request.files,
    }
    for option in (option for option, is_given in given.items() if is_given):
        raise click.UsageError(f"{option} is not for --engine spark")
    if len(request.files) < MIN_OPERANDS:
        raise click.UsageError("--engine spark reads all operands but the last, which it writes")
    if len(set(request.files)) < len(request.files):
        raise click.UsageError("an operand is named twice")
    tables = request.format == "parquet" or all(map(has_parquet_suffix, request.files[:-1]))
    if writes_parquet(request) and not tables:
        raise click.UsageError("with --engine spark, Parquet output needs Parquet input")


def writes_parquet(request: Request) -> bool:
    """Return whether Parquet is to be written."""
    return request.parquet or has_parquet_suffix(request.files[-1])


def run_on_spark(command: str, request: Request) -> None:
    """Do one run; the ``--stats`` file appears whole or not at all.

    Raises BackendError where what Spark takes is not there, or where it fails.
    """
    if not all(map(find_spec, SPARK_LIBRARIES)):
        raise BackendError(MISSING_SPARK)
    from dedupe.backends.spark import Job, check_spark_settings, run_files
    from dedupe.backends.spark.session import open_stage

    started = time.perf_counter()
    *paths, out = request.files
    check_spark_settings(request.settings)
    read_stats = ReadStats()
    with ExitStack() as open_files:
        inputs = [*paths, *filter(None, [request.settings.links])]
        stats_file = open_files.enter_context(open_stats(command, request, inputs))
        progress = open_files.enter_context(progress_line(request.console))
        quiet = request.console.quiet
        with open_stage(request.master, out, request.folder, quiet=quiet) as stage:
            tables = request.format == "parquet"
            job = Job(command, tuple(paths), out, tables=tables, stores=writes_parquet(request))
            result, rows = run_files(stage, job, request.settings, read_stats, progress)
        if result.records != read_stats.records:
            raise AccountingError("records clustered", read_stats.records, result.records)
        notes = read_notes(request.settings, read_stats)
        seconds = time.perf_counter() - started
        outcome = spark_outcome(command, read_stats, result, rows)
        stats_file.write(
            request.settings, read_stats, {**outcome, "total_seconds": round(seconds, 3)}
        )
    if request.console.verbose:
        request.console.say(timing_summary(result.stats))
    if not request.console.quiet:
        for level, note in notes:
            request.console.say(note, level=level)
        request.console.say(run_summary(result.stats, read_stats, seconds))


def spark_outcome(
    command: str, read_stats: ReadStats, result: Outcome, rows: RowChecksum
) -> dict[str, object]:
    """Return what a run came to, by the names of a run on one machine."""
    selects = command != "pairs"
    return {
        **result.stats,
        "output": rows.count,
        "rows_checksum": rows.checksum,
        "accounts": record_counts(read_stats, rows.count if selects else None),
    }
