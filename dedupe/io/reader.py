"""Read files and streams as batches of records, whatever their format."""

from __future__ import annotations

import os
import select
from dataclasses import replace
from hashlib import blake2b
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import AccountingError, InputError
from dedupe.io import csv, feeds, json_shapes, jsonl
from dedupe.io.detect import HEAD, check_kind, detect_format, named_format
from dedupe.io.encodings import BYTE_ORDER_MARK, decode_input
from dedupe.io.files import CODEC_MAGIC, check_inputs, display_name, os_error_reason, read_chunks
from dedupe.io.parquet import (
    ENCRYPTED,
    MAGIC,
    MISSING,
    UNREADABLE,
    ParquetFiles,
    has_parquet_magic,
    has_pyarrow,
)
from dedupe.io.read_notes import check_texts
from dedupe.io.source import (
    Source,
    line_blocks,
    open_rejects,
    too_long_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.models import Batch, Format, InputFormat, ReadStats

PARSERS: dict[str, Callable[[Source], Iterator[Batch]]] = {
    "jsonl": jsonl.read_jsonl,
    "csv": csv.read_csv,
    "tsv": csv.read_csv,
    "lines": jsonl.read_lines,
}
NOT_PARQUET = "not Parquet data, though its name or --from says so"
TRUNCATED = "truncated Parquet data"
CHUNK = 1 << 16
ENOUGH = 1 << 22
WAIT_SECONDS = 0.005
"""Seconds to wait for more before a batch is complete."""
STDIN = "-"
ONLY_UTF8 = "a stream is read as UTF-8; put iconv before it"
ONLY_LINES = "a stream is read as JSONL or plain lines; give a table as a file"
NO_STREAM = "Parquet cannot be read as a stream, for its index is at its end; give it as a file"
ONLY_PLAIN = "a stream is read uncompressed; put zcat, bzcat, xzcat or zstdcat before it"


def read(
    paths: Sequence[str],
    settings: Settings,
    read_stats: ReadStats,
    *,
    stdin: BinaryIO,
    format: InputFormat | None = None,  # noqa: A002 - the word that users know
    parquet_files: ParquetFiles | None = None,
    strict: bool = True,
    checksum: bool = True,
) -> Iterator[Batch]:
    """Read files, or stdin for ``-`` or no path, as batches in input order, each of a single file.

    The format is ``format``, else that of the suffix, else found out by the first bytes.
    ``read_stats`` is updated on the way; its checksum (BLAKE2b, 16 bytes, of the decompressed
    input) is set at the end, unless ``checksum`` is false, which is faster. Parquet stays open in
    ``parquet_files``, to be read again.

    Raises InputError at once for a missing path, and while reading for bad records, unless
    ``settings.on_error`` skips them; at the end, if ``strict``, where no record has a text or a
    field that was named.
    Raises OutputError for a quarantine file that cannot be written.
    """
    inputs = list(paths) or ["-"]
    check_inputs(inputs)
    digest = blake2b(digest_size=16) if checksum else None
    return read_inputs(inputs, settings, read_stats, stdin, format, parquet_files, strict, digest)


def read_inputs(
    inputs: Sequence[str],
    settings: Settings,
    read_stats: ReadStats,
    stdin: BinaryIO,
    forced: InputFormat | None,
    parquet_files: ParquetFiles | None,
    strict: bool,  # noqa: FBT001 - of a private call
    digest: blake2b | None,
) -> Iterator[Batch]:
    """Yield batches of all inputs, one after the other."""
    with open_rejects(settings.on_error, inputs, read_stats) as reject, ParquetFiles() as own:
        for path in inputs:
            read_stats.files += 1
            before = read_stats.records, read_stats.skipped
            pieces = digest_pieces(read_chunks(path, stdin, settings.max_ratio), read_stats, digest)
            source = Source(display_name(path), "jsonl", pieces, settings, read_stats, reject)
            head, pieces = peek_bytes(pieces)
            kind = forced or named_format(path)
            if kind == "parquet" or (not forced and has_parquet_magic(head)):
                source = replace(source, format="parquet", lines=iter(()))
                yield from read_stored(source, path, pieces, parquet_files or own)
            else:
                yield from read_text(replace(source, lines=pieces), path, head, forced)
            check_not_all_skipped(source, before)
        check_accounts(read_stats)  # before a file of quarantined records takes its place
        if strict:
            check_texts(display_name(inputs[0]), settings, read_stats)
        read_stats.checksum = digest.hexdigest() if digest else ""


def read_text(
    source: Source, path: str, head: bytes, forced: InputFormat | None
) -> Iterator[Batch]:
    """Yield batches of an input that is text, in its format; ``head`` is how it begins."""
    check_kind(path, head, source.settings, forced)
    if detect_format(path, head, source.settings, forced) == "feed":
        yield from feeds.read_feed(source)
        return
    pieces, encoding = decode_input(source.lines, head, source.settings.encoding)
    if encoding:
        source = replace(source, settings=replace(source.settings, encoding=encoding))
    first, head, pieces = skip_blank(iter(pieces), source.read_stats)
    kind = detect_format(path, head, source.settings, forced)
    if kind == "feed":  # behind a byte order mark
        yield from feeds.read_feed(replace(source, lines=pieces))
        return
    source = replace(source, format=kind, lines=pieces, first=first)
    shape = json_shapes.find_shape(head, source.settings) if kind == "jsonl" else None
    if shape is not None:
        yield from json_shapes.read_shape(source, shape)
        return
    blocks = line_blocks(pieces, source.path, source.settings.max_line, first)
    yield from PARSERS[kind](replace(source, lines=blocks))


def peek_bytes(pieces: Iterator[bytes], least: int = HEAD) -> tuple[bytes, Iterator[bytes]]:
    """Return at least ``least`` bytes of the beginning, if there are that many, and all pieces."""
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= least:
            break
    head = taken[0] if len(taken) == 1 else b"".join(taken)
    return head, chain([head], pieces)


def skip_blank(
    pieces: Iterator[bytes], read_stats: ReadStats
) -> tuple[int, bytes, Iterator[bytes]]:
    """Skip pieces of blank lines, and count these.

    Returns the number of the first line left, how it begins, and the pieces from there. So a
    file of line endings alone takes no memory.
    """
    first = 1
    head, pieces = peek_bytes(pieces)
    while head.isspace() and (cut := head.rfind(b"\n") + 1):
        blank = head.count(b"\n")
        first += blank
        read_stats.blank += blank
        read_stats.met += blank
        next(pieces)
        head, pieces = peek_bytes(chain([head[cut:]], pieces))
    return first, head, pieces


def check_not_all_skipped(source: Source, before: tuple[int, int]) -> None:
    """Raise InputError for a file of which every record was skipped.

    ``before`` counts the records, and the skipped ones, that were read before this file.
    """
    stats = source.read_stats
    skipped = stats.skipped - before[1]
    if skipped and stats.records == before[0]:
        which = "its only record was" if skipped == 1 else f"all of its {skipped:,} records were"
        reason = f"{which} skipped; the first: {stats.examples['left_out']}"
        raise InputError(source.path, None, reason)


def check_accounts(read_stats: ReadStats) -> None:
    """Raise AccountingError where a line was neither read nor counted as left out."""
    if read_stats.met != read_stats.accounted:
        raise AccountingError("records and lines left out", read_stats.met, read_stats.accounted)


def digest_pieces(
    pieces: Iterable[bytes], read_stats: ReadStats, digest: blake2b | None
) -> Iterator[bytes]:
    """Pass bytes on, counted and digested."""
    for piece in pieces:
        read_stats.bytes += len(piece)
        if digest:
            digest.update(piece)
        yield piece


def read_stored(
    source: Source, path: str, pieces: Iterable[bytes], parquet_files: ParquetFiles
) -> Iterator[Batch]:
    """Yield batches of Parquet; raises InputError for other data, and without pyarrow."""
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


def read_stream(
    stdin: BinaryIO,
    settings: Settings,
    read_stats: ReadStats,
    forced: InputFormat | None,
    *,
    by_line: bool,
) -> Iterator[Batch]:
    """Yield batches of JSONL or plain lines from an uncompressed stream.

    A batch holds the lines that have arrived, or a single one. Raises as :func:`read`, and
    InputError for a compressed stream, one that is not UTF-8, or a table.
    """
    if settings.encoding:
        raise InputError(display_name(STDIN), None, ONLY_UTF8)
    digest = blake2b(digest_size=16)
    kind: InputFormat | None = forced
    number = 1
    with open_rejects(settings.on_error, [STDIN], read_stats) as reject:
        read_stats.files += 1
        for arrived in read_arrivals(stdin, settings.max_line):
            digest.update(arrived)
            read_stats.bytes += len(arrived)
            lines = list(BytesIO(arrived.removeprefix(BYTE_ORDER_MARK) if number == 1 else arrived))
            check_lengths(lines, number, settings.max_line)
            kind = kind or stream_format(lines, settings)
            for cut in [[line] for line in lines] if by_line else [lines]:
                form = check_stream_format(kind or "lines")
                source = Source(
                    display_name(STDIN), form, iter(cut), settings, read_stats, reject, number
                )
                yield from PARSERS[form](source)
                number += len(cut)
        check_accounts(read_stats)
        read_stats.checksum = digest.hexdigest()


def check_lengths(lines: list[bytes], first: int, most: int) -> None:
    """Raise InputError for a line of more than ``most`` bytes, unless that is 0."""
    for number, line in enumerate(lines, first):
        if 0 < most < len(line):
            raise InputError(display_name(STDIN), number, too_long_message(most))


def read_arrivals(stdin: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield whole lines as they arrive; the last may lack its ending.

    A line that grows beyond ``most`` bytes, unless that is 0, comes unfinished and is the last.
    """
    descriptor = stdin.fileno()
    rest = b""
    try:
        while data := os.read(descriptor, CHUNK):
            arrived = [rest, data]
            size = len(data)
            while size < ENOUGH and select.select([descriptor], [], [], WAIT_SECONDS)[0]:
                more = os.read(descriptor, CHUNK)
                if not more:
                    break
                arrived.append(more)
                size += len(more)
            joined = b"".join(arrived)
            cut = joined.rfind(b"\n") + 1
            rest = joined[cut:]
            if cut:
                yield joined[:cut]
            if 0 < most < len(rest):
                break
    except OSError as error:
        raise InputError(display_name(STDIN), None, os_error_reason(error)) from error
    if rest:
        yield rest


def stream_format(lines: list[bytes], settings: Settings) -> InputFormat | None:
    """Return the format by the first line that is not blank, None before there is one."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return None
    if first.startswith(tuple(CODEC_MAGIC)):
        raise InputError(display_name(STDIN), None, ONLY_PLAIN)
    if has_parquet_magic(first):
        raise InputError(display_name(STDIN), None, NO_STREAM)
    return detect_format(STDIN, first, settings, None)


def check_stream_format(kind: InputFormat) -> Format:
    """Raise InputError for Parquet, feeds, and tables, whose header comes only once."""
    if kind == "parquet":
        raise InputError(display_name(STDIN), None, NO_STREAM)
    if kind == "csv" or kind == "tsv" or kind == "feed":  # noqa: PLR1714 - mypy narrows by these
        raise InputError(display_name(STDIN), None, ONLY_LINES)
    return kind
