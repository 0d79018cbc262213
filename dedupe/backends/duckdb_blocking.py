"""Keys on disk to candidate pairs: each family by ranges of its keys."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.arrow import numbers_array
from dedupe.blocking.lsh import (
    BlockingTable,
    Candidates,
    OversizedBuckets,
    TablePairs,
    pair_table,
    rebatch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.backends.scratch import ScratchDatabase

    Take = Callable[[int, str], TablePairs]
    """Pairs the keys of a family that a query tells, with the contents that have them."""

ROWS = 1 << 20
PART = 1 << 20
"""So many keys of a family are paired at a time."""
KEYS = 1 << 64


def disk_candidate_pairs(
    scratch: ScratchDatabase,
    bands: Sequence[int],
    content_ids: NDArray[np.int64],
    oversized: OversizedBuckets | None = None,
) -> Candidates:
    """Candidate pairs among some contents, given in order; ``bands`` counts those of each field.

    ``oversized`` is that of :meth:`dedupe.backends.base.Backend.candidate_pairs`; its keys must be
    among those that were found oversized when all contents met last.
    """
    scratch.do("create or replace table met (code bigint)")
    ranks = np.full(int(content_ids.max(initial=-1)) + 1, -1, np.int32)
    ranks[content_ids] = np.arange(len(content_ids), dtype=np.int32)
    take = partial(pair_key_range, scratch, ranks)
    found = list(
        pair_all_keys(scratch, bands, take)
        if oversized is None
        else pair_oversized(scratch, oversized, take)
    )
    scratch.do("create or replace table proposed as select distinct code from met")
    scratch.do("drop table met")
    bucket_keys = np.concatenate(
        [np.zeros((0, 2), np.uint64), *(part.bucket_keys for part in found)]
    )
    largest = max((part.largest for part in found), default=0)
    return Candidates(
        to_candidates(scratch), scratch.count("proposed"), len(bucket_keys), largest, bucket_keys
    )


def pair_all_keys(
    scratch: ScratchDatabase, bands: Sequence[int], take: Take
) -> Iterator[TablePairs]:
    """Pair all keys of every blocking table; contents with an oversized key are stored."""
    scratch.do("create or replace table crowds (family integer, key ubigint, kind bigint)")
    for number, (table, key) in enumerate(blocking_tables(bands)):
        rows = f"select {key} as key, kind from {table}"
        count = scratch.count(table)
        for span in row_spans(count):
            found = take(number, f"{rows} where {span}")
            scratch.put("hot", {"key": found.bucket_keys[:, 1]})
            yield found
        if count:
            scratch.do(
                f"insert into crowds select {number}, * from ({rows}) semi join hot using (key)"
            )
            scratch.do("drop table hot")


def pair_oversized(
    scratch: ScratchDatabase, oversized: OversizedBuckets, take: Take
) -> Iterator[TablePairs]:
    """What the oversized keys of the contents find that were stirred."""
    scratch.put("stirred", {"kind": oversized.content_ids})
    scratch.put("crowded", {"family": oversized.keys[:, 0], "key": oversized.keys[:, 1]})
    scratch.do(
        "create table again as select crowds.* from crowds semi join "
        "(select family, key from crowds semi join stirred using (kind)) using (family, key) "
        "semi join crowded using (family, key)"
    )
    for number in np.unique(oversized.keys[:, 0]).tolist():
        rows = f"select key, kind from again where family = {number}"
        for span in row_spans(scratch.count(f"({rows})")):
            yield take(number, f"{rows} and {span}")
    for table in ("stirred", "crowded", "again"):
        scratch.do(f"drop table {table}")


def row_spans(count: int) -> Iterator[str]:
    """Conditions that part so many keys by their ranges, 0 left out."""
    parts = -(-count // PART)
    for part in range(parts):
        low, high = (KEYS * at // parts for at in (part, part + 1))
        yield f"key between {max(low, 1)} and {high - 1}"


def pair_key_range(
    scratch: ScratchDatabase, ranks: NDArray[np.int32], number: int, query: str
) -> TablePairs:
    """What some keys of a family find; their pairs go to table ``met``.

    ``ranks`` gives the place of each content, -1 for one that is not to meet any.
    """
    keys, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for batch in scratch.stream(query, ROWS):
        content_ids = numbers_array(batch["kind"])
        here = np.flatnonzero(content_ids < len(ranks))
        here = here[ranks[content_ids[here]] >= 0]
        keys.append(numbers_array(batch["key"])[here])
        owners.append(content_ids[here])
    names = np.concatenate(owners)
    order = np.argsort(ranks[names])
    every = np.concatenate(keys)[order, None]
    found = pair_table(number, BlockingTable(every, np.arange(len(order)), names[order]))
    scratch.put("met", {"code": found.pairs})
    return replace(found, pairs=np.zeros(0, np.int64))


def blocking_tables(bands: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The table and the column of each family of keys, in the order of a run in memory."""
    for field, count in enumerate(bands):
        for band in range(count):
            yield f"kinds_{field}", f"band_{band}"
        yield f"anchors_{field}", "anchor"


def to_candidates(scratch: ScratchDatabase) -> Iterator[NDArray[np.int64]]:
    """The pairs that were proposed last, sorted, in parts."""
    batches = scratch.sorted("select code from proposed order by code", "code", ROWS)
    yield from rebatch(numbers_array(batch["code"]) for batch in batches)
    scratch.do("drop table proposed")
