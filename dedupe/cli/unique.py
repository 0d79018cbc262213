"""``dedupe unique``: one version of every story, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import CSV_SAFE, TO, Request, run_options, spill_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.pipeline import Result
    from dedupe.tables import Tables

HELP = """\
Keep one version of every story.

The canonical records come out byte for byte, in input order. Which version of a story is canonical
is told by --prefer and --keep. What does not fit into memory goes to the disk
(--memory), or to many machines (--engine spark).
"""

EXAMPLES = examples(
    ("Drop the copies from a stream", "zcat stories.jsonl.gz | dedupe unique > fresh.jsonl"),
    (
        "Keep the agency's version where there is one, else the earliest",
        "dedupe unique --prefer source:reuters,ap --keep earliest stories.jsonl",
    ),
    ("See what would go", "dedupe unique --duplicates stories.csv"),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.option(
    "--duplicates",
    is_flag=True,
    help="Write the other records instead: the two outputs together are the input.",
)
@CSV_SAFE
@TO
@run_options
@spill_options
def command(request: Request, *, duplicates: bool, csv_safe: bool) -> None:
    """Select the canonical records, or the others."""
    import numpy as np  # noqa: PLC0415 - kept out of --help

    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.cli.spark import carry_out_on_spark, refuse  # noqa: PLC0415 - the same
    from dedupe.writing import accounted, selected, without_formulas  # noqa: PLC0415 - the same

    if request.engine == "spark":
        refuse(request, {"--csv-safe": csv_safe})
        carry_out_on_spark("duplicates" if duplicates else "unique", request)
        return

    def choice(result: Result) -> NDArray[np.bool_]:
        canonical = result.clustering.canonical
        chosen: NDArray[np.bool_] = (canonical == np.arange(len(canonical))) != duplicates
        return chosen

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        chosen = choice(result)
        batches = result.corpus.batches
        chunks = accounted(selected(result.corpus, chosen), batches, chosen)
        if csv_safe:
            chunks = without_formulas(chunks, batches)
        return int(np.count_nonzero(chosen)), chunks

    def table(result: Result, tables: Tables) -> Iterable[bytes]:
        from dedupe.writing.parquet import selected_rows  # noqa: PLC0415 - an extra

        return selected_rows(result.corpus.batches, choice(result), tables)

    carry_out("unique", request, render, table=table)
