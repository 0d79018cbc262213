"""``dedupe index``: create, maintain, query and export an index."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts, progress_line, standard_input
from dedupe.cli.index_options import create_options, output_options, path_options
from dedupe.cli.options import CONTEXT_SETTINGS, Command, examples
from dedupe.errors import InputError, SettingsError, StoreError
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.cli.index_options import IndexRequest

MODULES = {
    "create": "index",
    "add": "index_feed",
    "match": "index_feed",
    "unique": "index_feed",
    "remove": "index",
    "stats": "index",
    "check": "index",
    "compact": "index",
    "export": "index",
    "merge": "index",
}
"""The sub-commands in the order of the help, and the file here that has ``<name>_command``."""

HELP = """\
Keep stories on disk, and compare tomorrow's with all that came before.

An index is one file. It holds the texts, what is needed to find them again, and the clusters so
far. One process writes at a time, any number read; what a command has answered is on disk.
"""

EXAMPLES = examples(
    (
        "Start an index and let through what it has not seen",
        "dedupe index create seen.index && dedupe index unique seen.index stories.jsonl",
    ),
    (
        "Add a day's stories, then see what the index holds",
        (
            "dedupe index create a.index && dedupe index add a.index stories.jsonl"
            " && dedupe index stats a.index"
        ),
    ),
)


class IndexGroup(click.Group):
    """Loads a sub-command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the sub-commands in the order in which a newcomer needs them."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Take a sub-command from the module that has it."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"dedupe.cli.{MODULES[cmd_name]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)  # noqa: S101 - tells mypy what those modules define
        return command


@click.group(
    cls=IndexGroup,
    help=HELP,
    epilog=EXAMPLES,
    context_settings=CONTEXT_SETTINGS,
    invoke_without_command=True,
)
@click.pass_context
def index_command(context: click.Context) -> None:
    """Print the help when no sub-command is named."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


CREATE_HELP = """\
Start an empty index.

It keeps the settings that are given here, and those of the environment and of [tool.dedupe]. A
later command with other settings is refused.
"""
REMOVE_HELP = """\
Delete stories and free their space.

A cluster keeps its id; one that loses its canonical version gets the best of the others. A story
without a date has no age.
"""
COMPACT_HELP = """\
Give the index the clusters of a batch run over all its stories, and its file the least size.

Between two runs stories are compared by what is known when they come; docs/daily-index.md says what
may differ. Cluster ids stay. It also prepares and scores an index anew that was made by other
rules. All stories are held in memory; readers go on meanwhile, writers wait.
"""
MERGE_HELP = """\
Add all stories of another index.

They are added in the order in which they came to the other index, which stays as it is. The two
must have been made with equal settings.
"""


@click.command(
    cls=Command,
    help=CREATE_HELP,
    epilog=examples(
        ("Start one", "dedupe index create seen.index"),
        ("With settings of its own", "dedupe index create --threshold 0.7 --window 30d seen.index"),
    ),
)
@create_options
def create_command(request: IndexRequest) -> None:
    """Start an empty index."""
    from dedupe.index.index import Index

    Index.create(request.path, request.settings).close()
    say_unless_quiet(request, f"{request.path}: made, empty")


@click.command(
    cls=Command,
    help=REMOVE_HELP,
    epilog=examples(
        ("Keep a year", "dedupe index remove seen.index --before \"$(date -d '1 year ago' +%F)\""),
    ),
)
@click.option("--before", metavar="DATE", help="Delete stories from before this date (UTC).")
@click.option(
    "--ids", metavar="FILE", help="Delete the stories whose ids are the lines of FILE; - is stdin."
)
@path_options
def remove_command(request: IndexRequest, *, before: str | None, ids: str | None) -> None:
    """Delete stories."""
    if before is None and ids is None:
        raise click.UsageError("give --before DATE or --ids FILE")

    say_unless_quiet(request, delete_records(request, before, ids))


@click.command(
    cls=Command,
    help=COMPACT_HELP,
    epilog=examples(("Once a week", "dedupe index compact seen.index")),
)
@path_options
def compact_command(request: IndexRequest) -> None:
    """Cluster all stories anew."""
    say_unless_quiet(request, compact_index(request))


@click.command(
    cls=Command,
    help=MERGE_HELP,
    epilog=examples(("Bring two desks together", "dedupe index merge seen.index other.index")),
)
@path_options
@click.argument("other", metavar="OTHER", type=click.Path())
def merge_command(request: IndexRequest, *, other: str) -> None:
    """Add another index."""
    say_unless_quiet(request, unite_indexes(request, other))


def say_unless_quiet(request: IndexRequest, text: str) -> None:
    """Print a line unless -q was given."""
    if not request.console.quiet:
        request.console.say(text)


STATS_HELP = """\
Print the figures of an index as JSON.

Stories, clusters, bytes, and the settings that it was made with.
"""
CHECK_HELP = """\
Verify that an index is sound.

