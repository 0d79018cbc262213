"""Run cluster, unique, pairs, check or report: read, run, write, summarise."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dedupe import installed_version
from dedupe.cli.console import (
    Styler,
    in_color,
    progress_line,
    run_summary,
    standard_input,
    timing_summary,
)
from dedupe.cli.notes import run_notes
from dedupe.errors import AccountingError, BackendError
from dedupe.format_versions import CLUSTERS, SIGNATURES
from dedupe.io.files import is_replaceable
from dedupe.io.integrity import RowCounter
from dedupe.io.output import open_output
from dedupe.io.parquet import ParquetFiles, has_parquet_suffix
from dedupe.io.read_notes import column_shares, reading_notes
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dedupe.cli.console import Progress
    from dedupe.cli.options import Request
    from dedupe.config import Settings
    from dedupe.io.integrity import RowChecksum
    from dedupe.io.output import Output
    from dedupe.models import Batch
    from dedupe.pipeline import Result

    Render = Callable[[Result], tuple[int, Iterable[bytes]]]
    """From a result to the number of records or pairs that go out, and their bytes."""
    Table = Callable[[Result, ParquetFiles], Iterable[bytes]]
    """From a result, and the Parquet files that it came from, to the same as a Parquet file."""

SELECTING_COMMANDS = ("cluster", "unique")


def run_command(
    command: str,
    request: Request,
    render: Render,
    read_stats: ReadStats | None = None,
    *,
    table: Table | None = None,
    with_texts: bool = False,
    painted: bool = False,
    selects: bool = True,
) -> None:
    """Do one run; the output and the ``--stats`` file appear whole or not at all.

    A ``read_stats`` of the caller's is filled before ``render`` is called; ``with_texts`` holds all
    in memory, for one that asks for the corpus's texts; ``painted`` is text that was made for a
    terminal. With ``table`` Parquet can be written; ``render`` then serves the accounts alone.
    Raises AccountingError before anything is put in place.
    """
    started = time.perf_counter()
    check_destinations(request)
    if request.master:
        raise click.UsageError("--master is for --engine spark")
    read_stats = read_stats or ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats(command, request, request.inputs))
        parquet = table is not None and request.parquet
        output = open_files.enter_context(
            open_output(request.output, request.inputs, painted=painted, parquet=parquet)
        )
        parquet_files = open_files.enter_context(ParquetFiles(request.folder))
        compute = run_in_memory if with_texts else run_in_limit
        result = open_files.enter_context(compute(request, read_stats, parquet_files))
        check_record_counts(read_stats, result)
        records, chunks = render(result)
        rows = RowCounter()
        chunks = rows.watch(chunks) if stats_file else chunks
        for chunk in (
            consume_then_yield(chunks, table(result, parquet_files))
            if table and parquet
            else chunks
        ):
            output.write(chunk)
        notes = [] if request.console.quiet else run_notes(request.settings, read_stats, result)
        seconds = time.perf_counter() - started
        selects = selects and command in SELECTING_COMMANDS and not painted
        if stats_file:
            outcome = {
                **result.stats,
                "output": records,
                "output_bytes": output.bytes,
                "output_checksum": output.checksum,
                "rows_checksum": rows.rows.checksum,
                "accounts": record_counts(read_stats, records if selects else None),
                "total_seconds": round(seconds, 3),
            }
            stats_file.write(request.settings, read_stats, outcome)
    if request.console.verbose:
        request.console.say(timing_summary(result.stats))
    if not request.console.quiet:
        for note in notes:
            request.console.say(note)
        request.console.say(run_summary(result.clustering.stats, read_stats, seconds))


def consume_then_yield(chunks: Iterable[bytes], others: Iterable[bytes]) -> Iterator[bytes]:
    """Go through some chunks, for who counts them, and pass on others."""
    deque(chunks, maxlen=0)
    yield from others


@contextmanager
def run_in_memory(
    request: Request, read_stats: ReadStats, parquet_files: ParquetFiles
) -> Iterator[Result]:
    """Read and cluster with all in memory."""
    with read_with_progress(request, read_stats, parquet_files) as (batches, progress):
        result = run(batches, request.settings, progress)
    yield result


@contextmanager
def run_in_limit(
    request: Request, read_stats: ReadStats, parquet_files: ParquetFiles
) -> Iterator[Result]:
    """Read and cluster within the memory that there is; the result is there until the end."""
    from dedupe.backends.auto import run_within_memory

    with ExitStack() as until_written:
        with read_with_progress(request, read_stats, parquet_files) as (batches, progress):
            room = request.memory, request.folder
            held = run_within_memory(batches, request.settings, *room, progress)
            result = until_written.enter_context(held)
        yield result


@contextmanager
def read_with_progress(
    request: Request, read_stats: ReadStats, parquet_files: ParquetFiles | None = None
) -> Iterator[tuple[Iterable[Batch], Progress]]:
    """Yield the batches of a request, and the progress line that counts them."""
    with progress_line(request.console) as progress:
        batches = read(
            request.files,
            request.settings,
            read_stats,
            stdin=standard_input(),
            format=request.format,
            parquet_files=parquet_files,
            checksum=request.stats is not None,
        )
        yield progress.reading(batches), progress


def check_record_counts(read_stats: ReadStats, result: Result) -> None:
    """Raise AccountingError where a stage has lost a record, or told one twice."""
    for what, found in (
        ("records to compare", len(result.corpus)),
        ("records clustered", len(result.clustering.canonical)),
    ):
        if found != read_stats.records:
            raise AccountingError(what, read_stats.records, found)


def record_counts(read_stats: ReadStats, out: int | None) -> dict[str, int]:
    """What became of the records: ``in`` is the sum of all that follow it."""
    left = {} if out is None else {"out": out, "left_out": read_stats.records - out}
    told = left or {"read": read_stats.records}
    return {
        "in": read_stats.met - read_stats.blank,
        **told,
        "skipped": read_stats.skipped,
        "quarantined": read_stats.quarantined,
    }


def check_destinations(request: Request) -> None:
    """Refuse to write two things to one file; that it is no input is checked as it is opened."""
    if request.stats == "-":
        raise click.UsageError("--stats needs a file: standard output is for the data")
    action, _, quarantine = request.settings.on_error.partition("=")
    named = {"--output": request.output, "--stats": request.stats, action: quarantine}
    taken: dict[str, str] = {}
    for option, path in named.items():
        if not path or path == "-" or not is_replaceable(path):
            continue
        other = taken.setdefault(os.path.realpath(path), option)
        if other != option:
            raise click.UsageError(f"{other} and {option} name the same file: {path}")


@dataclass(frozen=True, slots=True)
class StatsFile:
    """The ``--stats`` file of a command; false where none is asked for."""

    command: str
    output: Output | None

    def __bool__(self) -> bool:
        return self.output is not None

    def write(
        self, settings: Settings, read_stats: ReadStats, outcome: Mapping[str, object]
    ) -> None:
        """Write what a run came to."""
        if self.output:
            self.output.write(run_manifest(self.command, settings, read_stats, outcome))


@contextmanager
def open_stats(command: str, request: Request, inputs: Sequence[str]) -> Iterator[StatsFile]:
    """Open the ``--stats`` file, which appears whole or not at all and is none of the inputs."""
    if not request.stats:
        yield StatsFile(command, None)
        return
    with open_output(request.stats, inputs) as output:
        yield StatsFile(command, output)


def output_style(request: Request) -> Styler:
    """Return colour for standard output as the console is set, none for a file."""
    to_stdout = request.output in (None, "-")
    return Styler(to_stdout and in_color(request.console.color, sys.stdout, os.environ))


def encode_lines(lines: Iterable[str]) -> bytes:
    """Encode lines for a person."""
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def encode_json(facts: object) -> bytes:
    """Encode an object as indented JSON."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return text.encode(errors="backslashreplace") + b"\n"


