"""The body that cluster, unique and pairs share: read, run, write, tell."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import numpy as np

from dedupe.cli.console import is_terminal
from dedupe.cli.progress import Progress
from dedupe.cli.summary import counted, manifest, mishaps, told
from dedupe.pipeline import run
from dedupe.reading import read
from dedupe.stories import Tally
from dedupe.writing import open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.cli.options import Request
    from dedupe.pipeline import Result

    Render = Callable[[Result], tuple[int, Iterable[bytes]]]
    """From a result to the number of records or pairs that go out, and their bytes."""

QUARANTINE = "quarantine="


def carry_out(command: str, request: Request, render: Render) -> None:
    """Do one run; the output and the ``--stats`` file appear whole or not at all."""
    started = time.perf_counter()
    check_destinations(request)
    tally = Tally()
    with ExitStack() as open_files:
        sidecar = request.stats and open_files.enter_context(
            open_output(request.stats, request.files)
        )
        output = open_files.enter_context(open_output(request.output, request.files))
        result = compute(request, tally)
        records, chunks = render(result)
        for chunk in chunks:
            output.write(chunk)
        seconds = time.perf_counter() - started
        if sidecar:
            outcome = {**result.stats, "output": records, "total_seconds": round(seconds, 3)}
            sidecar.write(manifest(command, request.settings, tally, outcome))
    if not request.console.quiet:
        tell(request, result, tally, seconds)


def compute(request: Request, tally: Tally) -> Result:
    """Read and cluster, with progress for whoever watches."""
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with Progress(sys.stderr if watched else None) as progress:
        batches = read(
            request.files, request.settings, tally, stdin=standard_input(), format=request.format
        )
        return run(progress.reading(batches), request.settings, progress)


def standard_input() -> BinaryIO:
    """Take standard input as bytes; one that was closed has a stand-in that cannot be read."""
    if sys.stdin is None:
        return os.fdopen(0, "rb", closefd=False)
    return sys.stdin.buffer


def check_destinations(request: Request) -> None:
    """Refuse to write two things to one file, or the bad records onto an input."""
    if request.stats == "-":
        raise click.UsageError("--stats needs a file: standard output is for the data")
    quarantine = request.settings.on_error.removeprefix(QUARANTINE)
    if quarantine == request.settings.on_error:
        quarantine = ""
    named = {"--output": request.output, "--stats": request.stats, "quarantine": quarantine}
    taken: dict[str, str] = {}
    for option, path in named.items():
        if not path or path == "-" or is_special(path):
            continue
        other = taken.setdefault(os.path.realpath(path), option)
        if other != option:
            raise click.UsageError(f"{other} and {option} name the same file: {path}")


def is_special(path: str) -> bool:
    """Whether a path is a device or pipe, which several outputs may share."""
    return Path(path).exists() and not Path(path).is_file()


def tell(request: Request, result: Result, tally: Tally, seconds: float) -> None:
    """Say on standard error what the run came to."""
    clustering = result.clustering
    alone = clustering.canonical == np.arange(len(clustering.canonical))
    several = int(np.count_nonzero(alone & (clustering.sizes > 1)))
    facts = [
        counted(len(result.corpus), "record"),
        f"{np.count_nonzero(alone):,} unique",
        f"{counted(several, 'cluster')} of two or more",
    ]
    request.console.say(told([*facts, *mishaps(tally)], seconds))
