"""``dedupe index create``, ``remove``, ``compact``, ``merge``: what changes an index as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.index_options import create_options, path_options
from dedupe.cli.layout import Command, examples

if TYPE_CHECKING:
    from dedupe.cli.index_options import Task

CREATE = """\
Start an empty index.

It keeps the settings that are given here, and those of the environment and of [tool.dedupe]: all
that tells which stories are one. A later command that is given others is refused.
"""
REMOVE = """\
Forget stories, and give back their room.

A cluster keeps its id; one that loses its canonical version gets the best of those that are left.
A story without a date has no age.
"""
COMPACT = """\
Give the index the clusters of a batch run over all its stories, and its file the least size.

Between two runs of it stories are judged by what is known when they come: see the README for what
may differ. Cluster ids stay. It also brings an index of an older version up to this one. All
stories are held in memory; readers go on meanwhile, writers wait.
"""
MERGE = """\
Take all stories of another index in.

As if they were added in the order in which they came to the other, which stays as it is. The two
must have been made with equal settings.
"""


@click.command(
    cls=Command,
    help=CREATE,
    epilog=examples(
        ("Start one", "dedupe index create seen.index"),
        ("With settings of its own", "dedupe index create --threshold 0.7 --window 30d seen.index"),
    ),
)
@create_options
def create(task: Task) -> None:
    """Start an empty index."""
    from dedupe.index import Index  # noqa: PLC0415 - keeps numpy out of --help

    Index.create(task.path, task.settings).close()
    say(task, f"{task.path}: made, empty")


@click.command(
    cls=Command,
    help=REMOVE,
    epilog=examples(
        ("Keep a year", "dedupe index remove seen.index --before \"$(date -d '1 year ago' +%F)\""),
    ),
)
@click.option("--before", metavar="DATE", help="Forget stories from before this date (UTC).")
@click.option(
    "--ids", metavar="FILE", help="Forget the stories whose ids are the lines of FILE; - is stdin."
)
@path_options
def remove(task: Task, *, before: str | None, ids: str | None) -> None:
    """Forget stories."""
    if before is None and ids is None:
        raise click.UsageError("give --before DATE or --ids FILE")
    from dedupe.cli.index_care import forget  # noqa: PLC0415 - keeps numpy out of --help

    say(task, forget(task, before, ids))


@click.command(
    cls=Command,
    help=COMPACT,
    epilog=examples(("Once a week", "dedupe index compact seen.index")),
)
@path_options
def compact(task: Task) -> None:
    """Judge all anew."""
    from dedupe.cli.index_care import tidy  # noqa: PLC0415 - keeps numpy out of --help

    say(task, tidy(task))


@click.command(
    cls=Command,
    help=MERGE,
    epilog=examples(("Bring two desks together", "dedupe index merge seen.index other.index")),
)
@path_options
@click.argument("other", metavar="OTHER", type=click.Path())
def merge(task: Task, *, other: str) -> None:
    """Take another index in."""
    from dedupe.cli.index_care import unite  # noqa: PLC0415 - keeps numpy out of --help

    say(task, unite(task, other))


def say(task: Task, text: str) -> None:
    """Tell a person, unless told not to."""
    if not task.console.quiet:
        task.console.say(text)
