"""JSON Lines: one object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from dedupe.reading.fields import check, columns_of
from dedupe.reading.source import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.reading.fields import Columns
    from dedupe.reading.source import Source
    from dedupe.stories import Batch

LITERALS = ("NaN", "Infinity", "-Infinity")


def batches(source: Source) -> Iterator[Batch]:
    """Batches of the records in JSON Lines; a block with a line that is none is sifted."""
    first = source.first
    for block in blocks(source.lines, len):
        yield from batch_of(block, list(range(first, first + len(block))), source)
        first += len(block)


def batch_of(
    raws: list[bytes], numbers: list[int], source: Source, header: bytes = b""
) -> Iterator[Batch]:
    """A batch of lines by their numbers, none if no line is good."""
    try:
        columns = parse(raws, source)
    except ValueError:
        kept = [pair for pair in zip(raws, numbers, strict=True) if is_good(*pair, source)]
        raws, numbers = [raw for raw, _ in kept], [number for _, number in kept]
        columns = parse(raws, source)
    if raws:
        yield source.batch(raws, numbers, columns, header)


def parse(raws: list[bytes], source: Source) -> Columns:
    """The columns of lines that all hold a record; raises ValueError if one does not."""
    return columns_of(list(map(orjson.loads, raws)), source.settings)


def is_good(raw: bytes, number: int, source: Source) -> bool:
    """Whether a line holds a record; a blank one is counted, any other refused."""
    if raw.isspace():
        source.tally.blank += 1
        return False
    try:
        check(orjson.loads(raw), source.settings.field)
    except ValueError as error:
        source.refuse(number, reason_of(error, raw), raw)
        return False
    return True


def reason_of(error: ValueError, raw: bytes) -> str:
    """Word why a line is no record: not UTF-8, not JSON (and where), or no story."""
    if not isinstance(error, orjson.JSONDecodeError):
        return str(error)
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        return f"invalid UTF-8 at byte {bad.start + 1}"
    # The parser has read the minus of -Infinity before it gives up.
    at = error.pos - (error.msg == "no digit after sign")
    return f"invalid JSON: {complaint(error.msg, text[at:])} at column {at + 1}"


def complaint(message: str, rest: str) -> str:
    """The parser's words, or better ones where we have them."""
    for literal in LITERALS:
        if rest.startswith(literal):
            return f"{literal} is no JSON number"
    return "half of a surrogate pair" if message == "no low surrogate in string" else message
