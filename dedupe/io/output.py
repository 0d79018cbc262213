"""Open the output: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import OutputError
from dedupe.escape import escape_controls
from dedupe.io.files import (
    CODECS,
    EMPTY_NAME,
    Writer,
    check_not_input,
    open_compressor,
    open_replacement,
    output_errors,
)
from dedupe.io.parquet import MISSING, SUFFIX, has_pyarrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


STDOUT = "<stdout>"
STDOUT_PATHS = (None, "-", "/dev/stdout")
NO_TERMINAL = "Parquet cannot be written to a terminal; give a file, as in -o out.parquet"
NO_PARQUET = (
    "only cluster, unique, pairs and split write Parquet, and with no other --to; "
    "use another suffix"
)
PACKED_TWICE = "Parquet is compressed already; use the suffix .parquet alone"


TARGETS = ("jsonl", "csv", "tsv", "parquet")
"""The formats in which records can be written."""
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    SUFFIX: "parquet",
}


def target_of(path: str | None, to: str | None) -> str | None:
    """Return the format that an output asks for: as named, else by its suffix; None for any.

    >>> target_of("out.csv.gz", None), target_of("out.csv", "jsonl"), target_of(None, None)
    ('csv', 'jsonl', None)
    """
    if to or not path:
        return to
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in CODECS:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


class Output:
    """An output of bytes; ``path`` is its name in messages, ``finish`` passes on the rest.

    ``bytes`` counts the bytes written, before compression. Without ``digest`` there is no checksum.
    """

    def __init__(
        self, path: str, writer: Writer, finish: Callable[[], None], digest: blake2b | None = None
    ) -> None:
        self.path = path
        self.bytes = 0
        self._digest = digest
        self._writer = writer
        self._finish = finish

    @property
    def checksum(self) -> str:
        """BLAKE2b, 16 bytes as hex digits, of the bytes written so far."""
        return self._digest.hexdigest() if self._digest else ""

    def write(self, data: bytes) -> None:
        """Write a chunk; raises OutputError, or BrokenPipeError when the reader went away."""
        self.bytes += len(data)
        if self._digest:
            self._digest.update(data)
        with output_errors(self.path):
            self._writer.write(data)

    def flush(self) -> None:
        """Pass on what is buffered, so that the reader of a pipe has it; raises as ``write``.

        A compressor keeps its bytes until the end.
        """
        with output_errors(self.path):
            if self.path == STDOUT:
                self._finish()

    def finish(self) -> None:
        """Pass on what is buffered; raises as ``write``."""
        with output_errors(self.path):
            self._finish()


@contextmanager
def open_output(
    path: str | None,
    inputs: Sequence[str],
    *,
    painted: bool = False,
    parquet: bool = False,
    checksum: bool = False,
) -> Iterator[Output]:
    """Open standard output for None or ``-``, else a file, compressed by its suffix.

    ``parquet``: Parquet will be written; nothing else may go to a file of its suffix. What is
    written gets a ``checksum`` if that is asked for.

    A terminal gets escapes for all that could control it, so each chunk is of whole lines there.
    ``painted`` text is made for a terminal and written as it is.

    The file takes its place, with the mode of the one it replaces, when the block ends well; on any
    exception it is removed. Devices and pipes are written directly. Raises OutputError, before
    anything is read, for a path that is one of the inputs or cannot be written.
    """
    digest = blake2b(digest_size=16) if checksum else None
    if path is None or path in STDOUT_PATHS:
        stdout = standard_output()
        if parquet:
            check_parquet_output(STDOUT, terminal=stdout.isatty())
        writer: Writer = stdout if painted or not stdout.isatty() else EscapingWriter(stdout)
        output = Output(STDOUT, writer, stdout.flush, digest)
        yield output
        output.finish()
        return
    if not path:
        raise OutputError("''", EMPTY_NAME)
    check_not_input(path, inputs)
    suffix = Path(path).suffix.lower()
    codec = CODECS.get(suffix)
    if parquet:
        check_parquet_output(path, packed=codec is not None)
    elif suffix == SUFFIX:
        raise OutputError(path, NO_PARQUET)
    with open_replacement(path) as file:
        if codec:
            writer = open_compressor(path, codec, file)
            output = Output(path, writer, writer.close, digest)
        else:
            output = Output(path, file, file.flush, digest)
        yield output
        output.finish()


def check_parquet_output(path: str, *, terminal: bool = False, packed: bool = False) -> None:
    """Raise OutputError where Parquet cannot be written to an output."""
    if terminal:
        raise OutputError(path, NO_TERMINAL)
    if packed:
        raise OutputError(path, PACKED_TWICE)
    if not has_pyarrow():
        raise OutputError(path, MISSING)


class EscapingWriter:
    """A writer to a terminal that escapes what could control it."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal

    def write(self, data: bytes, /) -> object:
        """Write whole lines."""
        return self._terminal.write(escape_for_terminal(data))

    def close(self) -> None:
        """Close the terminal's writer."""
        self._terminal.close()


def escape_for_terminal(data: bytes) -> bytes:
    r"""Return lines with escapes for all that could control a terminal; tabs stay.

    >>> escape_for_terminal(b"a\x1b[2J\tb\n\xff\n")
    b'a\\x1b[2J\tb\n\\xff\n'
    """
    lines = data.decode(errors="backslashreplace").split("\n")
    return "\n".join("\t".join(map(escape_controls, line.split("\t"))) for line in lines).encode(
        errors="backslashreplace"
    )


def standard_output() -> BinaryIO:
    """Return an unshared writer on standard output; raises OutputError when that is closed.

    Python's own writer would repeat a failed write, and its error, at exit.
    """
    if sys.stdout is None:  # closed by whoever started us
        raise OutputError(STDOUT, "is closed")
    return open(sys.stdout.fileno(), "wb", closefd=False)
