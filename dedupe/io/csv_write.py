"""Read and write the cells of CSV and TSV, and escape those that look like formulas."""

from __future__ import annotations

import csv
import io
import re
import sys
from typing import TYPE_CHECKING

from dedupe.errors import InputError
from dedupe.models import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.models import Batch

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
