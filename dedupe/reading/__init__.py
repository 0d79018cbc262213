"""Bytes to batches: JSONL, CSV, TSV, plain lines and Parquet, compressed or not, or from stdin."""

from __future__ import annotations

import re
from hashlib import blake2b
from io import BytesIO
from itertools import chain, repeat, starmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dedupe.errors import AccountingError, InputError
from dedupe.files import reason_of
from dedupe.reading import delimited, jsonl, plain
from dedupe.reading.columnar import stored
from dedupe.reading.compression import chunks, shown, split_suffix
from dedupe.reading.rejects import rejection
from dedupe.reading.source import Source, too_long
from dedupe.tables import SUFFIX, Tables, is_parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.settings import Settings
    from dedupe.stories import Batch, Format, Tally

__all__ = ["read"]

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
    "jsonl": jsonl.batches,
    "csv": delimited.batches,
    "tsv": delimited.batches,
    "lines": plain.batches,
}
TABLES = ("csv", "tsv")
BOM = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
# A headline may begin with a bracket, but hardly with one around a brace.
ARRAY_OF_OBJECTS = re.compile(rb"\s*\[\s*(?:\{|$)")
ARRAY = "a JSON array, not one object a line; turn it into JSONL, as with jq -c '.[]'"
NOT_UTF8 = "UTF-16 text; turn it into UTF-8, as with iconv -f UTF-16 -t UTF-8"


def read(
    paths: Sequence[str],
    settings: Settings,
    tally: Tally,
    *,
    stdin: BinaryIO,
    format: Format | None = None,  # noqa: A002 - the word that users know
    tables: Tables | None = None,
) -> Iterator[Batch]:
    """Read files, or stdin for ``-`` or no path, as batches of one file each, in input order.

    The format is ``format``, else told by the suffix, else by the first bytes. The tally counts
    along; its checksum (BLAKE2b, 16 bytes, of the decompressed input) is set at the end. Parquet is
    left open in ``tables``, for who reads it again.
    Raises InputError at once for a path that is not there, and while reading for what cannot be
    read, as ``settings.on_error`` has it; OutputError for a quarantine file that cannot be written.
    """
    inputs = list(paths) or ["-"]
    check_inputs(inputs)
    return read_all(inputs, settings, tally, stdin, format, tables)


def check_inputs(inputs: Sequence[str]) -> None:
    """Raise InputError for a missing file or stdin named twice, before anything is read."""
    if inputs.count("-") > 1:
        raise InputError(shown("-"), None, "named twice; it can be read only once")
    for path in inputs:
        try:
            if path != "-":
                Path(path).stat()
        except OSError as error:
            raise InputError(path, None, reason_of(error)) from error


def read_all(
    inputs: Sequence[str],
    settings: Settings,
    tally: Tally,
    stdin: BinaryIO,
    forced: Format | None,
    tables: Tables | None,
) -> Iterator[Batch]:
    """Batches of all inputs, one after the other."""
    digest = blake2b(digest_size=16)
    with rejection(settings.on_error, inputs, tally) as reject, Tables() as own:
        for path in inputs:
            tally.files += 1
            pieces = counted(chunks(path, stdin, settings.max_ratio), tally, digest)
            head = next(pieces, b"")
            pieces = chain([head], pieces)
            if told(path, forced) == "parquet" or (not forced and is_parquet(head)):
                source = Source(shown(path), "parquet", iter(()), settings, tally, reject)
                yield from stored(source, path, pieces, tables or own)
                continue
            lines = split_lines(pieces, shown(path), settings.max_line)
            first, lines = opening(shown(path), lines)
            kind = format_of(path, first, forced)
            if kind not in TABLES:
                lines = met(lines, tally)
            source = Source(shown(path), kind, lines, settings, tally, reject)
            yield from PARSERS[kind](source)
        check_accounts(tally)  # before a file of quarantined records takes its place
        tally.checksum = digest.hexdigest()


def met(lines: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    """Pass lines on, counted before anything looks at them."""
    for line in lines:
        tally.met += 1
        yield line


def check_accounts(tally: Tally) -> None:
    """Raise AccountingError where a line was neither read nor counted as left out."""
    if tally.met != tally.accounted:
        raise AccountingError("records and lines left out", tally.met, tally.accounted)


def counted(pieces: Iterable[bytes], tally: Tally, digest: blake2b) -> Iterator[bytes]:
    """Pass bytes on, counted and digested."""
    for piece in pieces:
        tally.bytes += len(piece)
        digest.update(piece)
        yield piece


def split_lines(pieces: Iterable[bytes], name: str, most: int) -> Iterator[bytes]:
    """Lines with their endings, split after LF alone; the last may lack one.

    Raises InputError for a line of more than ``most`` bytes, unless that is 0, before it is whole.
    """
    rest: list[bytes] = []
    number = 0
    for block in whole_lines(pieces, rest, most):
        for number, line in enumerate(BytesIO(block), number + 1):  # noqa: B020 - goes on counting
            if 0 < most < len(line):
                raise InputError(name, number, too_long(most))
            yield line
    if 0 < most < sum(map(len, rest)):
        raise InputError(name, number + 1, too_long(most))
    yield from filter(None, [b"".join(rest)])


def whole_lines(pieces: Iterable[bytes], rest: list[bytes], most: int) -> Iterator[bytes]:
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


def opening(name: str, lines: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first line that is not blank, and all lines from the start, a byte order mark left out.

    Raises InputError for UTF-16.
    """
    first = next(lines, b"").removeprefix(BOM)
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


def format_of(path: str, first: bytes, forced: Format | None) -> Format:
    """As asked, else by the suffix, else by the first line; raises InputError for a JSON array."""
    kind = told(path, forced)
    if kind in (None, "jsonl") and ARRAY_OF_OBJECTS.match(first):
        raise InputError(shown(path), None, ARRAY)
    return kind or ("jsonl" if first.lstrip().startswith(b"{") else "lines")


def told(path: str, forced: Format | None) -> Format | None:
    """The format as asked, else by the suffix."""
    return forced or FORMATS.get(split_suffix(path)[0])
