"""Rows of Arrow to a Parquet file, in pieces, for whatever takes bytes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from dedupe.errors import AccountingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROWS_A_GROUP, BYTES_A_GROUP = 1 << 17, 1 << 26
USUAL = "snappy"
CODECS = {"UNCOMPRESSED": "none", "GZIP": "gzip", "BROTLI": "brotli", "ZSTD": "zstd"}


def codec_of(metadata: Any) -> str:  # noqa: ANN401 - of Arrow, which has no types
    """How a file is compressed; the usual way where it tells none that we write."""
    if not metadata.num_row_groups or not metadata.num_columns:
        return USUAL
    return CODECS.get(metadata.row_group(0).column(0).compression, USUAL)


def packed(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], codec: str, expected: int
) -> Iterator[bytes]:
    """A Parquet file piece by piece; raises AccountingError for another number of rows."""
    drain = Drain()
    written = 0
    with pq.ParquetWriter(drain, schema, compression=codec) as writer:
        for group in groups(batches):
            table = pa.Table.from_batches(group, schema)
            writer.write_table(table, ROWS_A_GROUP)
            written += len(table)
            yield drain.take()
    yield drain.take()
    if written != expected:
        raise AccountingError("rows of output", expected, written)


def groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """As many batches together as a row group should have."""
    group: list[pa.RecordBatch] = []
    for batch in chain(batches, [None]):
        rows, size = sum(map(len, group)), sum(held.nbytes for held in group)
        if group and (batch is None or rows >= ROWS_A_GROUP or size >= BYTES_A_GROUP):
            yield group
            group = []
        if batch is not None:
            group.append(batch)


class Drain:
    """A file for pyarrow to write to, emptied as it fills."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 - as above
        """Take bytes."""
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """How many bytes there were."""
        return self._size

    def flush(self) -> None:
        """Keep them."""

    def close(self) -> None:
        """End."""
        self.closed = True

    def take(self) -> bytes:
        """What has come since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
