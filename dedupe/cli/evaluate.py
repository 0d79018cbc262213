"""``dedupe evaluate``: a clustering against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, help_on_terminal, run_options

if TYPE_CHECKING:
    from dedupe.cli.scoring import Wanted

HELP = """\
Judge a clustering by labelled pairs or by gold clusters.

GOLD is a file of labelled pairs (a, b, label; CSV or JSONL; D duplicate, U update, N not) or of
gold clusters (id, cluster). FILES are clustered as dedupe cluster does, with the same settings,
and compared with it; records without gold count nowhere. Shown are precision, recall and F1 of
pairs, B-cubed and the adjusted Rand index, with 95 % bootstrap intervals; how many gold pairs were
never compared, scored too low, or put apart in the end; and the worst errors with the features
that told most. The whole input is held in memory.
"""

EXAMPLES = examples(
    ("Score the clusters by labelled pairs", "dedupe evaluate labels.csv stories.jsonl"),
    (
        "By the cluster that each record names, a stricter run",
        "dedupe evaluate --gold-field gold --threshold 0.8 stories.jsonl",
    ),
    (
        "Judge clusters that are there, and see more errors",
        "dedupe cluster stories.jsonl | dedupe evaluate --clustered --errors 20 labels.csv -",
    ),
)


class TwoOperands(Command):
    """Shows the operands as they are read, not as click gathers them."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the operands."""
        return ["[OPTIONS]", "GOLD", "[FILES]..."]


@click.command(cls=TwoOperands, help=HELP, epilog=EXAMPLES)
@click.option(
    "--gold-field",
    metavar="NAME",
    help="Take the gold cluster from this field of the records; there is no GOLD operand then. "
    "Dots reach into objects. Records without it are left out.",
)
@click.option(
    "--clustered",
    is_flag=True,
    help="FILES are the output of dedupe cluster: judge the clusters that they hold.",
)
@click.option(
    "--bootstrap",
    "replicas",
    type=click.IntRange(0, 100_000),
    default=1000,
    metavar="N",
    help="Draws for the intervals, 0 for none. Default: 1000.",
)
@click.option(
    "--errors",
    type=click.IntRange(0, 100_000),
    default=5,
    metavar="N",
    help="Show the N worst errors. Default: 5.",
)
@click.option("--json", "in_json", is_flag=True, help="One JSON object instead of tables.")
@run_options
def command(request: Request, **given: object) -> None:
    """Judge the clusters of some files."""
    from dedupe.cli.scoring import Wanted, carry_out  # noqa: PLC0415 - keeps numpy out of --help

    wanted = Wanted(**given)  # type: ignore[arg-type]  # click has checked the types
    carry_out(*operands(request, wanted), wanted)


def operands(request: Request, wanted: Wanted) -> tuple[Request, str | None]:
    """Part the gold from the files; raises UsageError."""
    from dataclasses import replace  # noqa: PLC0415 - used here alone

    if wanted.gold_field is not None:
        return request, None
    if not request.files:
        raise click.UsageError("missing GOLD, or --gold-field")
    gold, *files = request.files
    if gold == "-":
        raise click.UsageError("standard input is for the stories; GOLD must be a file")
    help_on_terminal(tuple(files))
    return replace(request, files=tuple(files)), gold
