"""Read bytes as batches: JSONL, CSV, TSV, plain lines and Parquet, compressed or not."""

from __future__ import annotations

import re
from hashlib import blake2b
from io import BytesIO
from itertools import chain, repeat, starmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import AccountingError, InputError
from dedupe.io import csv, jsonl, lines
from dedupe.io.atomic import os_error_reason
from dedupe.io.compression import display_name, read_chunks, split_suffix
from dedupe.io.parquet import (
    ENCRYPTED,
    MAGIC,
    MISSING,
    SUFFIX,
    UNREADABLE,
    ParquetFiles,
    has_parquet_magic,
    has_pyarrow,
)
from dedupe.io.rejects import open_rejects
from dedupe.io.source import Source, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.models import Batch, Format, ReadStats

FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "lines",
    SUFFIX: "parquet",
}
PARSERS = {
    "jsonl": jsonl.read_jsonl,
    "csv": csv.read_csv,
    "tsv": csv.read_csv,
    "lines": lines.read_lines,
}
TABLES = ("csv", "tsv")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A headline may begin with a bracket, but hardly with one around a brace.
ARRAY_OF_OBJECTS = re.compile(rb"\s*\[\s*(?:\{|$)")
ARRAY_MESSAGE = "a JSON array, not one object a line; turn it into JSONL, as with jq -c '.[]'"
NOT_UTF8 = "UTF-16 text; turn it into UTF-8, as with iconv -f UTF-16 -t UTF-8"


def read(
    paths: Sequence[str],
    settings: Settings,
    read_stats: ReadStats,
    *,
    stdin: BinaryIO,
    format: Format | None = None,  # noqa: A002 - the word that users know
    parquet_files: ParquetFiles | None = None,
) -> Iterator[Batch]:
    """Read files, or stdin for ``-`` or no path, as batches of one file each, in input order.

    The format is ``format``, else told by the suffix, else by the first bytes. The read statistics
    counts along; its checksum (BLAKE2b, 16 bytes, of the decompressed input) is set at the end.
    Parquet is left open in ``parquet_files``, for who reads it again. Raises InputError at once for
    a path that is not there, and while reading for what cannot be read, as ``settings.on_error``
    has it; OutputError for a quarantine file that cannot be written.
    """
    inputs = list(paths) or ["-"]
    check_inputs(inputs)
    return read_inputs(inputs, settings, read_stats, stdin, format, parquet_files)


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


def read_inputs(
    inputs: Sequence[str],
    settings: Settings,
    read_stats: ReadStats,
    stdin: BinaryIO,
    forced: Format | None,
    parquet_files: ParquetFiles | None,
) -> Iterator[Batch]:
    """Batches of all inputs, one after the other."""
    digest = blake2b(digest_size=16)
    with open_rejects(settings.on_error, inputs, read_stats) as reject, ParquetFiles() as own:
        for path in inputs:
            read_stats.files += 1
            pieces = digest_pieces(read_chunks(path, stdin, settings.max_ratio), read_stats, digest)
            head = next(pieces, b"")
            pieces = chain([head], pieces)
            if named_format(path, forced) == "parquet" or (not forced and has_parquet_magic(head)):
                source = Source(
                    display_name(path), "parquet", iter(()), settings, read_stats, reject
                )
                yield from read_stored(source, path, pieces, parquet_files or own)
                continue
            lines = split_lines(pieces, display_name(path), settings.max_line)
            first, lines = peek_first_line(display_name(path), lines)
            kind = detect_format(path, first, forced)
            if kind not in TABLES:
                lines = count_lines(lines, read_stats)
            source = Source(display_name(path), kind, lines, settings, read_stats, reject)
            yield from PARSERS[kind](source)
        check_accounts(read_stats)  # before a file of quarantined records takes its place
        read_stats.checksum = digest.hexdigest()


def count_lines(lines: Iterable[bytes], read_stats: ReadStats) -> Iterator[bytes]:
    """Pass lines on, counted before anything looks at them."""
    for line in lines:
        read_stats.met += 1
        yield line


