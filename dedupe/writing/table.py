"""What tables need on their way out: one header, and cells quoted where they must be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dedupe.stories import Batch

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
    tables = [batch for batch in batches if is_table(batch)]
    if not tables:
        return
    first = tables[0]
    for batch in batches:
        if batch.format != first.format:
            reason = f"{batch.format} cannot be written after the {first.format} of {first.path}"
            raise InputError(batch.path, None, reason)
        if unended(batch.header) != unended(first.header):
            raise InputError(batch.path, 1, f"the header differs from that of {first.path}")


def cells(values: Iterable[str], delimiter: str) -> bytes:
    """Cells to put after a row, each behind a delimiter."""
    return "".join(delimiter + quoted(value) for value in values).encode()


def quoted(value: str) -> str:
    """A cell in quotes if it has a character that asks for them."""
    return '"' + value.replace('"', '""') + '"' if SPECIAL.search(value) else value


def unended(line: bytes) -> bytes:
    """A line without its line ending."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def ending(line: bytes) -> bytes:
    """A line's ending, LF where it has none."""
    return line[len(unended(line)) :] or b"\n"
