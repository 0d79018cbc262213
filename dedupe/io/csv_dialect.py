"""The dialect of a table: detect delimiter and header, quote cells, guard formulas."""

from __future__ import annotations

import csv
import io
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.config_values import Field
from dedupe.errors import InputError
from dedupe.field_names import SURE_HEADLINES, plain_name
from dedupe.io.dates import parse_timestamp
from dedupe.io.field_lookup import DATE, Unreadable, all_roles, check_names, text_roles
from dedupe.models import NO_TIME, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.models import Batch

    Row = Sequence[str]


DIALECTS = {"csv": Dialect(","), "tsv": Dialect("\t")}
SPECIAL = re.compile(r'[",\t\r\n]')
FORMULA = re.compile(r"[ \xa0\u3000]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[ ]*[+-]?(?:\d+(?:[.,]\d*)*|\.\d+)(?:[eE][+-]?\d+)?%?[ ]*", re.ASCII)
GUARD = "'"
TEXT = "text"


def is_table(batch: Batch) -> bool:
    """Return whether a batch has columns, as CSV has."""
    return batch.format in DIALECTS


def holds_objects(batch: Batch) -> bool:
    """Return whether the records of a batch are objects of JSON."""
    return batch.format in ("jsonl", "parquet")


def dialect_of(batch: Batch) -> Dialect:
    """Return how the table of a batch is written."""
    return batch.dialect or DIALECTS[batch.format]


