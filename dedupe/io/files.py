"""Open files: decompress what is read, and let what is written appear whole or not at all."""

from __future__ import annotations

import io
import os
import re
import secrets
import threading
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

from dedupe.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Opened = tuple[Iterator[bytes], tuple[type[Exception], ...]]

MASKING = threading.Lock()
SEEKING = threading.Lock()
Kind = Literal["gzip", "bzip2", "xz", "zstd"]
CODECS: dict[str, Kind] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
CODEC_MAGIC: dict[bytes, Kind] = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
# A headline may begin with "BZh", so bzip2 is known by its first block too (full or empty).
BZIP2 = b"BZh"
BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
HEAD = 10
CHUNK = 1 << 18
ZSTD_STEP = 1 << 10
"""Bytes read at a time: they decompress to 32 MiB at most, which are counted before the next."""
GRACE = 1 << 26
"""The bytes to which any input may decompress, however small it is."""
MAX_RATIO = 200
NO_ZSTD = "zstd needs zstandard: pip install 'zstandard>=0.22'"


def os_error_reason(error: OSError) -> str:
    """Return the message of an OSError without its number and path."""
    return error.strerror or str(error)


@contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Raise an OSError as OutputError; BrokenPipeError passes, for the reader went away."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(path, os_error_reason(error)) from error


def check_not_input(path: str, inputs: Sequence[str]) -> None:
    """Raise OutputError where ``path`` is one of the inputs, under any name."""
    for given in inputs:
        # A missing file is not an input; reading it raises the error.
        with suppress(OSError):
            if given != "-" and is_replaceable(path) and Path(path).samefile(given):
                raise OutputError(path, "is also an input; write to another file")


def is_replaceable(path: str) -> bool:
    """Return whether a path is, or would be, a regular file, not a device or a pipe."""
    try:
        return Path(path).is_file() or not Path(path).exists()
    except OSError:
        return True


@contextmanager
def open_replacement(path: str) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends well.

    On any exception it is removed and ``path`` keeps its content. Devices and pipes are written
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


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Return bytes of an open file from an offset on; its position stays."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    with SEEKING:  # Windows
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)


@contextmanager
def _temporary_path(path: str) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # a link stays a link
    temporary = target.with_name(f".dedupe-{secrets.token_hex(6)}.tmp")
    with output_errors(path):
        mode = _mode_of(target)
        # Nobody else may read an unfinished result.
        file = os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    try:
        yield file
        with output_errors(path):
            file.flush()
            if hasattr(os, "fchmod"):  # before Python 3.13 not on Windows
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
    # Reading it means setting it; a file that another thread makes meanwhile is private.
    with MASKING:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask


def display_name(path: str) -> str:
    """Return the name of an input in messages."""
    return "<stdin>" if path == "-" else path


EMPTY_NAME = "the name of the file is empty"


def check_inputs(inputs: Sequence[str]) -> None:
    """Raise InputError for a missing file or stdin named twice, before anything is read."""
    if inputs.count("-") > 1:
        raise InputError(display_name("-"), None, "named twice; it can be read only once")
    if "" in inputs:
        raise InputError("''", None, EMPTY_NAME)
    for path in inputs:
        try:
            if path != "-":
                Path(path).stat()
        except OSError as error:
            raise InputError(path, None, os_error_reason(error) + path_hint(path)) from error


def split_suffix(path: str) -> tuple[str, Kind | None]:
    """Return a path's suffix and compression: ``a.jsonl.gz`` is ``.jsonl`` and ``gzip``."""
    suffixes = Path(path.lower()).suffixes
    kind = CODECS.get(suffixes[-1]) if suffixes else None
    if kind:
        suffixes.pop()
    return (suffixes[-1] if suffixes else ""), kind


def read_chunks(path: str, stdin: BinaryIO, most: int = MAX_RATIO) -> Iterator[bytes]:
    """Read a file, or stdin for ``-``, as decompressed chunks of up to about a quarter of a MiB.

    Raises InputError, without a line, when the file cannot be opened, read or decompressed, or
    when it decompresses to more than ``most`` times its size (0: no limit) and more than 64 MiB.
    """
    name = display_name(path)
    try:
        with nullcontext(stdin) if path == "-" else Path(path).open("rb") as file:
            head = file.read(HEAD)
            kind = detect_codec(path, head)
            if kind is None:
                yield head
                yield from file_chunks(file)
                return
            source = PrefixedReader(head, file)
            pieces = decompress(name, kind, io.BufferedReader(source, CHUNK))
            yield from limit_expansion(pieces, name, source, most) if most else pieces
    except OSError as error:
        raise InputError(name, None, os_error_reason(error) + path_hint(path)) from error


