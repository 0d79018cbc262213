"""Lines to records, on the workers: parsed by the local run's own reader, block by block."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.backends.spark.tables import batch_of, encoded, numbers_array
from dedupe.io.encodings import BYTE_ORDER_MARK
from dedupe.io.jsonl import read_jsonl
from dedupe.io.read_notes import MOST_KEPT_FIELDS, filled_texts
from dedupe.io.source import Source, too_long_message
from dedupe.load import batch_digests
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.errors import InputError
    from dedupe.models import Batch

    Refused = tuple[int, str, int | None]
    """The line, the reason, and the place that the row gets."""

RECORDS = (
    "file string, block long, place long, line long, raw binary, reason string, id string, "
    "source string, time long, day boolean, digest long, page long, "
    "texts array<binary>, met array<long>, seen string"
)
"""A line as it was read: ``position`` counts the records of its block, ``line`` its lines, from 1.

A bad line has a ``reason``, and a place of -1 where it may not be skipped. The last row of a block
has no ``raw``: ``met`` has its lines, bytes, blank lines and dates that could not be read, and
``seen`` the names of its fields and what they were used for. ``page`` is the key of its url.
"""
FATAL = -1
REFUSED = b"{\n"
"""What stands for a line that is known to hold no record: none either."""


def parse_lines(settings: Settings, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``RECORDS`` for rows of lines in the order of files."""
    for (file, block), rows in groupby(rows_of(incoming), itemgetter(0, 1)):
        yield from LineBlock(settings, file, block).parse(line for _, _, *line in rows)


def rows_of(incoming: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, int, bytes, str | None]]:
    """Yield the file, block and bytes of each line, and the problem known of it, if any."""
    for batch in incoming:
        columns = (batch[name].to_pylist() for name in ("file", "block", "value", "problem"))
        yield from zip(*columns, strict=True)


class LineBlock:
    """One part of a file, on its way through the reader."""

    def __init__(self, settings: Settings, file: str, block: int) -> None:
        self._settings, self._file, self._block = settings, file, block
        self._refused: list[Refused] = []
        self._problems: dict[int, str] = {}
        self._lines = self._bytes = 0

    def parse(self, lines: Iterable[Sequence[Any]]) -> Iterator[pa.RecordBatch]:
        """Yield the records of its lines, then its bad lines, then its counts."""
        read_stats = ReadStats()
        position = 0
        reject = partial(reject_rows, self._refused)
        source = Source(self._file, "jsonl", self.take(lines), self._settings, read_stats, reject)
        for batch in read_jsonl(source):
            yield record_rows(batch, self._block, np.arange(position, position + len(batch)))
            position += len(batch)
        refused = [(n, self._problems.get(n, why), at) for n, why, at in self._refused]
        yield refused_rows(self._file, self._block, refused)
        counts = [
            *(self._lines, self._bytes, read_stats.blank, read_stats.undated),
            int(filled_texts(self._settings, read_stats)),
        ]
        yield last_row(self._file, self._block, counts, read_stats)

    def take(self, lines: Iterable[Sequence[Any]]) -> Iterator[bytes]:
        """Yield lines with their endings, up to one that is too long."""
        most = self._settings.max_line
        for value, problem in lines:
            first = not self._block and not self._lines
            line = (value.removeprefix(BYTE_ORDER_MARK) if first else value) + b"\n"
            self._lines += 1
            self._bytes += len(value) + 1
            if 0 < most < len(value) + 1:
                self._refused.append((self._lines, too_long_message(most), FATAL))
                return
            if problem:
                self._problems[self._lines] = problem
            yield REFUSED if problem else line


def parse_rows(settings: Settings, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``RECORDS`` for rows of ``value`` and ``position``, which is their place.

    In ``met`` stands whether a row of a batch has a text.
    """
    for rows in incoming:
        positions = numbers_array(rows["position"])
        refused: list[Refused] = []
        lines = (value + b"\n" for value in rows["value"].to_pylist())
        read_stats = ReadStats()
        source = Source("", "jsonl", lines, settings, read_stats, partial(reject_rows, refused))
        for batch in read_jsonl(source):
            yield record_rows(batch, 0, positions[batch.lines - 1])
        yield refused_rows("", 0, [(int(positions[n - 1]) + 1, why, at) for n, why, at in refused])
        yield last_row("", 0, [int(filled_texts(settings, read_stats))], read_stats)


def last_row(file: str, block: int, counts: list[int], read_stats: ReadStats) -> pa.RecordBatch:
    """Return the row with the counts of a block, and with its fields and their uses as JSON."""
    names = ("fields", "columns", "likely")
    seen = orjson.dumps({name: getattr(read_stats, name) for name in names}).decode()
    return batch_of(RECORDS, {"file": [file], "block": [block], "met": [counts], "seen": [seen]})


def take_fields(seen: Iterable[str], read_stats: ReadStats) -> None:
    """Add the fields that several readers met, in their order, to the read statistics."""
    for told in map(orjson.loads, seen):
        new = [name for name in told["fields"] if name not in read_stats.fields]
        read_stats.fields += new[: MOST_KEPT_FIELDS - len(read_stats.fields)]
        for role, names in told["columns"].items():
            counts = read_stats.columns.setdefault(role, {})
            for name, count in names.items():
                counts[name] = counts.get(name, 0) + count
        for role, name in told["likely"].items():
            read_stats.likely.setdefault(role, name)


def reject_rows(refused: list[Refused], error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
    """Note a bad line."""
    refused.append((error.line or 1, error.reason, None))


def record_rows(batch: Batch, block: int, positions: NDArray[np.int64]) -> pa.RecordBatch:
    """Return the records of a batch; their bytes keep a carriage return at the end."""
    count = len(batch)
    spans = zip(batch.starts.tolist(), batch.limits.tolist(), strict=True)
    texts = zip(*([encoded(text) for text in column] for column in batch.texts), strict=True)
    return batch_of(
        RECORDS,
        {
            "file": [batch.path] * count,
            "block": np.full(count, block),
            "place": positions,
            "line": batch.lines,
            "raw": [batch.data[start : limit - 1] for start, limit in spans],
            "id": batch.ids,
            "source": batch.sources,
            "time": batch.times,
            "day": batch.days_only,
            "digest": batch_digests(batch).view(np.int64),
            "page": batch.url_keys,
            "texts": list(map(list, texts)),
        },
    )


def refused_rows(file: str, block: int, refused: list[Refused]) -> pa.RecordBatch:
    """Return lines that are no record, and what is wrong with them."""
    count = len(refused)
    lines, reasons, places = zip(*refused, strict=True) if refused else ((), (), ())
    columns = {"line": lines, "reason": reasons, "place": places}
    return batch_of(RECORDS, {"file": [file] * count, "block": [block] * count, **columns})
