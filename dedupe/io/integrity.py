"""Check that the output holds every record that it should, and compute its checksum."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dedupe.errors import AccountingError
from dedupe.io.csv_dialect import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Batch


NEWLINE = b"\n"


def check_output(
    chunks: Iterable[bytes],
    batches: Sequence[Batch],
    chosen: NDArray[np.bool_] | None = None,
    *,
    header: bool = True,
) -> Iterator[bytes]:
    """Pass on the chunks of an output that holds the chosen records, or all, each once.

    ``header``: a table's header comes first. Raises AccountingError at the end where the chunks
    have another number of line endings than the records, each of which has at least one.
    """
    found = 0
    for chunk in chunks:
        found += chunk.count(NEWLINE)
        yield chunk
    expected = sum(batch_lines(batch, part) for batch, part in output_parts(batches, chosen))
    if header and batches and is_table(batches[0]):
        expected += with_line_ending(batches[0].header)
    if found != expected:
        raise AccountingError("lines of output", expected, found)


def output_parts(
    batches: Sequence[Batch], chosen: NDArray[np.bool_] | None
) -> Iterator[tuple[Batch, NDArray[np.bool_]]]:
    """Yield each batch with its part of the choice."""
    start = 0
    for batch in batches:
        size = len(batch)
        yield batch, np.ones(size, bool) if chosen is None else chosen[start : start + size]
        start += size
    if chosen is not None and len(chosen) != start:
        raise AccountingError("records decided about", start, len(chosen))


def batch_lines(batch: Batch, chosen: NDArray[np.bool_]) -> int:
    """Count the line endings of some records; a missing last one counts too."""
    endings = np.flatnonzero(np.frombuffer(batch.data, np.uint8) == ord(NEWLINE))
    spans = np.searchsorted(endings, batch.limits) - np.searchsorted(endings, batch.starts)
    lacking = len(batch) and chosen[-1] and not batch.data.endswith(NEWLINE)
    return int(spans[chosen].sum()) + bool(lacking)


def with_line_ending(line: bytes) -> int:
    """Return the line endings of a header, which may lack its last; 0 without a header."""
    return line.count(NEWLINE) + (bool(line) and not line.endswith(NEWLINE))


@dataclass(frozen=True, slots=True)
class RowChecksum:
    """The number of lines, and the sum of their hashes.

    >>> RowChecksum.of([b"a", b"b"]) == RowChecksum.of([b"b"]) + RowChecksum.of([b"a"])
    True
    """

    SIZE: ClassVar[int] = 16

    count: int = 0
    sum: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> RowChecksum:
        """Return the checksum of lines without their endings."""
        hashes = [blake2b(line, digest_size=cls.SIZE).digest() for line in lines]
        return cls(len(hashes), sum(map(int.from_bytes, hashes)) % (1 << 8 * cls.SIZE))

    def __add__(self, other: RowChecksum) -> RowChecksum:
        return RowChecksum(self.count + other.count, (self.sum + other.sum) % (1 << 8 * self.SIZE))

    @property
    def checksum(self) -> str:
        """The sum as hex digits."""
        return f"{self.sum:0{2 * self.SIZE}x}"


class RowCounter:
    """A counter of the lines in chunks; ``rows`` are those so far."""

    def __init__(self) -> None:
        self.rows = RowChecksum()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on chunks, which may end within a line."""
        rest = b""
        for chunk in chunks:
            *lines, rest = (rest + chunk).split(NEWLINE)
            self.rows += RowChecksum.of(lines)
            yield chunk
        if rest:
            self.rows += RowChecksum.of([rest])
