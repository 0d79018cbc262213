"""``dedupe explain``: show why two texts are, or are not, one story."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts
from dedupe.cli.options import Command, Request, examples, run_options
from dedupe.io.output import open_output
from dedupe.models import ReadStats
from dedupe.reports.explanation import explanation_text
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.evaluation.explain import Explanation
    from dedupe.models import Corpus

HELP = """\
Show why two texts are, or are not, taken for one story.

A and B are two texts; with --in they are two ids or line numbers of that file, which is clustered
as a run on it does. Shown are the texts as they are compared, the blocking keys that they share,
what each field, time, outlets and recurrence add to the score, the other rules that apply, the
clusters that the two are in, and what would change the decision.
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


class PairCommand(Command):
    """A command that shows its operands as they are read, not as click gathers them."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the operands."""
        return ["[OPTIONS]", "A", "B"]


@click.command(cls=PairCommand, help=HELP, epilog=EXAMPLES)
@click.option(
    "--in",
    "within",
    metavar="FILE",
    help="A and B are ids or line numbers of this file, - for standard input.",
)
@click.option("--json", "in_json", is_flag=True, help="One JSON object instead of text.")
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
    from dedupe.cli.run import (
        check_destinations,
        encode_json,
        encode_lines,
        open_stats,
        output_style,
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
        path = corpus.batches[0].path if corpus.batches else request.files[0]
        one, other = (find_record(corpus, name, path) for name in (left, right))
        return corpus, explain(corpus, one, other, settings, progress)
