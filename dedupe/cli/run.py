"""Run cluster, unique, pairs, check or report, on this machine or on Apache Spark."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import (
    Styler,
    in_color,
    is_terminal,
    join_facts,
    progress_line,
    standard_input,
)
from dedupe.cli.pair_layout import wrap_styled
from dedupe.cli.summary import (
    check_record_counts,
    open_stats,
    read_notes,
    record_counts,
    run_notes,
    say_summary,
)
from dedupe.errors import AccountingError, BackendError
from dedupe.io.files import is_replaceable
from dedupe.io.output import open_output
from dedupe.io.parquet import ParquetFiles, has_parquet_suffix
from dedupe.io.reader import read
from dedupe.io.result_rows import RowCounter
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dedupe.backends.spark import Outcome
    from dedupe.cli.console import Progress
    from dedupe.cli.options import Request
    from dedupe.io.result_rows import RowChecksum
    from dedupe.models import Batch
    from dedupe.pipeline import Result

    Render = Callable[[Result], tuple[int, Iterable[bytes]]]
    """From a result to the number of records or pairs that go out, and their bytes."""
    Table = Callable[[Result, ParquetFiles], Iterable[bytes]]
    """From a result, and the Parquet files that it came from, to the same as a Parquet file."""


ENDLESS = 1 << 30
SELECTING_COMMANDS = ("cluster", "unique")


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a command makes of a result.

    With ``table`` Parquet can be written; ``render`` then serves the accounts alone. ``with_texts``
    holds all in memory, for a ``render`` that asks for the corpus's texts. ``written`` is the
    format of an output that is not records; ``text`` is made for a terminal.
    """

    render: Render
    table: Table | None = None
    with_texts: bool = False
    written: str | None = None


def run_command(
    command: str, request: Request, rendering: Rendering, read_stats: ReadStats | None = None
) -> None:
    """Run one command; the output and the ``--stats`` file appear whole or not at all.

    A ``read_stats`` of the caller's is filled before the result is rendered. Raises AccountingError
    before anything is put in place.
    """
    started = time.perf_counter()
    check_destinations(request)
    if request.master:
        raise click.UsageError("--master needs --engine spark")
    read_stats = read_stats or ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats(command, request, request.inputs))
        output = open_files.enter_context(
            open_output(
                request.output,
                request.inputs,
                painted=rendering.written == "text",
                parquet=rendering.table is not None and request.parquet,
                checksum=bool(request.stats),
            )
        )
        parquet_files = open_files.enter_context(ParquetFiles(request.folder))
        compute = run_in_memory if rendering.with_texts else run_in_limit
        result = open_files.enter_context(compute(request, read_stats, parquet_files))
        check_record_counts(read_stats, result)
        rows = RowCounter()
        records, chunks = rendered_chunks(rendering, request, result, parquet_files, rows)
        for chunk in chunks:
            output.write(chunk)
        notes = run_notes(command, request, read_stats, result, rendering.written)
        seconds = time.perf_counter() - started
        selects = command in SELECTING_COMMANDS and not rendering.written
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
    say_summary(request.console, result.stats, read_stats, notes, seconds)


def rendered_chunks(
    rendering: Rendering,
    request: Request,
    result: Result,
    parquet_files: ParquetFiles,
    rows: RowCounter,
) -> tuple[int, Iterable[bytes]]:
    """Return the number of records or pairs that go out, and their bytes.

    With ``--stats`` their rows are counted, before they become Parquet.
    """
    records, chunks = rendering.render(result)
    chunks = rows.watch(chunks) if request.stats else chunks
    if rendering.table and request.parquet:
        chunks = consume_then_yield(chunks, rendering.table(result, parquet_files))
    return records, chunks


def consume_then_yield(chunks: Iterable[bytes], others: Iterable[bytes]) -> Iterator[bytes]:
    """Consume some chunks, which are counted, and pass on others."""
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
    """Read and cluster within the available memory; the result lasts until the block ends."""
    from dedupe.backends.disk import run_within_memory

    with ExitStack() as until_written:
        with read_with_progress(request, read_stats, parquet_files) as (batches, progress):
            room = request.memory, request.folder
            running = run_within_memory(batches, request.settings, *room, progress)
            result = until_written.enter_context(running)
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


def check_destinations(request: Request) -> None:
    """Refuse to write two outputs to one file; inputs are checked when the file is opened."""
    if request.stats == "-":
        raise click.UsageError("--stats needs a file: standard output is for the data")
    action, _, quarantine = request.settings.on_error.partition("=")
    check_distinct({"--output": request.output, "--stats": request.stats, action: quarantine})


