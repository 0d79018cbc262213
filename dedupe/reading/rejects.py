"""What becomes of a record that cannot be read: fail, skip, or set aside in a file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dedupe.files import output_errors, refuse_inputs, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.errors import InputError
    from dedupe.stories import Tally

QUARANTINE = "quarantine="


class Reject(Protocol):
    """Takes a bad record, its raw bytes and the header it stood under; may raise the error."""

    def __call__(self, error: InputError, raw: bytes, header: bytes = b"") -> None:
        """Deal with it."""


@contextmanager
def rejection(on_error: str, inputs: Sequence[str], tally: Tally) -> Iterator[Reject]:
    """The way to deal with bad records; a quarantine file appears whole when the block ends well.

    Raises OutputError when that file cannot be written or is one of the inputs.
    """
    if on_error == "fail":
        yield fail
    elif on_error == "skip":
        yield skipping(tally)
    else:
        path = on_error.removeprefix(QUARANTINE)
        refuse_inputs(path, inputs)
        with replacing(path) as file:
            yield quarantining(path, file, tally)


def fail(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
    """Stop at the first bad record."""
    raise error


def skipping(tally: Tally) -> Reject:
    """Count bad records and go on."""

    def skip(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        tally.skipped += 1

    return skip


def quarantining(path: str, file: BinaryIO, tally: Tally) -> Reject:
    """Write bad records to a file and go on; tables keep their header, to be read again."""
    written = b""

    def set_aside(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        nonlocal written
        with output_errors(path):
            if header != written:
                file.write(whole(header))
                written = header
            file.write(whole(raw))
        tally.quarantined += 1

    return set_aside


def whole(line: bytes) -> bytes:
    """A line with its line ending, also where the file had none."""
    return line if line.endswith(b"\n") else line + b"\n"
