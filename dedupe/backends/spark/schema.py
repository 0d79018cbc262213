"""What passes between the driver and the workers: schemas, and Arrow to numpy and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping


RECORDS = (
    "file string, block long, place long, line long, raw binary, reason string, id string, "
    "source string, time long, digest long, check long, filled long, lengths long, "
    "texts array<binary>, met array<long>"
)
"""A line as it was read: ``position`` counts the records of its block, ``line`` its lines, from 1.

A bad line has a ``reason``, and a place of -1 where it may not be skipped. The last row of a block
has no ``raw``: ``met`` has its lines, bytes, blank lines and dates that could not be read.
"""
TOLD = (
    "first long, words binary, zones binary, text binary, print long, check long, version int, "
    "withdrawn boolean, bands array<long>, anchors array<long>, hashes binary, spelled binary"
)
"""A distinct text, known by the record that first has it; some rows bring new words along."""
SPELLINGS = "hash long, word binary"
KEYS = "family long, key long, kind long"
DEALT = "place long, keys binary"
"""Keys that belong together, packed as :mod:`dedupe.backends.spark.blocking_keys` has them."""
PAIRED = "part long, size long, codes binary"
"""Pairs of contents, so many in a blob of 64-bit pair keys; or what is told of buckets."""
REACHED = "kind long, reach long"


def scored_schema(fields: int) -> str:
    """The score on the pair of each place, with the similarity of each field."""
    parts = (f"part_{field} double" for field in range(fields))
    return ", ".join(["place long, score double, hope double", *parts])


def batch_of(schema: str, columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Rows for Spark, whose columns are as the schema names them."""
    types = dict(part.split() for part in schema.split(", "))
    arrays = [as_array(columns[name], ARROW[kind]) for name, kind in types.items()]
    return pa.RecordBatch.from_arrays(arrays, list(types))


def as_array(values: Any, kind: pa.DataType) -> pa.Array:  # noqa: ANN401 - what Arrow takes
    """Values as Arrow has them."""
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


ARROW = {
    "long": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "string": pa.string(),
    "array<long>": pa.list_(pa.int64()),
    "array<binary>": pa.list_(pa.binary()),
}
