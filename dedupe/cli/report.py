"""``dedupe report``: what was found, as one page for a browser."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import is_terminal
from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.pipeline import Result

HELP = """\
Show what was found as one HTML page.

The page needs no network and no server: open it from disk, mail it, print it. It holds the totals,
charts, duplicates by source and by day, what to look at first, and every cluster of two or more
with its differences marked, to search and to sort. It links to the input by relative paths, so
that the two can be moved together. Equal input gives equal bytes. The whole input is held in
memory.
"""

EXAMPLES = examples(
    ("See what would be dropped, and why", "dedupe report stories.jsonl -o report.html"),
    (
        "Of several files, under a heading of your own",
        "dedupe report --title 'Week 10' stories.jsonl stories.csv -o report.html",
    ),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option("--title", metavar="TEXT", help="Heading of the page. Default: made of the files.")
@run_options
def command(request: Request, *, title: str | None) -> None:
    """Write the page."""
    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.cli.reporting import overview_of  # noqa: PLC0415 - the same
    from dedupe.page.html import page  # noqa: PLC0415 - the same
    from dedupe.stories import Tally  # noqa: PLC0415 - used here alone

    if request.output is None and is_terminal(sys.stdout):
        raise click.UsageError("a page is for a browser; write it to a file, as in -o report.html")
    tally = Tally()

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        overview = overview_of(request, result, tally, title)
        return overview.facts["clusters"], [page(overview)]

    carry_out("report", request, render, tally, with_texts=True)
