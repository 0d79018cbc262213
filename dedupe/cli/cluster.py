"""``dedupe cluster``: every record, with its cluster spliced in."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import in_color, is_terminal
from dedupe.cli.layout import Command, examples
from dedupe.cli.options import CSV_SAFE, TO, Request, run_options, spill_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.pipeline import Result
    from dedupe.tables import Tables

ENDLESS = 1 << 30
HELP = """\
Add to every record the cluster that it belongs to.

All records come out in input order. Each keeps its original bytes and gains one object (JSONL,
lines) or seven columns (CSV, TSV, Parquet): cluster, size, canonical, canonical_id, score, reason,
and version, which JSON has only for a headline whose tag states one (UPDATE 2-). With --format tree
the clusters of two or more come as a list to read, differences marked. What does not fit into
memory goes to the disk (--memory), or to many machines (--engine spark).
"""

EXAMPLES = examples(
    ("See which stories belong together, and why", "dedupe cluster stories.jsonl"),
    (
        "Join only what is surely the same",
        "dedupe cluster --threshold 0.8 -o out.jsonl stories.jsonl",
    ),
    (
        "Compare other fields, the title at twice the weight",
        "dedupe cluster --field headline:2 --field body --window 3d stories.csv",
    ),
    ("Read through the clusters", "dedupe cluster --format tree --pager stories.jsonl"),
    ("Overrule it by labels of your own", "dedupe cluster --links labels.jsonl stories.jsonl"),
    ("Group the repeated blocks of an article page", "dedupe split article.txt | dedupe cluster"),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--format",
    "form",
    type=click.Choice(["records", "tree"]),
    default="records",
    help="records: every record, annotated. tree: the clusters, for a person. Default: records.",
)
@click.option("--pager", is_flag=True, help="Show the tree in $PAGER if this is a terminal.")
@CSV_SAFE
@TO
@run_options
@spill_options
def command(request: Request, *, form: str, pager: bool, csv_safe: bool) -> None:
    """Annotate every record, or show the clusters."""
    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.cli.spark import carry_out_on_spark, refuse  # noqa: PLC0415 - the same
    from dedupe.writing import accounted, annotated, without_formulas  # noqa: PLC0415 - the same

    if request.engine == "spark":
        tree = {"--format tree": form == "tree", "--pager": pager}
        refuse(request, {**tree, "--csv-safe": csv_safe})
        carry_out_on_spark("cluster", request)
        return
    if form == "tree":
        if request.memory:
            raise click.UsageError("--memory is for records: the tree holds all in memory")
        if request.to:
            raise click.UsageError("--to is for records: the tree is text")
        show(request, paged=pager)
        return
    if pager:
        raise click.UsageError("--pager is for --format tree")

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        corpus = result.corpus
        chunks = annotated(corpus, result.clustering, request.settings)
        chunks = accounted(chunks, corpus.batches)
        if csv_safe:
            chunks = without_formulas(chunks, corpus.batches)
        return len(corpus), chunks

    def table(result: Result, tables: Tables) -> Iterable[bytes]:
        from dedupe.writing.parquet import annotated_rows  # noqa: PLC0415 - an extra

        into = request.settings.into
        return annotated_rows(result.corpus.batches, result.clustering, into, tables)

    carry_out("cluster", request, render, table=table)


def show(request: Request, *, paged: bool) -> None:
    """Write the clusters as a tree, to the window's width where there is a window."""
    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.cli.screen import Look  # noqa: PLC0415 - the same
    from dedupe.cli.tree import tree  # noqa: PLC0415 - the same

    to_stdout = request.output in (None, "-")
    windowed = to_stdout and (is_terminal(sys.stdout) or "COLUMNS" in os.environ)
    width = shutil.get_terminal_size().columns if windowed else ENDLESS
    look = Look(width, to_stdout and in_color(request.console.color, sys.stdout, os.environ))
    lines: list[str] = []
    paged = paged and to_stdout and is_terminal(sys.stdout)

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        told = tree(result, look)
        if paged:
            lines.extend(told)
        clusters = int(result.clustering.stats["clusters"])
        return clusters, (line.encode("utf-8", "backslashreplace") for line in told)

    carry_out("cluster", request, render, with_texts=True, painted=True)
    if paged:
        click.echo_via_pager(lines, color=look.color)
