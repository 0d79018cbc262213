"""Keys to candidate pairs, on the workers, by the function of any run."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as f

from dedupe.candidates import HALF, Candidates, Crowd, Found, cut, join, pair_sorted
from dedupe.engines.arrow import numbers
from dedupe.engines.spark.carry import columns_of, frame_of, sorted_columns
from dedupe.engines.spark.schema import PAIRED, batch_of
from dedupe.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    from dedupe.engines.spark.stage import Stage

    Rows = NDArray[np.int64]
    Buckets = NDArray[np.uint64]

BUCKET = ("family", "key")
WIDE = 1 << 16
"""More than any field has families of keys."""
KINDS = 1 << 16
"""Pairs are staged in parts by their lower kind, so many kinds a part."""
PAIRS = 1 << 22
"""So many pairs come to the driver at a time, or are thinned on a worker, at the least."""
NO_PART = -1
NO_BUCKET = (-1, 0)


def meet(
    stage: Stage,
    fields: Sequence[DataFrame],
    kinds: NDArray[np.int64],
    crowd: Crowd | None = None,
) -> Candidates:
    """Candidate pairs among some kinds, given in order; the tables have a row a kind.

    ``crowd`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`. The pairs must have been
    taken before the next ones are asked for.
    """
    living = frame_of(stage.spark, {"kind": kinds, "rank": np.arange(len(kinds))})
    keys = keys_among(fields, living)
    if crowd is not None:
        keys = keys.join(stirred(stage.spark, fields, crowd), list(BUCKET), "left_semi")
    in_order = keys.repartition(*BUCKET).sortWithinPartitions(*BUCKET, "rank")
    found = in_order.select(*BUCKET, "kind").mapInArrow(pair_rows, PAIRED)
    staged = stage.keep("pairs", found.repartition("part").distinct(), by=["part"])
    notes = notes_in(staged)
    crowded = np.unique(notes[notes[:, 0] >= 0, :2], axis=0)
    sized = staged.groupBy("part").agg(f.count("code").alias("pairs"))
    sizes = sorted_columns(sized, "part", "pairs")
    return Candidates(
        parts=proposed(staged, sizes["part"], sizes["pairs"]),
        count=int(sizes["pairs"].sum()),
        hot_buckets=len(crowded),
        largest_bucket=int(notes[:, 2].max(initial=0)),
        crowded=crowded.view(np.uint64),
    )


def stirred(spark: SparkSession, fields: Sequence[DataFrame], crowd: Crowd) -> DataFrame:
    """The buckets of a crowd that hold some of its kinds."""
    columns = crowd.keys.view(np.int64).T
    wanted = frame_of(spark, dict(zip(BUCKET, columns, strict=True)))
    moved = frame_of(spark, {"kind": crowd.kinds, "rank": crowd.kinds})
    return wanted.join(keys_among(fields, moved), list(BUCKET), "left_semi")


def notes_in(staged: DataFrame) -> NDArray[np.int64]:
    """What was told of buckets, a row each: family, key and size."""
    told = columns_of(staged.where(f"part = {NO_PART}"), "told")["told"]
    return np.frombuffer(b"".join(told), np.int64).reshape(-1, 3)


def proposed(
    staged: DataFrame, parts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """The staged pairs, sorted, some parts at a time; each part has its size."""
    for some in np.split(parts, np.flatnonzero(np.diff(np.cumsum(sizes) // PAIRS)) + 1):
        if len(some):
            asked = staged.where(f.col("part").between(int(some[0]), int(some[-1])))
            yield np.sort(columns_of(asked.where("code is not null"), "code")["code"])


def nothing_proposed() -> Candidates:
    """No pairs."""
    return Candidates((), 0, 0, 0, np.zeros((0, 2), np.uint64))


def keys_among(fields: Sequence[DataFrame], kinds: DataFrame) -> DataFrame:
    """A row for each key of each field of some kinds."""
    tables = [keys_of(table.join(kinds, "kind"), field) for field, table in enumerate(fields)]
    return reduce(lambda one, other: one.unionByName(other), tables)


def keys_of(table: DataFrame, field: int) -> DataFrame:
    """A row for each key of each kind of a field; its anchors are one family."""
    bands = table.select("kind", "rank", f.posexplode("bands").alias("band", "key"))
    anchors = table.select(
        "kind", "rank", f.lit(-1).alias("band"), f.explode("anchors").alias("key")
    )
    family = (f.col("band") + (field * WIDE + 1)).cast("long").alias("family")
    return bands.unionByName(anchors).where("key <> 0").select(family, "key", "rank", "kind")


def pair_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``PAIRED`` for sorted keys; a pair may come more than once."""
    for some in gathered(starmap(pair_buckets, whole_buckets(incoming))):
        for codes in cut(some.pairs):
            nothing = pa.nulls(len(codes), pa.binary())
            yield batch_of(
                PAIRED, {"part": (codes >> HALF) // KINDS, "code": codes, "told": nothing}
            )
        notes = [(*bucket, some.largest) for bucket in (NO_BUCKET, *some.hot.view(np.int64))]
        told = [np.array(note, np.int64).tobytes() for note in notes]
        yield batch_of(
            PAIRED, {"part": [NO_PART] * len(told), "code": [None] * len(told), "told": told}
        )


def gathered(found: Iterable[Found]) -> Iterator[Found]:
    """What was found, put together until there are many pairs, and thinned."""
    held: list[Found] = []
    for some in found:
        held.append(some)
        if sum(len(one.pairs) for one in held) >= PAIRS:
            yield join(held)
            held.clear()
    yield join(held)


def whole_buckets(incoming: Iterable[pa.RecordBatch]) -> Iterator[tuple[Rows, Buckets]]:
    """Sorted keys of whole buckets, which may span batches, and their buckets; one is held."""
    held: list[Rows] = []
    for rows in (*map(rows_of, filter(len, incoming)), None):
        if rows is not None:
            held.append(rows)
            if np.array_equal(held[0][:-1, 0], rows[:-1, -1]):
                continue
        if held:
            joined = np.concatenate(held, axis=1)
            buckets = buckets_of(joined[:-1])
            whole = len(buckets) if rows is None else int(np.searchsorted(buckets, buckets[-1]))
            yield joined[:, :whole], buckets[:whole]
            held = [joined[:, whole:]]


def pair_buckets(rows: Rows, buckets: Buckets) -> Found:
    """The pairs of whole buckets."""
    found = pair_sorted(buckets, rows[-1])
    hot = rows[:-1, np.searchsorted(buckets, found.hot)].T
    return replace(found, hot=np.ascontiguousarray(hot).view(np.uint64))


def rows_of(batch: pa.RecordBatch) -> Rows:
    """A batch's columns as the rows of a matrix: those of ``BUCKET``, then kinds."""
    return np.stack([numbers(batch[name]) for name in (*BUCKET, "kind")])


def buckets_of(columns: Rows) -> Buckets:
    """Sorted rows by number, equal where all columns are.

    Raises EngineError for rows out of order: an engine that dropped the sort would else give other
    pairs without a word.
    """
    tied = np.ones(columns.shape[1] - 1, dtype=bool)
    for column in columns:
        if (tied & (column[1:] < column[:-1])).any():
            raise EngineError("Spark gave keys out of order")
        tied &= column[1:] == column[:-1]
    return np.append(0, np.cumsum(~tied)).astype(np.uint64)
