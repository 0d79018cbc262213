"""Results as Parquet: the very rows of Parquet input, or columns made from other records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedupe.errors import InputError
from dedupe.writing.annotate import rows_of
from dedupe.writing.packing import USUAL, packed
from dedupe.writing.pairing import Places, pair_record
from dedupe.writing.records import names_of, records_of
from dedupe.writing.shapes import schema_of
from dedupe.writing.stored import ROWS_AT_ONCE, placed, stored
from dedupe.writing.table import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.settings import Settings
    from dedupe.stories import Batch, Clustering, Corpus, Pairs
    from dedupe.tables import Tables
    from dedupe.writing.stored import Part

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
"""Where Spark describes all columns of a file; it would not see others."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one schema on their way out."""

    schema: pa.Schema
    parts: Iterable[Part]
    codec: str = USUAL


def selected_rows(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], tables: Tables
) -> Iterator[bytes]:
    """A Parquet file of the records where ``chosen`` holds, in input order, piece by piece.

    Rows that came from Parquet keep their columns, types and metadata. Raises InputError for
    records that are not of one kind, and for values that cannot be one column.
    """
    table = table_of(batches, chosen, tables)
    if not len(table.schema):
        raise InputError("the input", None, "no record, so no column, and Parquet needs one")
    rows = (rows for _, rows in table.parts)
    yield from packed(table.schema, rows, table.codec, int(np.count_nonzero(chosen)))


def annotated_rows(
    batches: Sequence[Batch], clustering: Clustering, into: str, tables: Tables
) -> Iterator[bytes]:
    """The same of all records, each with its cluster in columns as ``dedupe_cluster``.

    Raises InputError also where there is such a column already.
    """
    count = len(clustering.canonical)
    table = table_of(batches, np.ones(count, bool), tables)
    schema = wider(table.schema, into, batches)
    rows = (widened(part, clustering, schema) for part in table.parts)
    yield from packed(schema, rows, table.codec, count)


def pair_rows(corpus: Corpus, pairs: Pairs, settings: Settings) -> Iterator[bytes]:
    """Verified pairs as a Parquet file, in columns named as the members of ``pair_lines``."""
    names = [field.name for field in settings.field]
    places = Places(corpus)
    schema = pair_schema(names, several=places.several)
    starts = range(0, len(pairs), ROWS_AT_ONCE)
    rows = (
        [
            pair_record(pairs, row, names, places)
            for row in range(len(pairs))[at : at + ROWS_AT_ONCE]
        ]
        for at in starts
    )
    batches = (pa.RecordBatch.from_pylist(some, schema) for some in rows)
    yield from packed(schema, batches, USUAL, len(pairs))


def pair_schema(names: Sequence[str], *, several: bool) -> pa.Schema:
    """The columns of pairs over so many fields; ``several`` files are told too."""
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


def block_rows(records: Sequence[dict[str, str | int]]) -> Iterator[bytes]:
    """The blocks of pages as a Parquet file."""
    batch = pa.RecordBatch.from_pylist(records, BLOCKS)
    yield from packed(BLOCKS, [batch], USUAL, len(records))


def table_of(batches: Sequence[Batch], chosen: NDArray[np.bool_], tables: Tables) -> Table:
    """Chosen records as a table; raises InputError."""
    first = next(iter(batches), None)
    for batch in batches:
        if first and (batch.format == "parquet") != (first.format == "parquet"):
            reason = f"{batch.format} cannot go into one table with the {first.format} of "
            raise InputError(batch.path, None, reason + first.path)
    if first and first.format == "parquet":
        return Table(*stored(batches, chosen, tables))
    schema = schema_for(batches)
    return Table(schema, made(batches, chosen, schema))


def schema_for(batches: Sequence[Batch]) -> pa.Schema:
    """The columns of records that have no schema: all strings in a table; raises InputError."""
    if batches and is_table(batches[0]):
        return pa.schema([(name, pa.string()) for name in names_of(batches[0])])
    held = ((batch.path, records_of(batch), batch.lines.tolist()) for batch in batches)
    return schema_of(held)


def made(batches: Iterable[Batch], chosen: NDArray[np.bool_], schema: pa.Schema) -> Iterator[Part]:
    """Rows made from records."""
    for start, batch in placed(batches):
        wanted = np.flatnonzero(chosen[start : start + len(batch)])
        records = records_of(batch)
        for at in range(0, len(wanted), ROWS_AT_ONCE):
            some = wanted[at : at + ROWS_AT_ONCE]
            rows = [records[place] for place in some.tolist()]
            yield some + start, pa.RecordBatch.from_pylist(rows, schema)


def wider(schema: pa.Schema, into: str, batches: Iterable[Batch]) -> pa.Schema:
    """A schema with the columns that are added; raises InputError where it has them."""
    metadata = {name: told for name, told in (schema.metadata or {}).items() if name != SPARKS}
    added = [pa.field(f"{into}_{key}", kind) for key, kind in ADDED.items()]
    for field in added:
        if field.name in schema.names:
            path = next(batch.path for batch in batches)
            raise InputError(path, None, f"already has {field.name}; use --into with another name")
    return pa.schema([*schema, *added], metadata or None)


def widened(part: Part, clustering: Clustering, schema: pa.Schema) -> pa.RecordBatch:
    """Rows with what was found of each."""
    places, rows = part
    found = rows_of(clustering, int(places[0]), int(places[-1]) + 1)
    added = [pa.array([row.get(key) for row in found], kind) for key, kind in ADDED.items()]
    return pa.RecordBatch.from_arrays([*rows.columns, *added], schema=schema)
