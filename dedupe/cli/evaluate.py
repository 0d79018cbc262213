"""``dedupe evaluate``: compare a clustering with labelled pairs or gold clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, help_on_terminal, run_options, whole_number
from dedupe.escape import escape_controls
from dedupe.models import DIGITS
from dedupe.reports.explanation import contribution_text, record_description
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dedupe.cli.console import Styler
    from dedupe.evaluation.evaluate import Error, Evaluation, Losses
    from dedupe.evaluation.gold import Figure
    from dedupe.models import Corpus, ReadStats

HELP = """\
Compare clusters with labelled pairs or gold clusters.

GOLD is a file of labelled pairs (a, b, label; CSV or JSONL; D duplicate, U update, N not) or of
gold clusters (id, cluster). FILES are clustered as by dedupe cluster, with the same settings, and
compared with GOLD; records without gold are left out. Prints precision, recall and F1 of pairs,
B-cubed and the adjusted Rand index, with 95% bootstrap intervals; how many gold pairs were lost
before and after comparison; and the worst errors with the parts of their scores.

The whole input is held in memory.
"""

EXAMPLES = examples(
    ("Evaluate clusters with labelled pairs", "dedupe evaluate labels.csv stories.jsonl"),
    (
        "Use the gold cluster that each record names, and a higher threshold",
        "dedupe evaluate --gold-field gold -t 0.8 stories.jsonl",
    ),
    (
        "Evaluate existing clusters, and show more errors",
        "dedupe cluster stories.jsonl | dedupe evaluate --clustered --errors 20 labels.csv -",
    ),
)


@click.command(cls=Command, operands=("GOLD", "[FILES]..."), help=HELP, epilog=EXAMPLES)
@click.option(
    "--gold-field",
    metavar="NAME",
    help="Field of the records that holds the gold cluster. There is no GOLD operand then. Dots "
    "reach into objects. Records without the field are left out.",
)
@click.option(
    "--clustered",
    is_flag=True,
    help="FILES are clustered already. Evaluate the clusters in this output of dedupe cluster.",
)
@click.option(
    "--bootstrap",
    "replicas",
    callback=whole_number(0, 100_000),
    default="1000",
    metavar="N",
    help="Number of bootstrap samples. Up to 100,000; 0 prints no intervals. Default: 1000.",
)
@click.option(
    "--errors",
    callback=whole_number(0, 100_000),
    default="5",
    metavar="N",
    help="Show the N worst errors. Default: 5.",
)
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object instead of tables.")
@run_options
def evaluate_command(request: Request, **given: object) -> None:
    """Evaluate the clusters of some files."""
    wanted = EvaluateOptions(**given)  # type: ignore[arg-type]  # click has checked the types
    run_evaluate(*split_operands(request, wanted), wanted)


def split_operands(request: Request, wanted: EvaluateOptions) -> tuple[Request, str | None]:
    """Separate the gold from the files; raises UsageError."""
    from dataclasses import replace

    if wanted.gold_field is not None:
        return request, None
    if not request.files:
        raise click.UsageError(
            "missing GOLD: name a file of labels or gold clusters, or give --gold-field"
        )
    gold, *files = request.files
    if gold == "-":
        raise click.UsageError("standard input is for the records; GOLD must be a file")
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
    """Evaluate the clusters of the files."""
    from dedupe.cli.run import Answer, output_style, print_answer
    from dedupe.evaluation.evaluate import as_json
    from dedupe.io.files import check_inputs

    golds = [gold] if gold else []
    check_inputs([*request.files, *golds])

    def compute(read_stats: ReadStats) -> Answer:
        corpus, evaluation = compute_evaluation(request, gold, wanted, read_stats)
        return Answer(
            as_json(evaluation, corpus),
            evaluation_text(evaluation, corpus, output_style(request)),
            evaluation_summary(evaluation, len(corpus)),
        )

    print_answer("evaluate", request, [*request.inputs, *golds], compute, in_json=wanted.in_json)


def compute_evaluation(
    request: Request, gold: str | None, wanted: EvaluateOptions, read_stats: ReadStats
) -> tuple[Corpus, Evaluation]:
    """Read, cluster and evaluate the files."""
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


def evaluation_summary(evaluation: Evaluation, records: int) -> tuple[str, str]:
    """Describe what was compared."""
    counts = evaluation.counts
    if "labelled_pairs" in counts:
        gold = count_noun(counts["labelled_pairs"], "labelled pair")
    else:
        gold = count_noun(counts["gold_clusters"], "gold cluster")
    return count_noun(records, "record"), gold


FIRST = 16
COLUMN = 26
TOLD_PARTS = 5
RATES = {"precision": "precision", "recall": "recall", "F1": "f1"}
MEASURES = {"pairwise": "", "B-cubed": "bcubed_"}
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
    """Yield the figures with their intervals: a column per measure, then single ones."""
    measures = {title: prefix for title, prefix in MEASURES.items() if f"{prefix}f1" in figures}
    yield paint.head(" " * FIRST + "".join(f"{title:<{COLUMN}}" for title in measures).rstrip())
    for title, rate in RATES.items():
        cells = (figure_cell(figures[prefix + rate]) for prefix in measures.values())
        yield f"{title:<{FIRST}}{''.join(f'{cell:<{COLUMN}}' for cell in cells)}".rstrip()
    for title, name in SINGLES.items():
        if name in figures:
            yield f"{title:<{FIRST}}{figure_cell(figures[name])}"


def figure_cell(figure: Figure) -> str:
    """Return a figure with its interval; ``-`` where it is not defined."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{DIGITS}f}"
    return f"{figure.value:.{DIGITS}f} [{figure.low:.{DIGITS}f}, {figure.high:.{DIGITS}f}]"


def loss_table(losses: Losses, paint: Styler) -> Iterator[str]:
    """Yield where gold pairs went, and the recall that each step lost."""
    yield paint.head(f"Candidate recall, of {count_noun(losses.pairs, 'gold pair')}")
    for title, count in (
        ("found together", losses.found),
        ("lost before comparison", losses.never),
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
