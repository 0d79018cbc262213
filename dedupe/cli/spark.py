"""What cluster, unique and pairs do on many machines: from files to a folder of files."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import is_terminal
from dedupe.cli.job import accounts, check_accounts
from dedupe.cli.manifest import manifest
from dedupe.cli.progress import Progress
from dedupe.cli.summary import spent, summed_up
from dedupe.errors import EngineError
from dedupe.stories import Tally
from dedupe.tables import is_named
from dedupe.writing import open_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.cli.options import Request
    from dedupe.pipeline import Result
    from dedupe.writing import Rows

LIBRARIES = ("pyspark", "pyarrow", "pandas")
MISSING = "--engine spark needs an extra: pip install 'headline-dedupe[spark]'"
LEAST = 2


def refuse(request: Request, others: Mapping[str, bool]) -> None:
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
    if len(request.files) < LEAST:
        raise click.UsageError("--engine spark reads all operands but the last, which it writes")
    if len(set(request.files)) < len(request.files):
        raise click.UsageError("an operand is named twice")
    tables = request.format == "parquet" or all(map(is_named, request.files[:-1]))
    if is_stored(request) and not tables:
        raise click.UsageError("under --engine spark Parquet comes of Parquet alone")


def is_stored(request: Request) -> bool:
    """Whether Parquet is to be written."""
    return request.parquet or is_named(request.files[-1])


def carry_out_on_spark(command: str, request: Request) -> None:
    """Do one run; the ``--stats`` file appears whole or not at all.

    Raises EngineError where what Spark takes is not there, or where it fails.
    """
    if not all(map(find_spec, LIBRARIES)):
        raise EngineError(MISSING)
    from dedupe.engines.spark import Job, check, run_files  # noqa: PLC0415 - an extra
    from dedupe.engines.spark.session import open_stage  # noqa: PLC0415 - the same

    started = time.perf_counter()
    *paths, out = request.files
    check(request.settings)
    tally = Tally()
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with ExitStack() as open_files:
        inputs = [*paths, *filter(None, [request.settings.links])]
        sidecar = request.stats and open_files.enter_context(open_output(request.stats, inputs))
        progress = open_files.enter_context(Progress(sys.stderr if watched else None))
        quiet = request.console.quiet
        with open_stage(request.master, out, request.folder, quiet=quiet) as stage:
            tables = request.format == "parquet"
            job = Job(command, tuple(paths), out, tables=tables, stores=is_stored(request))
            result, rows = run_files(stage, job, request.settings, tally, progress)
        check_accounts(tally, result)
        seconds = time.perf_counter() - started
        if sidecar:
            outcome = outcome_of(command, tally, result, rows)
            told = {**outcome, "total_seconds": round(seconds, 3)}
            sidecar.write(manifest(command, request.settings, tally, told))
    if request.console.verbose:
        request.console.say(spent(result.stats))
    if not request.console.quiet:
        request.console.say(summed_up(result.clustering.stats, tally, seconds))


def outcome_of(command: str, tally: Tally, result: Result, rows: Rows) -> dict[str, object]:
    """What a run came to, by the names of a run on one machine."""
    selects = command != "pairs"
    return {
        **result.stats,
        "output": rows.count,
        "rows_checksum": rows.checksum,
        "accounts": accounts(tally, rows.count if selects else None),
    }
