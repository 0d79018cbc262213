"""Read JSON Lines and plain lines, and cut the values out of JSON of any other layout."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.io.encodings import utf8_problem
from dedupe.io.field_lookup import TYPE_NAMES
from dedupe.io.fields import Columns, Records, clear_placeholders, extract_columns
from dedupe.io.source import MOST_BYTES, MOST_RECORDS, split_blocks
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.io.source import Source
    from dedupe.models import Batch

LITERALS = ("NaN", "Infinity", "-Infinity")
OBJECTS = {dict}
PARSED_AT_ONCE = 256
"""Lines whose objects fit into the cache of a processor together."""

SPACE = re.compile(rb"[ \t\r\n]*+")
# A string without its last quote goes on in the next piece.
TOKEN = re.compile(rb'[{}\[\]]|"(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
SCALAR = re.compile(rb"[^\s,:{}\[\]\"]*+")
OPEN, CLOSE = b"{[", b"}]"
END = b""


def read_jsonl(source: Source) -> Iterator[Batch]:
    """Yield batches of the records in JSON Lines."""
    first = source.first
    for block in join_pieces(source.lines):
        lines = list(BytesIO(block))
        source.read_stats.met += len(lines)
        for start in range(0, len(lines), MOST_RECORDS):
            some = lines[start : start + MOST_RECORDS]
            data = block if len(some) == len(lines) else None
            numbers = np.arange(first + start, first + start + len(some))
            yield from parse_block(some, numbers, source, data=data)
        first += len(lines)


def join_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces of whole lines into blocks of about half a MiB."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= MOST_BYTES or len(waiting) >= MOST_RECORDS:
            yield piece if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def parse_block(
    raws: Sequence[bytes],
    numbers: NDArray[np.int64],
    source: Source,
    header: bytes = b"",
    data: bytes | None = None,
) -> Iterator[Batch]:
    """Yield a batch of lines with their numbers, or nothing if all lines are bad.

    ``data``, if given, are the lines end to end. Bad lines are refused in their order.
    """
    refused: dict[int, str] = {}
    kept = list(range(len(raws)))
    try:
        records = Records(parse_lines(raws), source.settings)
    except ValueError:
        kept, objects = sift_lines(raws, refused, source)
        records = Records([objects], source.settings)
    columns = extract_columns(records, source.settings)
    if columns.refused:
        refused |= {kept[position]: reason for position, reason in columns.refused.items()}
        fine = [position for position in range(len(kept)) if position not in columns.refused]
        kept = [kept[position] for position in fine]
        records.keep(fine)
        columns = extract_columns(records, source.settings)
    for position in sorted(refused):
        source.refuse(int(numbers[position]), refused[position], raws[position])
    if len(kept) < len(raws):
        raws, numbers, data = [raws[position] for position in kept], numbers[kept], None
    if raws:
        yield source.batch(raws, numbers, columns, header, data=data)


def parse_lines(raws: Sequence[bytes]) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of lines in chunks; raises ValueError where a line is not an object."""
    for start in range(0, len(raws), PARSED_AT_ONCE):
        records = list(map(orjson.loads, raws[start : start + PARSED_AT_ONCE]))
        if not set(map(type, records)) <= OBJECTS:
            raise ValueError("not an object")
        yield records


def sift_lines(
    raws: Sequence[bytes], refused: dict[int, str], source: Source
) -> tuple[list[int], list[dict[str, Any]]]:
    """Return the positions of the lines that hold an object, and the objects.

    Blank lines are counted; the reason why a line is not an object goes into ``refused``.
    """
    kept, records = [], []
    for position, raw in enumerate(raws):
        if raw.isspace():
            source.read_stats.blank += 1
            continue
        try:
            record = orjson.loads(raw)
        except ValueError as error:
            refused[position] = json_error_reason(error, raw, source.settings.encoding)
            continue
        if isinstance(record, dict):
            kept.append(position)
            records.append(record)
        else:
            refused[position] = f"not an object but {TYPE_NAMES[type(record)]}"
    return kept, records


def json_error_reason(error: ValueError, raw: bytes, encoding: str | None = None) -> str:
    """Return why a line is not JSON: not UTF-8, or what is wrong and where."""
    if not isinstance(error, orjson.JSONDecodeError):
        return str(error)
    problem = utf8_problem(raw, encoding)
    if problem:
        return problem
    text = raw.decode()
    # The parser stops behind the minus of -Infinity.
    at = error.pos - (error.msg == "no digit after sign")
    return f"invalid JSON: {describe_decode_error(error.msg, text[at:])} at column {at + 1}"


def describe_decode_error(message: str, rest: str) -> str:
    """Return the parser's message, or a clearer one."""
    for literal in LITERALS:
        if rest.startswith(literal):
            return f"{literal} is not a JSON number"
    return "half of a surrogate pair" if message == "no low surrogate in string" else message


