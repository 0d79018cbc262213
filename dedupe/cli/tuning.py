"""The body of ``dedupe tune``: score the labels, choose, print, write."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import numpy as np

from dedupe.cli.casework import study
from dedupe.cli.manifest import manifest
from dedupe.cli.summary import counted, told
from dedupe.errors import InputError
from dedupe.judge.plot import plot
from dedupe.judge.scoring import scores_in_reach
from dedupe.judge.toml import settings_file
from dedupe.judge.tune import Goal, RefusalError, Scored, Tuned, curve_of, tune, wilson
from dedupe.pipeline.records import find_pairs
from dedupe.reading.compression import shown
from dedupe.reading.labels import read_labels
from dedupe.stories import Tally
from dedupe.writing import open_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.cli.options import Request
    from dedupe.judge.tune import Curve

GRID = np.arange(1, 20) / 20
HEADER = "threshold  precision  interval       recall  F1     pairs  updates"
CHOSEN = "  <- chosen"
WORDS = {"f1": "F1"}


def carry_out(request: Request, labels: str, goal: Goal, picture: str | None) -> None:
    """Tune; every file that is asked for appears whole or not at all."""
    started = time.perf_counter()
    check_paths(request, labels, picture)
    inputs = [*request.inputs, labels]
    tally = Tally()
    with ExitStack() as open_files:
        sidecar, drawing, output = (
            open_files.enter_context(open_output(path, inputs)) if path else None
            for path in (request.stats, picture, request.output or "-")
        )
        pairs = scored(request, labels, tally)
        tuned = choose(pairs, goal, request.settings.seed, labels)
        report = list(report_of(pairs, tuned, goal))
        settings = replace(request.settings, threshold=tuned.threshold)
        table = ("\n".join(report) + "\n").encode()
        written = settings_file(settings, report) if request.output else table
        if output:
            output.write(written)
        if drawing:
            drawing.write(plot(tuned, goal))
        if sidecar:
            sidecar.write(manifest("tune", settings, tally, figures(pairs, tuned, goal)))
    if request.output not in (None, "-"):
        click.echo(table, nl=False)
    if not request.console.quiet:
        facts = [f"threshold {tuned.threshold:g} for {goal}", counted(len(pairs.scores), "label")]
        request.console.say(told(facts, time.perf_counter() - started))


def check_paths(request: Request, labels: str, picture: str | None) -> None:
    """Refuse to read two things from standard input, or to write two to one place."""
    if labels == "-" and (not request.files or "-" in request.files):
        raise click.UsageError("the records and the labels cannot both be standard input")
    named = {"--output": request.output, "--plot": picture, "--stats": request.stats}
    taken: dict[str, str] = {}
    for option, path in named.items():
        if path == "-" and option != "--output":
            raise click.UsageError(f"{option} needs a file: standard output is for the table")
        if path and path != "-":
            other = taken.setdefault(os.path.realpath(path), option)
            if other != option:
                raise click.UsageError(f"{other} and {option} name the same file: {path}")


def scored(request: Request, path: str, tally: Tally) -> Scored:
    """Read the labels, then the files, and score the labelled pairs; raises InputError."""
    labels = read_labels(path)
    with study(request, tally) as (case, _):
        left, right = find_pairs(case.corpus, labels, shown(path))
        scores = scores_in_reach(case, left, right)
    return Scored.of(scores, [label.label for label in labels])


def choose(pairs: Scored, goal: Goal, seed: int, path: str) -> Tuned:
    """Tune; raises InputError with the labels' path when they do not support the claim."""
    try:
        return tune(pairs, goal, seed)
    except RefusalError as refusal:
        raise InputError(shown(path), None, str(refusal)) from None


def report_of(pairs: Scored, tuned: Tuned, goal: Goal) -> Iterator[str]:
    """What was chosen and why, for a person: the table, and how it does on unseen labels."""
    yield f"threshold {tuned.threshold:g} for {goal}, from {described(pairs)}"
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


def described(pairs: Scored) -> str:
    """Word how many labels of each kind there are."""
    kinds = {"duplicate": pairs.duplicate, "not": pairs.different, "update": pairs.update}
    counts = ", ".join(f"{int(held.sum()):,} {kind}" for kind, held in kinds.items())
    return f"{counted(len(pairs.scores), 'label')} ({counts})"


def table_rows(pairs: Scored, tuned: Tuned, goal: Goal) -> Iterator[str]:
    """The curve at round thresholds, and at the one chosen."""
    thresholds = np.union1d(GRID, [tuned.threshold])
    curve = curve_of(pairs, thresholds, np.ones(len(pairs.scores), dtype=np.int64))
    low, high = wilson(curve.right, curve.accepted, goal.z)
    for place, threshold in enumerate(thresholds.tolist()):
        mark = CHOSEN if threshold == tuned.threshold else ""
        shares = [curve.precision[place], low[place], high[place], curve.recall[place]]
        yield row(threshold, [*shares, curve.f1[place]], curve, place) + mark


def row(threshold: float, shares: list[float], curve: Curve, place: int) -> str:
    """One line of the table; a dash where nothing was accepted."""
    precision, low, high, recall, f1 = (f"{share:.3f}" for share in shares)
    if not curve.accepted[place]:
        precision, low, high = "-    ", "-    ", "-    "
    return (
        f"{threshold:<9g}  {precision:<9}  {low}-{high}    {recall}   {f1}  "
        f"{curve.accepted[place]:>5}  {curve.updates[place]:>7}"
    )


def figures(pairs: Scored, tuned: Tuned, goal: Goal) -> dict[str, object]:
    """The same for a program."""
    curve, place = tuned.curve, tuned.place
    low, high = wilson(curve.right, curve.accepted, goal.z)
    return {
        "goal": {"measure": goal.measure, "target": goal.target, "confidence": goal.confidence},
        "labels": {
            "duplicate": int(pairs.duplicate.sum()),
            "not": int(pairs.different.sum()),
            "update": int(pairs.update.sum()),
        },
        "threshold": tuned.threshold,
        "precision": round(float(curve.precision[place]), 4),
        "precision_interval": [round(float(low[place]), 4), round(float(high[place]), 4)],
        "recall": round(float(curve.recall[place]), 4),
        "f1": round(float(curve.f1[place]), 4),
        "bootstrap": {
            name: [round(value, 4) for value in ends] for name, ends in tuned.spread.items()
        },
        "supported": round(tuned.steady, 4),
    }
