"""Files by path: a result replaces its file whole, or leaves it as it was."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def reason_of(error: OSError) -> str:
    """Word what the system said, without its number and path."""
    return error.strerror or str(error)


@contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn an OSError into an OutputError; a closed pipe is no error of ours and passes."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(path, reason_of(error)) from error


def refuse_inputs(path: str, inputs: Sequence[str]) -> None:
    """Raise OutputError where ``path`` is one of the inputs, by whatever name."""
    for given in inputs:
        # A file that is not there is no input; reading tells of it.
        with suppress(OSError):
            if given != "-" and is_replaceable(path) and Path(path).samefile(given):
                raise OutputError(path, "is also an input; write to another file")


def is_replaceable(path: str) -> bool:
    """Whether a path is, or would be, a regular file rather than a device or pipe."""
    try:
        return Path(path).is_file() or not Path(path).exists()
    except OSError:
        return True


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends well.

    On any exception it is removed and ``path`` keeps what it held. Devices and pipes are written
    directly. Raises OutputError when the file cannot be made, completed or put in place.
    """
    if is_replaceable(path):
        with _beside(path) as file:
            yield file
        return
    with output_errors(path):
        device = Path(path).open("wb", buffering=0)  # noqa: SIM115 - closed below
    with device:
        yield device


@contextmanager
def _beside(path: str) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = target.with_name(f".dedupe-{secrets.token_hex(6)}.tmp")
    with output_errors(path):
        mode = _mode_to_keep(target)
        file = temporary.open("xb")
    try:
        yield file
        with output_errors(path):
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            file.close()
            temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            file.close()  # flushes, and so may fail as the write did
        temporary.unlink(missing_ok=True)
        raise


def _mode_to_keep(target: Path) -> int | None:
    if not target.exists():
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    return target.stat().st_mode & 0o7777
