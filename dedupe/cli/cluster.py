"""``dedupe cluster``: every record, with its cluster spliced in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.pipeline import Result

HELP = """\
Add to every record the cluster that it belongs to.

All records come out in input order. Each keeps its original bytes and gains one object (JSONL,
lines) or seven columns (CSV, TSV): cluster, size, canonical, canonical_id, score, reason, and
version, which JSON has only for a headline whose tag states one (UPDATE 2-). The whole input is
held in memory.
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
    ("Overrule it by labels of your own", "dedupe cluster --links labels.jsonl stories.jsonl"),
    ("Group the repeated blocks of an article page", "dedupe split article.txt | dedupe cluster"),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@run_options
def command(request: Request) -> None:
    """Annotate every record."""
    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.writing import annotated  # noqa: PLC0415 - the same

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        return len(result.corpus), annotated(result.corpus, result.clustering, request.settings)

    carry_out("cluster", request, render)
