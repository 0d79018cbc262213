"""Keys on the workers: packed, and dealt to places where equal ones come together."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, find_positions
from dedupe.backends.arrow import blobs, matrix_of, numbers_array
from dedupe.backends.spark.arrow import asked_of
from dedupe.backends.spark.schema import DEALT, KEYS, batch_of
from dedupe.blocking.lsh import HALF, keys_of_oversized
from dedupe.hashing import mix64

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.stage import Stage
    from dedupe.blocking.lsh import OversizedBuckets

    Keys = NDArray[Any]
    """Of type ``KEY``."""

KEY = np.dtype([("key", "<u8"), ("family", "<i4"), ("rank", "<i4"), ("kind", "<i4")])
BUCKET = ("family", "key")
OVERSIZED = "crowds"
"""The table of all keys of the buckets that were hot when all contents met last."""
WIDE = 1 << 16
"""More than any field has families of keys."""
KINDS = 1 << 16
"""The keys of so many contents are at one place, on the average."""


def deal_keys(fields: Sequence[DataFrame], surviving: DataFrame, content_ids: int) -> DataFrame:
    """Rows of ``DEALT`` for the keys of so many surviving contents; each field has a table."""
    positions = positions_for(content_ids * len(fields))
    dealt = [
        table.join(surviving, "kind").mapInArrow(partial(deal_rows, field, positions), DEALT)
        for field, table in enumerate(fields)
    ]
    return reduce(lambda left, right: left.unionByName(right), dealt)


def deal_again(
    stage: Stage, oversized: OversizedBuckets, surviving: DataFrame, content_ids: int
) -> DataFrame:
    """The same for the buckets of :func:`keep_oversized` that ``oversized`` changes."""
    bucket_counts = stage.kept(OVERSIZED, KEYS)
    moved = asked_of(stage.spark, {"kind": oversized.content_ids})
    buckets = bucket_counts.join(moved, "kind", "left_semi").select(*BUCKET).distinct()
    keys = dict(zip(BUCKET, oversized.keys.view(np.int64).T, strict=True))
    wanted = buckets.join(asked_of(stage.spark, keys), list(BUCKET), "left_semi")
    again = bucket_counts.join(wanted, list(BUCKET), "left_semi").join(surviving, "kind")
    return again.mapInArrow(partial(deal_packed, positions_for(content_ids)), DEALT)


def keep_oversized(
    stage: Stage, fields: Sequence[DataFrame], oversized_keys: NDArray[np.uint64]
) -> None:
    """Stage all keys of oversized buckets, told by family and key, for later passes."""
    found = [
        table.mapInArrow(partial(oversized_rows, field, oversized_keys), KEYS)
        for field, table in enumerate(fields)
    ]
    stage.keep(OVERSIZED, reduce(lambda left, right: left.unionByName(right), found))


def positions_for(content_ids: int) -> int:
    """At how many places the keys of so many contents are."""
    return max(1, content_ids // KINDS)


def deal_rows(
    field: int, positions: int, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``DEALT`` for contents with their ranks and keys."""
    for batch in filter(len, incoming):
        keys, rows = keys_of(batch, field)
        keys["rank"] = numbers_array(batch["rank"])[rows]
        yield dealt_rows(keys, positions)


def deal_packed(positions: int, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same for keys that have a row each."""
    for batch in filter(len, incoming):
        keys = np.empty(batch.num_rows, KEY)
        keys["key"] = numbers_array(batch["key"]).view(np.uint64)
        for name in ("family", "rank", "kind"):
            keys[name] = numbers_array(batch[name])
        yield dealt_rows(keys, positions)


def oversized_rows(
    field: int, oversized_keys: NDArray[np.uint64], incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``KEYS`` for what keys of contents are oversized."""
    wanted = {
        table: keys_of_oversized(oversized_keys, table)
        for table in np.unique(oversized_keys[:, 0]).tolist()
    }
    for batch in filter(len, incoming):
        keys, _ = keys_of(batch, field)
        for table, bucket_keys in wanted.items():
            some = keys[keys["family"] == table]
            some = some[find_positions(bucket_keys, some["key"]) >= 0]
            told = {name: some[name].astype(np.int64) for name in ("family", "key", "kind")}
            yield batch_of(KEYS, told)


def keys_of(batch: pa.RecordBatch, field: int) -> tuple[Keys, NDArray[np.int64]]:
    """The keys of some contents but for their ranks, and in which row of the batch each stands.

    Each band of a field is a family, and its rare-word pairs are one.
    """
    rare_pairs, bands = matrix_of(batch["anchors"]), matrix_of(batch["bands"])
    every = np.concatenate([rare_pairs, bands], axis=1)
    blocking_tables = np.append(np.zeros(rare_pairs.shape[1]), np.arange(1, bands.shape[1] + 1))
    rows, columns = np.nonzero(every)
    keys = np.empty(len(rows), KEY)
    keys["key"] = every[rows, columns].view(np.uint64)
    keys["kind"] = numbers_array(batch["kind"])[rows]
    keys["family"] = blocking_tables[columns] + field * WIDE
    return keys, rows


def dealt_rows(keys: Keys, positions: int) -> pa.RecordBatch:
    """Rows of ``DEALT`` for some keys."""
    mixed = mix64(keys["key"]) >> np.uint64(HALF)
    at = (mixed * np.uint64(positions) >> np.uint64(HALF)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    starts = np.flatnonzero(change_mask(at[order]))
    packed = blobs(keys[order], np.append(starts, len(at)))
    return batch_of(DEALT, {"place": at[order[starts]], "keys": packed})
