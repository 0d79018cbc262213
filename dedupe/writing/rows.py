"""A digest of lines that does not depend on their order: what two engines wrote is compared by it.

Each line, without its line ending, is hashed by BLAKE2b to 16 bytes, and the hashes are added up
as big-endian numbers, modulo 2**128. Equal lines add up too, so that one more or less shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LF = b"\n"


@dataclass(frozen=True, slots=True)
class Rows:
    """How many lines there are, and the sum of their hashes.

    >>> Rows.of([b"a", b"b"]) == Rows.of([b"b"]) + Rows.of([b"a"])
    True
    """

    SIZE: ClassVar[int] = 16

    count: int = 0
    sum: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Rows:
        """Some lines without their endings."""
        hashes = [blake2b(line, digest_size=cls.SIZE).digest() for line in lines]
        return cls(len(hashes), sum(map(int.from_bytes, hashes)) % (1 << 8 * cls.SIZE))

    def __add__(self, other: Rows) -> Rows:
        return Rows(self.count + other.count, (self.sum + other.sum) % (1 << 8 * self.SIZE))

    @property
    def checksum(self) -> str:
        """The sum as hex digits."""
        return f"{self.sum:0{2 * self.SIZE}x}"


class RowCount:
    """Counts the lines in chunks that pass through it; ``rows`` are those so far."""

    def __init__(self) -> None:
        self.rows = Rows()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on chunks, which may end within a line."""
        rest = b""
        for chunk in chunks:
            *lines, rest = (rest + chunk).split(LF)
            self.rows += Rows.of(lines)
            yield chunk
        if rest:
            self.rows += Rows.of([rest])
