"""Keys to candidate pairs, on the workers, by the function of any run."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, distinct_sorted, unique_sorted
from dedupe.backends.arrow import blobs
from dedupe.backends.spark.arrow import asked_of, columns_of, sorted_columns
from dedupe.backends.spark.blocking_keys import KEY, deal_again, deal_keys, keep_oversized
from dedupe.backends.spark.schema import PAIRED, batch_of
from dedupe.blocking.lsh import (
    HALF,
    PART,
    BlockingTable,
    Candidates,
    OversizedBuckets,
    join_tables,
    pair_table,
)
from dedupe.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.blocking_keys import Keys
    from dedupe.backends.spark.stage import Stage
    from dedupe.blocking.lsh import TablePairs

KINDS = 1 << 16
"""Pairs are staged in parts by their lower kind, so many contents a part."""
PAIRS = 1 << 22
"""So many pairs come to the driver at a time, at the least."""
NOTES, DONE = -1, -1
"""The part that tells of buckets, and what stands for a family where it tells of a place."""


def spark_candidate_pairs(
    stage: Stage,
    fields: Sequence[DataFrame],
    content_ids: NDArray[np.int64],
    oversized: OversizedBuckets | None = None,
) -> Candidates:
    """Candidate pairs among some contents, given in order; the tables have a row a kind.

    ``oversized`` is that of :meth:`dedupe.backends.base.Backend.candidate_pairs`; its keys must be
    among those that were found oversized when all contents met last. The pairs must have been taken
    before the next ones are asked for. Raises BackendError where Spark brings rows out of order.
    """
    surviving = asked_of(stage.spark, {"kind": content_ids, "rank": np.arange(len(content_ids))})
    if oversized is None:
        dealt = deal_keys(fields, surviving, len(content_ids))
    else:
        dealt = deal_again(stage, oversized, surviving, len(content_ids))
    together = dealt.repartition("place").sortWithinPartitions("place")
    paired = together.mapInArrow(pair_rows, PAIRED)
    in_order = paired.repartition("part").sortWithinPartitions("part")
    staged = stage.keep("pairs", in_order.mapInArrow(thin_rows, PAIRED), by=["part"])
    found = read_parts(staged)
    if oversized is None:
        keep_oversized(stage, fields, found.oversized_keys)
    return found


def read_parts(staged: DataFrame) -> Candidates:
    """The staged pairs, and what was told of buckets."""
    told = columns_of(staged.where(f"part = {NOTES}"), "codes")["codes"]
    table, key, size = np.frombuffer(b"".join(told), np.int64).reshape(-1, 3).T
    done = key[table == DONE]
    if len(distinct_sorted(done)) < len(done):
        raise BackendError("Spark gave the keys of one place to several workers")
    bucket_keys = np.flatnonzero(table != DONE)
    bucket_keys = bucket_keys[np.lexsort((key[bucket_keys], table[bucket_keys]))]
    sizes = sorted_columns(staged.where(f"part <> {NOTES}"), "part", "size")
    return Candidates(
        parts=proposed(staged, sizes["part"], sizes["size"]),
        count=int(sizes["size"].sum()),
        oversized_buckets=len(bucket_keys),
        largest_bucket=int(size.max(initial=0)),
        oversized_keys=np.stack([table[bucket_keys], key[bucket_keys]], axis=1).view(np.uint64),
    )


def proposed(
    staged: DataFrame, parts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """The staged pairs, sorted, some parts at a time; each row of a part has its size.

    Raises BackendError where a pair comes twice.
    """
    parts, firsts = np.unique(parts, return_index=True)
    pairs = np.add.reduceat(sizes, firsts) if len(firsts) else sizes
    for some in np.split(parts, np.flatnonzero(np.diff(np.cumsum(pairs) // PAIRS)) + 1):
        if len(some):
            asked = staged.where(f"part between {some[0]} and {some[-1]}")
            told = columns_of(asked, "codes")["codes"]
            pair_keys = np.sort(np.frombuffer(b"".join(told), np.int64))
            if not change_mask(pair_keys).all():
                raise BackendError("Spark gave pairs of one part to several workers")
            yield pair_keys


def nothing_proposed() -> Candidates:
    """No pairs."""
    return Candidates((), 0, 0, 0, np.zeros((0, 2), np.uint64))


def pair_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``PAIRED`` for keys that were dealt; a pair may come from several places."""
    for position, keys in parts_of(incoming, "place", "keys", KEY):
        found = join_tables(pair_tables(keys))
        bucket_keys = [(*bucket, 0) for bucket in found.bucket_keys.view(np.int64).tolist()]
        notes = np.array([*bucket_keys, (DONE, position, found.largest)], np.int64)
        yield paired_rows(np.array([NOTES]), np.array([0, notes.size]), notes.ravel())
        parts = (found.pairs >> HALF) // KINDS
        starts = np.flatnonzero(change_mask(parts))
        yield paired_rows(parts[starts], np.append(starts, len(parts)), found.pairs)


def pair_tables(keys: Keys) -> Iterator[TablePairs]:
    """What keys of one place find, family by family."""
    keys = keys[np.lexsort((keys["rank"], keys["family"]))]
    cuts = np.flatnonzero(change_mask(keys["family"]))[1:]
    for some in np.split(keys, cuts):
        own = some["key"].astype(np.uint64)[:, None]
        names = some["kind"].astype(np.int64)
        yield pair_table(int(some["family"][0]), BlockingTable(own, np.arange(len(own)), names))


def thin_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same with each pair once."""
    for part, values in parts_of(incoming, "part", "codes", np.int64):
        pair_keys = values if part == NOTES else unique_sorted(values.copy())
        ends = np.append(np.arange(0, len(pair_keys), PART), len(pair_keys))
        yield paired_rows(np.full(len(ends) - 1, part), ends, pair_keys)


def paired_rows(
    parts: NDArray[np.int64], ends: NDArray[np.int64], pair_keys: NDArray[np.int64]
) -> pa.RecordBatch:
    """Rows of ``PAIRED``: those of each part lie between two ends."""
    told = {"part": parts, "size": np.diff(ends), "codes": blobs(pair_keys, ends)}
    return batch_of(PAIRED, told)


def parts_of(
    incoming: Iterable[pa.RecordBatch], name: str, values: str, kind: type[np.int64] | np.dtype[Any]
) -> Iterator[tuple[int, NDArray[Any]]]:
    """The values of each part, which come in blobs by the part's number.

    Raises BackendError where these come out of order: a backend that dropped the sort would else
    give other pairs without a word.
    """
    last = NOTES - 1
    rows = (
        row
        for batch in incoming
        for row in zip(batch[name].to_pylist(), batch[values].to_pylist(), strict=True)
    )
    for part, some in groupby(rows, itemgetter(0)):
        if part <= last:
            raise BackendError(f"Spark gave {name}s out of order")
        yield part, np.frombuffer(b"".join(blob for _, blob in some), kind)
        last = part
