"""Read JSON of any layout as a stream, and cut values out of it byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SPACE = re.compile(rb"[ \t\r\n]*+")
# A string without its last quote goes on in the next piece.
TOKEN = re.compile(rb'[{}\[\]]|"(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
SCALAR = re.compile(rb"[^\s,:{}\[\]\"]*+")
OPEN, CLOSE = b"{[", b"}]"
END = b""


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
