"""One input on its way to batches: its lines, its name in messages, and the way for bad records."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.errors import InputError
from dedupe.io.observations import observe
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.fields import Columns
    from dedupe.io.rejects import Reject
    from dedupe.models import Dialect, Format, ReadStats

Item = TypeVar("Item")

MOST_BYTES = 1 << 18
MOST_RECORDS = 1 << 14
LINE_FEED, CARRIAGE_RETURN = b"\n"[0], b"\r"[0]


@dataclass(frozen=True, slots=True)
class Source:
    """An input of known format.

    ``lines`` are pieces of one or more whole lines, which keep their endings; the last may lack
    one. They have no byte order mark.
    """

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
        error = InputError(self.path, line, reason)
        self.reject(error, raw, header)
        self.read_stats.examples.setdefault("left_out", str(error))

    def single_lines(self) -> Iterator[bytes]:
        """Each line with its ending."""
        for piece in self.lines:
            yield from BytesIO(piece)

    def batch(
        self,
        raws: Sequence[bytes],
        lines: NDArray[np.int64],
        columns: Columns,
        header: bytes = b"",
        *,
        data: bytes | None = None,
        dialect: Dialect | None = None,
        trailing: Sequence[int] = (),
    ) -> Batch:
        """A batch of records, whose bytes with their line endings lie end to end in its data.

        ``data`` are those bytes where they lie together already. ``trailing`` counts the bytes
        before each line ending that are not of the record.
        """
        data = b"".join(raws) if data is None else data
        held = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, raws), np.int64, len(raws))
        limits = np.cumsum(sizes)
        newline = held[limits - 1] == LINE_FEED
        carriage = newline & (sizes > 1) & (held[limits - 2] == CARRIAGE_RETURN)
        ends = limits - newline - carriage
        self.read_stats.records += len(raws)
        batch = Batch(
            path=self.path,
            format=self.format,
            header=header,
            data=data,
            starts=limits - sizes,
            ends=ends - np.array(trailing, np.int64) if trailing else ends,
            limits=limits,
            lines=lines,
            texts=columns.texts,
            ids=columns.ids,
            sources=columns.sources,
            times=columns.times,
            days_only=columns.days_only,
            url_keys=columns.url_keys,
            dialect=dialect,
        )
        observe(batch, columns, self.settings, self.read_stats)
        return batch


def too_long_message(most: int) -> str:
    """Word that a line, or a row, is longer than it may be."""
    return f"longer than {most:,} bytes; --max-line allows more"


def split_blocks(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Cut a stream into lists of some hundred KiB, by ``size``, and of at most 16k items."""
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
