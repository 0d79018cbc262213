"""The records of a batch as values, read again from their bytes."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from dedupe.errors import InputError
from dedupe.writing.annotate import TEXT
from dedupe.writing.table import DELIMITERS, is_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.stories import Batch

# A whole number of so many digits may not fit into 64 bits, and orjson would round it.
LONG = re.compile(rb"\d{19}")
MOST_DIGITS = 20
TOO_LARGE = 1 << 64


def records_of(batch: Batch) -> list[dict[str, Any]]:
    """Objects by member, rows of tables by column, plain lines as ``text``.

    Raises InputError for a table with two columns of one name.
    """
    if is_table(batch):
        return list(rows(batch))
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    lines = (batch.data[start:end] for start, end in spans)
    return [{TEXT: line.decode()} for line in lines] if batch.format == "lines" else objects(lines)


def objects(lines: Iterator[bytes]) -> list[dict[str, Any]]:
    """Objects of JSON, their whole numbers exact or else too large for 64 bits."""
    return [
        json.loads(line, parse_int=whole) if LONG.search(line) else orjson.loads(line)
        for line in lines
    ]


def whole(digits: str) -> int:
    """A whole number, unless it is endless."""
    return int(digits) if len(digits) <= MOST_DIGITS else TOO_LARGE


def rows(batch: Batch) -> Iterator[dict[str, str]]:
    """The rows of a table."""
    names = names_of(batch)
    for row in cells(batch.data, DELIMITERS[batch.format]):
        yield dict(zip(names, row, strict=True))


def names_of(batch: Batch) -> list[str]:
    """The columns of a table; raises InputError where two have one name."""
    names = [name.strip() for name in cells(batch.header, DELIMITERS[batch.format])[0]]
    for name in {name for name in names if names.count(name) > 1}:
        reason = f"cannot be Parquet: {name}: there are two columns of this name"
        raise InputError(batch.path, 1, reason)
    return names


def cells(data: bytes, delimiter: str) -> list[list[str]]:
    """The cells of whole rows."""
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
