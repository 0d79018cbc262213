"""``dedupe pairs``: the verified pairs with their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.layout import Command, examples
from dedupe.cli.options import TO, Request, run_options, spill_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.pipeline import Result
    from dedupe.tables import Tables

HELP = """\
List the pairs of records that tell the same story.

One JSON object a line: the ids and line numbers of both records, the score, the score of each field
and the reason. What does not fit into memory goes to the disk (--memory), or to many machines
(--engine spark).
"""

EXAMPLES = examples(
    ("List all pairs", "dedupe pairs stories.jsonl"),
    ("Look at the doubtful ones too", "dedupe pairs --threshold 0.3 --from lines headlines.txt"),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@TO
@run_options
@spill_options
def command(request: Request) -> None:
    """List the verified pairs."""
    from dedupe.cli.job import carry_out  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.cli.spark import carry_out_on_spark, is_stored, refuse  # noqa: PLC0415 - the same
    from dedupe.writing import pair_lines  # noqa: PLC0415 - the same

    if request.engine == "spark":
        refuse(request, {"writing Parquet": is_stored(request)})
        carry_out_on_spark("pairs", request)
        return

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        return len(result.pairs), pair_lines(result.corpus, result.pairs, request.settings)

    def table(result: Result, _tables: Tables) -> Iterable[bytes]:
        from dedupe.writing.parquet import pair_rows  # noqa: PLC0415 - an extra

        return pair_rows(result.corpus, result.pairs, request.settings)

    carry_out("pairs", request, render, table=table)
