"""One input on its way to batches: its lines, its name in messages, and the way for bad records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dedupe.errors import InputError
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.io.fields import Columns
    from dedupe.io.rejects import Reject
    from dedupe.models import Format, ReadStats

Item = TypeVar("Item")

MOST_BYTES = 1 << 20
MOST_RECORDS = 1 << 14


@dataclass(frozen=True, slots=True)
class Source:
    """An input of known format; ``lines`` keep their endings and have no byte order mark."""

    path: str
    format: Format
    lines: Iterator[bytes]
    settings: Settings
    read_stats: ReadStats
    reject: Reject
    first: int = 1
    """The number of the first line."""

    def refuse(self, line: int, reason: str, raw: bytes, header: bytes = b"") -> None:
        """Deal with a bad record as the settings say; may raise InputError."""
        self.reject(InputError(self.path, line, reason), raw, header)

    def batch(
        self, raws: list[bytes], lines: Sequence[int], columns: Columns, header: bytes = b""
    ) -> Batch:
        """A batch of records, whose bytes with their line endings lie end to end in its data."""
        import numpy as np  # noqa: PLC0415 - keeps the package cheap for those who only split

        data = b"".join(raws)
        held = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, raws), np.int64, len(raws))
        limits = np.cumsum(sizes)
        newline = held[limits - 1] == ord("\n")
        carriage = newline & (sizes > 1) & (held[limits - 2] == ord("\r"))
        self.read_stats.records += len(raws)
        self.read_stats.undated += columns.undated
        return Batch(
            path=self.path,
            format=self.format,
            header=header,
            data=data,
            starts=limits - sizes,
            ends=limits - newline - carriage,
            limits=limits,
            lines=np.array(lines, np.int64),
            texts=columns.texts,
            ids=columns.ids,
            sources=columns.sources,
            times=np.array(columns.times, np.int64),
        )


def too_long_message(most: int) -> str:
    """Word that a line, or a row, is longer than it may be."""
    return f"longer than {most:,} bytes; --max-line allows more"


def split_blocks(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Cut a stream into lists of about a MiB, by ``size`` in bytes, and at most 16k items."""
    block: list[Item] = []
    room = MOST_BYTES
    for item in items:
        block.append(item)
        room -= size(item)
        if room <= 0 or len(block) == MOST_RECORDS:
            yield block
            block, room = [], MOST_BYTES
    if block:
        yield block
