"""``dedupe evaluate``: compare a clustering with labelled pairs or gold clusters."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import Styler, join_facts
from dedupe.cli.feature_text import contribution_text, record_description
from dedupe.cli.options import Command, Request, examples, help_on_terminal, run_options
from dedupe.escape import escape_controls
from dedupe.io.output import open_output
from dedupe.models import ReadStats
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dedupe.evaluation.error_analysis import Error, Losses
    from dedupe.evaluation.evaluate import Evaluation
    from dedupe.evaluation.metrics import Figure
    from dedupe.models import Corpus

HELP = """\
Judge a clustering by labelled pairs or by gold clusters.

GOLD is a file of labelled pairs (a, b, label; CSV or JSONL; D duplicate, U update, N not) or of
gold clusters (id, cluster). FILES are clustered as dedupe cluster does, with the same settings,
and compared with it; records without gold count nowhere. Shown are precision, recall and F1 of
pairs, B-cubed and the adjusted Rand index, with 95 % bootstrap intervals; how many gold pairs were
lost before comparison and after it; and the worst errors with what made their scores. The whole
input is held in memory.
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


class GoldAndFilesCommand(Command):
    """A command that shows its operands as they are read, not as click gathers them."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the operands."""
        return ["[OPTIONS]", "GOLD", "[FILES]..."]


@click.command(cls=GoldAndFilesCommand, help=HELP, epilog=EXAMPLES)
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
def evaluate_command(request: Request, **given: object) -> None:
    """Judge the clusters of some files."""
    wanted = EvaluateOptions(**given)  # type: ignore[arg-type]  # click has checked the types
    run_evaluate(*split_operands(request, wanted), wanted)


def split_operands(request: Request, wanted: EvaluateOptions) -> tuple[Request, str | None]:
    """Part the gold from the files; raises UsageError."""
    from dataclasses import replace

    if wanted.gold_field is not None:
        return request, None
    if not request.files:
        raise click.UsageError("missing GOLD, or --gold-field")
    gold, *files = request.files
    if gold == "-":
        raise click.UsageError("standard input is for the stories; GOLD must be a file")
    help_on_terminal(tuple(files))
    return replace(request, files=tuple(files)), gold


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """The options of ``evaluate`` beside the settings of the run."""

    gold_field: str | None
    clustered: bool
    replicas: int
    errors: int
    in_json: bool


def run_evaluate(request: Request, gold: str | None, wanted: EvaluateOptions) -> None:
    """Judge the clusters of the files; the output appears whole or not at all."""
    from dedupe.cli.run import (
        check_destinations,
        encode_json,
        encode_lines,
        open_stats,
        output_style,
    )
    from dedupe.evaluation.evaluate import as_json
    from dedupe.io.files import check_inputs

    started = time.perf_counter()
    check_destinations(request)
    held = [*request.files, *filter(None, [gold])]
    check_inputs(held)
    read_stats = ReadStats()
    inputs = [*request.inputs, *filter(None, [gold])]
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats("evaluate", request, inputs))
        output = open_files.enter_context(
            open_output(request.output, inputs, painted=not wanted.in_json)
        )
        corpus, evaluation = compute_evaluation(request, gold, wanted, read_stats)
        facts = as_json(evaluation, corpus)
        lines = evaluation_text(evaluation, corpus, output_style(request))
        output.write(encode_json(facts) if wanted.in_json else encode_lines(lines))
        seconds = time.perf_counter() - started
        outcome = {**facts, "total_seconds": round(seconds, 3)}
        stats_file.write(request.settings, read_stats, outcome)
    if not request.console.quiet:
        request.console.say(evaluation_summary(evaluation, len(corpus), seconds))


def compute_evaluation(
    request: Request, gold: str | None, wanted: EvaluateOptions, read_stats: ReadStats
) -> tuple[Corpus, Evaluation]:
    """Read, cluster and judge the files."""
    from dedupe.cli.run import read_with_progress
    from dedupe.evaluation.evaluate import cluster_corpus, evaluate, take_clusters
    from dedupe.evaluation.gold import clusters_in_output, gold_from_field, read_gold
    from dedupe.load import load_corpus

    with read_with_progress(request, read_stats) as (batches, progress):
        corpus = load_corpus(batches, len(request.settings.field))
        field = wanted.gold_field or ""
        truth = gold_from_field(corpus, field) if gold is None else read_gold(gold, corpus)
        if wanted.clustered:
            clusters = clusters_in_output(corpus, request.settings.into)
            found = take_clusters(corpus, clusters, request.settings, progress)
        else:
            found = cluster_corpus(corpus, request.settings, progress)
        return corpus, evaluate(found, truth, wanted.replicas, wanted.errors)


