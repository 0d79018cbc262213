"""Write a file beside its destination and rename it once it is complete."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MASKING = threading.Lock()


def os_error_reason(error: OSError) -> str:
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
        raise OutputError(path, os_error_reason(error)) from error


def check_not_input(path: str, inputs: Sequence[str]) -> None:
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
def open_replacement(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends well.

    On any exception it is removed and ``path`` keeps what it held. Devices and pipes are written
    directly. Raises OutputError when the file cannot be made, completed or put in place.
    """
    if is_replaceable(path):
        with _temporary_path(path) as file:
            yield file
        return
    with output_errors(path):
        device = Path(path).open("wb", buffering=0)  # noqa: SIM115 - closed below
    with device:
        yield device


@contextmanager
def _temporary_path(path: str) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = target.with_name(f".dedupe-{secrets.token_hex(6)}.tmp")
    with output_errors(path):
        mode = _mode_of(target)
        # Nobody else reads what may never become the result.
        file = os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    try:
        yield file
        with output_errors(path):
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            file.close()
            temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            file.close()  # flushes, and so may fail as the write did
        temporary.unlink(missing_ok=True)
        raise


def _mode_of(target: Path) -> int:
    if not target.exists():
        return 0o666 & ~_umask()
    if not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    return target.stat().st_mode & 0o7777


def _umask() -> int:
    # It can be read only by setting it; a file that another thread makes meanwhile is private.
    with MASKING:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