def check_accounts(read_stats: ReadStats) -> None:
    """Raise AccountingError where a line was neither read nor counted as left out."""
    if read_stats.met != read_stats.accounted:
        raise AccountingError("records and lines left out", read_stats.met, read_stats.accounted)


def digest_pieces(
    pieces: Iterable[bytes], read_stats: ReadStats, digest: blake2b
) -> Iterator[bytes]:
    """Pass bytes on, counted and digested."""
    for piece in pieces:
        read_stats.bytes += len(piece)
        digest.update(piece)
        yield piece


def split_lines(pieces: Iterable[bytes], name: str, most: int) -> Iterator[bytes]:
    """Lines with their endings, split after LF alone; the last may lack one.

    Raises InputError for a line of more than ``most`` bytes, unless that is 0, before it is whole.
    """
    rest: list[bytes] = []
    number = 0
    for block in line_blocks(pieces, rest, most):
        for number, line in enumerate(BytesIO(block), number + 1):  # noqa: B020 - goes on counting
            if 0 < most < len(line):
                raise InputError(name, number, too_long_message(most))
            yield line
    if 0 < most < sum(map(len, rest)):
        raise InputError(name, number + 1, too_long_message(most))
    yield from filter(None, [b"".join(rest)])


def line_blocks(pieces: Iterable[bytes], rest: list[bytes], most: int) -> Iterator[bytes]:
    """Blocks of whole lines; ``rest`` holds what comes after them, at most a piece too much."""
    held = 0
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, piece[:cut]])
            rest.clear()
            held = 0
        rest.append(piece[cut:])
        held += len(piece) - cut
        if 0 < most < held:
            return


def peek_first_line(name: str, lines: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first line that is not blank, and all lines from the start, a byte order mark left out.

    Raises InputError for UTF-16.
    """
    first = next(lines, b"").removeprefix(BYTE_ORDER_MARK)
    if first.startswith(UTF16):
        raise InputError(name, 1, NOT_UTF8)
    head = [(first, 1 if first else 0)]  # with counts: a file of line endings alone takes no memory
    while not head[-1][0].strip():
        line = next(lines, None)
        if line is None:
            break
        held, times = head[-1]
        if line == held:
            head[-1] = held, times + 1
        else:
            head.append((line, 1))
    return head[-1][0], chain(chain.from_iterable(starmap(repeat, head)), lines)


def detect_format(path: str, first: bytes, forced: Format | None) -> Format:
    """As asked, else by the suffix, else by the first line; raises InputError for a JSON array."""
    kind = named_format(path, forced)
    if kind in (None, "jsonl") and ARRAY_OF_OBJECTS.match(first):
        raise InputError(display_name(path), None, ARRAY_MESSAGE)
    return kind or ("jsonl" if first.lstrip().startswith(b"{") else "lines")


def named_format(path: str, forced: Format | None) -> Format | None:
    """The format as asked, else by the suffix."""
    return forced or FORMATS.get(split_suffix(path)[0])


NOT_PARQUET = "not Parquet data, though it is said to be"
TRUNCATED = "truncated Parquet data"


def read_stored(
    source: Source, path: str, pieces: Iterable[bytes], parquet_files: ParquetFiles
) -> Iterator[Batch]:
    """Batches of Parquet; raises InputError for what is none, and where pyarrow is missing."""
    file = parquet_files.hold(source.path, path, pieces)
    file.seek(0)
    head = file.read(len(MAGIC))
    file.seek(max(file.seek(0, 2) - len(MAGIC), 0))
    last_bytes = file.read()
    if ENCRYPTED in (head, last_bytes):
        raise InputError(source.path, None, UNREADABLE)
    if head != MAGIC:
        raise InputError(source.path, None, NOT_PARQUET)
    if last_bytes != MAGIC:
        raise InputError(source.path, None, TRUNCATED)
    if not has_pyarrow():
        raise InputError(source.path, None, MISSING)
    from dedupe.io.parquet_read import read_parquet  # noqa: PLC0415 - pyarrow is an extra

    yield from read_parquet(source, file)
