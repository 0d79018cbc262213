"""The body that cluster, unique and pairs share: read, run, write, tell."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import is_terminal, standard_input
from dedupe.cli.manifest import manifest
from dedupe.cli.progress import Progress
from dedupe.cli.summary import spent, summed_up
from dedupe.engines.within import run_within
from dedupe.errors import AccountingError
from dedupe.files import is_replaceable
from dedupe.pipeline import run
from dedupe.reading import read
from dedupe.stories import Tally
from dedupe.tables import Tables
from dedupe.writing import RowCount, open_output

SELECTING = ("cluster", "unique")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.cli.options import Request
    from dedupe.pipeline import Result
    from dedupe.stories import Batch

    Render = Callable[[Result], tuple[int, Iterable[bytes]]]
    """From a result to the number of records or pairs that go out, and their bytes."""
    Table = Callable[[Result, Tables], Iterable[bytes]]
    """From a result, and the Parquet files that it came from, to the same as a Parquet file."""


def carry_out(
    command: str,
    request: Request,
    render: Render,
    tally: Tally | None = None,
    *,
    table: Table | None = None,
    with_texts: bool = False,
    painted: bool = False,
) -> None:
    """Do one run; the output and the ``--stats`` file appear whole or not at all.

    A ``tally`` of the caller's is filled before ``render`` is called; ``with_texts`` holds all
    in memory, for one that asks for the corpus's texts; ``painted`` is text that was made for a
    terminal. With ``table`` Parquet can be written; ``render`` then serves the accounts alone.
    Raises AccountingError before anything is put in place.
    """
    started = time.perf_counter()
    check_destinations(request)
    if request.master:
        raise click.UsageError("--master is for --engine spark")
    tally = tally or Tally()
    with ExitStack() as open_files:
        sidecar = request.stats and open_files.enter_context(
            open_output(request.stats, request.inputs)
        )
        parquet = table is not None and request.parquet
        output = open_files.enter_context(
            open_output(request.output, request.inputs, painted=painted, parquet=parquet)
        )
        tables = open_files.enter_context(Tables(request.folder))
        compute = in_memory if with_texts else within_memory
        result = open_files.enter_context(compute(request, tally, tables))
        check_accounts(tally, result)
        records, chunks = render(result)
        rows = RowCount()
        chunks = rows.watch(chunks) if sidecar else chunks
        for chunk in instead(chunks, table(result, tables)) if table and parquet else chunks:
            output.write(chunk)
        seconds = time.perf_counter() - started
        selects = command in SELECTING and not painted
        if sidecar:
            outcome = {
                **result.stats,
                "output": records,
                "output_bytes": output.bytes,
                "output_checksum": output.checksum,
                "rows_checksum": rows.rows.checksum,
                "accounts": accounts(tally, records if selects else None),
                "total_seconds": round(seconds, 3),
            }
            sidecar.write(manifest(command, request.settings, tally, outcome))
    if request.console.verbose:
        request.console.say(spent(result.stats))
    if not request.console.quiet:
        request.console.say(summed_up(result.clustering.stats, tally, seconds))


def instead(chunks: Iterable[bytes], others: Iterable[bytes]) -> Iterator[bytes]:
    """Go through some chunks, for who counts them, and pass on others."""
    deque(chunks, maxlen=0)
    yield from others


@contextmanager
def in_memory(request: Request, tally: Tally, tables: Tables) -> Iterator[Result]:
    """Read and cluster with all in memory."""
    with coming(request, tally, tables) as (batches, progress):
        result = run(batches, request.settings, progress)
    yield result


@contextmanager
def within_memory(request: Request, tally: Tally, tables: Tables) -> Iterator[Result]:
    """Read and cluster within the memory that there is; the result is there until the end."""
    with ExitStack() as until_written:
        with coming(request, tally, tables) as (batches, progress):
            room = request.memory, request.folder
            held = run_within(batches, request.settings, *room, progress)
            result = until_written.enter_context(held)
        yield result


@contextmanager
def coming(
    request: Request, tally: Tally, tables: Tables
) -> Iterator[tuple[Iterable[Batch], Progress]]:
    """The batches to read, with progress for whoever watches."""
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with Progress(sys.stderr if watched else None) as progress:
        batches = read(
            request.files,
            request.settings,
            tally,
            stdin=standard_input(),
            format=request.format,
            tables=tables,
        )
        yield progress.reading(batches), progress


def check_accounts(tally: Tally, result: Result) -> None:
    """Raise AccountingError where a stage has lost a record, or told one twice."""
    for what, found in (
        ("records to compare", len(result.corpus)),
        ("records clustered", len(result.clustering.canonical)),
    ):
        if found != tally.records:
            raise AccountingError(what, tally.records, found)


def accounts(tally: Tally, out: int | None) -> dict[str, int]:
    """What became of the records: ``in`` is the sum of all that follow it."""
    left = {} if out is None else {"out": out, "left_out": tally.records - out}
    told = left or {"read": tally.records}
    return {
        "in": tally.met - tally.blank,
        **told,
        "skipped": tally.skipped,
        "quarantined": tally.quarantined,
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