def run_manifest(
    command: str, settings: Settings, read_stats: ReadStats, outcome: Mapping[str, object]
) -> bytes:
    """All that one needs to tell two runs apart, with a final newline."""
    facts = {
        "version": installed_version(),
        "formats": {"signatures": SIGNATURES, "clusters": CLUSTERS},
        "command": command,
        "settings": settings.manifest(),
        "input": {**asdict(read_stats), "columns": column_shares(settings, read_stats)},
        **outcome,
    }
    return json.dumps(facts, indent=2).encode() + b"\n"


SPARK_LIBRARIES = ("pyspark", "pyarrow", "pandas")
MISSING_SPARK = "--engine spark needs an extra: pip install 'headline-dedupe[spark]'"
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
        raise click.UsageError("under --engine spark Parquet comes of Parquet alone")


def writes_parquet(request: Request) -> bool:
    """Whether Parquet is to be written."""
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
        check_record_counts(read_stats, result)
        notes = list(reading_notes(request.settings, read_stats))
        seconds = time.perf_counter() - started
        outcome = spark_outcome(command, read_stats, result, rows)
        stats_file.write(
            request.settings, read_stats, {**outcome, "total_seconds": round(seconds, 3)}
        )
    if request.console.verbose:
        request.console.say(timing_summary(result.stats))
    if not request.console.quiet:
        for note in notes:
            request.console.say(note)
        request.console.say(run_summary(result.clustering.stats, read_stats, seconds))


def spark_outcome(
    command: str, read_stats: ReadStats, result: Result, rows: RowChecksum
) -> dict[str, object]:
    """What a run came to, by the names of a run on one machine."""
    selects = command != "pairs"
    return {
        **result.stats,
        "output": rows.count,
        "rows_checksum": rows.checksum,
        "accounts": record_counts(read_stats, rows.count if selects else None),
    }
