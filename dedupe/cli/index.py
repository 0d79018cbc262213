"""``dedupe index``: create, maintain, query and export an index."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts, progress_line, standard_input
from dedupe.cli.help import Command, LazyGroup, examples
from dedupe.cli.index_feed import create_options, output_options, path_options
from dedupe.errors import InputError, SettingsError, StoreError
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.cli.index_feed import IndexRequest

TASKS = {
    "Add and look up": {
        "create": "index",
        "add": "index_feed",
        "match": "index_feed",
        "unique": "index_feed",
    },
    "Maintain": {"remove": "index", "compact": "index", "merge": "index", "check": "index"},
    "Read out": {"stats": "index", "export": "index"},
}
"""The sub-commands by task, and the file here that has ``<name>_command``."""

HELP = """\
Keep records on disk and compare new ones with them.

An index is one file. It holds the texts, the keys to find them again, and the clusters so far. One
process writes at a time, any number read. What a command has answered is on disk.
"""

EXAMPLES = examples(
    (
        "Create an index and pass on what it has not seen",
        "dedupe index create seen.index && dedupe index unique seen.index stories.jsonl",
    ),
    (
        "Add a day's records, then show the figures of the index",
        (
            "dedupe index create a.index && dedupe index add a.index stories.jsonl"
            " && dedupe index stats a.index"
        ),
    ),
)


index_command = LazyGroup("index", tasks=TASKS, help=HELP, epilog=EXAMPLES)


CREATE_HELP = """\
Create an empty index.

It keeps the settings given here, and those of the environment and of [tool.dedupe]. A later command
with other settings is refused.
"""
REMOVE_HELP = """\
Delete records and free their space.

A cluster keeps its id; one that loses its canonical version gets the best of the others. --before
leaves records without a date.
"""
COMPACT_HELP = """\
Cluster all records again and shrink the file.

The clusters become those of a batch run over all records; until then a record is compared with what
was known when it came, see docs/daily-index.md. Cluster ids stay. An index made by an earlier
version is brought up to date. All records are held in memory; other processes can read meanwhile,
writers wait.
"""
MERGE_HELP = """\
Add all records of another index.

They are added in the order in which they came to the other index, which is not changed. Both must
have equal settings.
"""


@click.command(
    cls=Command,
    help=CREATE_HELP,
    epilog=examples(
        ("Create one", "dedupe index create seen.index"),
        ("With settings of its own", "dedupe index create --threshold 0.7 --window 30d seen.index"),
    ),
)
@create_options
def create_command(request: IndexRequest) -> None:
    """Start an empty index."""
    from dedupe.index.index import Index

    Index.create(request.path, request.settings).close()
    request.console.summarize(f"{request.path}: created, empty")


@click.command(
    cls=Command,
    help=REMOVE_HELP,
    epilog=examples(
        ("Keep a year", "dedupe index remove seen.index --before \"$(date -d '1 year ago' +%F)\""),
    ),
)
@click.option("--before", metavar="DATE", help="Delete records from before this date (UTC).")
@click.option(
    "--ids",
    metavar="FILE",
    help="Delete the records with these ids. One id per line; - is standard input.",
)
@path_options
def remove_command(request: IndexRequest, *, before: str | None, ids: str | None) -> None:
    """Delete records."""
    from dedupe.index.index import Index, seconds_of
    from dedupe.index.maintain import remove_records

    if before is None and ids is None:
        raise click.UsageError("give --before DATE or --ids FILE")
    try:
        oldest = seconds_of(before)
    except SettingsError as error:
        raise SettingsError("--before", error.reason) from None
    names = None if ids is None else read_ids(ids)
    with Index.attach(request.path, {}, {}) as index:
        gone, missing = remove_records(index.store, oldest, names)
    absent = [f"{count_noun(missing, 'id')} not there"] if missing else []
    facts = [f"{request.path}: {count_noun(gone, 'record')} removed", *absent]
    request.console.summarize(", ".join(facts))


@click.command(
    cls=Command,
    help=COMPACT_HELP,
    epilog=examples(("Once a week", "dedupe index compact seen.index")),
)
@path_options
def compact_command(request: IndexRequest) -> None:
    """Cluster all records again."""
    from dedupe.index.index import Index
    from dedupe.index.maintain import compact_store

    started = time.perf_counter()
    with (
        Index.attach(request.path, {}, {}, any_rules=True) as index,
        progress_line(request.console) as progress,
    ):
        changed = compact_store(index.store, progress)
    facts = [
        f"{request.path}: compacted",
        f"{count_noun(changed, 'record')} with another canonical version",
    ]
    request.console.summarize(join_facts(facts, time.perf_counter() - started))


@click.command(
    cls=Command,
    help=MERGE_HELP,
    epilog=examples(
        ("Merge the indexes of two desks", "dedupe index merge seen.index other.index")
    ),
)
@path_options
@click.argument("other", metavar="OTHER", type=click.Path())
def merge_command(request: IndexRequest, *, other: str) -> None:
    """Add another index."""
    from dedupe.index.index import Index

    with Index.attach(request.path, {}, {}) as index, Index.attach(other, {}, {}) as theirs:
        added = index.merge(theirs)
    request.console.summarize(f"{request.path}: {count_noun(added, 'record')} new from {other}")


STATS_HELP = """\
Print the figures of an index as JSON.

Records, clusters, bytes, and the settings that it was made with.
"""
CHECK_HELP = """\
Verify that an index is sound.

Checks the pages of the file, that clusters and records fit together, and that all keys and stored
values follow from the records. With --deep it also counts the records that would get another
canonical version in a batch run.
"""
EXPORT_HELP = """\
Write all clusters as JSON Lines, the oldest first.

One object per cluster: its id, its size, its canonical version, and all its records with their
texts.
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
@click.option("--deep", is_flag=True, help="Also compare with a batch run over all records.")
@path_options
def check_command(request: IndexRequest, *, deep: bool) -> None:
    """Verify the index."""
    from dedupe.index.index import Index
    from dedupe.index.verify import check_index, count_differing

    started = time.perf_counter()
    with Index.attach(request.path, {}, {}) as index, progress_line(request.console) as progress:
        wrong = check_index(index.store)
        if wrong:
            raise StoreError(request.path, "; ".join(wrong))
        facts = [f"{request.path}: sound", count_noun(index.stats()["stories"], "record")]
        if deep:
            differ = count_differing(index.store, progress)
            facts.append(f"{differ:,} with another canonical version in a batch run")
    request.console.summarize(join_facts(facts, time.perf_counter() - started))


@click.command(
    cls=Command,
    help=EXPORT_HELP,
    epilog=examples(("Export everything", "dedupe index export -o all.jsonl.gz seen.index")),
)
@output_options
def export_command(request: IndexRequest) -> None:
    """Write all clusters."""
    import orjson

    from dedupe.index.index import Index
    from dedupe.io.output import open_output

    count = 0
    with (
        Index.attach(request.path, {}, {}, any_rules=True) as index,
        open_output(request.output, request.inputs) as output,
    ):
        for group in index.export():
            output.write(orjson.dumps(group, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    request.console.summarize(count_noun(count, "cluster"))


def read_ids(path: str) -> list[str]:
    """Return the lines of a file that are not blank; raises InputError."""
    try:
        data = standard_input().read() if path == "-" else Path(path).read_bytes()
        return [line.strip() for line in data.decode().split("\n") if line.strip()]
    except OSError as error:
        raise InputError(path, None, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(path, None, f"invalid UTF-8 at byte {error.start + 1}") from None
