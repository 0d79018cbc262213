"""Read CSV and TSV as batches of records."""

from __future__ import annotations

import csv
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedupe.errors import InputError
from dedupe.io.csv_dialect import (
    SAMPLE,
    SEP_LINE,
    choose_dialect,
    column_numbers,
    guess_columns,
    looks_like_data,
    read_cells,
)
from dedupe.io.encodings import utf8_problem
from dedupe.io.field_lookup import NO_TEXT, Unreadable, check_names, naming_hint
from dedupe.io.fields import Records, extract_columns
from dedupe.io.source import split_blocks, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.io.source import Source
    from dedupe.models import Batch, Dialect, ReadStats

PEEKED = 8
"""Lines by which the delimiter is chosen."""


class RowTooLongError(Exception):
    """A row that is longer than it may be, and the line on which it begins."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


class CsvRow(NamedTuple):
    """A row's first line number, its bytes, its cells, and the csv module's objection."""

    line: int
    raw: bytes
    cells: list[str]
    problem: str


class Header(NamedTuple):
    """The header of a table: its bytes, the names of the columns, and how rows are written.

    A table without one has no bytes, and numbers for names.
    """

    raw: bytes
    names: list[str]
    dialect: Dialect


def read_csv(source: Source) -> Iterator[Batch]:
    """Yield batches of the rows below the header; a bad row is refused.

    A file with only a header gives one empty batch, which keeps the header. Raises
    InputError for a header that cannot be read or names no text.
    """
    settings = source.settings
    first, lines = peek_lines(source)
    sep = SEP_LINE.fullmatch(first[0]) if first else None
    if sep:
        source.read_stats.blank += 1
        source.read_stats.met += 1
        dialect = choose_dialect(source.format, first[1:], settings)._replace(delimiter=sep[1])
    else:
        dialect = choose_dialect(source.format, first, settings)
    line = source.first + (1 if sep else 0)
    rows = drop_blank_rows(
        parse_rows(source, islice(lines, 1 if sep else 0, None), dialect, line), source.read_stats
    )
    top = next(rows, None)
    if top is None:
        return
    if settings.no_header:
        rows = chain([top], rows)
        header = Header(b"", column_numbers(len(top.cells)), dialect)
        sample = list(islice(rows, SAMPLE))
        settings = guess_columns([row.cells for row in sample], settings)
        rows = chain(sample, rows)
    else:
        header = Header(top.raw, read_header(top, source, dialect), dialect)
    empty = True
    for block in split_blocks(valid_rows(rows, source, header), lambda row: len(row.raw)):
        yield parse_rows_of_block(block, source, header, settings)
        empty = False
    if empty:
        yield parse_rows_of_block([], source, header, settings)


def peek_lines(source: Source) -> tuple[list[str], Iterator[bytes]]:
    """Return the first lines that are not blank as text, and all lines from the start."""
    lines = source.single_lines()
    taken: list[bytes] = []
    shown: list[str] = []
    for line in lines:
        taken.append(line)
        if line.strip():
            shown.append(line.decode(errors="surrogateescape").rstrip("\r\n"))
        if len(shown) == PEEKED or len(taken) >= 16 * PEEKED:
            break
    return shown, chain(taken, lines)


def parse_rows_of_block(
    block: Sequence[CsvRow], source: Source, header: Header, settings: Settings
) -> Batch:
    """Return a batch of good rows."""
    width = len(header.names)
    records = [dict(zip(header.names, row.cells, strict=False)) for row in block]
    columns = extract_columns(Records([records], settings), settings)
    trailing = [len(row.cells) - width for row in block]
    return source.batch(
        [row.raw for row in block],
        np.array([row.line for row in block], np.int64),
        columns,
        header.raw,
        dialect=header.dialect,
        trailing=trailing if any(trailing) else (),
    )


def drop_blank_rows(rows: Iterator[CsvRow], read_stats: ReadStats) -> Iterator[CsvRow]:
    """Yield the rows that are not blank, and count the others."""
    for row in rows:
        if row.cells or row.problem:
            yield row
        else:
            read_stats.blank += 1
            read_stats.met += 1


def valid_rows(rows: Iterator[CsvRow], source: Source, header: Header) -> Iterator[CsvRow]:
    """Yield the rows that can be read, count repeated headers, and refuse the others."""
    width = len(header.names)
    for row in rows:
        source.read_stats.met += 1
        if header.raw and is_repeated(row, header):
            source.read_stats.repeated_headers += 1
            continue
        try:
            row_problem(row, width, header.dialect, source.settings.encoding)
        except Unreadable as bad:
            source.refuse(row.line, str(bad), row.raw, header.raw)
        else:
            yield row


def is_repeated(row: CsvRow, header: Header) -> bool:
    """Return whether a row repeats the header, as in files that were joined."""
    first = row.cells[0].strip() if row.cells else ""
    if row.problem or first != header.names[0]:
        return False
    return [cell.strip() for cell in row.cells] == header.names


def parse_rows(
    source: Source, lines: Iterator[bytes], dialect: Dialect, first: int
) -> Iterator[CsvRow]:
    """Yield the rows of a source; raises InputError for one too long, as by a quote left open."""
    try:
        yield from split_rows(lines, dialect, source.settings.max_line, first)
    except RowTooLongError as error:
        raise InputError(
            source.path, error.line, too_long_message(source.settings.max_line)
        ) from None


def split_rows(
    lines: Iterator[bytes], dialect: Dialect, most: int = 0, number: int = 1
) -> Iterator[CsvRow]:
    """Yield rows with their bytes: the csv module asks for the lines that a row needs, and no more.

    ``number`` is that of the first line. Raises RowTooLongError for a row of more than ``most``
    bytes, unless that is 0.
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

    reader = read_cells(feed(), dialect)
    while True:
        cells: list[str] = []
        problem = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # all that it refuses without a limit
            problem = "a carriage return outside quotes; lines end in LF or CRLF"
        yield CsvRow(number, b"".join(taken), cells, problem)
        number += len(taken)
        taken.clear()


