"""What the tests of Parquet share: small files, and stories for them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from readers import read_bytes

from dedupe.config import Settings
from dedupe.io.parquet import ParquetFiles
from dedupe.io.parquet_write import write_table
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.models import Format


def parquet(table: pa.Table | dict[str, Any], **options: Any) -> bytes:
    """A table as the bytes of a file."""
    out = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), out, **options)
    return out.getvalue()


LAMP = parquet({"title": ["Lamp"]})
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
SPARSE = st.fixed_dictionaries(
    {"title": TEXTS},
    optional={
        "id": TEXTS,
        "lede": TEXTS,
        "n": st.integers(-(2**63), 2**63 - 1),
        "x": st.floats(allow_nan=False, allow_infinity=False),
        "ok": st.booleans(),
        "tags": st.lists(TEXTS, max_size=3),
        "more": st.fixed_dictionaries({"a": TEXTS}, optional={"b": st.integers(0, 9)}),
    },
)
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "title": pa.string(),
        "lede": pa.string(),
        "n": pa.int64(),
        "x": pa.float64(),
        "ok": pa.bool_(),
        "tags": pa.list_(pa.string()),
        "more": pa.struct({"a": pa.string(), "b": pa.int64()}),
    }
)


def in_order(story: dict[str, Any], fields: pa.Schema | pa.StructType) -> dict[str, Any]:
    """A story with its members in the order of columns."""
    held = {field.name: (story[field.name], field.type) for field in fields if field.name in story}
    nested = pa.types.is_struct
    return {name: in_order(v, kind) if nested(kind) else v for name, (v, kind) in held.items()}


def table_of(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def chosen_rows(data: bytes, chosen: Sequence[bool], kind: Format | None = None) -> pa.Table:
    """Some records of an input, written as Parquet."""
    with ParquetFiles() as tables:
        batches = list(
            read(
                [],
                Settings(),
                ReadStats(),
                stdin=io.BytesIO(data),
                format=kind,
                parquet_files=tables,
            )
        )
        return table_of(b"".join(write_table(batches, np.array(chosen, bool), tables)))


def all_rows(data: bytes, kind: Format | None = "jsonl") -> pa.Table:
    return chosen_rows(data, [True] * sum(map(len, read_bytes(data, kind))), kind)


def lines(*records: object) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)
