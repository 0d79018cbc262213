"""Read the records of a batch back as dicts, from the bytes that it holds."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from dedupe.errors import InputError
from dedupe.io.csv_dialect import column_numbers
from dedupe.io.csv_write import dialect_of, is_table, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.models import Batch

TEXT = "text"
# A whole number of so many digits may not fit into 64 bits, and orjson would round it.
LONG = re.compile(rb"\d{19}")
MOST_DIGITS = 20
TOO_LARGE = 1 << 64


def batch_records(batch: Batch) -> list[dict[str, Any]]:
    """Return objects by member, rows of tables by column, and plain lines as ``text``."""
    if is_table(batch):
        return list(csv_records(batch))
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    lines = (batch.data[start:end] for start, end in spans)
    if batch.format == "lines":
        return [{TEXT: line.decode()} for line in lines]
    return [parse_object(line) for line in lines]


def parse_object(line: bytes) -> dict[str, Any]:
    """Return an object of JSON, its whole numbers exact or else too large for 64 bits."""
    if LONG.search(line):
        found: dict[str, Any] = json.loads(line, parse_int=parse_int)
    else:
        found = orjson.loads(line)
    return found


def parse_int(digits: str) -> int:
    """Return a whole number, unless it is endless."""
    return int(digits) if len(digits) <= MOST_DIGITS else TOO_LARGE


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
