"""The body that ``index add``, ``match`` and ``unique`` share: read, ask, write, tell."""

from __future__ import annotations

import os
import stat
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from dedupe.cli.console import standard_input
from dedupe.cli.summary import counted, told
from dedupe.index import Index
from dedupe.pipeline.gather import gather
from dedupe.reading import read
from dedupe.reading.live import read_live
from dedupe.stories import Tally
from dedupe.writing import (
    INDEX_KEYS,
    accounted,
    check_key_is_free,
    check_one_table,
    indexed,
    is_table,
    open_output,
    selection,
    wider_header,
)
from dedupe.writing.output import STDOUT_PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from dedupe.cli.index_options import Task
    from dedupe.index import Answer
    from dedupe.stories import Batch
    from dedupe.writing import Output

AT_ONCE = 1 << 15
"""Stories that are looked up together."""
TABLES = ("csv", "tsv", "parquet")


def feed(command: str, task: Task, *, by_line: bool) -> None:
    """Pass stories to an index and write what it has to say of them."""
    started = time.perf_counter()
    tally = Tally()
    counts = {"new": 0, "opens": 0}
    with ExitStack() as opened:
        index = opened.enter_context(open_index(task))
        groups = grouped(batches_of(task, index, tally, by_line=by_line))
        if command == "unique" and task.output not in STDOUT_PATHS:
            opened.enter_context(index.store.writing())  # until the file is whole
        output = opened.enter_context(open_output(task.output, task.inputs))
        first: Batch | None = None
        for group in groups:
            check_one_table([first or group[0], *group])
            for answer in carry(command, index, group, output, opening=first is None):
                counts["new"] += answer.new
                counts["opens"] += answer.opens
            first = first or group[0]
    if not task.console.quiet:
        facts = [counted(tally.records, "record"), *outcome(command, tally.records, counts)]
        task.console.say(told(facts, time.perf_counter() - started))


def open_index(task: Task) -> Index:
    """The index of a task."""
    return Index(task.path, task.wanted, task.passing)


def outcome(command: str, records: int, counts: dict[str, int]) -> list[str]:
    """Word what became of the stories."""
    facts = [f"{counts['new']:,} new", f"{counts['opens']:,} unseen"]
    known = records - counts["new"]
    if known:
        verb = "held already" if command == "match" else "held already and left as they were"
        facts.append(f"{known:,} {verb}")
    return facts


def batches_of(task: Task, index: Index, tally: Tally, *, by_line: bool) -> Iterator[Batch]:
    """Batches of the input: a stream as it comes, files in bulk."""
    stdin = standard_input()
    alive = by_line or (is_stream(stdin) and task.format not in TABLES)
    if task.files in ((), ("-",)) and alive:
        return read_live(stdin, index.settings, tally, task.format, by_line=by_line)
    return read(task.files, index.settings, tally, stdin=stdin, format=task.format)


def is_stream(stdin: BinaryIO) -> bool:
    """Whether standard input comes bit by bit, as from a pipe."""
    try:
        return not stat.S_ISREG(os.fstat(stdin.fileno()).st_mode)
    except OSError:
        return False


def grouped(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Batches of files together, as many as are looked up at once; those of a stream alone."""
    group: list[Batch] = []
    for batch in batches:
        if batch.path == "<stdin>":
            yield [batch]
            continue
        group.append(batch)
        if sum(map(len, group)) >= AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def carry(
    command: str, index: Index, group: list[Batch], output: Output, *, opening: bool
) -> list[Answer]:
    """Ask of some batches, and write what is to be written; what is answered is on disk."""
    corpus = gather(group, len(index.settings.field))
    if command == "unique":
        with index.store.writing():
            answers = index.add_corpus(corpus)
            chosen = np.array([answer.opens for answer in answers], dtype=bool)
            chunks = selection(group, chosen) if opening else headless(group, chosen)
            for chunk in accounted(chunks, group, chosen, header=opening):
                output.write(chunk)
            output.flush()
        return answers
    into = index.settings.into
    for batch in group:
        check_key_is_free(batch, into, INDEX_KEYS)
    answers = index.add_corpus(corpus) if command == "add" else index.match_corpus(corpus)
    if opening and is_table(group[0]):
        output.write(wider_header(group[0], into, INDEX_KEYS))
    start = 0
    for batch in group:
        rows = [answer.row() for answer in answers[start : start + len(batch)]]
        start += len(batch)
        for chunk in accounted([indexed(batch, rows, into)], [batch], header=False):
            output.write(chunk)
    output.flush()
    return answers


def headless(group: list[Batch], chosen: np.ndarray) -> Iterator[bytes]:
    """Chosen records without the header that a table has had already."""
    chunks = selection(group, chosen)
    if is_table(group[0]):
        next(chunks)
    return chunks