def read_cells(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the cells of each row, with the csv module."""
    csv.field_size_limit(sys.maxsize)  # its default, 128 KiB a cell, refuses long records
    return csv.reader(lines, delimiter=dialect.delimiter, escapechar=dialect.escape or None)


def check_one_table(batches: Sequence[Batch]) -> None:
    """Raise InputError where tables of several headers, or tables and others, would be mixed."""
    tables = [batch for batch in batches if is_table(batch)]
    if not tables:
        return
    first = tables[0]
    for batch in batches:
        if batch.format != first.format:
            reason = f"{batch.format} cannot be written after the {first.format} of {first.path}"
            raise InputError(batch.path, None, reason + "; --to jsonl writes both")
        if without_line_ending(batch.header) != without_line_ending(first.header):
            reason = f"the header differs from that of {first.path}; --to jsonl writes both"
            raise InputError(batch.path, 1, reason)
        if dialect_of(batch) != dialect_of(first):
            reason = f"the delimiter differs from that of {first.path}; --to jsonl writes both"
            raise InputError(batch.path, 1, reason)


def csv_cells(values: Iterable[str], dialect: Dialect) -> bytes:
    """Return cells to put after a row, each behind a delimiter."""
    return "".join(dialect.delimiter + quote_cell(value, dialect) for value in values).encode()


def quote_cell(value: str, dialect: Dialect) -> str:
    """Return a cell, in quotes if a character in it needs them."""
    if dialect.escape:
        value = value.replace(dialect.escape, dialect.escape * 2)
    if dialect.delimiter in value or SPECIAL.search(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def csv_row(values: Iterable[str], dialect: Dialect) -> bytes:
    """Return a row; one of a single empty cell is quoted, for it would be a blank line."""
    cells = [quote_cell(value, dialect) for value in values]
    return ((dialect.delimiter.join(cells) or '""') + "\n").encode()


def without_line_ending(line: bytes) -> bytes:
    """Return a line without its line ending."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def line_ending_of(line: bytes) -> bytes:
    """Return a line's ending, LF where it has none."""
    return line[len(without_line_ending(line)) :] or b"\n"


def escape_formulas(chunks: Iterable[bytes], dialect: Dialect | None) -> Iterator[bytes]:
    """Pass on chunks of whole rows of a table, their formulas guarded; of no table, as they are."""
    if dialect is None:
        yield from chunks
        return
    for chunk in chunks:
        yield escape_rows(chunk, dialect)


def escape_rows(rows: bytes, dialect: Dialect) -> bytes:
    r"""Return whole rows with their formulas guarded; a row without any keeps its bytes.

    >>> escape_rows(b"id,title\na,=1+1\nb,-5\n", Dialect(","))
    b"id,title\na,'=1+1\nb,-5\n"
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in io.BytesIO(rows):
            taken.append(line.decode())
            yield taken[-1]

    out: list[str] = []
    for cells in read_cells(feed(), dialect):
        raw = "".join(taken)
        taken.clear()
        out.append(escape_cells(cells, raw, dialect) if any(map(is_formula, cells)) else raw)
    return "".join(out).encode()


def escape_cells(cells: Sequence[str], raw: str, dialect: Dialect) -> str:
    """Return a row rebuilt from its cells, formulas guarded, with its line ending."""
    ending = raw[len(raw.rstrip("\r\n")) :]
    safe = (GUARD + cell if is_formula(cell) else cell for cell in cells)
    return dialect.delimiter.join(quote_cell(cell, dialect) for cell in safe) + ending


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet might compute a cell."""
    return bool(FORMULA.match(cell)) and not NUMBER.fullmatch(cell)


def csv_records(batch: Batch) -> Iterator[dict[str, str]]:
    """Yield the rows of a table by column; of two columns of one name the last counts."""
    dialect = dialect_of(batch)
    names = header_names(batch)
    text = io.StringIO(batch.data.decode(), newline="")
    for row in read_cells(text, dialect):
        yield dict(zip(names or column_numbers(len(row)), row, strict=False))


def header_names(batch: Batch) -> list[str]:
    """Return the names of the columns of a table, none where it has no header."""
    if not batch.header:
        return []
    text = io.StringIO(batch.header.decode(), newline="")
    return [name.strip() for name in next(read_cells(text, dialect_of(batch)))]


def csv_names(batch: Batch, target: str) -> list[str]:
    """Return the columns of a table; raises InputError where two have one name."""
    names = header_names(batch)
    if not batch.header:
        first = next(csv_records(batch), {})
        names = list(first)
    for name in {name for name in names if names.count(name) > 1}:
        reason = f"cannot be {target}: {name}: there are two columns of this name"
        raise InputError(batch.path, 1, reason)
    return names


def column_numbers(width: int) -> list[str]:
    """Return the names of the columns of a table without a header."""
    return [str(number) for number in range(1, width + 1)]


DELIMITERS = (",", ";", "\t", "|")
ESCAPE = "\\"
SEP_LINE = re.compile(r"sep=([,;|\t])\s*", re.IGNORECASE)
"""The line before the header in which Excel names the delimiter."""
LONGEST_NAME, MOST_WORDS = 40, 4
SAMPLE = 50
DATE_LENGTH, HEADLINE_LENGTH, HEADLINE_WORDS, WIDE_HEADLINE = 8, 15, 3, 6
PLAIN_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")
URL = re.compile(r"\w+://\S+")


def sample_rows(lines: Iterable[str], dialect: Dialect) -> list[list[str]]:
    """Return the cells of some rows, valid or not."""
    return list(read_cells((line.replace("\r", " ") for line in lines), dialect))


def choose_dialect(kind: str, lines: Sequence[str], settings: Settings) -> Dialect:
    """Return how a table is written that begins with some lines.

    The usual delimiter of its kind, unless the header names a text only under another one; without
    a header the one that splits all lines alike.
    """
    escape = ESCAPE if settings.csv_escape else ""
    if settings.delimiter:
        return Dialect(settings.delimiter, escape)
    usual = DIALECTS[kind].delimiter
    order = [usual, *(each for each in DELIMITERS if each != usual)]
    rows = {each: sample_rows(lines, Dialect(each, escape)) for each in order}
    if settings.no_header:
        fit = [each for each in order if len({len(row) for row in rows[each]}) == 1]
        best = max(fit or order, key=lambda each: min(map(len, rows[each]), default=0))
    else:
        named = (each for each in order if rows[each] and names_text(rows[each][0], settings))
        widest = max(order, key=lambda each: len(rows[each][0]) if rows[each] else 0)
        best = next(named, widest)
    return Dialect(best, escape)


def names_text(cells: Row, settings: Settings) -> bool:
    """Return whether a header has the name of a text."""
    try:
        check_names(dict.fromkeys((cell.strip() for cell in cells), ""), settings)
    except Unreadable:
        return False
    return True


def is_header(lines: Sequence[str], settings: Settings) -> bool:
    """Return whether a text whose kind is unknown begins with the header of a table.

    That is a line of short names, one of which is that of a headline and another known too, or as
    many as the next line has cells.
    """
    if not lines:
        return False
    dialect = choose_dialect("csv", lines[:1], settings)
    header, *rows = sample_rows(lines, dialect)
    names = [cell.strip() for cell in header]
    short = all(len(name) <= LONGEST_NAME and len(name.split()) <= MOST_WORDS for name in names)
    if len(names) < 2 or not short or len(set(names)) < len(names):  # noqa: PLR2004 - a table has columns
        return False
    plain = {plain_name(name) for name in names}
    sure = {name for role in text_roles(settings) for name in role.names if not role.usual}
    if not plain & {plain_name(name) for name in (*SURE_HEADLINES, *sure)}:
        return False
    known = {plain_name(name) for role in all_roles(settings) for name in role.names}
    return len(plain & known) > 1 or any(len(row) == len(names) for row in rows[:1])


def looks_like_data(cells: Row) -> bool:
    """Return whether a first row is a record rather than a header."""
    return any(
        PLAIN_NUMBER.fullmatch(cell)
        or URL.fullmatch(cell)
        or len(cell.split()) > MOST_WORDS
        or (len(cell) >= DATE_LENGTH and parse_timestamp(cell, NO_TIME) != NO_TIME)
        for cell in map(str.strip, cells)
    )


def guess_columns(rows: Sequence[Row], settings: Settings) -> Settings:
    """Return settings that name the columns of a table without a header.

    Columns that settings name stay. Else the headline is the first column of longer texts, the
    lede the next one, and the date the first column of dates.
    """
    roles = text_roles(settings)
    columns = list(zip(*rows, strict=False))
    kinds = [column_kind(column) for column in columns]
    changed = settings
    if roles[0].usual:
        texts = [number for number, kind in enumerate(kinds, 1) if kind == "text"]
        if not texts:
            short = [number for number, kind in enumerate(kinds, 1) if kind == "word"]
            texts = short[-1:]
        names = [(role.name, *map(str, texts[at : at + 1])) for at, role in enumerate(roles)]
        changed = replace(changed, field=tuple(map(Field, names)))
    if DATE in kinds and settings == replace(settings, date_field=type(settings)().date_field):
        changed = replace(changed, date_field=f"{DATE}|{kinds.index(DATE) + 1}")
    return changed


def column_kind(values: Row) -> str:
    """Return what most values of a column are: date, number, url, word or text."""
    present = [value.strip() for value in values if value.strip()][:SAMPLE]
    if not present:
        return "word"
    tests = {
        "number": lambda value: bool(PLAIN_NUMBER.fullmatch(value)),
        "url": lambda value: bool(URL.fullmatch(value)),
        DATE: lambda value: (
            len(value) >= DATE_LENGTH and parse_timestamp(value, NO_TIME) != NO_TIME
        ),
        "text": is_headline_like,
    }
    for kind, test in tests.items():
        if 2 * sum(map(test, present)) > len(present):
            return kind
    return "word"


def is_headline_like(value: str) -> bool:
    """Return whether a cell is long enough for a headline; scripts without spaces need less."""
    if value.isascii():
        return len(value) >= HEADLINE_LENGTH and len(value.split()) >= HEADLINE_WORDS
    return len(value) >= WIDE_HEADLINE
