"""Read JSON Lines: one object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from dedupe.io.fields import check_record, extract_columns
from dedupe.io.source import split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.io.fields import Columns
    from dedupe.io.source import Source
    from dedupe.models import Batch

LITERALS = ("NaN", "Infinity", "-Infinity")


def read_jsonl(source: Source) -> Iterator[Batch]:
    """Batches of the records in JSON Lines; a block with a line that is none is sifted."""
    first = source.first
    for block in split_blocks(source.lines, len):
        yield from parse_block(block, list(range(first, first + len(block))), source)
        first += len(block)


def parse_block(
    raws: list[bytes], numbers: list[int], source: Source, header: bytes = b""
) -> Iterator[Batch]:
    """A batch of lines by their numbers, none if no line is good."""
    try:
        columns = parse_lines(raws, source)
    except ValueError:
        kept = [pair for pair in zip(raws, numbers, strict=True) if is_valid(*pair, source)]
        raws, numbers = [raw for raw, _ in kept], [number for _, number in kept]
        columns = parse_lines(raws, source)
    if raws:
        yield source.batch(raws, numbers, columns, header)


def parse_lines(raws: list[bytes], source: Source) -> Columns:
    """The columns of lines that all hold a record; raises ValueError if one does not."""
    return extract_columns(list(map(orjson.loads, raws)), source.settings)


def is_valid(raw: bytes, number: int, source: Source) -> bool:
    """Whether a line holds a record; a blank one is counted, any other refused."""
    if raw.isspace():
        source.read_stats.blank += 1
        return False
    try:
        check_record(orjson.loads(raw), source.settings.field)
    except ValueError as error:
        source.refuse(number, json_error_reason(error, raw), raw)
        return False
    return True


def json_error_reason(error: ValueError, raw: bytes) -> str:
    """Word why a line is no record: not UTF-8, not JSON (and where), or no story."""
    if not isinstance(error, orjson.JSONDecodeError):
        return str(error)
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        return f"invalid UTF-8 at byte {bad.start + 1}"
    # The parser has read the minus of -Infinity before it gives up.
    at = error.pos - (error.msg == "no digit after sign")
    return f"invalid JSON: {describe_decode_error(error.msg, text[at:])} at column {at + 1}"


def describe_decode_error(message: str, rest: str) -> str:
    """The parser's words, or better ones where we have them."""
    for literal in LITERALS:
        if rest.startswith(literal):
            return f"{literal} is no JSON number"
    return "half of a surrogate pair" if message == "no low surrogate in string" else message
