"""An input on its way to batches: its lines, its name in messages, the handling of bad records."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

import numpy as np

from dedupe.errors import InputError
from dedupe.io.files import (
    check_not_input,
    open_replacement,
    output_errors,
)
from dedupe.io.read_notes import observe
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.fields import Columns
    from dedupe.models import Dialect, Format, ReadStats

Item = TypeVar("Item")

MOST_BYTES = 1 << 19
MOST_RECORDS = 1 << 14
LINE_FEED, CARRIAGE_RETURN = b"\n"[0], b"\r"[0]
QUARANTINE = "quarantine="


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
        """Handle a bad record as the settings say; may raise InputError."""
        error = InputError(self.path, line, reason)
        self.reject(error, raw, header)
        self.read_stats.examples.setdefault("left_out", str(error))

    def single_lines(self) -> Iterator[bytes]:
        """Yield each line with its ending."""
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
        """Return a batch of records, whose bytes with their line endings make up its data.

        ``data`` are those bytes if they are joined already. ``trailing`` counts the bytes before
        each line ending that are not part of the record.
        """
        data = b"".join(raws) if data is None else data
        characters = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, raws), np.int64, len(raws))
        limits = np.cumsum(sizes)
        newline = characters[limits - 1] == LINE_FEED
        carriage = newline & (sizes > 1) & (characters[limits - 2] == CARRIAGE_RETURN)
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
    """Return the message for a line, or a row, that is longer than it may be."""
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


class Reject(Protocol):
    """A handler of a bad record, its bytes and its header; may raise the error."""

    def __call__(self, error: InputError, raw: bytes, header: bytes = b"") -> None:
        """Handle a bad record."""


@contextmanager
def open_rejects(on_error: str, inputs: Sequence[str], read_stats: ReadStats) -> Iterator[Reject]:
    """Yield the handler of bad records; a quarantine file is complete when the block ends.

    Raises OutputError when that file cannot be written or is one of the inputs.
    """
    if on_error == "fail":
        yield fail_on_record
    elif on_error == "skip":
        yield skip_record(read_stats)
    else:
        path = on_error.removeprefix(QUARANTINE)
        check_not_input(path, inputs)
        with open_replacement(path) as file:
            yield quarantine_record(path, file, read_stats)


def fail_on_record(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
    """Raise the error of the first bad record."""
    raise error


def skip_record(read_stats: ReadStats) -> Reject:
    """Count bad records and go on."""

    def skip(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        read_stats.skipped += 1

    return skip


def quarantine_record(path: str, file: BinaryIO, read_stats: ReadStats) -> Reject:
    """Write bad records to a file and go on; tables keep their header, to be read again."""
    written = b""

    def set_aside(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        nonlocal written
        with output_errors(path):
            if header != written:
                file.write(with_line_ending(header))
                written = header
            file.write(with_line_ending(raw))
        read_stats.quarantined += 1

    return set_aside


def with_line_ending(line: bytes) -> bytes:
    """Return a line with its line ending, even if the file had none."""
    return line if line.endswith(b"\n") else line + b"\n"


def line_blocks(pieces: Iterable[bytes], name: str, most: int, number: int = 1) -> Iterator[bytes]:
    """Yield blocks of whole lines of some hundred KiB, split after LF; the last may lack one.

    ``number`` is that of the first line. Raises InputError for a line of more than ``most`` bytes,
    unless that is 0, before it is whole, and after the lines before it.
    """
    block: list[bytes | memoryview] = []  # whole lines
    line: list[bytes] = []  # the beginning of the next one
    size = open_size = 0
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            block += [*line, memoryview(piece)[:cut]]
            size += open_size + cut
            line, open_size = [], 0
        line.append(piece[cut:])
        open_size += len(piece) - cut
        too_long = 0 < most < open_size
        if block and (too_long or size >= MOST_BYTES):
            joined = b"".join(block)
            yield from checked_block(joined, name, most, number)
            number += count_lines(joined)
            block, size = [], 0
        if too_long:
            raise InputError(name, number, too_long_message(most))
    if size + open_size:
        yield from checked_block(b"".join([*block, *line]), name, most, number)


def count_lines(data: bytes) -> int:
    """Return the number of line feeds; several times faster than ``bytes.count`` on short lines."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == LINE_FEED))


def checked_block(block: bytes, name: str, most: int, number: int) -> Iterator[bytes]:
    """Yield a block; raises InputError for a line that is too long, after those before it."""
    if not 0 < most < len(block):
        yield block
        return
    at = 0
    for line in BytesIO(block):
        if len(line) > most:
            if at:
                yield block[:at]
            raise InputError(name, number, too_long_message(most))
        at += len(line)
        number += 1
    yield block
