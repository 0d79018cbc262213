"""``dedupe explain``: show why two texts are one story or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, run_options
from dedupe.io.files import display_name
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.evaluation.explain import Explanation
    from dedupe.models import Corpus, ReadStats

HELP = """\
Show why two texts are one story, or two.

A and B are two texts; with --in they are ids or line numbers of records in that file, which is
clustered like any input. Shows the normalised texts, the blocking keys that they share, what each
field, time, outlets and recurrence add to the score, the other rules that apply, the clusters of
both, and what would change the decision.
"""

EXAMPLES = examples(
    (
        "Compare two headlines",
        "dedupe explain 'UPDATE 1-Fed raises rates' 'Fed lifts rates to 5 pct'",
    ),
    ("Compare two records by id", "dedupe explain --in stories.jsonl a b"),
    ("Compare by line number, and print JSON", "dedupe explain --json --in headlines.txt 1 2"),
)
OPERANDS = 2


@click.command(cls=Command, operands=("A", "B"), help=HELP, epilog=EXAMPLES)
@click.option(
    "--in",
    "within",
    metavar="FILE",
    help="Compare two records of this file. A and B are then ids or line numbers; - is standard "
    "input.",
)
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object instead of text.")
@run_options
def explain_command(request: Request, *, within: str | None, in_json: bool) -> None:
    """Explain one pair."""
    if len(request.files) != OPERANDS:
        given = len(request.files)
        raise click.UsageError(f"expected two operands, A and B, got {given}")

    left, right = request.files
    files = () if within is None else (within,)
    run_explain(replace(request, files=files), left, right, in_json=in_json)


def run_explain(request: Request, left: str, right: str, *, in_json: bool) -> None:
    """Explain two texts or two records of the file."""
    from dedupe.cli.run import Answer, output_style, print_answer
    from dedupe.evaluation.explain import as_json
    from dedupe.reports.explanation import explanation_text

    def compute(read_stats: ReadStats) -> Answer:
        corpus, explanation = compute_explanation(request, left, right, read_stats)
        return Answer(
            as_json(explanation, corpus),
            explanation_text(explanation, corpus, output_style(request)),
            (
                "one story" if explanation.joins else "two stories",
                count_noun(len(corpus), "record"),
            ),
        )

    print_answer("explain", request, request.inputs, compute, in_json=in_json)


def compute_explanation(
    request: Request, left: str, right: str, read_stats: ReadStats
) -> tuple[Corpus, Explanation]:
    """Read the file, if there is one, and explain the pair."""
    from dedupe.cli.run import read_with_progress
    from dedupe.evaluation.explain import corpus_of_texts, explain, find_record
    from dedupe.load import load_corpus

    settings = request.settings
    with read_with_progress(request, read_stats) as (batches, progress):
        if not request.files:  # labels name the records of a file
            settings = replace(settings, links=None, same=())
            corpus = corpus_of_texts(left, right, settings)
            return corpus, explain(corpus, 0, 1, settings, progress)
        corpus = load_corpus(batches, len(settings.field))
        path = corpus.batches[0].path if corpus.batches else display_name(request.files[0])
        one, other = (find_record(corpus, name, path) for name in (left, right))
        return corpus, explain(corpus, one, other, settings, progress)
