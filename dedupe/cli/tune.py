"""``dedupe tune``: choose the threshold for labelled pairs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts
from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, describe_output, run_options
from dedupe.config_values import parse_share
from dedupe.errors import InputError
from dedupe.io.files import display_name
from dedupe.io.output import open_output
from dedupe.models import DIGITS, ReadStats
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.evaluation.tune import Curve, Goal, ScoredLabels, TunedThreshold

HELP = """\
Choose the threshold that fits your labels.

Scores the labelled pairs of the files, prints precision (with its interval), recall and F1 by
threshold, and writes the choice as settings for --config. With --precision or --recall the lower
bound of the interval must reach the target, and the other measure decides among the thresholds that
are left; without, F1 decides. Refuses when there are too few labels to support the claim.

The figures hold for pairs like the labelled ones. Updates are left out. Use evaluate for whole
clusters.
"""

TUNE = "dedupe tune stories.jsonl --labels labels.jsonl"
EXAMPLES = examples(
    (
        "Choose the threshold with the best F1, and run with it",
        f"{TUNE} -o tuned.toml && dedupe unique --config tuned.toml stories.jsonl",
    ),
    (
        "Reach a precision of 0.8, and draw the curve",
        f"{TUNE} --precision 0.8 --plot out.svg",
    ),
)
OUTPUT_HELP = "Write the settings to this TOML file. - prints them instead of the table."


def parse_open_share(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> float | None:
    """Read a number between 0 and 1; the usage error names the option."""
    if given is None:
        return None
    try:
        number = parse_share(given)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise click.BadParameter(f"must be above 0 and below 1, got {given!r}")
    return number


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--labels",
    metavar="FILE",
    required=True,
    help="File of labelled pairs. JSONL from dedupe label, or CSV with the columns a, b and label.",
)
@click.option(
    "--precision",
    callback=parse_open_share,
    metavar="SHARE",
    help="Precision to reach, between 0 and 1.",
)
@click.option(
    "--recall", callback=parse_open_share, metavar="SHARE", help="Recall to reach, between 0 and 1."
)
@click.option(
    "--confidence",
    callback=parse_open_share,
    default="0.95",
    metavar="SHARE",
    help="Confidence of the intervals. Default: 0.95.",
)
@click.option("--plot", metavar="FILE", help="Draw the curve as SVG to this file.")
@run_options
def tune_command(
    request: Request,
    *,
    labels: str,
    precision: float | None,
    recall: float | None,
    confidence: float,
    plot: str | None,
) -> None:
    """Choose one threshold."""
    from dedupe.evaluation.tune import Goal

    if precision and recall:
        raise click.UsageError("--precision and --recall cannot be used together; give one target")
    goal = Goal(confidence=confidence)
    if precision:
        goal = Goal("precision", precision, confidence)
    elif recall:
        goal = Goal("recall", recall, confidence)
    run_tune(request, labels, goal, plot)


describe_output(tune_command, OUTPUT_HELP)

GRID = tuple(step / 20 for step in range(1, 20))
HEADER = "threshold  precision  interval       recall  F1     pairs  updates"
CHOSEN = "  <- chosen"
WORDS = {"f1": "F1"}


def run_tune(request: Request, labels: str, goal: Goal, picture: str | None) -> None:
    """Choose the threshold; every output file appears whole or not at all."""
    from dedupe.cli.summary import open_stats
    from dedupe.evaluation.tune import settings_toml
    from dedupe.reports.svg import draw_tuning_curve

    started = time.perf_counter()
    check_tune_paths(request, labels, picture)
    inputs = [*request.inputs, labels]
    read_stats = ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats("tune", request, inputs))
        drawing, output = (
            open_files.enter_context(open_output(path, inputs)) if path else None
            for path in (picture, request.output or "-")
        )
        pairs = score_labels(request, labels, read_stats)
        tuned = choose_threshold(pairs, goal, request.settings.seed, labels)
        report = list(tune_report(pairs, tuned, goal))
        settings = replace(request.settings, threshold=tuned.threshold)
        table = ("\n".join(report) + "\n").encode()
        written = settings_toml(settings, report) if request.output else table
        if output:
            output.write(written)
        if drawing:
            drawing.write(draw_tuning_curve(tuned, goal))
        stats_file.write(settings, read_stats, tune_figures(pairs, tuned, goal))
    if request.output not in (None, "-"):
        click.echo(table, nl=False)
    facts = [f"threshold {tuned.threshold:g} for {goal}", count_noun(len(pairs.scores), "label")]
    request.console.summarize(join_facts(facts, time.perf_counter() - started))


def check_tune_paths(request: Request, labels: str, picture: str | None) -> None:
    """Refuse to read two things from standard input, or to write two to one place."""
    from dedupe.cli.run import check_distinct

    if labels == "-" and (not request.files or "-" in request.files):
        raise click.UsageError("the records and the labels cannot both be standard input")
    named = {"--output": request.output, "--plot": picture, "--stats": request.stats}
    for option in ("--plot", "--stats"):
        if named[option] == "-":
            raise click.UsageError(f"{option} needs a file: standard output is for the table")
    check_distinct(named)


def score_labels(request: Request, path: str, read_stats: ReadStats) -> ScoredLabels:
    """Read the labels, then the files, and score the labelled pairs; raises InputError."""
    from dedupe.cli.run import read_with_progress
    from dedupe.evaluation.open_corpus import open_corpus
    from dedupe.evaluation.tune import ScoredLabels
    from dedupe.io.ids import find_pairs
    from dedupe.io.labels import read_labels

    labels = read_labels(path)
    with read_with_progress(request, read_stats) as (batches, progress):
        opened = open_corpus(batches, request.settings, progress)
        ends = find_pairs(opened.corpus, labels, display_name(path))
        scores = opened.scores_within_limits(*ends)
    return ScoredLabels.of(scores, [label.label for label in labels])


def choose_threshold(pairs: ScoredLabels, goal: Goal, seed: int, path: str) -> TunedThreshold:
    """Choose the threshold; raises InputError when the labels do not support the target."""
    from dedupe.evaluation.tune import RefusalError, tune

    try:
        return tune(pairs, goal, seed)
    except RefusalError as refusal:
        raise InputError(display_name(path), None, str(refusal)) from None


def tune_report(pairs: ScoredLabels, tuned: TunedThreshold, goal: Goal) -> Iterator[str]:
    """Yield what was chosen and why: the table, and how it does on unseen labels."""
    yield f"threshold {tuned.threshold:g} for {goal}, from {label_counts_text(pairs)}"
    yield f"intervals are Wilson's at {goal.confidence:.0%} confidence"
    yield ""
    yield HEADER
    yield from table_rows(pairs, tuned, goal)
    yield ""
    if tuned.spread:
        yield "on labels left out of the choice (bootstrap: mean, and 90% of the samples):"
        for name, (mean, low, high) in tuned.spread.items():
            yield f"  {WORDS.get(name, name):<10} {mean:.3f}  {low:.3f}-{high:.3f}"
        if tuned.steady < 1:
            yield f"  the labels support {goal} in {tuned.steady:.0%} of the samples"


def label_counts_text(pairs: ScoredLabels) -> str:
    """Describe how many labels of each kind there are."""
    kinds = {"duplicate": pairs.duplicate, "not": pairs.different, "update": pairs.update}
    counts = ", ".join(f"{int(mask.sum()):,} {kind}" for kind, mask in kinds.items())
    return f"{count_noun(len(pairs.scores), 'label')} ({counts})"


def table_rows(pairs: ScoredLabels, tuned: TunedThreshold, goal: Goal) -> Iterator[str]:
    """Yield the curve at round thresholds, and at the one chosen."""
    import numpy as np

    from dedupe.evaluation.tune import curve_of, wilson

    thresholds = np.union1d(GRID, [tuned.threshold])
    curve = curve_of(pairs, thresholds, np.ones(len(pairs.scores), dtype=np.int64))
    low, high = wilson(curve.right, curve.accepted, goal.z)
    for position, threshold in enumerate(thresholds.tolist()):
        mark = CHOSEN if threshold == tuned.threshold else ""
        shares = [curve.precision[position], low[position], high[position], curve.recall[position]]
        yield table_row(threshold, [*shares, curve.f1[position]], curve, position) + mark


def table_row(threshold: float, shares: list[float], curve: Curve, position: int) -> str:
    """Return one line of the table; a dash where nothing was accepted."""
    precision, low, high, recall, f1 = (f"{share:.3f}" for share in shares)
    if not curve.accepted[position]:
        precision, low, high = "-    ", "-    ", "-    "
    return (
        f"{threshold:<9g}  {precision:<9}  {low}-{high}    {recall}   {f1}  "
        f"{curve.accepted[position]:>5}  {curve.updates[position]:>7}"
    )


def tune_figures(pairs: ScoredLabels, tuned: TunedThreshold, goal: Goal) -> dict[str, object]:
    """Return what was chosen and why as plain values."""
    from dedupe.evaluation.tune import wilson

    curve, position = tuned.curve, tuned.position
    low, high = wilson(curve.right, curve.accepted, goal.z)
    return {
        "goal": {"measure": goal.measure, "target": goal.target, "confidence": goal.confidence},
        "labels": {
            "duplicate": int(pairs.duplicate.sum()),
            "not": int(pairs.different.sum()),
            "update": int(pairs.update.sum()),
        },
        "threshold": tuned.threshold,
        "precision": round(float(curve.precision[position]), DIGITS),
        "precision_interval": [
            round(float(low[position]), DIGITS),
            round(float(high[position]), DIGITS),
        ],
        "recall": round(float(curve.recall[position]), DIGITS),
        "f1": round(float(curve.f1[position]), DIGITS),
        "bootstrap": {
            name: [round(value, DIGITS) for value in ends] for name, ends in tuned.spread.items()
        },
        "supported": round(tuned.steady, DIGITS),
    }
