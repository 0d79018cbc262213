"""Read CSV and TSV."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, NamedTuple

from dedupe.errors import InputError
from dedupe.io.fields import Unreadable, extract_columns
from dedupe.io.source import split_blocks, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.io.source import Source
    from dedupe.models import Batch, ReadStats

DELIMITERS = {"csv": ",", "tsv": "\t"}


class RowTooLongError(Exception):
    """A row that is longer than it may be, and the line on which it begins."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


class CsvRow(NamedTuple):
    """A row's first line number, its bytes, its cells, and what the csv module had against it."""

    line: int
    raw: bytes
    cells: list[str]
    problem: str


def read_csv(source: Source) -> Iterator[Batch]:
    """Batches of the rows below the header; a bad row is refused.

    A file with a header alone gives one empty batch, so that its header is not lost. Raises
    InputError for a header that cannot be read or names no text.
    """
    delimiter = DELIMITERS[source.format]
    rows = drop_blank_rows(parse_rows(source, delimiter), source.read_stats)
    header = next(rows, None)
    if header is None:
        return
    names = read_header(header, source, delimiter)
    empty = True
    for block in split_blocks(
        valid_rows(rows, source, header.raw, len(names)), lambda row: len(row.raw)
    ):
        yield parse_block(block, source, header.raw, names)
        empty = False
    if empty:
        yield parse_block([], source, header.raw, names)


def parse_block(
    block: Sequence[CsvRow], source: Source, header: bytes, names: Sequence[str]
) -> Batch:
    """A batch of good rows."""
    records = [dict(zip(names, row.cells, strict=True)) for row in block]
    columns = extract_columns(records, source.settings)
    return source.batch([row.raw for row in block], [row.line for row in block], columns, header)


def drop_blank_rows(rows: Iterator[CsvRow], read_stats: ReadStats) -> Iterator[CsvRow]:
    """Pass on the rows that are not blank, and count the others."""
    for row in rows:
        if row.cells or row.problem:
            yield row
        else:
            read_stats.blank += 1
            read_stats.met += 1


def valid_rows(
    rows: Iterator[CsvRow], source: Source, header: bytes, width: int
) -> Iterator[CsvRow]:
    """Pass on the rows that can be read, and refuse the others."""
    delimiter = DELIMITERS[source.format]
    for row in rows:
        source.read_stats.met += 1
        try:
            row_problem(row, width, delimiter)
        except Unreadable as bad:
            source.refuse(row.line, str(bad), row.raw, header)
        else:
            yield row


def parse_rows(source: Source, delimiter: str) -> Iterator[CsvRow]:
    """Rows of a source; raises InputError for one too long, as by a quote left open."""
    try:
        yield from split_rows(source.lines, delimiter, source.settings.max_line)
    except RowTooLongError as error:
        raise InputError(
            source.path, error.line, too_long_message(source.settings.max_line)
        ) from None


def split_rows(lines: Iterator[bytes], delimiter: str, most: int = 0) -> Iterator[CsvRow]:
    """Rows with their bytes: the csv module asks for the lines that a row needs, and no more.

    Raises TooLong for a row of more than ``most`` bytes, unless that is 0.
    """
    taken: list[bytes] = []

    def feed() -> Iterator[str]:
        size = 0
        for line in lines:
            size = size + len(line) if taken else len(line)
            taken.append(line)
            if 0 < most < size:
                raise RowTooLongError(number)
            yield line.decode(errors="surrogateescape")

    # The module's own limit, 128 KiB a cell, would refuse long records.
    csv.field_size_limit(sys.maxsize)
    number = 1
    reader = csv.reader(feed(), delimiter=delimiter)
    while True:
        cells: list[str] = []
        problem = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # with no limit, all that is left for it to refuse
            problem = "a carriage return outside quotes; lines end in LF or CRLF"
        yield CsvRow(number, b"".join(taken), cells, problem)
        number += len(taken)
        taken.clear()


def read_header(row: CsvRow, source: Source, delimiter: str) -> list[str]:
    """The column names; raises InputError when they cannot be read or name no text."""
    names = [name.strip() for name in row.cells]
    try:
        row_problem(row, len(names), delimiter)
        extract_columns([dict.fromkeys(names, "")], source.settings)
    except Unreadable as bad:
        reason = str(bad).replace("the record has", "the header has")
        raise InputError(source.path, row.line, reason) from None
    return names


def row_problem(row: CsvRow, width: int, delimiter: str) -> None:
    """Raise Unreadable for a row that is not UTF-8, not whole, or not as wide as the header."""
    if row.problem:
        raise Unreadable(row.problem)
    try:
        text = row.raw.decode()
    except UnicodeDecodeError as bad:
        raise Unreadable(f"invalid UTF-8 at byte {bad.start + 1}") from None
    # A quote left open takes in all that follows, the last line ending too.
    if (row.cells[-1].endswith("\n") or not text.endswith("\n")) and has_open_quote(
        text, delimiter
    ):
        raise Unreadable("a quote is opened and never closed")
    if len(row.cells) != width:
        columns = "1 column" if len(row.cells) == 1 else f"{len(row.cells)} columns"
        raise Unreadable(f"{columns}, where the header has {width}")


def has_open_quote(text: str, delimiter: str) -> bool:
    """Whether a row ends inside quotes, so that it would take in one line more."""
    reader = csv.reader([text, ""], delimiter=delimiter)
    next(reader)
    return reader.line_num > 1
