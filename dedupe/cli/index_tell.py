"""``dedupe index stats``, ``check``, ``export``: what an index holds, and whether it is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.index_options import output_options, path_options
from dedupe.cli.layout import Command, examples
from dedupe.errors import StoreError

if TYPE_CHECKING:
    from dedupe.cli.index_options import Task

STATS = """\
Tell the figures of an index as JSON.

Stories, clusters, bytes, and the settings that it was made with.
"""
CHECK = """\
Verify that an index is sound.

Its pages, that every key leads to its stories and every story is found by its keys, and that
clusters and stories fit together. With --deep also in how many stories a batch run would differ.
"""
EXPORT = """\
Write all clusters as JSON Lines, the oldest first.

One object a cluster: its id, its size, its canonical version, and all its stories with their texts.
"""


@click.command(
    cls=Command,
    help=STATS,
    epilog=examples(("How large is it?", "dedupe index stats seen.index")),
)
@output_options
def stats(task: Task) -> None:
    """Tell the figures."""
    import json  # noqa: PLC0415 - not for --help

    from dedupe.index import Index  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.writing import open_output  # noqa: PLC0415 - the same

    with Index(task.path, {}, {}, any_rules=True) as index:
        figures = index.stats()
    with open_output(task.output, task.inputs) as output:
        shown = json.dumps(figures, indent=2, ensure_ascii=False)
        output.write(shown.encode(errors="backslashreplace") + b"\n")  # a path may be no UTF-8


@click.command(
    cls=Command,
    help=CHECK,
    epilog=examples(("Is it sound?", "dedupe index check seen.index")),
)
@click.option("--deep", is_flag=True, help="Also run the batch over all stories, and compare.")
@path_options
def check(task: Task, *, deep: bool) -> None:
    """Verify the index."""
    from dedupe.cli.index_care import verify  # noqa: PLC0415 - keeps numpy out of --help

    wrong, fine = verify(task, deep=deep)
    if wrong:
        raise StoreError(task.path, "; ".join(wrong))
    if not task.console.quiet:
        task.console.say(fine)


@click.command(
    cls=Command,
    help=EXPORT,
    epilog=examples(("Take all of it elsewhere", "dedupe index export -o all.jsonl.gz seen.index")),
)
@output_options
def export(task: Task) -> None:
    """Write all clusters."""
    import orjson  # noqa: PLC0415 - not for --help

    from dedupe.cli.summary import counted  # noqa: PLC0415 - the same
    from dedupe.index import Index  # noqa: PLC0415 - keeps numpy out of --help
    from dedupe.writing import open_output  # noqa: PLC0415 - the same

    count = 0
    with (
        Index(task.path, {}, {}, any_rules=True) as index,
        open_output(task.output, task.inputs) as output,
    ):
        for group in index.export():
            output.write(orjson.dumps(group, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    if not task.console.quiet:
        task.console.say(counted(count, "cluster"))
