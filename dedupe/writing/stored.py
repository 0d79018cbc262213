"""The very rows of Parquet input, read again: their columns, types and metadata as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedupe.errors import InputError
from dedupe.tables import reader
from dedupe.writing.packing import codec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Batch
    from dedupe.tables import Tables

    Part = tuple[NDArray[np.int64], pa.RecordBatch]
    """Positions of some records, and their rows."""

ROWS_AT_ONCE = 1 << 12


def stored(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], tables: Tables
) -> tuple[pa.Schema, Iterator[Part], str]:
    """The schema of Parquet input, its chosen rows, and how it is compressed.

    Raises InputError for files of different columns, and for one that has changed since.
    """
    first = batches[0]
    schema = schema_in(first)
    for batch in batches:
        if batch.header != first.header and not schema_in(batch).equals(schema):
            raise InputError(batch.path, None, f"its columns are not those of {first.path}")
    with reader(first.path, tables.again(first.path)) as table:
        codec = codec_of(table.metadata)
    files = runs(batches, chosen)
    parts = (part for path, rows, places in files for part in read(path, rows, places, tables))
    return schema, parts, codec


def schema_in(batch: Batch) -> pa.Schema:
    """The schema that a batch of Parquet came with."""
    return pa.ipc.read_schema(pa.py_buffer(batch.header))


def runs(
    batches: Iterable[Batch], chosen: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Each reading of a file: its path, the rows wanted of it from 0, and their positions."""
    path, rows, places = "", [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, batch in placed(batches):
        wanted = np.flatnonzero(chosen[start : start + len(batch)])
        again = len(batch) and rows[-1].size and batch.lines[0] <= rows[-1][-1] + 1
        if batch.path != path or again:
            if path:
                yield path, np.concatenate(rows), np.concatenate(places)
            path, rows, places = batch.path, rows[:1], places[:1]
        if len(wanted):
            rows.append(batch.lines[wanted] - 1)
            places.append(wanted + start)
    if path:
        yield path, np.concatenate(rows), np.concatenate(places)


def read(
    path: str, rows: NDArray[np.int64], places: NDArray[np.int64], tables: Tables
) -> Iterator[Part]:
    """Some rows of a file, by their numbers from 0, which rise."""
    if not len(rows):
        return
    start = 0
    with reader(path, tables.again(path)) as table:
        for batch in table.iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
            first, last = np.searchsorted(rows, [start, start + len(batch)])
            if last > first:
                wanted = pa.array(rows[first:last] - start)
                yield places[first:last], batch.take(wanted)
            start += len(batch)


def placed(batches: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
    """Each batch with the position of its first record."""
    start = 0
    for batch in batches:
        yield start, batch
        start += len(batch)
