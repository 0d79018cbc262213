"""``dedupe index add``, ``match`` and ``unique``, and the options of all ``index`` commands."""

from __future__ import annotations

import functools
import os
import stat
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import join_facts, standard_input
from dedupe.cli.help import Command, examples
from dedupe.cli.options import (
    CONFIG,
    FORMAT,
    OUTPUT_OPTIONS,
    SETTING_OPTIONS,
    add_options,
    files_argument,
    help_on_terminal,
    take_console,
)
from dedupe.config import SETTINGS, Settings
from dedupe.config_layers import DEFAULT, resolve_settings, setting_origins, settings_layers
from dedupe.errors import SettingsError
from dedupe.io.output import STDOUT_PATHS, open_output
from dedupe.models import ReadStats
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    import numpy as np

    from dedupe.cli.console import Console
    from dedupe.cli.options import CommandFunction, Decorator
    from dedupe.index.answers import Answer
    from dedupe.index.index import Index
    from dedupe.io.output import Output
    from dedupe.models import Batch, Corpus, Format

RUN_SETTINGS = (
    "jobs", "on_error", "into", "max_line", "max_ratio", "encoding", "delimiter", "no_header",
    "csv_escape", "date_format",
)  # fmt: skip
"""Settings of one run, which an index does not keep."""
BATCH_SETTINGS = ("links", "same")
"""Settings that an index does not take."""
LINKS_REFUSED = "an index takes none: they name the records of one run"
NO_SAME = "an index does not take it; a record of a known id replaces the one before it"

PATH: Decorator = click.argument("path", metavar="PATH", type=click.Path())
OUTPUT, *CONSOLE_OPTIONS = OUTPUT_OPTIONS
FEED_SETTINGS = {
    name: option for name, option in SETTING_OPTIONS.items() if name not in BATCH_SETTINGS
}
STORED_SETTINGS = {
    name: option for name, option in FEED_SETTINGS.items() if name not in RUN_SETTINGS
}


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """What one ``index`` command line asks for.

    ``wanted`` are the settings that somebody gave of those that an index keeps, as JSON values;
    ``passing`` those of this run.
    """

    path: str
    console: Console
    settings: Settings = field(default_factory=Settings)
    wanted: dict[str, object] = field(default_factory=dict)
    passing: dict[str, object] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    output: str | None = None
    format: Format | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that no output may replace."""
        return (self.path, *self.files)


def feed_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH [FILES]...``, all settings and shared options, as its request."""
    operands = (PATH, files_argument("files"))
    return declare_options(
        command, (*operands, *FEED_SETTINGS.values(), FORMAT, CONFIG, OUTPUT, *CONSOLE_OPTIONS)
    )


def create_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH`` and every setting that an index keeps."""
    return declare_options(command, (PATH, *STORED_SETTINGS.values(), CONFIG, *CONSOLE_OPTIONS))


def path_options(command: CommandFunction, *others: Decorator) -> CommandFunction:
    """Give a command ``PATH`` and the console's options, but no settings."""
    return declare_options(command, (PATH, *others, *CONSOLE_OPTIONS))


def output_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH``, ``--output`` and the console's options."""
    return path_options(command, OUTPUT)


def declare_options(command: CommandFunction, declared: Iterable[Decorator]) -> CommandFunction:
    """Declare options, and put their values into an IndexRequest."""

    @functools.wraps(command)
    def run(path: str, **given: Any) -> None:  # noqa: ANN401 - one type an option
        request = IndexRequest(path, take_console(given))
        if "files" in given:
            help_on_terminal(given["files"])
        if "config" in given:
            flags = {setting.name: given.pop(setting.name, None) for setting in SETTINGS}
            request = with_settings(request, flags, given.pop("config"))
        request = replace(
            request,
            files=given.pop("files", ()),
            output=given.pop("output", None),
            format=given.pop("input_format", None),
        )
        command(request, **given)

    return add_options(run, declared)


