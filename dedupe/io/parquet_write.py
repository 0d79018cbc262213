"""Write records and pairs as Parquet; rows that came from Parquet keep their types and metadata."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dedupe.errors import AccountingError, InputError
from dedupe.io.annotate import chosen_parts, taken_error
from dedupe.io.convert import batch_records
from dedupe.io.csv_dialect import csv_names, is_table
from dedupe.io.parquet import open_parquet
from dedupe.io.parquet_values import infer_schema
from dedupe.io.result_rows import RecordLocations, pair_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.annotate import Annotation
    from dedupe.io.parquet import ParquetFiles
    from dedupe.models import Batch, Corpus, Pairs

    Part = tuple[NDArray[np.int64], pa.RecordBatch]
    """The positions of some records, and their rows."""

ROWS_A_GROUP, BYTES_A_GROUP = 1 << 17, 1 << 26
ROWS_AT_ONCE = 1 << 12
USUAL = "snappy"
CODECS = {"UNCOMPRESSED": "none", "GZIP": "gzip", "BROTLI": "brotli", "ZSTD": "zstd"}
ADDED = {
    "cluster": pa.string(),
    "size": pa.int64(),
    "canonical": pa.bool_(),
    "canonical_id": pa.string(),
    "score": pa.float64(),
    "reason": pa.string(),
    "version": pa.int64(),
}
BLOCKS = pa.schema(
    {
        "id": pa.string(),
        "article": pa.string(),
        "block": pa.int64(),
        "role": pa.string(),
        "text": pa.string(),
    }
)
SPARKS = b"org.apache.spark.sql.parquet.row.metadata"
"""Where Spark describes the columns of a file; it would ignore added ones."""


def codec_of(metadata: Any) -> str:  # noqa: ANN401 - of Arrow, which has no types
    """Return how a file is compressed, the usual codec where that is not one we write."""
    if not metadata.num_row_groups or not metadata.num_columns:
        return USUAL
    return CODECS.get(metadata.row_group(0).column(0).compression, USUAL)


def encode_table(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], codec: str, expected: int
) -> Iterator[bytes]:
    """Yield a Parquet file in pieces; raises AccountingError if rows are missing or too many."""
    drain = DrainBuffer()
    written = 0
    with pq.ParquetWriter(drain, schema, compression=codec) as writer:
        for group in group_rows(batches):
            table = pa.Table.from_batches(group, schema)
            writer.write_table(table, ROWS_A_GROUP)
            written += len(table)
            yield drain.take()
    yield drain.take()
    if written != expected:
        raise AccountingError("rows of output", expected, written)


def group_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches together that make up a row group."""
    group: list[pa.RecordBatch] = []
    for batch in chain(batches, [None]):
        rows, size = sum(map(len, group)), sum(part.nbytes for part in group)
        if group and (batch is None or rows >= ROWS_A_GROUP or size >= BYTES_A_GROUP):
            yield group
            group = []
        if batch is not None:
            group.append(batch)


class DrainBuffer:
    """A file for pyarrow to write to, whose bytes are taken as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 - as above
        """Add bytes."""
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """Return the number of bytes so far."""
        return self._size

    def flush(self) -> None:
        """Do nothing: bytes are kept until they are taken."""

    def close(self) -> None:
        """Mark the file as closed."""
        self.closed = True

    def take(self) -> bytes:
        """Return the bytes since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def read_stored_rows(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], parquet_files: ParquetFiles
) -> tuple[pa.Schema, Iterator[Part], str]:
    """Return the schema of Parquet input, its chosen rows, and its codec.

    Raises InputError for files with different columns, and for a file that has changed since.
    """
    first = batches[0]
    schema = schema_of_batch(first)
    for batch in batches:
        if batch.header != first.header and not schema_of_batch(batch).equals(schema):
            raise InputError(batch.path, None, f"its columns differ from those of {first.path}")
    with open_parquet(first.path, parquet_files.again(first.path)) as table:
        codec = codec_of(table.metadata)
    files = chosen_runs(batches, chosen)
    parts = (
        part
        for path, rows, positions in files
        for part in read_run(path, rows, positions, parquet_files)
    )
    return schema, parts, codec


def schema_of_batch(batch: Batch) -> pa.Schema:
    """Return the schema that came with a batch of Parquet."""
    return pa.ipc.read_schema(pa.py_buffer(batch.header))


