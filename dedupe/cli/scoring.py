"""The body of ``evaluate``: read, cluster or take clusters, judge, show."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedupe.cli.console import in_color, is_terminal, standard_input
from dedupe.cli.evaluation_text import evaluation_text
from dedupe.cli.job import check_destinations
from dedupe.cli.manifest import manifest
from dedupe.cli.paint import Paint
from dedupe.cli.progress import Progress
from dedupe.cli.summary import counted, told
from dedupe.judge.evaluate import as_json, cluster_again, evaluate, take_clusters
from dedupe.judge.gold import found_clusters, gold_of_field, read_gold
from dedupe.pipeline.gather import gather
from dedupe.reading import check_inputs, read
from dedupe.stories import Tally
from dedupe.writing import open_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.cli.options import Request
    from dedupe.judge.evaluate import Evaluation
    from dedupe.stories import Corpus


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``evaluate`` was asked for, beside the settings of the run."""

    gold_field: str | None
    clustered: bool
    replicas: int
    errors: int
    in_json: bool


def carry_out(request: Request, gold: str | None, wanted: Wanted) -> None:
    """Judge the clusters of the files; the output appears whole or not at all."""
    started = time.perf_counter()
    check_destinations(request)
    held = [*request.files, *filter(None, [gold])]
    check_inputs(held)
    tally = Tally()
    inputs = [*request.inputs, *filter(None, [gold])]
    with ExitStack() as open_files:
        sidecar = request.stats and open_files.enter_context(open_output(request.stats, inputs))
        output = open_files.enter_context(
            open_output(request.output, inputs, painted=not wanted.in_json)
        )
        corpus, evaluation = compute(request, gold, wanted, tally)
        facts = as_json(evaluation, corpus)
        lines = evaluation_text(evaluation, corpus, paint_for(request))
        output.write(dumped(facts) if wanted.in_json else printed(lines))
        seconds = time.perf_counter() - started
        if sidecar:
            outcome = {**facts, "total_seconds": round(seconds, 3)}
            sidecar.write(manifest("evaluate", request.settings, tally, outcome))
    if not request.console.quiet:
        request.console.say(summed_up(evaluation, len(corpus), seconds))


def compute(
    request: Request, gold: str | None, wanted: Wanted, tally: Tally
) -> tuple[Corpus, Evaluation]:
    """Read, cluster and judge, with progress for whoever watches."""
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with Progress(sys.stderr if watched else None) as progress:
        batches = read(
            request.files, request.settings, tally, stdin=standard_input(), format=request.format
        )
        corpus = gather(progress.reading(batches), len(request.settings.field))
        field = wanted.gold_field or ""
        truth = gold_of_field(corpus, field) if gold is None else read_gold(gold, corpus)
        if wanted.clustered:
            clusters = found_clusters(corpus, request.settings.into)
            found = take_clusters(corpus, clusters, request.settings, progress)
        else:
            found = cluster_again(corpus, request.settings, progress)
        return corpus, evaluate(found, truth, wanted.replicas, wanted.errors)


def paint_for(request: Request) -> Paint:
    """Colour for standard output by the console's rule, none for a file."""
    to_stdout = request.output in (None, "-")
    return Paint(to_stdout and in_color(request.console.color, sys.stdout, os.environ))


def printed(lines: Iterable[str]) -> bytes:
    """Lines for a person."""
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def dumped(facts: object) -> bytes:
    """JSON for machines, and for people who look at it."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return text.encode(errors="backslashreplace") + b"\n"


def summed_up(evaluation: Evaluation, records: int, seconds: float) -> str:
    """Word what was judged."""
    counts = evaluation.counts
    if "labelled_pairs" in counts:
        gold = counted(counts["labelled_pairs"], "labelled pair")
    else:
        gold = counted(counts["gold_clusters"], "gold cluster")
    return told([counted(records, "record"), gold], seconds)
