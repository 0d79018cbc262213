"""Keys on the workers: packed, and dealt to places where equal ones come together."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HALF, hot_keys
from dedupe.engines.arrow import blobs, matrix_of, numbers
from dedupe.engines.spark.carry import asked_of
from dedupe.engines.spark.schema import DEALT, KEYS, batch_of
from dedupe.hashing import changes, find, mix64

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.candidates import Crowd
    from dedupe.engines.spark.stage import Stage

    Keys = NDArray[Any]
    """Of type ``KEY``."""

KEY = np.dtype([("key", "<u8"), ("family", "<i4"), ("rank", "<i4"), ("kind", "<i4")])
BUCKET = ("family", "key")
CROWDS = "crowds"
"""The table of all keys of the buckets that were hot when all kinds met last."""
WIDE = 1 << 16
"""More than any field has families of keys."""
KINDS = 1 << 16
"""The keys of so many kinds are at one place, on the average."""


def deal(fields: Sequence[DataFrame], living: DataFrame, kinds: int) -> DataFrame:
    """Rows of ``DEALT`` for the keys of so many living kinds; each of the fields has a table."""
    places = places_for(kinds * len(fields))
    dealt = [
        table.join(living, "kind").mapInArrow(partial(deal_rows, field, places), DEALT)
        for field, table in enumerate(fields)
    ]
    return reduce(lambda one, other: one.unionByName(other), dealt)


def deal_again(stage: Stage, crowd: Crowd, living: DataFrame, kinds: int) -> DataFrame:
    """The same for the buckets of a crowd, of those seen by :func:`keep_crowds`, that it stirs."""
    crowds = stage.kept(CROWDS, KEYS)
    moved = asked_of(stage.spark, {"kind": crowd.kinds})
    buckets = crowds.join(moved, "kind", "left_semi").select(*BUCKET).distinct()
    keys = dict(zip(BUCKET, crowd.keys.view(np.int64).T, strict=True))
    wanted = buckets.join(asked_of(stage.spark, keys), list(BUCKET), "left_semi")
    again = crowds.join(wanted, list(BUCKET), "left_semi").join(living, "kind")
    return again.mapInArrow(partial(deal_packed, places_for(kinds)), DEALT)


def keep_crowds(stage: Stage, fields: Sequence[DataFrame], crowded: NDArray[np.uint64]) -> None:
    """Stage all keys of crowded buckets, told by family and key, for later rounds."""
    found = [
        table.mapInArrow(partial(crowded_rows, field, crowded), KEYS)
        for field, table in enumerate(fields)
    ]
    stage.keep(CROWDS, reduce(lambda one, other: one.unionByName(other), found))


def places_for(kinds: int) -> int:
    """At how many places the keys of so many kinds are."""
    return max(1, kinds // KINDS)


def deal_rows(
    field: int, places: int, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``DEALT`` for kinds with their ranks and keys."""
    for batch in filter(len, incoming):
        keys, rows = keys_of(batch, field)
        keys["rank"] = numbers(batch["rank"])[rows]
        yield dealt_rows(keys, places)


def deal_packed(places: int, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same for keys that have a row each."""
    for batch in filter(len, incoming):
        keys = np.empty(batch.num_rows, KEY)
        keys["key"] = numbers(batch["key"]).view(np.uint64)
        for name in ("family", "rank", "kind"):
            keys[name] = numbers(batch[name])
        yield dealt_rows(keys, places)


def crowded_rows(
    field: int, crowded: NDArray[np.uint64], incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``KEYS`` for what keys of kinds are crowded."""
    wanted = {family: hot_keys(crowded, family) for family in np.unique(crowded[:, 0]).tolist()}
    for batch in filter(len, incoming):
        keys, _ = keys_of(batch, field)
        for family, hot in wanted.items():
            some = keys[keys["family"] == family]
            some = some[find(hot, some["key"]) >= 0]
            told = {name: some[name].astype(np.int64) for name in ("family", "key", "kind")}
            yield batch_of(KEYS, told)


def keys_of(batch: pa.RecordBatch, field: int) -> tuple[Keys, NDArray[np.int64]]:
    """The keys of some kinds but for their ranks, and in which row of the batch each stands.

    Each band of a field is a family, and its anchors are one.
    """
    anchors, bands = matrix_of(batch["anchors"]), matrix_of(batch["bands"])
    every = np.concatenate([anchors, bands], axis=1)
    families = np.append(np.zeros(anchors.shape[1]), np.arange(1, bands.shape[1] + 1))
    rows, columns = np.nonzero(every)
    keys = np.empty(len(rows), KEY)
    keys["key"] = every[rows, columns].view(np.uint64)
    keys["kind"] = numbers(batch["kind"])[rows]
    keys["family"] = families[columns] + field * WIDE
    return keys, rows


def dealt_rows(keys: Keys, places: int) -> pa.RecordBatch:
    """Rows of ``DEALT`` for some keys."""
    mixed = mix64(keys["key"]) >> np.uint64(HALF)
    at = (mixed * np.uint64(places) >> np.uint64(HALF)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    starts = np.flatnonzero(changes(at[order]))
    packed = blobs(keys[order], np.append(starts, len(at)))
    return batch_of(DEALT, {"place": at[order[starts]], "keys": packed})
