"""The body of ``explain``: two texts or two records, explained and shown."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dedupe.cli.console import is_terminal, standard_input
from dedupe.cli.explanation_text import explanation_text
from dedupe.cli.job import check_destinations
from dedupe.cli.manifest import manifest
from dedupe.cli.progress import Progress
from dedupe.cli.scoring import dumped, paint_for, printed
from dedupe.cli.summary import counted, told
from dedupe.judge.explain import as_json, corpus_of_texts, explain, find_record
from dedupe.pipeline.gather import gather
from dedupe.reading import read
from dedupe.stories import Tally
from dedupe.writing import open_output

if TYPE_CHECKING:
    from dedupe.cli.options import Request
    from dedupe.judge.explain import Explanation
    from dedupe.stories import Corpus


def carry_out(request: Request, left: str, right: str, *, in_json: bool) -> None:
    """Explain two texts, or two records of the file; the output appears whole or not at all."""
    started = time.perf_counter()
    check_destinations(request)
    tally = Tally()
    with ExitStack() as open_files:
        sidecar = request.stats and open_files.enter_context(
            open_output(request.stats, request.inputs)
        )
        output = open_files.enter_context(
            open_output(request.output, request.inputs, painted=not in_json)
        )
        corpus, explanation = compute(request, left, right, tally)
        facts = as_json(explanation, corpus)
        lines = explanation_text(explanation, corpus, paint_for(request))
        output.write(dumped(facts) if in_json else printed(lines))
        seconds = time.perf_counter() - started
        if sidecar:
            outcome = {**facts, "total_seconds": round(seconds, 3)}
            sidecar.write(manifest("explain", request.settings, tally, outcome))
    if not request.console.quiet:
        verdict = "one story" if explanation.joins else "two stories"
        request.console.say(told([verdict, counted(len(corpus), "record")], seconds))


def compute(request: Request, left: str, right: str, tally: Tally) -> tuple[Corpus, Explanation]:
    """Read what there is to read and explain, with progress for whoever watches."""
    settings = request.settings
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with Progress(sys.stderr if watched else None) as progress:
        if not request.files:
            corpus = corpus_of_texts(left, right, settings)
            return corpus, explain(corpus, 0, 1, settings, progress)
        batches = read(
            request.files, settings, tally, stdin=standard_input(), format=request.format
        )
        corpus = gather(progress.reading(batches), len(settings.field))
        path = corpus.batches[0].path if corpus.batches else request.files[0]
        one, other = (find_record(corpus, name, path) for name in (left, right))
        return corpus, explain(corpus, one, other, settings, progress)