def with_settings(
    request: IndexRequest, flags: Mapping[str, object], config: str | None
) -> IndexRequest:
    """Return a request with all settings, and those given apart: to store, and of this run."""
    settings = resolve_settings(flags, os.environ, config)
    origins = setting_origins(settings_layers(flags, os.environ, config))
    names = {name for name, origin in origins.items() if origin != DEFAULT}
    if "links" in names:
        raise SettingsError("--links", LINKS_REFUSED)
    if "same" in names:
        raise SettingsError("--same", NO_SAME)
    values = settings.manifest()
    wanted = {name: values[name] for name in names if name not in RUN_SETTINGS}
    passing = {name: values[name] for name in names if name in RUN_SETTINGS}
    return replace(request, settings=settings, wanted=wanted, passing=passing)


ADD_HELP = """\
Add records and write the cluster of each.

Each record comes out as from dedupe cluster, with up to four more members: new (false for a record
that the index had already), opens (true for a record that is the first of its story), merged (the
clusters that this record joined to its own), and canonical_changed (the id of the record that it
replaced as the canonical version). What has come out is on disk.

A record that comes twice, with the same id, date, outlet and texts, changes nothing. One with a
known id replaces the earlier version.
"""
MATCH_HELP = """\
Look up records without adding them.

The output is that of dedupe index add, but each record is compared with the index alone. Cluster,
size and canonical_id are those of the story that the record would join; opens is true where it
would join none.
"""
UNIQUE_HELP = """\
Pass on the records that are new, and remember all.

Writes a record, byte for byte, if it matches none in the index and none before it. It is written
before it is on disk: when a run is killed, at worst a few records come again next time.
"""


def feed_command(name: str, text: str, *shown: tuple[str, str]) -> click.Command:
    """Return a command that passes records to an index, with its help and examples."""

    @click.command(name, cls=Command, help=text, epilog=examples(*shown))
    @click.option(
        "--line-buffered",
        "by_line",
        is_flag=True,
        help="Answer each line before the next is read. For standard input.",
    )
    @feed_options
    def command(request: IndexRequest, *, by_line: bool) -> None:
        run_feed(name, request, by_line=by_line)

    return command


add_command = feed_command(
    "add",
    ADD_HELP,
    ("Add a day's records", "dedupe index add seen.index stories.jsonl"),
    (
        "Answer a feed as it comes in",
        "tail -f feed.jsonl | dedupe index add --line-buffered seen.index",
    ),
)
match_command = feed_command(
    "match",
    MATCH_HELP,
    ("Look up without adding", "dedupe index match seen.index stories.jsonl"),
)
unique_command = feed_command(
    "unique",
    UNIQUE_HELP,
    ("Pass on what is new", "dedupe index unique seen.index stories.jsonl > fresh.jsonl"),
)

RECORDS_PER_LOOKUP = 1 << 15
"""Records that are looked up together."""
TABLES = ("csv", "tsv", "parquet")


def run_feed(command: str, request: IndexRequest, *, by_line: bool) -> None:
    """Pass records to an index and write its answers."""
    from dedupe.index.index import Index
    from dedupe.io.convert import check_target
    from dedupe.io.csv_dialect import check_one_table

    started = time.perf_counter()
    read_stats = ReadStats()
    counts = {"new": 0, "opens": 0}
    with ExitStack() as opened:
        index = opened.enter_context(Index.attach(request.path, request.wanted, request.passing))
        groups = group_batches(input_batches(request, index, read_stats, by_line=by_line))
        if command == "unique" and request.output not in STDOUT_PATHS:
            opened.enter_context(index.store.writing())  # until the file is whole
        output = opened.enter_context(open_output(request.output, request.inputs))
        first: Batch | None = None
        for group in groups:
            check_one_table([first or group[0], *group])
            check_target(group, request.output, annotated=command != "unique")
            for answer in answer_batches(command, index, group, output, opening=first is None):
                counts["new"] += answer.new
                counts["opens"] += answer.opens
            first = first or group[0]
    records = read_stats.records
    facts = [count_noun(records, "record"), *feed_outcome(command, records, counts)]
    request.console.summarize(join_facts(facts, time.perf_counter() - started))