def evaluation_summary(evaluation: Evaluation, records: int, seconds: float) -> str:
    """Return what was judged in words."""
    counts = evaluation.counts
    if "labelled_pairs" in counts:
        gold = count_noun(counts["labelled_pairs"], "labelled pair")
    else:
        gold = count_noun(counts["gold_clusters"], "gold cluster")
    return join_facts([count_noun(records, "record"), gold], seconds)


FIRST = 16
COLUMN = 26
TOLD_PARTS = 5
RATES = ("precision", "recall", "f1")
ROWS = {"pairwise": "", "B-cubed": "bcubed_"}
SINGLES = {"adjusted Rand": "ari", "updates merged": "updates_merged"}


def evaluation_text(evaluation: Evaluation, corpus: Corpus, paint: Styler) -> Iterator[str]:
    """Yield the lines of an evaluation."""
    yield gold_line(evaluation.counts)
    yield ""
    yield from figure_table(evaluation.figures, paint)
    if evaluation.losses:
        yield ""
        yield from loss_table(evaluation.losses, paint)
    if evaluation.mistakes:
        yield ""
        yield paint.head("Worst errors")
        for number, (mistake, cause) in enumerate(
            zip(evaluation.mistakes, evaluation.causes, strict=True), 1
        ):
            yield from error_lines(number, mistake, cause, corpus, paint)


def gold_line(counts: Mapping[str, int]) -> str:
    """Return what was compared in words."""
    if "labelled_pairs" in counts:
        kinds = (
            count_noun(counts["duplicates"], "duplicate"),
            count_noun(counts["updates"], "update"),
            f"{counts['others']:,} not",
        )
        return f"{count_noun(counts['labelled_pairs'], 'labelled pair')}: {', '.join(kinds)}"
    records = count_noun(counts["gold_records"], "record")
    clusters = count_noun(counts["gold_clusters"], "gold cluster")
    found = count_noun(counts["found_clusters"], "cluster")
    out = f"; {count_noun(counts['left_out'], 'record')} without gold left out"
    return f"{records} in {clusters}, found in {found}" + (out if counts["left_out"] else "")


def figure_table(figures: Mapping[str, Figure], paint: Styler) -> Iterator[str]:
    """Yield the figures with their intervals: precision, recall and F1 a row, then single ones."""
    yield paint.head(" " * FIRST + "".join(f"{name:<{COLUMN}}" for name in RATES).rstrip())
    for title, prefix in ROWS.items():
        if prefix + "f1" in figures:
            cells = "".join(f"{figure_cell(figures[prefix + rate]):<{COLUMN}}" for rate in RATES)
            yield f"{title:<{FIRST}}{cells}".rstrip()
    for title, name in SINGLES.items():
        if name in figures:
            yield f"{title:<{FIRST}}{figure_cell(figures[name])}"


def figure_cell(figure: Figure) -> str:
    """Return a figure with its interval; ``-`` where it is not defined."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4f}"
    return f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]"


def loss_table(losses: Losses, paint: Styler) -> Iterator[str]:
    """Yield where gold pairs went, and the recall that each step lost."""
    yield paint.head(f"Candidate recall, of {count_noun(losses.pairs, 'gold pair')}")
    for title, count in (
        ("found together", losses.found),
        ("lost before comparison: never compared", losses.never),
        ("lost after comparison", losses.below + losses.apart),
        ("  scored below the threshold", losses.below),
        ("  accepted, but put into two clusters", losses.apart),
    ):
        share = count / losses.pairs if losses.pairs else 0
        yield f"  {count:>10,} {share:>7.2%}  {title}"


def error_lines(
    number: int, mistake: Error, cause: str, corpus: Corpus, paint: Styler
) -> Iterator[str]:
    """Yield one error: what went wrong, both records, and the largest parts of the score."""
    kind = "put together, but are two" if mistake.merged else "left apart, but are one"
    ending = f" ({cause})" if cause else ""
    yield f"{number}. {paint.bad(kind)}{ending}, score {mistake.breakdown.score:.3f}"
    for record in (mistake.left, mistake.right):
        yield paint.faint(f"   {record_description(corpus, record)}")
        yield from (
            f"     {escape_controls(texts[record])}" for texts in corpus.texts if texts[record]
        )
    for part in mistake.breakdown.parts[:TOLD_PARTS]:
        amount = f"{part.part:+.2f}"
        painted = paint.good(amount) if part.part > 0 else paint.bad(amount)
        yield f"   {painted}  {f'{part.field}: ' if part.field else ''}{contribution_text(part)}"