def read_header(row: CsvRow, source: Source, dialect: Dialect) -> list[str]:
    """Return the column names; raises InputError when they cannot be read or name no text."""
    names = [name.strip() for name in row.cells]
    try:
        row_problem(row, len(names), dialect, source.settings.encoding)
        check_names(dict.fromkeys(names, ""), source.settings)
    except Unreadable as bad:
        reason = str(bad).replace("the record has", "the header has")
        if looks_like_data(names):
            reason += "; the first row looks like data: --no-header reads it"
        elif reason.startswith(NO_TEXT):
            reason += naming_hint(names, source.settings)
        raise InputError(source.path, row.line, reason) from None
    return names


def row_problem(row: CsvRow, width: int, dialect: Dialect, encoding: str | None) -> None:
    """Raise Unreadable for a row that is not UTF-8, not whole, or not as wide as the header.

    Empty cells beyond the header are allowed where they are plain delimiters.
    """
    if row.problem:
        raise Unreadable(row.problem)
    problem = utf8_problem(row.raw, encoding)
    if problem:
        raise Unreadable(problem)
    text = row.raw.decode()
    # An open quote includes all that follows, with the last line ending.
    if (row.cells[-1].endswith("\n") or not text.endswith("\n")) and has_open_quote(text, dialect):
        raise Unreadable("a quote is opened and never closed" + escape_hint(text, dialect))
    extra = len(row.cells) - width
    if extra and not (
        extra > 0
        and not any(row.cells[width:])
        and text.rstrip("\r\n").endswith(dialect.delimiter * extra)
    ):
        columns = "1 column" if len(row.cells) == 1 else f"{len(row.cells)} columns"
        raise Unreadable(f"{columns}, where the header has {width}" + escape_hint(text, dialect))


def escape_hint(text: str, dialect: Dialect) -> str:
    """Return a hint for a row whose quotes are escaped by backslashes, else ``""``."""
    return r"; --csv-escape reads \" as a quote" if r"\"" in text and not dialect.escape else ""


def has_open_quote(text: str, dialect: Dialect) -> bool:
    """Return whether a row ends inside quotes, so that the next line belongs to it."""
    reader = csv.reader([text, ""], delimiter=dialect.delimiter, escapechar=dialect.escape or None)
    next(reader)
    return reader.line_num > 1
