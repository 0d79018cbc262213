"""A file of labels that is whole after every label, whatever happens next."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.errors import InputError, OutputError
from dedupe.files import output_errors
from dedupe.reading.labels import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.reading.labels import Label

BUSY = "another dedupe label is writing to it"


class Ledger:
    """JSONL that only grows, and shrinks by ``undo``; each change is on disk when it returns."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._file = descriptor
        self._starts: list[int] = []
        """Where each line that this session wrote begins."""

    def add(self, a: str, b: str, label: str, score: float) -> None:
        """Append one label; raises OutputError, and the file is as it was before."""
        line = json.dumps({"a": a, "b": b, "label": label, "score": round(score, 4)})
        start = os.lseek(self._file, 0, os.SEEK_END)
        try:
            with output_errors(self._path):
                write_all(self._file, line.encode() + b"\n")
                os.fsync(self._file)
        except OutputError:
            os.ftruncate(self._file, start)
            raise
        self._starts.append(start)

    def undo(self) -> None:
        """Take back the last label that this session wrote."""
        with output_errors(self._path):
            os.ftruncate(self._file, self._starts.pop())
            os.fsync(self._file)


@contextmanager
def open_ledger(path: str) -> Iterator[tuple[Ledger, list[Label]]]:
    """Open a file of labels to add to, with those that it holds; it is locked meanwhile.

    Half a line at the end, left by a crash, is dropped. Raises InputError for a file that holds
    something else, OutputError for one that cannot be written or is in use.
    """
    with output_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        lock(path, file)
        mend(path, file)
        held = read_labels(path)
        with output_errors(path):
            sync_folder(path)
        yield Ledger(path, file), held
    finally:
        if not os.fstat(file).st_size:
            Path(path).unlink(missing_ok=True)
        os.close(file)


def lock(path: str, file: int) -> None:
    """Be the only one to write; raises OutputError."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(path, BUSY) from None
    except OSError:
        return  # a file system without locks: better to go on than to refuse


def mend(path: str, file: int) -> None:
    """Make the file end in a whole line; raises InputError where it is not JSONL to begin with."""
    with output_errors(path):
        data = Path(path).read_bytes()
    if data and not data.lstrip().startswith(b"{"):
        raise InputError(path, 1, "not JSONL labels; name another file to write to")
    rest = data[data.rfind(b"\n") + 1 :]
    if not rest:
        return
    with output_errors(path):
        if is_json(rest):
            write_all(file, b"\n")
        else:
            os.ftruncate(file, len(data) - len(rest))


def is_json(line: bytes) -> bool:
    """Whether a line is complete."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def write_all(file: int, data: bytes) -> None:
    """Write every byte, or raise OSError."""
    while data:
        data = data[os.write(file, data) :]


def sync_folder(path: str) -> None:
    """Make the file's name itself survive a crash."""
    folder = os.open(Path(path).parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
