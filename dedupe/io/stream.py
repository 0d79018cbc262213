"""Read standard input as it arrives: each arrival is one batch."""

from __future__ import annotations

import os
import select
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING

from dedupe.errors import InputError
from dedupe.io.atomic import os_error_reason
from dedupe.io.compression import MAGIC, display_name
from dedupe.io.detect import detect_format
from dedupe.io.encodings import BYTE_ORDER_MARK
from dedupe.io.parquet import has_parquet_magic
from dedupe.io.reader import PARSERS, check_accounts
from dedupe.io.rejects import open_rejects
from dedupe.io.source import Source, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from dedupe.config import Settings
    from dedupe.models import Batch, Format, InputFormat, ReadStats

CHUNK = 1 << 16
ENOUGH = 1 << 22
WAIT_SECONDS = 0.005
"""Seconds that more may take to arrive and still come along."""
STDIN = "-"
ONLY_UTF8 = "a stream is read as UTF-8; put iconv before it"
ONLY_LINES = "a stream is read as JSONL or plain lines; give a table as a file"
NO_STREAM = "Parquet is no stream: what is in it stands at its end; give it as a file"
ONLY_PLAIN = "a stream is read uncompressed; put zcat, bzcat, xzcat or zstdcat before it"


def read_stream(
    stdin: BinaryIO,
    settings: Settings,
    read_stats: ReadStats,
    forced: InputFormat | None,
    *,
    by_line: bool,
) -> Iterator[Batch]:
    """Batches of JSONL or plain lines from an uncompressed stream.

    A batch holds what has arrived, or a single line. Raises as :func:`dedupe.io.reader.read`, and
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
    """Whole lines as they arrive, as many as are there; the last may lack its ending.

    One that grows beyond ``most`` bytes, unless that is 0, comes as it is and is the last.
    """
    descriptor = stdin.fileno()
    rest = b""
    try:
        while data := os.read(descriptor, CHUNK):
            held = [rest, data]
            size = len(data)
            while size < ENOUGH and select.select([descriptor], [], [], WAIT_SECONDS)[0]:
                more = os.read(descriptor, CHUNK)
                if not more:
                    break
                held.append(more)
                size += len(more)
            joined = b"".join(held)
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
    """The format that the first line with anything on it tells, None before there is one."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return None
    if first.startswith(tuple(MAGIC)):
        raise InputError(display_name(STDIN), None, ONLY_PLAIN)
    if has_parquet_magic(first):
        raise InputError(display_name(STDIN), None, NO_STREAM)
    return detect_format(STDIN, first, settings, None)


def check_stream_format(kind: InputFormat) -> Format:
    """Raise InputError for a table, whose header stands at its top alone, for Parquet and feeds."""
    if kind == "parquet":
        raise InputError(display_name(STDIN), None, NO_STREAM)
    if kind == "csv" or kind == "tsv" or kind == "feed":  # noqa: PLR1714 - mypy narrows by these
        raise InputError(display_name(STDIN), None, ONLY_LINES)
    return kind
