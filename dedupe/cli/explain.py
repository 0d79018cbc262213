"""``dedupe explain``: show why two texts are, or are not, one story."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts
from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, run_options
from dedupe.io.compression import display_name
from dedupe.io.output import open_output
from dedupe.models import ReadStats
from dedupe.reports.explanation import explanation_text
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.evaluation.explain import Explanation
    from dedupe.models import Corpus

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
        raise click.UsageError(f"expected two operands, A and B, and got {given}")

    left, right = request.files
    files = () if within is None else (within,)
    run_explain(replace(request, files=files), left, right, in_json=in_json)


def run_explain(request: Request, left: str, right: str, *, in_json: bool) -> None:
    """Explain two texts or two records of the file; the output appears whole or not at all."""
    from dedupe.cli.pair_layout import wrap_styled
    from dedupe.cli.run import (
        check_destinations,
        encode_json,
        encode_lines,
        open_stats,
        output_style,
        output_width,
    )
    from dedupe.evaluation.explain import as_json

    started = time.perf_counter()
    check_destinations(request)
    read_stats = ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats("explain", request, request.inputs))
        output = open_files.enter_context(
            open_output(request.output, request.inputs, painted=not in_json)
        )
        corpus, explanation = compute_explanation(request, left, right, read_stats)
        facts = as_json(explanation, corpus)
        lines = explanation_text(explanation, corpus, output_style(request))
        width = output_width(request)
        lines = (part for line in lines for part in wrap_styled(line, width))
        output.write(encode_json(facts) if in_json else encode_lines(lines))
        seconds = time.perf_counter() - started
        outcome = {**facts, "total_seconds": round(seconds, 3)}
        stats_file.write(request.settings, read_stats, outcome)
    if not request.console.quiet:
        outcome_text = "one story" if explanation.joins else "two stories"
        request.console.say(join_facts([outcome_text, count_noun(len(corpus), "record")], seconds))


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