def path_hint(path: str) -> str:
    """Return what to give instead of a path that is no file, ``""`` where it may be one."""
    if re.match(r"(?:https?|ftp)://", path):
        return f"; it reads files and standard input: curl -s '{path}' | dedupe ..."
    if Path(path).is_dir():
        return f"; name its files, as in {Path(path) / '*.jsonl'}"
    return ""


def detect_codec(path: str, head: bytes) -> Kind | None:
    """Return the compression; raises InputError where the suffix names another one."""
    for magic, kind in CODEC_MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(BZIP2) and head[4:].startswith(BZIP2_BLOCKS):
        return "bzip2"
    promised = split_suffix(path)[1]
    if promised and head:
        raise InputError(display_name(path), None, f"not {promised} data, though its name says so")
    return None


def limit_expansion(
    pieces: Iterator[bytes], name: str, source: PrefixedReader, most: int
) -> Iterator[bytes]:
    """Pass decompressed chunks on; raises InputError once they are too large for their input."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max(GRACE, most * source.taken):
            reason = f"decompresses to more than {most} times its size; --max-ratio allows more"
            raise InputError(name, None, reason)
        yield piece


class PrefixedReader(io.RawIOBase):
    """A stream with its first bytes put back; closing it leaves the stream open.

    ``taken`` counts the bytes that were read.
    """

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest
        self.taken = 0

    def readable(self) -> bool:
        """Return true, as BufferedReader asks."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no len
        """Fill a buffer; 0 at the end."""
        got = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(got) :]
        buffer[: len(got)] = got
        self.taken += len(got)
        return len(got)


def decompress(name: str, kind: Kind, file: io.BufferedReader) -> Iterator[bytes]:
    """Yield the chunks of compressed data; raises InputError where it is cut or corrupt."""
    pieces, corrupt = open_compressed(name, kind, file)
    try:
        yield from pieces
    except EOFError:
        raise InputError(name, None, f"truncated {kind} data") from None
    except corrupt as error:
        raise InputError(name, None, f"corrupt {kind} data ({error})") from error


def file_chunks(file: BinaryIO | io.BufferedIOBase) -> Iterator[bytes]:
    """Yield the chunks of a file."""
    return iter(lambda: file.read(CHUNK), b"")


# Each module is imported where it is needed: most runs need none, and some Pythons lack one.
def open_compressed(name: str, kind: Kind, file: io.BufferedReader) -> Opened:
    """Return the decompressed chunks, and the errors that mean that the data is corrupt."""
    if kind == "gzip":
        import gzip  # noqa: PLC0415 - see above
        import zlib  # noqa: PLC0415 - see above

        return file_chunks(gzip.GzipFile(fileobj=file)), (gzip.BadGzipFile, zlib.error)
    if kind == "bzip2":
        import bz2  # noqa: PLC0415 - see above

        return file_chunks(bz2.BZ2File(file)), (OSError,)
    if kind == "xz":
        import lzma  # noqa: PLC0415 - see above

        return file_chunks(lzma.LZMAFile(file)), (lzma.LZMAError,)
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError(name, None, NO_ZSTD) from None
    return zstd_chunks(file, zstandard.ZstdDecompressor()), (zstandard.ZstdError,)


def zstd_chunks(file: io.BufferedReader, codec: Any) -> Iterator[bytes]:  # noqa: ANN401 - an extra, not always there to be typed
    """Decompress frame after frame; raises EOFError where the last is cut short.

    The extra's own stream reader takes a cut frame for a whole one.
    """
    frame = codec.decompressobj()
    while data := file.read(ZSTD_STEP):
        while data:
            if frame.eof:
                frame = codec.decompressobj()
            yield frame.decompress(data)
            data = frame.unused_data
    if not frame.eof:
        raise EOFError


class Writer(Protocol):
    """A compressor over a file, or the file itself."""

    def write(self, data: bytes, /) -> object:
        """Write bytes."""

    def close(self) -> None:
        """Pass on the rest, and end."""


def open_compressor(path: str, kind: Kind, file: BinaryIO) -> Writer:
    """Return a writer that compresses into ``file``; closing it leaves the file open.

    No time and no name goes into the file, so that equal results are equal bytes. Raises
    OutputError where the extra is not installed.
    """
    if kind == "gzip":
        import gzip  # noqa: PLC0415 - see above

        return gzip.GzipFile("", "wb", 6, file, mtime=0)
    if kind == "bzip2":
        import bz2  # noqa: PLC0415 - see above

        return bz2.BZ2File(file, "wb")
    if kind == "xz":
        import lzma  # noqa: PLC0415 - see above

        return lzma.LZMAFile(file, "wb")
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError:
        raise OutputError(path, NO_ZSTD) from None
    return zstandard.ZstdCompressor().stream_writer(file, closefd=False)
