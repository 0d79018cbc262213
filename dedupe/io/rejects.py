"""Handle records that cannot be read: fail, skip, or write them to a quarantine file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dedupe.io.atomic import check_not_input, open_replacement, output_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.errors import InputError
    from dedupe.models import ReadStats

QUARANTINE = "quarantine="


class Reject(Protocol):
    """Takes a bad record, its raw bytes and the header it stood under; may raise the error."""

    def __call__(self, error: InputError, raw: bytes, header: bytes = b"") -> None:
        """Deal with it."""


@contextmanager
def open_rejects(on_error: str, inputs: Sequence[str], read_stats: ReadStats) -> Iterator[Reject]:
    """The way to deal with bad records; a quarantine file appears whole when the block ends well.

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
    """Stop at the first bad record."""
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
    """A line with its line ending, also where the file had none."""
    return line if line.endswith(b"\n") else line + b"\n"
