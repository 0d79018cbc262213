"""``dedupe check``: does a file tell a story twice? For hooks and pipelines."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options
from dedupe.reports import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    Option = Callable[[Callable[..., None]], Callable[..., None]]

HELP = """\
Fail when a story is told twice.

Exits with 1 when there are duplicates, or more than the limits allow, and with 0 when there are
not. The duplicates are the records that dedupe unique would drop, so that its output is clean. With
several limits each must be kept. The whole input is held in memory.
"""

EXAMPLES = examples(
    ("See what is told twice", "dedupe check stories.jsonl"),
    ("Let a few pass", "dedupe check --max-rate 0.5% --max-cluster 3 stories.jsonl"),
    (
        "Check what is new against what is there",
        "dedupe check --against archive.jsonl stories.jsonl",
    ),
    (
        "Accept what there is, and fail from now on",
        "dedupe check --baseline accepted.json --update-baseline stories.jsonl",
    ),
    (
        "Write a report for GitLab",
        "dedupe check --format gitlab -o gl-code-quality-report.json stories.jsonl",
    ),
)
SHARE = re.compile(r"(\d+\.?\d*|\.\d+)\s*(%?)", re.ASCII)


def share_of(context: click.Context, option: click.Parameter, given: str | None) -> float | None:
    """A share of the whole, 0 to 1, from ``0.5%`` or ``0.005``; raises BadParameter."""
    if given is None:
        return None
    found = SHARE.fullmatch(given.strip())
    share = Decimal(found[1]) / (100 if found[2] else 1) if found else None
    if share is None or share > 1:
        told = f"{given!r} is not a share such as 0.5% or 0.005"
        raise click.BadParameter(told, context, option)
    return float(share)


LIMIT_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--max-duplicates",
        type=click.IntRange(0),
        metavar="N",
        help="Allow so many duplicates. Default: 0 if there is no other limit.",
    ),
    click.option(
        "--max-rate",
        callback=share_of,
        metavar="SHARE",
        help="Allow so large a share of the records to be duplicates, as in 0.5% or 0.005.",
    ),
    click.option(
        "--max-cluster",
        type=click.IntRange(1),
        metavar="N",
        help="Allow no cluster of more records than this.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
    click.option(
        "--baseline",
        metavar="FILE",
        help="Let pass the duplicates that this file accepts: its records, by their content, as "
        "one story. A new record in such a cluster is a duplicate.",
    ),
    click.option(
        "--update-baseline",
        is_flag=True,
        help="Make the baseline accept what there is now, and nothing else.",
    ),
    click.option(
        "--against",
        multiple=True,
        metavar="CORPUS",
        help="Count only duplicates of records in this file, and within FILES; those within CORPUS "
        "do not count. A file named both ways is corpus. Repeat for several.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(["auto", *FORMATS]),
        default="auto",
        help="Format of the report. Default: auto, which is github in GitHub Actions, gitlab in "
        "GitLab CI, else text.",
    ),
)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Declare the options of a check."""
    for option in reversed(LIMIT_OPTIONS):
        command = option(command)
    return command


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@limit_options
@run_options
def command(request: Request, **given: object) -> None:
    """Check some files."""
    from dedupe.cli.gatekeeping import Gate, carry_out  # noqa: PLC0415 - keeps numpy out of --help

    gate = Gate(**given)  # type: ignore[arg-type]  # click has checked the types
    if gate.update_baseline and not gate.baseline:
        raise click.UsageError("--update-baseline needs --baseline FILE")
    code = carry_out(request, gate)
    if code:
        raise click.exceptions.Exit(code)
