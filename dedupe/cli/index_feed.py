"""``dedupe index add``, ``match`` and ``unique``: stories to an index, line by line or in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dedupe.cli.index_options import feed_options
from dedupe.cli.layout import Command, examples

if TYPE_CHECKING:
    from dedupe.cli.index_options import Task

ADD = """\
Take stories in, and tell of each where it belongs.

Every record comes out as from dedupe cluster, with two to four more members: new (false for a story
that the index held already), merged (the clusters that this story joined to its own), and
canonical_changed (the id of the story in whose place it is canonical now). What has come out is on
disk. A story that is fed twice, with the same id, date, outlet and texts, changes nothing.
"""
MATCH = """\
Tell of stories where they belong, and change nothing.

The output is that of dedupe index add, but each story is compared with the index alone, as if it
came first.
"""
UNIQUE = """\
Let through the stories that have not been seen before, and remember all.

A story comes out, byte for byte, when it matches none in the index and none before it. It comes
out before it is on disk: when a run is killed, at worst a few stories come again next time.
"""
BY_LINE = click.option(
    "--line-buffered",
    "by_line",
    is_flag=True,
    help="Read standard input line by line, and answer each line before the next is read.",
)


@click.command(
    cls=Command,
    help=ADD,
    epilog=examples(
        ("Add a day's stories", "dedupe index add seen.index stories.jsonl"),
        (
            "Answer a feed as it comes",
            "tail -f feed.jsonl | dedupe index add --line-buffered seen.index",
        ),
    ),
)
@BY_LINE
@feed_options
def add(task: Task, *, by_line: bool) -> None:
    """Take stories in."""
    from dedupe.cli.index_job import feed  # noqa: PLC0415 - keeps numpy out of --help

    feed("add", task, by_line=by_line)


@click.command(
    cls=Command,
    help=MATCH,
    epilog=examples(("Ask without adding", "dedupe index match seen.index stories.jsonl")),
)
@BY_LINE
@feed_options
def match(task: Task, *, by_line: bool) -> None:
    """Answer and change nothing."""
    from dedupe.cli.index_job import feed  # noqa: PLC0415 - keeps numpy out of --help

    feed("match", task, by_line=by_line)


@click.command(
    cls=Command,
    help=UNIQUE,
    epilog=examples(
        ("Pass on what is new", "dedupe index unique seen.index stories.jsonl > fresh.jsonl"),
    ),
)
@BY_LINE
@feed_options
def unique(task: Task, *, by_line: bool) -> None:
    """Let the unseen through."""
    from dedupe.cli.index_job import feed  # noqa: PLC0415 - keeps numpy out of --help

    feed("unique", task, by_line=by_line)
