"""``dedupe explain``: why two texts are, or are not, one story."""

from __future__ import annotations

from dataclasses import replace

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options

HELP = """\
Show why two texts are, or are not, taken for one story.

A and B are two texts; with --in they are two ids or line numbers of that file, and words are
weighed by its counts, as a run on it does. Shown are the folded texts with what was taken off,
the shingles, bands and rare words that they share, each feature with its part in the log-odds, the
guards, and what would have to change for the verdict to be another.
"""

EXAMPLES = examples(
    (
        "Compare two headlines",
        "dedupe explain 'UPDATE 1-Fed raises rates' 'Fed lifts rates to 5 pct'",
    ),
    ("Compare two records by id", "dedupe explain --in stories.jsonl a b"),
    ("By line number, for a program", "dedupe explain --json --in headlines.txt 1 2"),
)
OPERANDS = 2


class Pair(Command):
    """Shows the operands as they are read, not as click gathers them."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the operands."""
        return ["[OPTIONS]", "A", "B"]


@click.command(cls=Pair, help=HELP, epilog=EXAMPLES)
@click.option(
    "--in",
    "within",
    metavar="FILE",
    help="A and B are ids or line numbers of this file, - for standard input.",
)
@click.option("--json", "in_json", is_flag=True, help="One JSON object instead of text.")
@run_options
def command(request: Request, *, within: str | None, in_json: bool) -> None:
    """Explain one pair."""
    if len(request.files) != OPERANDS:
        given = len(request.files)
        raise click.UsageError(f"expected two operands, A and B, and got {given}")
    from dedupe.cli.reasoning import carry_out  # noqa: PLC0415 - keeps numpy out of --help

    left, right = request.files
    files = () if within is None else (within,)
    carry_out(replace(request, files=files), left, right, in_json=in_json)
