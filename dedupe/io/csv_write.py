"""Write CSV and TSV cells, and escape cells that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.models import Batch

DELIMITERS = {"csv": ",", "tsv": "\t"}
SPECIAL = re.compile(r'[",\t\r\n]')


def is_table(batch: Batch) -> bool:
    """Whether a batch has a header and columns."""
    return batch.format in DELIMITERS


def holds_objects(batch: Batch) -> bool:
    """Whether the records of a batch are objects of JSON."""
    return batch.format in ("jsonl", "parquet")


def check_one_table(batches: Sequence[Batch]) -> None:
    """Raise InputError where tables of several headers, or tables and others, would be mixed."""
    parquet_files = [batch for batch in batches if is_table(batch)]
    if not parquet_files:
        return
    first = parquet_files[0]
    for batch in batches:
        if batch.format != first.format:
            reason = f"{batch.format} cannot be written after the {first.format} of {first.path}"
            raise InputError(batch.path, None, reason)
        if without_line_ending(batch.header) != without_line_ending(first.header):
            raise InputError(batch.path, 1, f"the header differs from that of {first.path}")


def csv_cells(values: Iterable[str], delimiter: str) -> bytes:
    """Cells to put after a row, each behind a delimiter."""
    return "".join(delimiter + quote_cell(value) for value in values).encode()


def quote_cell(value: str) -> str:
    """A cell in quotes if it has a character that asks for them."""
    return '"' + value.replace('"', '""') + '"' if SPECIAL.search(value) else value


def without_line_ending(line: bytes) -> bytes:
    """A line without its line ending."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def line_ending_of(line: bytes) -> bytes:
    """A line's ending, LF where it has none."""
    return line[len(without_line_ending(line)) :] or b"\n"


FORMULA = re.compile(r"[ \xa0\u3000]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[ ]*[+-]?(?:\d+(?:[.,]\d*)*|\.\d+)(?:[eE][+-]?\d+)?%?[ ]*", re.ASCII)
GUARD = "'"


def escape_formulas(chunks: Iterable[bytes], batches: Sequence[Batch]) -> Iterator[bytes]:
    """Chunks of whole rows of a table, or of anything else, which passes as it is."""
    if not batches or not is_table(batches[0]):
        yield from chunks
        return
    delimiter = DELIMITERS[batches[0].format]
    for chunk in chunks:
        yield escape_rows(chunk, delimiter)


def escape_rows(rows: bytes, delimiter: str) -> bytes:
    r"""Whole rows with their formulas guarded; a row without any keeps its bytes.

    >>> escape_rows(b"id,title\na,=1+1\nb,-5\n", ",")
    b"id,title\na,'=1+1\nb,-5\n"
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in io.BytesIO(rows):
            taken.append(line.decode())
            yield taken[-1]

    out: list[str] = []
    for cells in csv.reader(feed(), delimiter=delimiter):
        raw = "".join(taken)
        taken.clear()
        out.append(escape_cells(cells, raw, delimiter) if any(map(is_formula, cells)) else raw)
    return "".join(out).encode()


def escape_cells(cells: Sequence[str], raw: str, delimiter: str) -> str:
    """A row made anew from its cells, with its line ending."""
    ending = raw[len(raw.rstrip("\r\n")) :]
    safe = (GUARD + cell if is_formula(cell) else cell for cell in cells)
    return delimiter.join(map(quote_cell, safe)) + ending


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet might compute a cell."""
    return bool(FORMULA.match(cell)) and not NUMBER.fullmatch(cell)
