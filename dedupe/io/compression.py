"""Read files and standard input as decompressed bytes."""

from __future__ import annotations

import io
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from dedupe.errors import InputError
from dedupe.io.atomic import os_error_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Opened = tuple[Iterator[bytes], tuple[type[Exception], ...]]

Kind = Literal["gzip", "bzip2", "xz", "zstd"]

SUFFIXES: dict[str, Kind] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
MAGIC: dict[bytes, Kind] = {
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
"""So little at a time that what comes of it, at most 32 MiB, is counted before it fills memory."""
GRACE = 1 << 26
"""What may come of any input, however small."""
MAX_RATIO = 200
NO_ZSTD = "zstd needs an extra: pip install 'headline-dedupe[zst]'"


def display_name(path: str) -> str:
    """Name an input as messages do."""
    return "<stdin>" if path == "-" else path


def check_inputs(inputs: Sequence[str]) -> None:
    """Raise InputError for a missing file or stdin named twice, before anything is read."""
    if inputs.count("-") > 1:
        raise InputError(display_name("-"), None, "named twice; it can be read only once")
    for path in inputs:
        try:
            if path != "-":
                Path(path).stat()
        except OSError as error:
            raise InputError(path, None, os_error_reason(error)) from error


def split_suffix(path: str) -> tuple[str, Kind | None]:
    """Take the compression off a path's suffixes: ``a.jsonl.gz`` is ``.jsonl`` and ``gzip``."""
    suffixes = Path(path.lower()).suffixes
    kind = SUFFIXES.get(suffixes[-1]) if suffixes else None
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
            source = PrefixedReader(head, file)
            pieces = decompress(name, kind, io.BufferedReader(source, CHUNK))
            yield from limit_expansion(pieces, name, source, most) if kind and most else pieces
    except OSError as error:
        raise InputError(name, None, os_error_reason(error)) from error


def detect_codec(path: str, head: bytes) -> Kind | None:
    """Tell the compression; raises InputError where the suffix promises what is not there."""
    for magic, kind in MAGIC.items():
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
    """Pass decompressed chunks on; raises InputError where they outgrow what they are made from."""
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
        """Say yes, as BufferedReader asks."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no len
        """Fill a buffer; 0 at the end."""
        got = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(got) :]
        buffer[: len(got)] = got
        self.taken += len(got)
        return len(got)


def decompress(name: str, kind: Kind | None, file: io.BufferedReader) -> Iterator[bytes]:
    """Chunks of a stream of known compression; raises InputError where it is cut or corrupt."""
    if kind is None:
        yield from file_chunks(file)
        return
    pieces, corrupt = OPENERS[kind](name, file)
    try:
        yield from pieces
    except EOFError:
        raise InputError(name, None, f"truncated {kind} data") from None
    except corrupt as error:
        raise InputError(name, None, f"corrupt {kind} data ({error})") from error


def file_chunks(file: io.BufferedIOBase) -> Iterator[bytes]:
    """All of a file, chunk by chunk."""
    return iter(lambda: file.read(CHUNK), b"")


# Each module is imported where it is needed: most runs need none, and some Pythons lack one.
def gzip_opener(_name: str, file: io.BufferedReader) -> Opened:
    """The decompressed chunks, and the errors that mean the data is corrupt."""
    import gzip  # noqa: PLC0415 - see above
    import zlib  # noqa: PLC0415 - see above

    return file_chunks(gzip.GzipFile(fileobj=file)), (gzip.BadGzipFile, zlib.error)


def bzip2_opener(_name: str, file: io.BufferedReader) -> Opened:
    """As :func:`gzip_opener`."""
    import bz2  # noqa: PLC0415 - see above

    return file_chunks(bz2.BZ2File(file)), (OSError,)


def xz_opener(_name: str, file: io.BufferedReader) -> Opened:
    """As :func:`gzip_opener`."""
    import lzma  # noqa: PLC0415 - see above

    return file_chunks(lzma.LZMAFile(file)), (lzma.LZMAError,)


def zstd_opener(name: str, file: io.BufferedReader) -> Opened:
    """As :func:`gzip_opener`; raises InputError when the extra is not installed."""
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError(name, None, NO_ZSTD) from None
    return zstd_chunks(file, zstandard.ZstdDecompressor()), (zstandard.ZstdError,)


OPENERS: dict[Kind, Callable[[str, io.BufferedReader], Opened]] = {
    "gzip": gzip_opener,
    "bzip2": bzip2_opener,
    "xz": xz_opener,
    "zstd": zstd_opener,
}


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
