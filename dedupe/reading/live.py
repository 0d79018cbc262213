"""Standard input as it comes: what has arrived is a batch, and nobody waits for the rest."""

from __future__ import annotations

import os
import select
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING

from dedupe.errors import InputError
from dedupe.files import reason_of
from dedupe.reading import BOM, PARSERS, check_accounts, format_of, met
from dedupe.reading.compression import MAGIC, shown
from dedupe.reading.rejects import rejection
from dedupe.reading.source import Source, too_long
from dedupe.tables import is_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from dedupe.settings import Settings
    from dedupe.stories import Batch, Format, Tally

CHUNK = 1 << 16
ENOUGH = 1 << 22
A_MOMENT = 0.005
"""Seconds that more may take to arrive and still come along."""
STDIN = "-"
ONLY_LINES = "a stream is read as JSONL or plain lines; give a table as a file"
NO_STREAM = "Parquet is no stream: what is in it stands at its end; give it as a file"
ONLY_PLAIN = "a stream is read uncompressed; put zcat, bzcat, xzcat or zstdcat before it"


def read_live(
    stdin: BinaryIO,
    settings: Settings,
    tally: Tally,
    forced: Format | None,
    *,
    by_line: bool,
) -> Iterator[Batch]:
    """Batches of JSONL or plain lines from an uncompressed stream.

    A batch holds what has arrived, or a single line. Raises as :func:`dedupe.reading.read`, and
    InputError for a compressed stream or a table.
    """
    digest = blake2b(digest_size=16)
    kind: Format | None = forced
    number = 1
    with rejection(settings.on_error, [STDIN], tally) as reject:
        tally.files += 1
        for arrived in arrivals(stdin, settings.max_line):
            digest.update(arrived)
            tally.bytes += len(arrived)
            lines = list(BytesIO(arrived.removeprefix(BOM) if number == 1 else arrived))
            check_lengths(lines, number, settings.max_line)
            kind = kind or kind_of(lines)
            for cut in [[line] for line in lines] if by_line else [lines]:
                told = kind or "lines"
                source = Source(
                    shown(STDIN), told, met(cut, tally), settings, tally, reject, number
                )
                yield from PARSERS[check_kind(told)](source)
                number += len(cut)
        check_accounts(tally)
        tally.checksum = digest.hexdigest()


def check_lengths(lines: list[bytes], first: int, most: int) -> None:
    """Raise InputError for a line of more than ``most`` bytes, unless that is 0."""
    for number, line in enumerate(lines, first):
        if 0 < most < len(line):
            raise InputError(shown(STDIN), number, too_long(most))


def arrivals(stdin: BinaryIO, most: int) -> Iterator[bytes]:
    """Whole lines as they arrive, as many as are there; the last may lack its ending.

    One that grows beyond ``most`` bytes, unless that is 0, comes as it is and is the last.
    """
    descriptor = stdin.fileno()
    rest = b""
    try:
        while data := os.read(descriptor, CHUNK):
            held = [rest, data]
            size = len(data)
            while size < ENOUGH and select.select([descriptor], [], [], A_MOMENT)[0]:
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
        raise InputError(shown(STDIN), None, reason_of(error)) from error
    if rest:
        yield rest


def kind_of(lines: list[bytes]) -> Format | None:
    """The format that the first line with anything on it tells, None before there is one."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return None
    if first.startswith(tuple(MAGIC)):
        raise InputError(shown(STDIN), None, ONLY_PLAIN)
    if is_parquet(first):
        raise InputError(shown(STDIN), None, NO_STREAM)
    return format_of(STDIN, first, None)


def check_kind(kind: Format) -> Format:
    """Raise InputError for a table, whose header stands at its top alone, and for Parquet."""
    if kind == "parquet":
        raise InputError(shown(STDIN), None, NO_STREAM)
    if kind in ("csv", "tsv"):
        raise InputError(shown(STDIN), None, ONLY_LINES)
    return kind
