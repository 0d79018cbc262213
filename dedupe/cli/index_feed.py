"""``dedupe index add``, ``match`` and ``unique``: pass records to an index."""

from __future__ import annotations

import os
import stat
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts, standard_input
from dedupe.cli.help import Command, examples
from dedupe.cli.index_options import feed_options
from dedupe.io.output import STDOUT_PATHS, open_output
from dedupe.models import ReadStats
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    import numpy as np

    from dedupe.cli.index_options import IndexRequest
    from dedupe.index.answers import Answer
    from dedupe.index.index import Index
    from dedupe.io.output import Output
    from dedupe.models import Batch

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
BY_LINE = click.option(
    "--line-buffered",
    "by_line",
    is_flag=True,
    help="Answer each line before the next is read. For standard input.",
)


@click.command(
    cls=Command,
    help=ADD_HELP,
    epilog=examples(
        ("Add a day's records", "dedupe index add seen.index stories.jsonl"),
        (
            "Answer a feed as it comes in",
            "tail -f feed.jsonl | dedupe index add --line-buffered seen.index",
        ),
    ),
)
@BY_LINE
@feed_options
def add_command(request: IndexRequest, *, by_line: bool) -> None:
    """Add records."""
    run_feed("add", request, by_line=by_line)


@click.command(
    cls=Command,
    help=MATCH_HELP,
    epilog=examples(("Look up without adding", "dedupe index match seen.index stories.jsonl")),
)
@BY_LINE
@feed_options
def match_command(request: IndexRequest, *, by_line: bool) -> None:
    """Look up records."""
    run_feed("match", request, by_line=by_line)


@click.command(
    cls=Command,
    help=UNIQUE_HELP,
    epilog=examples(
        ("Pass on what is new", "dedupe index unique seen.index stories.jsonl > fresh.jsonl"),
    ),
)
@BY_LINE
@feed_options
def unique_command(request: IndexRequest, *, by_line: bool) -> None:
    """Pass on new records."""
    run_feed("unique", request, by_line=by_line)


RECORDS_PER_LOOKUP = 1 << 15
"""Records that are looked up together."""
TABLES = ("csv", "tsv", "parquet")


def run_feed(command: str, request: IndexRequest, *, by_line: bool) -> None:
    """Pass records to an index and write its answers."""
    from dedupe.io.convert import check_target
    from dedupe.io.csv_dialect import check_one_table

    started = time.perf_counter()
    read_stats = ReadStats()
    counts = {"new": 0, "opens": 0}
    with ExitStack() as opened:
        index = opened.enter_context(open_index(request))
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


def open_index(request: IndexRequest) -> Index:
    """Return the index of a request."""
    from dedupe.index.index import Index

    return Index.attach(request.path, request.wanted, request.passing)


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
    """Answer the records of some batches and write them; answered records are on disk."""
    import numpy as np

    from dedupe.io.annotate import (
        INDEX_KEYS,
        annotate_indexed,
        check_key_is_free,
        selected_chunks,
        widen_header,
    )
    from dedupe.io.csv_dialect import is_table
    from dedupe.io.result_rows import check_output
    from dedupe.load import load_corpus

    corpus = load_corpus(group, len(index.settings.field))
    if command == "unique":
        with index.store.writing():
            answers = index.add_corpus(corpus)
            chosen = np.array([answer.opens for answer in answers], dtype=bool)
            chunks = selected_chunks(group, chosen) if opening else without_header(group, chosen)
            for chunk in check_output(chunks, group, chosen, header=opening):
                output.write(chunk)
            output.flush()
        return answers
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
