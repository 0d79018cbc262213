"""``dedupe check``: fail when there are duplicates, for hooks and pipelines."""

from __future__ import annotations

import os
import os.path
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, run_options, whole_number
from dedupe.gate.models import Limits, encode_baseline, read_baseline
from dedupe.io.files import check_not_input, display_name, open_replacement, output_errors
from dedupe.reports import FORMATS, reporter
from dedupe.reports.format import count_noun, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dedupe.cli.console import Console
    from dedupe.gate.models import Entry, Findings, SourceLocation
    from dedupe.pipeline import Result

HELP = """\
Fail when there are duplicates.

Exits with 1 when there are duplicates, or more than the limits allow, and with 0 otherwise. The
duplicates are the records that dedupe unique would drop, so that its output always passes; of two
records the later one is the duplicate. With several limits all of them must hold.

The whole input is held in memory.
"""

EXAMPLES = examples(
    ("List the duplicates", "dedupe check stories.jsonl"),
    ("Allow a few", "dedupe check --max-rate 0.5% --max-cluster 3 stories.jsonl"),
    (
        "Compare new records with an archive",
        "dedupe check --against archive.jsonl stories.jsonl",
    ),
    (
        "Accept the current duplicates, and fail on new ones",
        "dedupe check --baseline accepted.json --update-baseline stories.jsonl",
    ),
    (
        "Write a report for GitLab",
        "dedupe check --format gitlab -o gl-code-quality-report.json stories.jsonl",
    ),
)
SHARE = re.compile(r"(\d+\.?\d*|\.\d+)\s*(%?)", re.ASCII)


def parse_share_option(
    context: click.Context, option: click.Parameter, given: str | None
) -> float | None:
    """Return a share of the whole, 0 to 1, from ``0.5%`` or ``0.005``; raises BadParameter."""
    if given is None:
        return None
    found = SHARE.fullmatch(given.strip())
    share = Decimal(found[1]) / (100 if found[2] else 1) if found else None
    if share is None or share > 1:
        reason = f"must be a share such as 0.5% or 0.005, at most 100%, got {given}"
        raise click.BadParameter(reason, context, option)
    return float(share)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--max-duplicates",
    callback=whole_number(0),
    metavar="N",
    help="Allow N duplicates. Default: 0 if there is no other limit.",
)
@click.option(
    "--max-rate",
    callback=parse_share_option,
    metavar="SHARE",
    help="Allow this share of duplicates, such as 0.5%. The share of all records; 0.5% and "
    "0.005 are the same.",
)
@click.option(
    "--max-cluster",
    callback=whole_number(1),
    metavar="N",
    help="Allow no cluster of more than N records.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if duplicates are found.")
@click.option(
    "--baseline",
    metavar="FILE",
    help="Accept the duplicates listed in this file. It names records by their content. A new "
    "record in an accepted cluster is a duplicate.",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Write the current duplicates to the baseline. It then accepts these and no others.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="CORPUS",
    help="Also compare with the records of this file. Duplicates within FILES and of records "
    "in CORPUS count, those within CORPUS do not. A file named both ways is CORPUS. Repeat "
    "for several.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    metavar="FORMAT",
    help=f"Format of the report. One of auto, {', '.join(FORMATS)}. Default: auto, which is "
    "github in GitHub Actions, gitlab in GitLab CI, else text.",
)
@run_options
def check_command(request: Request, **given: object) -> None:
    """Check the files, and exit with 1 when duplicates are found."""
    gate = CheckOptions(**given)  # type: ignore[arg-type]  # click has checked the types
    if gate.update_baseline and not gate.baseline:
        raise click.UsageError("--update-baseline needs --baseline FILE")
    code = run_check(request, gate)
    if code:
        raise click.exceptions.Exit(code)


DUPLICATES_FOUND = 1
MAX_SHOWN = 10
READABLE = ("text", "github")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """The options of a check beside the settings of its run."""

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


def run_check(request: Request, gate: CheckOptions) -> int:
    """Check the files of a request; returns the exit code."""
    from dedupe.cli.run import Rendering, run_command
    from dedupe.gate.gate import accepted_entries, find_duplicates

    request, corpus = with_corpus(request, gate.against)
    check_baseline(request, gate)
    form = choose_format(gate.form, os.environ)
    accepted = read_baseline(gate.baseline) if gate.baseline and not gate.update_baseline else []
    found: list[Findings] = []

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        entries: Sequence[Entry] = accepted
        if gate.baseline and gate.update_baseline:
            entries = accepted_entries(result, corpus)
            with open_replacement(gate.baseline) as file, output_errors(gate.baseline):
                file.write(encode_baseline(entries))
        found.append(
            find_duplicates(result, corpus, entries, gate.limits, request.settings.threshold)
        )
        return len(found[0].found), encode_report(form, found[0])

    run_command("check", request, Rendering(render))
    (findings,) = found
    write_step_summary(form, findings)
    if not request.console.quiet:
        print_findings(request, form, findings)
        print_baseline_state(request.console, gate, findings)
    return 0 if findings.passed or gate.exit_zero else DUPLICATES_FOUND