def check_distinct(named: Mapping[str, str | None]) -> None:
    """Raise UsageError where two options name one file that they would replace."""
    taken: dict[str, str] = {}
    for option, path in named.items():
        if not path or path == "-" or not is_replaceable(path):
            continue
        other = taken.setdefault(os.path.realpath(path), option)
        if other != option:
            raise click.UsageError(f"{other} and {option} name the same file: {path}")


def output_style(request: Request) -> Styler:
    """Return colour for standard output as the console is set, none for a file."""
    to_stdout = request.output in (None, "-")
    return Styler(to_stdout and in_color(request.console.color, sys.stdout, os.environ))


def output_width(request: Request) -> int:
    """Return the columns that text on standard output fills; of a file or pipe there is no end."""
    windowed = is_terminal(sys.stdout) or "COLUMNS" in os.environ
    if request.output in (None, "-") and windowed:
        return shutil.get_terminal_size().columns
    return ENDLESS


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a command: facts for a program, lines for a person, and a summary."""

    facts: dict[str, object]
    lines: Iterable[str]
    summary: tuple[str, ...]


def print_answer(
    command: str,
    request: Request,
    inputs: Sequence[str],
    compute: Callable[[ReadStats], Answer],
    *,
    in_json: bool,
) -> None:
    """Compute an answer and print it; the output appears whole or not at all."""
    started = time.perf_counter()
    check_destinations(request)
    read_stats = ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats(command, request, inputs))
        output = open_files.enter_context(open_output(request.output, inputs, painted=not in_json))
        answer = compute(read_stats)
        width = output_width(request)
        lines = (part for line in answer.lines for part in wrap_styled(line, width))
        output.write(encode_json(answer.facts) if in_json else encode_lines(lines))
        seconds = time.perf_counter() - started
        outcome = {**answer.facts, "total_seconds": round(seconds, 3)}
        stats_file.write(request.settings, read_stats, outcome)
    request.console.summarize(join_facts(answer.summary, seconds))


def encode_lines(lines: Iterable[str]) -> bytes:
    """Encode lines for a person."""
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def encode_json(facts: object) -> bytes:
    """Encode an object as indented JSON."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return text.encode(errors="backslashreplace") + b"\n"


SPARK_LIBRARIES = ("pyspark", "pyarrow", "pandas")
MISSING_SPARK = (
    "--engine spark needs pyspark, pyarrow and pandas: "
    "pip install 'pyspark>=3.5' 'pyarrow>=18' 'pandas>=2.2,<3'"
)
MIN_OPERANDS = 2


def check_spark_options(request: Request, others: Mapping[str, bool]) -> None:
    """Raise UsageError for what works on one machine only."""
    given = {
        **others,
        "--output": request.output is not None,
        "--memory": request.memory is not None,
        f"--from {request.format}": request.format not in (None, "jsonl", "parquet"),
        "--stats -": request.stats == "-",
        "standard input": "-" in request.files,
    }
    refused = [option for option, is_given in given.items() if is_given]
    if refused:
        raise click.UsageError(f"{refused[0]} cannot be used with --engine spark")
    if len(request.files) < MIN_OPERANDS:
        raise click.UsageError(
            "--engine spark reads all operands but the last and writes the last: name at least two"
        )
    if len(set(request.files)) < len(request.files):
        raise click.UsageError("--engine spark cannot read or write one path twice")
    tables = request.format == "parquet" or all(map(has_parquet_suffix, request.files[:-1]))
    if writes_parquet(request) and not tables:
        raise click.UsageError("with --engine spark, Parquet output needs Parquet input")


def writes_parquet(request: Request) -> bool:
    """Return whether Parquet is to be written."""
    return request.parquet or has_parquet_suffix(request.files[-1])


def run_on_spark(command: str, request: Request) -> None:
    """Run one command on Spark; the ``--stats`` file appears whole or not at all.

    Raises BackendError where Spark is not installed or fails.
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
    say_summary(request.console, result.stats, read_stats, notes, seconds)


def spark_outcome(
    command: str, read_stats: ReadStats, result: Outcome, rows: RowChecksum
) -> dict[str, object]:
    """Return the outcome of a run, under the same names as on one machine."""
    selects = command != "pairs"
    return {
        **result.stats,
        "output": rows.count,
        "rows_checksum": rows.checksum,
        "accounts": record_counts(read_stats, rows.count if selects else None),
    }