def chosen_runs(
    batches: Iterable[Batch], chosen: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield each reading of a file: its path, the row numbers from 0, and their positions."""
    path, rows, positions = "", [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, batch, wanted in chosen_parts(batches, chosen):
        again = len(batch) and rows[-1].size and batch.lines[0] <= rows[-1][-1] + 1
        if batch.path != path or again:
            if path:
                yield path, np.concatenate(rows), np.concatenate(positions)
            path, rows, positions = batch.path, rows[:1], positions[:1]
        if len(wanted):
            rows.append(batch.lines[wanted] - 1)
            positions.append(wanted + start)
    if path:
        yield path, np.concatenate(rows), np.concatenate(positions)


def read_run(
    path: str, rows: NDArray[np.int64], positions: NDArray[np.int64], parquet_files: ParquetFiles
) -> Iterator[Part]:
    """Yield some rows of a file, by their rising numbers from 0."""
    if not len(rows):
        return
    start = 0
    with open_parquet(path, parquet_files.again(path)) as table:
        for batch in table.iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
            first, last = np.searchsorted(rows, [start, start + len(batch)])
            if last > first:
                wanted = pa.array(rows[first:last] - start)
                yield positions[first:last], batch.take(wanted)
            start += len(batch)


@dataclass(frozen=True, slots=True)
class OutputTable:
    """Rows of one schema on their way out."""

    schema: pa.Schema
    parts: Iterable[Part]
    codec: str = USUAL


def write_table(
    batches: Sequence[Batch],
    chosen: NDArray[np.bool_],
    parquet_files: ParquetFiles,
    annotation: Annotation | None = None,
) -> Iterator[bytes]:
    """Yield a Parquet file of the records where ``chosen`` holds, in input order, piece by piece.

    Rows that came from Parquet keep their columns, types and metadata. An annotation is added in
    columns as ``dedupe_cluster``. Raises InputError for records that are not of one kind, for
    values that cannot be one column, and where there is such a column already.
    """
    table = output_table(batches, chosen, parquet_files)
    count = int(np.count_nonzero(chosen))
    if annotation:
        schema = widen_schema(table.schema, annotation, batches)
        rows = (widen_batch(part, annotation, schema) for part in table.parts)
        yield from encode_table(schema, rows, table.codec, count)
        return
    if not len(table.schema):
        raise InputError(
            "the input", None, "has no records; Parquet output needs at least one column"
        )
    rows = (rows for _, rows in table.parts)
    yield from encode_table(table.schema, rows, table.codec, count)


def write_pairs_table(corpus: Corpus, pairs: Pairs, settings: Settings) -> Iterator[bytes]:
    """Yield scored pairs as a Parquet file, in columns named as the members of the objects."""
    names = [field.name for field in settings.field]
    positions = RecordLocations(corpus)
    schema = pair_schema(names, several=positions.several)
    starts = range(0, len(pairs), ROWS_AT_ONCE)
    rows = (
        [
            pair_object(pairs, row, names, positions)
            for row in range(len(pairs))[at : at + ROWS_AT_ONCE]
        ]
        for at in starts
    )
    batches = (pa.RecordBatch.from_pylist(some, schema) for some in rows)
    yield from encode_table(schema, batches, USUAL, len(pairs))


def pair_schema(names: Sequence[str], *, several: bool) -> pa.Schema:
    """Return the columns of pairs over some fields, with paths if there are several files."""
    paths = {"a_path": pa.string(), "b_path": pa.string()} if several else {}
    return pa.schema(
        {
            "a": pa.string(),
            "b": pa.string(),
            **paths,
            "a_line": pa.int64(),
            "b_line": pa.int64(),
            "score": pa.float64(),
            "fields": pa.struct(dict.fromkeys(names, pa.float64())),
            "reason": pa.string(),
        }
    )


def write_blocks(records: Sequence[dict[str, str | int]]) -> Iterator[bytes]:
    """Yield the blocks of pages as a Parquet file."""
    batch = pa.RecordBatch.from_pylist(records, BLOCKS)
    yield from encode_table(BLOCKS, [batch], USUAL, len(records))


def output_table(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], parquet_files: ParquetFiles
) -> OutputTable:
    """Return the chosen records as a table; raises InputError."""
    first = next(iter(batches), None)
    for batch in batches:
        if first and (batch.format == "parquet") != (first.format == "parquet"):
            reason = f"{batch.format} cannot go into one table with the {first.format} of "
            raise InputError(batch.path, None, reason + first.path)
    if first and first.format == "parquet":
        return OutputTable(*read_stored_rows(batches, chosen, parquet_files))
    schema = output_schema(batches)
    return OutputTable(schema, build_batches(batches, chosen, schema))


def output_schema(batches: Sequence[Batch]) -> pa.Schema:
    """Return the columns of records without a schema: all strings in a table; raises InputError."""
    if batches and is_table(batches[0]):
        return pa.schema([(name, pa.string()) for name in csv_names(batches[0], "Parquet")])
    records = ((batch.path, batch_records(batch), batch.lines.tolist()) for batch in batches)
    return infer_schema(records)


def build_batches(
    batches: Iterable[Batch], chosen: NDArray[np.bool_], schema: pa.Schema
) -> Iterator[Part]:
    """Yield rows made from records."""
    for start, batch, wanted in chosen_parts(batches, chosen):
        records = batch_records(batch)
        for at in range(0, len(wanted), ROWS_AT_ONCE):
            some = wanted[at : at + ROWS_AT_ONCE]
            rows = [records[position] for position in some.tolist()]
            yield some + start, pa.RecordBatch.from_pylist(rows, schema)


def widen_schema(schema: pa.Schema, annotation: Annotation, batches: Iterable[Batch]) -> pa.Schema:
    """Return a schema with the columns that are added; raises InputError where it has them."""
    metadata = {name: value for name, value in (schema.metadata or {}).items() if name != SPARKS}
    into = annotation.into
    added = [pa.field(f"{into}_{key}", ADDED[key]) for key in annotation.keys]
    for field in added:
        if field.name in schema.names:
            path = next(batch.path for batch in batches)
            raise taken_error(path, None, field.name)
    return pa.schema([*schema, *added], metadata or None)


def widen_batch(part: Part, annotation: Annotation, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows with their annotation."""
    positions, rows = part
    first = int(positions[0])
    found = annotation.rows(first, int(positions[-1]) + 1)
    wanted = [found[at] for at in (positions - first).tolist()]
    added = [pa.array([row.get(key) for row in wanted], ADDED[key]) for key in annotation.keys]
    return pa.RecordBatch.from_arrays([*rows.columns, *added], schema=schema)