It checks the pages of the file, that clusters and stories fit together, and that postings, facts
and prepared texts are those that the stories make. With --deep it also counts the stories that a
batch run would give another canonical version.
"""
EXPORT_HELP = """\
Write all clusters as JSON Lines, the oldest first.

One object a cluster: its id, its size, its canonical version, and all its stories with their texts.
"""


@click.command(
    cls=Command,
    help=STATS_HELP,
    epilog=examples(("How large is it?", "dedupe index stats seen.index")),
)
@output_options
def stats_command(request: IndexRequest) -> None:
    """Print the figures."""
    import json

    from dedupe.index.index import Index
    from dedupe.io.output import open_output

    with Index.attach(request.path, {}, {}, any_rules=True) as index:
        figures = index.stats()
    with open_output(request.output, request.inputs) as output:
        shown = json.dumps(figures, indent=2, ensure_ascii=False)
        output.write(shown.encode(errors="backslashreplace") + b"\n")  # a path may be no UTF-8


@click.command(
    cls=Command,
    help=CHECK_HELP,
    epilog=examples(("Is it sound?", "dedupe index check seen.index")),
)
@click.option("--deep", is_flag=True, help="Also run the batch over all stories, and compare.")
@path_options
def check_command(request: IndexRequest, *, deep: bool) -> None:
    """Verify the index."""
    wrong, fine = verify_index(request, deep=deep)
    if wrong:
        raise StoreError(request.path, "; ".join(wrong))
    if not request.console.quiet:
        request.console.say(fine)


@click.command(
    cls=Command,
    help=EXPORT_HELP,
    epilog=examples(("Take all of it elsewhere", "dedupe index export -o all.jsonl.gz seen.index")),
)
@output_options
def export_command(request: IndexRequest) -> None:
    """Write all clusters."""
    import orjson

    from dedupe.index.index import Index
    from dedupe.io.output import open_output
    from dedupe.reports.format import count_noun

    count = 0
    with (
        Index.attach(request.path, {}, {}, any_rules=True) as index,
        open_output(request.output, request.inputs) as output,
    ):
        for group in index.export():
            output.write(orjson.dumps(group, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    if not request.console.quiet:
        request.console.say(count_noun(count, "cluster"))


def delete_records(request: IndexRequest, before: str | None, ids: str | None) -> str:
    """Remove stories."""
    from dedupe.index.index import Index, seconds_of
    from dedupe.index.removal import remove_records

    try:
        oldest = seconds_of(before)
    except SettingsError as error:
        raise SettingsError("--before", error.reason) from None
    names = None if ids is None else read_ids(ids)
    with Index.attach(request.path, {}, {}) as index:
        gone, missing = remove_records(index.store, oldest, names)
    absent = [f"{count_noun(missing, 'id')} not there"] if missing else []
    return ", ".join([f"{request.path}: {count_noun(gone, 'record')} removed", *absent])


def read_ids(path: str) -> list[str]:
    """The lines of a file that are not blank; raises InputError."""
    try:
        data = standard_input().read() if path == "-" else Path(path).read_bytes()
        return [line.strip() for line in data.decode().split("\n") if line.strip()]
    except OSError as error:
        raise InputError(path, None, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(path, None, f"invalid UTF-8 at byte {error.start + 1}") from None


def compact_index(request: IndexRequest) -> str:
    """Compact, with progress for whoever watches."""
    from dedupe.index.compact import compact_store
    from dedupe.index.index import Index

    started = time.perf_counter()
    with (
        Index.attach(request.path, {}, {}, any_rules=True) as index,
        progress_line(request.console) as progress,
    ):
        changed = compact_store(index.store, progress)
    facts = [f"{request.path}: compact", f"{changed:,} with another canonical version"]
    return join_facts(facts, time.perf_counter() - started)


def unite_indexes(request: IndexRequest, other: str) -> str:
    """Merge another index into one."""
    from dedupe.index.index import Index

    with Index.attach(request.path, {}, {}) as index, Index.attach(other, {}, {}) as theirs:
        added = index.merge(theirs)
    return f"{request.path}: {count_noun(added, 'record')} new from {other}"


def verify_index(request: IndexRequest, *, deep: bool) -> tuple[list[str], str]:
    """Check an index; returns what is wrong, and else what there is to tell."""
    from dedupe.index.index import Index
    from dedupe.index.verify import check_index, count_differing

    started = time.perf_counter()
    with Index.attach(request.path, {}, {}) as index, progress_line(request.console) as progress:
        wrong = check_index(index.store)
        facts = [f"{request.path}: sound", count_noun(index.stats()["stories"], "record")]
        if deep and not wrong:
            differ = count_differing(index.store, progress)
            facts.append(f"{differ:,} with another canonical version in a batch run")
    return wrong, join_facts(facts, time.perf_counter() - started)
