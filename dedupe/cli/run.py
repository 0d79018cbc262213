"""Run cluster, unique, pairs, check or report: read, run, write, summarise."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe import installed_version
from dedupe.cli.console import (
    Styler,
    in_color,
    is_terminal,
    join_facts,
    progress_line,
    run_summary,
    standard_input,
    timing_summary,
)
from dedupe.cli.notes import run_notes, suffix_notes
from dedupe.cli.pair_layout import wrap_styled
from dedupe.errors import AccountingError
from dedupe.format_versions import CLUSTERS, SIGNATURES
from dedupe.io.files import is_replaceable
from dedupe.io.integrity import RowCounter
from dedupe.io.output import open_output
from dedupe.io.parquet import ParquetFiles
from dedupe.io.read_notes import column_shares
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dedupe.cli.console import Progress
    from dedupe.cli.options import Request
    from dedupe.config import Settings
    from dedupe.io.output import Output
    from dedupe.models import Batch
    from dedupe.pipeline import Result

    Render = Callable[[Result], tuple[int, Iterable[bytes]]]
    """From a result to the number of records or pairs that go out, and their bytes."""
    Table = Callable[[Result, ParquetFiles], Iterable[bytes]]
    """From a result, and the Parquet files that it came from, to the same as a Parquet file."""

ENDLESS = 1 << 30
MANIFEST_OPENING = b'{\n  "version"'
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
            open_output(
                request.output,
                request.inputs,
                painted=painted,
                parquet=parquet,
                checksum=bool(request.stats),
            )
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
        own = "text" if painted else None if selects else request.target or "csv"
        if not request.console.quiet:
            suffix = suffix_notes(command, request, result, own)
            notes += [("warning", note) for note in suffix]
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
        for level, note in notes:
            request.console.say(note, level=level)
        request.console.say(run_summary(result.clustering.stats, read_stats, seconds))


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
    """Raise AccountingError if a stage has lost a record or repeated one."""
    for what, found in (
        ("records to compare", len(result.corpus)),
        ("records clustered", len(result.clustering.canonical)),
    ):
        if found != read_stats.records:
            raise AccountingError(what, read_stats.records, found)


def record_counts(read_stats: ReadStats, out: int | None) -> dict[str, int]:
    """Return what became of the records: ``in`` is the sum of all that follow it."""
    left = {} if out is None else {"out": out, "left_out": read_stats.records - out}
    outcome = left or {"read": read_stats.records}
    return {
        "in": read_stats.met - read_stats.blank,
        **outcome,
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


def check_stats_file(path: str | None) -> None:
    """Refuse to replace a file that holds something else than the figures of a run.

    ``dedupe unique --stats stories.jsonl`` is meant to count, and would cost the stories.
    """
    if not path or not Path(path).is_file():
        return
    with Path(path).open("rb") as file:
        opening = file.read(len(MANIFEST_OPENING))
    if opening and opening != MANIFEST_OPENING:
        raise click.UsageError(
            f"--stats: {path} exists and holds no figures of a run, so it is not replaced; "
            "--stats is followed by the name of the file to write them to"
        )


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
    check_stats_file(request.stats)
    if not request.stats:
        yield StatsFile(command, None)
        return
    with open_output(request.stats, inputs) as output:
        yield StatsFile(command, output)


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
    if not request.console.quiet:
        request.console.say(join_facts(answer.summary, seconds))


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
    """Return the facts that distinguish two runs as JSON, with a final newline."""
    facts = {
        "version": installed_version(),
        "formats": {"signatures": SIGNATURES, "clusters": CLUSTERS},
        "command": command,
        "settings": settings.manifest(),
        "input": {**asdict(read_stats), "columns": column_shares(settings, read_stats)},
        **outcome,
    }
    return json.dumps(facts, indent=2).encode() + b"\n"