def feed_outcome(command: str, records: int, counts: dict[str, int]) -> list[str]:
    """Describe what became of the records."""
    facts = [f"{counts['new']:,} new", f"{counts['opens']:,} unseen"]
    known = records - counts["new"]
    if known:
        left = " and left as it was" if known == 1 else " and left as they were"
        facts.append(f"{known:,} already held" + ("" if command == "match" else left))
    return facts


def input_batches(
    request: IndexRequest, index: Index, read_stats: ReadStats, *, by_line: bool
) -> Iterator[Batch]:
    """Yield the batches of the input: a stream as it comes, files in bulk."""
    from dedupe.io.reader import read, read_stream

    stdin = standard_input()
    streams = by_line or (is_stream(stdin) and request.format not in TABLES)
    if request.files in ((), ("-",)) and streams:
        return read_stream(stdin, index.settings, read_stats, request.format, by_line=by_line)
    return read(request.files, index.settings, read_stats, stdin=stdin, format=request.format)


def is_stream(stdin: BinaryIO) -> bool:
    """Return whether standard input is a stream, such as a pipe."""
    try:
        return not stat.S_ISREG(os.fstat(stdin.fileno()).st_mode)
    except OSError:
        return False


def group_batches(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Group the batches of files that are looked up together; those of a stream stay alone."""
    group: list[Batch] = []
    for batch in batches:
        if batch.path == "<stdin>":
            yield [batch]
            continue
        group.append(batch)
        if sum(map(len, group)) >= RECORDS_PER_LOOKUP:
            yield group
            group = []
    if group:
        yield group


def answer_batches(
    command: str, index: Index, group: list[Batch], output: Output, *, opening: bool
) -> list[Answer]:
    """Answer the records of some batches and write them; answered records are on disk.

    ``opening`` batches are the first, and bring the header of a table.
    """
    from dedupe.load import load_corpus

    corpus = load_corpus(group, len(index.settings.field))
    if command == "unique":
        return write_new(index, group, corpus, output, opening=opening)
    return write_annotated(command, index, group, corpus, output, opening=opening)


def write_new(
    index: Index, group: list[Batch], corpus: Corpus, output: Output, *, opening: bool
) -> list[Answer]:
    """Add records, and write those that are the first of their story."""
    import numpy as np

    from dedupe.io.annotate import selected_chunks
    from dedupe.io.result_rows import check_output

    with index.store.writing():
        answers = index.add_corpus(corpus)
        chosen = np.array([answer.opens for answer in answers], dtype=bool)
        chunks = selected_chunks(group, chosen) if opening else without_header(group, chosen)
        for chunk in check_output(chunks, group, chosen, header=opening):
            output.write(chunk)
        output.flush()
    return answers


def write_annotated(
    command: str, index: Index, group: list[Batch], corpus: Corpus, output: Output, *, opening: bool
) -> list[Answer]:
    """Add or look up records, and write each with its answer."""
    from dedupe.io.annotate import INDEX_KEYS, annotate_indexed, check_key_is_free, widen_header
    from dedupe.io.csv_dialect import is_table
    from dedupe.io.result_rows import check_output

    into = index.settings.into
    for batch in group:
        check_key_is_free(batch, into, INDEX_KEYS)
    answers = index.add_corpus(corpus) if command == "add" else index.match_corpus(corpus)
    if opening and is_table(group[0]):
        output.write(widen_header(group[0], into, INDEX_KEYS))
    start = 0
    for batch in group:
        rows = [answer.row() for answer in answers[start : start + len(batch)]]
        start += len(batch)
        for chunk in check_output([annotate_indexed(batch, rows, into)], [batch], header=False):
            output.write(chunk)
    output.flush()
    return answers


def without_header(group: list[Batch], chosen: np.ndarray) -> Iterator[bytes]:
    """Yield chosen records without the header of a table."""
    from dedupe.io.annotate import selected_chunks
    from dedupe.io.csv_dialect import is_table

    chunks = selected_chunks(group, chosen)
    if is_table(group[0]):
        next(chunks)
    return chunks
