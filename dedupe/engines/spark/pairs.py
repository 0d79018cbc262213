"""Keys to candidate pairs, on the workers, by the function of any run."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HALF, PART, Candidates, Crowd, Family, join, pair
from dedupe.engines.arrow import blobs
from dedupe.engines.spark.carry import asked_of, columns_of, sorted_columns
from dedupe.engines.spark.keys import KEY, deal, deal_again, keep_crowds
from dedupe.engines.spark.schema import PAIRED, batch_of
from dedupe.errors import EngineError
from dedupe.hashing import changes, distinct, thin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.candidates import Found
    from dedupe.engines.spark.keys import Keys
    from dedupe.engines.spark.stage import Stage

KINDS = 1 << 16
"""Pairs are staged in parts by their lower kind, so many kinds a part."""
PAIRS = 1 << 22
"""So many pairs come to the driver at a time, at the least."""
NOTES, DONE = -1, -1
"""The part that tells of buckets, and what stands for a family where it tells of a place."""


def meet(
    stage: Stage,
    fields: Sequence[DataFrame],
    kinds: NDArray[np.int64],
    crowd: Crowd | None = None,
) -> Candidates:
    """Candidate pairs among some kinds, given in order; the tables have a row a kind.

    ``crowd`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`; its keys must be among
    those that were found crowded when all kinds met last. The pairs must have been taken before the
    next ones are asked for. Raises EngineError where Spark brings rows out of order.
    """
    living = asked_of(stage.spark, {"kind": kinds, "rank": np.arange(len(kinds))})
    if crowd is None:
        dealt = deal(fields, living, len(kinds))
    else:
        dealt = deal_again(stage, crowd, living, len(kinds))
    together = dealt.repartition("place").sortWithinPartitions("place")
    paired = together.mapInArrow(pair_rows, PAIRED)
    in_order = paired.repartition("part").sortWithinPartitions("part")
    staged = stage.keep("pairs", in_order.mapInArrow(thin_rows, PAIRED), by=["part"])
    found = told_in(staged)
    if crowd is None:
        keep_crowds(stage, fields, found.crowded)
    return found


def told_in(staged: DataFrame) -> Candidates:
    """The staged pairs, and what was told of buckets."""
    told = columns_of(staged.where(f"part = {NOTES}"), "codes")["codes"]
    family, key, size = np.frombuffer(b"".join(told), np.int64).reshape(-1, 3).T
    done = key[family == DONE]
    if len(distinct(done)) < len(done):
        raise EngineError("Spark gave the keys of one place to several workers")
    hot = np.flatnonzero(family != DONE)
    hot = hot[np.lexsort((key[hot], family[hot]))]
    sizes = sorted_columns(staged.where(f"part <> {NOTES}"), "part", "size")
    return Candidates(
        parts=proposed(staged, sizes["part"], sizes["size"]),
        count=int(sizes["size"].sum()),
        hot_buckets=len(hot),
        largest_bucket=int(size.max(initial=0)),
        crowded=np.stack([family[hot], key[hot]], axis=1).view(np.uint64),
    )


def proposed(
    staged: DataFrame, parts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """The staged pairs, sorted, some parts at a time; each row of a part has its size.

    Raises EngineError where a pair comes twice.
    """
    parts, firsts = np.unique(parts, return_index=True)
    pairs = np.add.reduceat(sizes, firsts) if len(firsts) else sizes
    for some in np.split(parts, np.flatnonzero(np.diff(np.cumsum(pairs) // PAIRS)) + 1):
        if len(some):
            asked = staged.where(f"part between {some[0]} and {some[-1]}")
            told = columns_of(asked, "codes")["codes"]
            codes = np.sort(np.frombuffer(b"".join(told), np.int64))
            if not changes(codes).all():
                raise EngineError("Spark gave pairs of one part to several workers")
            yield codes


def nothing_proposed() -> Candidates:
    """No pairs."""
    return Candidates((), 0, 0, 0, np.zeros((0, 2), np.uint64))


def pair_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``PAIRED`` for keys that were dealt; a pair may come from several places."""
    for place, keys in parts_of(incoming, "place", "keys", KEY):
        found = join(pair_families(keys))
        hot = [(*bucket, 0) for bucket in found.hot.view(np.int64).tolist()]
        notes = np.array([*hot, (DONE, place, found.largest)], np.int64)
        yield paired_rows(np.array([NOTES]), np.array([0, notes.size]), notes.ravel())
        parts = (found.pairs >> HALF) // KINDS
        starts = np.flatnonzero(changes(parts))
        yield paired_rows(parts[starts], np.append(starts, len(parts)), found.pairs)


def pair_families(keys: Keys) -> Iterator[Found]:
    """What keys of one place find, family by family."""
    keys = keys[np.lexsort((keys["rank"], keys["family"]))]
    cuts = np.flatnonzero(changes(keys["family"]))[1:]
    for some in np.split(keys, cuts):
        own = some["key"].astype(np.uint64)[:, None]
        names = some["kind"].astype(np.int64)
        yield pair(int(some["family"][0]), Family(own, np.arange(len(own)), names))


def thin_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same with each pair once."""
    for part, values in parts_of(incoming, "part", "codes", np.int64):
        codes = values if part == NOTES else thin(values.copy())
        ends = np.append(np.arange(0, len(codes), PART), len(codes))
        yield paired_rows(np.full(len(ends) - 1, part), ends, codes)


def paired_rows(
    parts: NDArray[np.int64], ends: NDArray[np.int64], codes: NDArray[np.int64]
) -> pa.RecordBatch:
    """Rows of ``PAIRED``: those of each part lie between two ends."""
    told = {"part": parts, "size": np.diff(ends), "codes": blobs(codes, ends)}
    return batch_of(PAIRED, told)


def parts_of(
    incoming: Iterable[pa.RecordBatch], name: str, values: str, kind: type[np.int64] | np.dtype[Any]
) -> Iterator[tuple[int, NDArray[Any]]]:
    """The values of each part, which come in blobs by the part's number.

    Raises EngineError where these come out of order: an engine that dropped the sort would else
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
            raise EngineError(f"Spark gave {name}s out of order")
        yield part, np.frombuffer(b"".join(blob for _, blob in some), kind)
        last = part
