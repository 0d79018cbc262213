"""``dedupe report``: write one HTML page of the result."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from dedupe import installed_version
from dedupe.cli.console import is_terminal
from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, run_options
from dedupe.io.files import display_name, split_suffix
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dedupe.models import ReadStats
    from dedupe.pipeline import Result
    from dedupe.reports.html.data import ReportData

HELP = """\
Write the result as one HTML page.

The page needs no network and no server: open it from disk, mail it, print it. It shows totals,
charts, duplicates by source and by day, the clusters to look at first, and every cluster of two or
more with its differences marked. Clusters can be searched and sorted. Links to the input are
relative, so that the page and the input can be moved together. Equal input gives equal bytes.

The whole input is held in memory.
"""

EXAMPLES = examples(
    ("See what would be dropped, and why", "dedupe report stories.jsonl -o report.html"),
    (
        "Of several files, under a heading of your own",
        "dedupe report --title 'Week 10' stories.jsonl stories.csv -o report.html",
    ),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--title",
    metavar="TEXT",
    help="Heading of the page. Default: made from the names of the files.",
)
@run_options
def report_command(request: Request, *, title: str | None) -> None:
    """Write the page."""
    from dedupe.cli.run import Rendering, run_command
    from dedupe.models import ReadStats
    from dedupe.reports.html.render import render_page

    if request.output is None and is_terminal(sys.stdout):
        raise click.UsageError(
            "the page cannot be written to a terminal; name a file, as in -o report.html"
        )
    read_stats = ReadStats()

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        overview = report_data(request, result, read_stats, title)
        return overview.facts["clusters"], [render_page(overview)]

    run_command("report", request, Rendering(render, with_texts=True), read_stats)


STEPS = 100
AIM = 0.98
"""The chance of being compared that the page marks."""


def report_data(
    request: Request, result: Result, read_stats: ReadStats, title: str | None
) -> ReportData:
    """Gather the data of the page, without times, so that equal runs give equal pages."""
    from dedupe.blocking.keys import BAND_ROWS, BANDS, RARE_STEMS
    from dedupe.reports.html.data import ReportData

    stats = {name: value for name, value in result.stats.items() if name != "seconds"}
    facts = {
        "version": installed_version(),
        "settings": request.settings.manifest(),
        "input": asdict(read_stats),
        "blocking": {"bands": BANDS, "rows": BAND_ROWS, "rare_stems": RARE_STEMS, "aim": AIM},
        **stats,
    }
    return ReportData(
        title=title or default_title(request.files),
        corpus=result.corpus,
        clustering=result.clustering,
        facts=facts,
        recall=[1 - (1 - (step / STEPS) ** BAND_ROWS) ** BANDS for step in range(STEPS + 1)],
        links=dict(filter(None, (relative_link(path, request.output) for path in request.files))),
    )


def default_title(files: Sequence[str]) -> str:
    """Return the title of a page that was not given one."""
    if not files:
        return "Duplicates in standard input"
    others = f" and {count_noun(len(files) - 1, 'other file')}" if len(files) > 1 else ""
    return f"Duplicates in {Path(display_name(files[0])).name}{others}"


def relative_link(path: str, output: str | None) -> tuple[str, str] | None:
    """Return an input and its address relative to the page; None if no browser shows it."""
    if path == "-" or split_suffix(path)[1]:
        return None
    folder = Path(output).parent if output and output != "-" else Path()
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return None
    return path, quote(os.fsencode(Path(relative).as_posix()))