def read_lines(source: Source) -> Iterator[Batch]:
    """Yield batches of the lines that are not blank; each is the text of the first field."""
    for block in split_blocks(line_records(source), lambda item: len(item[1])):
        numbers, raws, texts = map(list, zip(*block, strict=True))
        count = len(block)
        columns = Columns(
            texts=(texts, *([""] * count for _ in source.settings.field[1:])),
            ids=[""] * count,
            sources=[""] * count,
            times=np.full(count, NO_TIME),
            url_keys=np.zeros(count, np.int64),
        )
        clear_placeholders(columns)
        yield source.batch(raws, np.array(numbers, np.int64), columns)


def line_records(source: Source) -> Iterator[tuple[int, bytes, str]]:
    """Yield the number, bytes and text of each line; blank ones are counted."""
    for number, raw in enumerate(source.single_lines(), source.first):
        source.read_stats.met += 1
        if raw.isspace():
            source.read_stats.blank += 1
            continue
        try:
            text = raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            source.refuse(number, utf8_problem(raw, source.settings.encoding), raw)
            continue
        yield number, raw, text


class BrokenJsonError(ValueError):
    """JSON that is broken, and the line where that shows."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        super().__init__(reason)


class JsonStream:
    """JSON that comes in pieces; ``line`` is the number of the current line.

    Raises BrokenJsonError for a value of more than ``most`` bytes, unless that is 0.
    """

    def __init__(self, pieces: Iterable[bytes], most: int = 0, line: int = 1) -> None:
        self.line = line
        self._pieces = iter(pieces)
        self._data = b""
        self._at = 0
        self._most = most

    def peek(self) -> bytes:
        """Return the next byte that is not white space, ``b""`` at the end."""
        while True:
            space = SPACE.match(self._data, self._at)
            if space:
                self._take(space.end())
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._more():
                return END

    def skip(self, byte: bytes) -> bool:
        """Skip a byte if it comes next, and return whether it did."""
        if self.peek() != byte:
            return False
        self._at += 1
        return True

    def expect(self, byte: bytes) -> None:
        """Skip a byte; raises BrokenJsonError where another one comes."""
        if not self.skip(byte):
            found = self.peek()
            what = repr(found.decode(errors="replace")) if found else "the end"
            raise BrokenJsonError(self.line, f"expected {byte.decode()!r}, found {what}")

    def members(self) -> Iterator[str]:
        """Yield the key of each member of the next object; the caller takes the value after it.

        Raises BrokenJsonError for a key that is not UTF-8 or holds control characters.
        """
        self.expect(b"{")
        while not self.skip(b"}"):
            raw = self.key()
            try:
                key = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                raise BrokenJsonError(self.line, json_error_reason(error, raw)) from None
            yield key
            self.skip(b",")

    def key(self) -> bytes:
        """Skip the key of a member and its colon; returns the key as written, in quotes."""
        if self.peek() != b'"':
            raise BrokenJsonError(self.line, "expected a key in quotes")
        key = self.value()[1]
        self.expect(b":")
        return key

    def value(self) -> tuple[int, bytes]:
        """Return the next value, with the line on which it begins."""
        begins = self.peek()
        line = self.line
        if not begins:
            raise BrokenJsonError(line, "unexpected end of data")
        nested = begins in OPEN or begins == b'"'
        end = self._end_of_nested() if nested else self._end_of_scalar()
        found = self._data[self._at : end]
        if not found:
            raise BrokenJsonError(line, "expected a value")
        self._take(end)
        return line, found

    def _end_of_nested(self) -> int:
        """Return where a string, an object or an array ends."""
        depth, scanned = 0, self._at
        while True:
            token = TOKEN.search(self._data, scanned)
            if token is None or token[1] == b"":
                scanned = (token.start() if token else len(self._data)) - self._at
                if 0 < self._most < len(self._data) - self._at:
                    reason = f"longer than {self._most:,} bytes; --max-line allows more"
                    raise BrokenJsonError(self.line, reason)
                if not self._more():
                    raise BrokenJsonError(self.line, "unexpected end of data")
                scanned += self._at
                continue
            scanned = token.end()
            if token[0] in OPEN:
                depth += 1
            elif token[0] in CLOSE:
                depth -= 1
            if depth <= 0:
                return scanned

    def _end_of_scalar(self) -> int:
        """Return where a number or a literal ends."""
        while True:
            found = SCALAR.match(self._data, self._at)
            end = found.end() if found else self._at
            if end < len(self._data) or not self._more():
                return end

    def _take(self, end: int) -> None:
        """Skip the bytes up to a position."""
        self.line += self._data.count(b"\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Read the next piece, and return whether there was one."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._data = self._data[self._at :] + piece
        self._at = 0
        return True
