"""The body of ``dedupe check``: run, hold against the limits, report, answer by the exit code."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.cli.job import carry_out as run_job
from dedupe.cli.surroundings import format_for, rooted, summary_file
from dedupe.files import output_errors, refuse_inputs, replacing
from dedupe.gate import accepting, inspect, read_baseline, written
from dedupe.reading.compression import shown
from dedupe.reports import reporter
from dedupe.reports.wording import counted, summary
from dedupe.stories import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dedupe.cli.console import Console
    from dedupe.cli.options import Request
    from dedupe.gate import Entry
    from dedupe.pipeline import Result
    from dedupe.stories import Findings

FOUND = 1
FEW = 10
READABLE = ("text", "github")


@dataclass(frozen=True, slots=True)
class Gate:
    """What a check is told besides the settings of its run."""

    max_duplicates: int | None
    max_rate: float | None
    max_cluster: int | None
    exit_zero: bool
    baseline: str | None
    update_baseline: bool
    against: tuple[str, ...]
    form: str

    @property
    def limits(self) -> Limits:
        """How much may pass."""
        return Limits(self.max_duplicates, self.max_rate, self.max_cluster)


def carry_out(request: Request, gate: Gate) -> int:
    """Check the files of a request; returns the exit code."""
    request, corpus = with_corpus(request, gate.against)
    check_baseline(request, gate)
    form = format_for(gate.form, os.environ)
    accepted = read_baseline(gate.baseline) if gate.baseline and not gate.update_baseline else []
    found: list[Findings] = []

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        entries: Sequence[Entry] = accepted
        if gate.baseline and gate.update_baseline:
            entries = accepting(result, corpus)
            with replacing(gate.baseline) as file, output_errors(gate.baseline):
                file.write(written(entries))
        found.append(inspect(result, corpus, entries, gate.limits, request.settings.threshold))
        return len(found[0].found), encoded(form, found[0])

    run_job("check", request, render)
    (findings,) = found
    summarize(form, findings)
    if not request.console.quiet:
        tell(request, form, findings)
        remind(request.console, gate, findings)
    return 0 if findings.passed or gate.exit_zero else FOUND


def with_corpus(request: Request, against: Sequence[str]) -> tuple[Request, set[str]]:
    """The request with the corpus before its files, and the names of the corpus in messages."""
    if not against:
        return request, set()
    known = set(map(os.path.realpath, against))
    fresh = [path for path in request.files or ("-",) if os.path.realpath(path) not in known]
    return replace(request, files=(*dict.fromkeys(against), *fresh)), set(map(shown, against))


def check_baseline(request: Request, gate: Gate) -> None:
    """Refuse a baseline that is also an input or an output."""
    if not gate.baseline:
        return
    refuse_inputs(gate.baseline, request.inputs)
    for option, path in (("--output", request.output), ("--stats", request.stats)):
        if path and os.path.realpath(path) == os.path.realpath(gate.baseline):
            raise click.UsageError(f"--baseline and {option} name the same file: {path}")


def encoded(form: str, findings: Findings) -> Iterable[bytes]:
    """The report as bytes; a file name that is no UTF-8 is shown by escapes."""
    pieces = reporter(form)(rooted(form, findings, os.environ))
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)


def summarize(form: str, findings: Findings) -> None:
    """Add to the page that GitHub shows of a step; raises OutputError."""
    path = summary_file(form, os.environ)
    if not path:
        return
    with output_errors(path), Path(path).open("ab") as page:
        page.writelines(encoded("markdown", findings))


def tell(request: Request, form: str, findings: Findings) -> None:
    """Tell a person what stands in a report that is for machines or for later."""
    if request.output in (None, "-") and form in READABLE:
        return
    lines = islice(reporter("text")(replace(findings, stale=())), min(FEW, len(findings.found)))
    for line in lines:
        click.echo(line.encode("utf-8", "backslashreplace"), err=True, nl=False)
    if len(findings.found) > FEW:
        click.echo(f"and {len(findings.found) - FEW:,} more", err=True)
    request.console.say(summary(findings))


def remind(console: Console, gate: Gate, findings: Findings) -> None:
    """Tell what has become of the baseline."""
    if gate.update_baseline:
        console.say(f"{gate.baseline}: {counted(findings.accepted, 'duplicate')} accepted")
    elif findings.stale:
        stale = len(findings.stale)
        entries = "1 stale entry" if stale == 1 else f"{stale:,} stale entries"
        console.say(f"{gate.baseline}: {entries}; --update-baseline drops what is not there")
