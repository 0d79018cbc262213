"""``dedupe tune``: the threshold that keeps your promise on your labels."""

from __future__ import annotations

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options
from dedupe.parsers import parse_share

HELP = """\
Choose the threshold for your own labels and target, or say what the labels lack.

Scores the labelled pairs of the files, prints precision (with its interval), recall and F1 by
threshold, and writes the choice as settings that --config takes. With --precision or --recall the
bound of the interval must reach the target, and then the other measure decides; without, F1
does. Refuses when the labels are too few to support the claim.

The figures hold for pairs like the labelled ones. Updates count neither way. How whole clusters
come out is for evaluate to say.
"""

TUNE = "dedupe tune stories.jsonl --labels labels.jsonl"
EXAMPLES = examples(
    (
        "Choose the threshold of the best F1, and run with it",
        f"{TUNE} -o tuned.toml && dedupe unique --config tuned.toml stories.jsonl",
    ),
    (
        "Be right four times in five, and see the curve",
        f"{TUNE} --precision 0.8 --plot out.svg",
    ),
)
OUTPUT_HELP = "Write the settings here, as TOML; - puts them in the place of the table."


def share(_context: click.Context, _option: click.Parameter, given: str | None) -> float | None:
    """Read a number between 0 and 1; the usage error names the option."""
    if given is None:
        return None
    try:
        number = parse_share(given)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise click.BadParameter(f"{given!r} does not lie between 0 and 1")
    return number


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--labels",
    metavar="FILE",
    required=True,
    help="Labelled pairs: JSONL from dedupe label, or CSV with the columns a,b,label.",
)
@click.option("--precision", callback=share, metavar="SHARE", help="Reach this precision.")
@click.option("--recall", callback=share, metavar="SHARE", help="Reach this recall.")
@click.option(
    "--confidence",
    callback=share,
    default="0.95",
    metavar="SHARE",
    help="Confidence of the intervals. Default: 0.95.",
)
@click.option("--plot", metavar="FILE", help="Draw the curve as SVG.")
@run_options
def command(
    request: Request,
    *,
    labels: str,
    precision: float | None,
    recall: float | None,
    confidence: float,
    plot: str | None,
) -> None:
    """Tune one threshold."""
    from dedupe.cli.tuning import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.judge.tune import Goal  # noqa: PLC0415 - the same

    if precision and recall:
        raise click.UsageError("--precision and --recall exclude each other")
    goal = Goal(confidence=confidence)
    if precision:
        goal = Goal("precision", precision, confidence)
    elif recall:
        goal = Goal("recall", recall, confidence)
    carry_out(request, labels, goal, plot)


for parameter in command.params:
    if isinstance(parameter, click.Option) and parameter.name == "output":
        parameter.help = OUTPUT_HELP