def with_corpus(request: Request, against: Sequence[str]) -> tuple[Request, set[str]]:
    """Return the request with the corpus before its files, and the names of corpus files."""
    if not against:
        return request, set()
    known = set(map(os.path.realpath, against))
    fresh = [path for path in request.files or ("-",) if os.path.realpath(path) not in known]
    return replace(request, files=(*dict.fromkeys(against), *fresh)), set(
        map(display_name, against)
    )


def check_baseline(request: Request, gate: CheckOptions) -> None:
    """Refuse a baseline that is also an input or an output."""
    from dedupe.cli.run import check_distinct

    if not gate.baseline:
        return
    check_not_input(gate.baseline, request.inputs)
    check_distinct(
        {"--baseline": gate.baseline, "--output": request.output, "--stats": request.stats}
    )


def encode_report(form: str, findings: Findings) -> Iterable[bytes]:
    """Return the report as bytes; a file name that is not UTF-8 is escaped."""
    pieces = reporter(form)(relative_findings(form, findings, os.environ))
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)


def write_step_summary(form: str, findings: Findings) -> None:
    """Add to the page that GitHub shows of a step; raises OutputError."""
    path = summary_file(form, os.environ)
    if not path:
        return
    with output_errors(path), Path(path).open("ab") as page:
        page.writelines(encode_report("markdown", findings))


def print_findings(request: Request, form: str, findings: Findings) -> None:
    """Print the findings for a person if the report is for a program or in a file."""
    if request.output in (None, "-") and form in READABLE:
        return
    if request.console.in_json:
        request.console.say(summary(findings))
        return
    lines = islice(
        reporter("text")(replace(findings, stale=())), min(MAX_SHOWN, len(findings.found))
    )
    for line in lines:
        click.echo(line.encode("utf-8", "backslashreplace"), err=True, nl=False)
    if len(findings.found) > MAX_SHOWN:
        click.echo(f"and {len(findings.found) - MAX_SHOWN:,} more", err=True)
    request.console.say(summary(findings))


def print_baseline_state(console: Console, gate: CheckOptions, findings: Findings) -> None:
    """Print how many duplicates the baseline accepts, or how many entries are stale."""
    if gate.update_baseline:
        console.say(f"{gate.baseline}: {count_noun(findings.accepted, 'duplicate')} accepted")
    elif findings.stale:
        stale = len(findings.stale)
        entries = "1 stale entry" if stale == 1 else f"{stale:,} stale entries"
        console.say(f"{gate.baseline}: {entries}; --update-baseline removes what is gone")


SYSTEMS = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}
ROOTS = {
    "github": ("GITHUB_WORKSPACE",),
    "gitlab": ("CI_PROJECT_DIR",),
    "sarif": ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"),
}
"""The formats that name files relative to the root of the sources, and the variables with it."""
STDIN = "<stdin>"


def choose_format(form: str, environ: Mapping[str, str]) -> str:
    """Return the format that is asked for, or ``auto``'s: the CI's own, else text."""
    if form != "auto":
        return form
    return next((own for name, own in SYSTEMS.items() if environ.get(name) == "true"), "text")


def summary_file(form: str, environ: Mapping[str, str]) -> str | None:
    """Return the file that GitHub shows of a step, where there is one."""
    return environ.get("GITHUB_STEP_SUMMARY") if form == "github" else None


def relative_findings(form: str, findings: Findings, environ: Mapping[str, str]) -> Findings:
    """Return the findings with paths relative to the root; paths outside of it stay."""
    if form not in ROOTS:
        return findings
    root = next(filter(None, map(environ.get, ROOTS[form])), os.path.curdir)

    def moved(location: SourceLocation) -> SourceLocation:
        return replace(location, path=relative_path(location.path, root))

    found = tuple(
        replace(
            each,
            duplicate=moved(each.duplicate),
            original=moved(each.original),
            through=each.through and moved(each.through),
        )
        for each in findings.found
    )
    return replace(findings, found=found)


def relative_path(path: str, root: str) -> str:
    """Return a path as seen from a folder that it lies in.

    >>> relative_path("/w/data/../a.jsonl", "/w"), relative_path("/tmp/a.jsonl", "/w")
    ('a.jsonl', '/tmp/a.jsonl')
    """
    if path == STDIN:
        return path
    seen = os.path.relpath(path, root)
    return path if seen.split(os.path.sep)[0] == os.path.pardir else seen
