"""``dedupe label``: read the doubtful pairs and say which are one story."""

from __future__ import annotations

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import Request, run_options

HELP = """\
Read the doubtful pairs of a file and say which are one story.

Asks first where a label tells most: about pairs that score near the threshold, of every score band,
from one cluster after another. Each label is on disk before the next pair is shown. Quit at any
time: the next session goes on with the pairs that have no label. The labels serve tune and
evaluate.

\b
Keys (or lines, where standard input is no terminal):
  y  yes, one story: who has read one misses nothing of the other
  n  no: another company, place, period, edition or topic
  u  update: the same event, but a fact was changed or added
  s  skip; a later session asks again
  b  back to the pair before; its label is taken back
  q  quit
"""

EXAMPLES = examples(
    ("Label pairs for as long as you like", "dedupe label stories.jsonl"),
    (
        "Ask about the pairs around another threshold",
        "dedupe label --threshold 0.7 -o mine.jsonl stories.jsonl",
    ),
    ("Answer from a script", r"printf 'y\nn\n' | dedupe label stories.jsonl"),
)
OUTPUT_HELP = "Append the labels here, as JSONL. Default: FILE.labels.jsonl."


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@run_options
def command(request: Request) -> None:
    """Hold one session."""
    from dedupe.cli.session import hold  # noqa: PLC0415 - keeps numpy out of --help

    hold(request)


for parameter in command.params:
    if isinstance(parameter, click.Option) and parameter.name == "output":
        parameter.help = OUTPUT_HELP
