"""Keys on disk to candidate pairs: the database sorts, buckets are paired as they pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import PART, Candidates, Crowd, Found, of_family, pair_sorted
from dedupe.engines.arrow import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.engines.spill import Spill

ROWS = 1 << 20


def meet(
    spill: Spill,
    bands: Sequence[int],
    kinds: NDArray[np.int64],
    crowd: Crowd | None = None,
) -> Candidates:
    """Candidate pairs among some kinds, given in order; ``bands`` counts those of each field.

    ``crowd`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`.
    """
    spill.put("living", {"kind": kinds, "place": np.arange(len(kinds))})
    if crowd is not None:
        spill.put("crowded", {"family": crowd.keys[:, 0], "key": crowd.keys[:, 1]})
        spill.put("stirred", {"kind": crowd.kinds})
    spill.do("create table met (code bigint)")
    hot, largest = [np.zeros((0, 2), np.uint64)], 0
    for number, (field, key) in enumerate(families(bands)):
        wanted = "" if crowd is None else among(number, field, key)
        for found in pair_family(spill, field, key, wanted):
            hot.append(of_family(number, found).hot)
            largest = max(largest, found.largest)
            if len(found.pairs):
                spill.put("met", {"code": found.pairs})
    spill.do("create or replace table proposed as select distinct code from met")
    for table in ("living", "crowded", "stirred", "met"):
        spill.do(f"drop table if exists {table}")
    keys = np.concatenate(hot)
    return Candidates(proposed(spill), spill.count("proposed"), len(keys), largest, keys)


def proposed(spill: Spill) -> Iterator[NDArray[np.int64]]:
    """The pairs that were proposed last, sorted, in parts."""
    for batch in spill.stream("select code from proposed order by code", "code", PART):
        yield numbers(batch["code"])
    spill.do("drop table proposed")


def among(number: int, field: int, key: str) -> str:
    """The condition that a key was crowded in a family, and that a kind has it that was stirred."""
    return (
        f"and key in (select key from crowded where family = {number}) "
        f"and key in (select {key} from kinds_{field} join stirred using (kind))"
    )


def families(bands: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The field and the column of each family of keys, in the order of a run in memory."""
    for field, count in enumerate(bands):
        for key in (*(f"band_{band}" for band in range(count)), "unnest(anchors)"):
            yield field, key


def pair_family(spill: Spill, field: int, key: str, wanted: str) -> Iterator[Found]:
    """The pairs of one family of keys that meet a condition, whole buckets at a time."""
    query = (
        f"select key, kind from (select {key} as key, kind, place from kinds_{field} "
        f"join living using (kind)) where key <> 0 {wanted} order by key, place"
    )
    keys, owners = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for batch in spill.stream(query, "key", ROWS):
        keys = np.concatenate([keys, numbers(batch["key"])])
        owners = np.concatenate([owners, numbers(batch["kind"])])
        whole = int(np.searchsorted(keys, keys[-1]))
        yield pair_sorted(keys[:whole], owners[:whole])
        keys, owners = keys[whole:], owners[whole:]
    yield pair_sorted(keys, owners)
