"""Keys on disk to candidate pairs: the database sorts, buckets are paired as they pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Candidates, Crowd, Found, heaped, of_family, pair_sorted
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

    ``crowd`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`; its keys must be among
    those that were found crowded when all kinds met last.
    """
    spill.put("living", {"kind": kinds, "place": np.arange(len(kinds))})
    spill.do("create or replace table met (code bigint)")
    found = list(meet_all(spill, bands) if crowd is None else meet_crowd(spill, bands, crowd))
    spill.do("create or replace table proposed as select distinct code from met")
    for table in ("living", "met"):
        spill.do(f"drop table {table}")
    hot = np.concatenate([np.zeros((0, 2), np.uint64), *(part.hot for part in found)])
    largest = max((part.largest for part in found), default=0)
    return Candidates(proposed(spill), spill.count("proposed"), len(hot), largest, hot)


def meet_all(spill: Spill, bands: Sequence[int]) -> Iterator[Found]:
    """What every family of keys finds; who has a crowded key is kept in table ``crowds``."""
    spill.do("create or replace table crowds (family integer, key ubigint, kind bigint)")
    for number, (field, key) in enumerate(families(bands)):
        keys = f"select {key} as key, kind from kinds_{field}"
        for found in pair_family(spill, number, keys):
            spill.put("hot", {"key": found.hot[:, 1]})
            yield found
        spill.do(
            f"insert into crowds select {number}, key, kind from ({keys}) semi join hot using (key)"
        )
        spill.do("drop table hot")


def meet_crowd(spill: Spill, bands: Sequence[int], crowd: Crowd) -> Iterator[Found]:
    """What the crowded keys of the kinds find that were stirred."""
    spill.put("stirred", {"kind": crowd.kinds})
    spill.put("crowded", {"family": crowd.keys[:, 0], "key": crowd.keys[:, 1]})
    spill.do(
        "create table again as select crowds.* from crowds semi join "
        "(select family, key from crowds semi join stirred using (kind)) using (family, key) "
        "semi join crowded using (family, key)"
    )
    for number, _ in enumerate(families(bands)):
        yield from pair_family(
            spill, number, f"select key, kind from again where family = {number}"
        )
    for table in ("stirred", "crowded", "again"):
        spill.do(f"drop table {table}")


def proposed(spill: Spill) -> Iterator[NDArray[np.int64]]:
    """The pairs that were proposed last, sorted, in parts."""
    batches = spill.stream("select code from proposed order by code", "code", ROWS)
    yield from heaped(numbers(batch["code"]) for batch in batches)
    spill.do("drop table proposed")


def families(bands: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The field and the column of each family of keys, in the order of a run in memory."""
    for field, count in enumerate(bands):
        for key in (*(f"band_{band}" for band in range(count)), "unnest(anchors)"):
            yield field, key


def pair_family(spill: Spill, number: int, rows: str) -> Iterator[Found]:
    """The pairs of one family, whole buckets at a time; ``rows`` selects keys and their kinds."""
    query = (
        f"select key, kind from ({rows}) join living using (kind) where key <> 0 "
        "order by key, place"
    )
    keys, owners = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for batch in spill.stream(query, "key", ROWS):
        keys = np.concatenate([keys, numbers(batch["key"])])
        owners = np.concatenate([owners, numbers(batch["kind"])])
        whole = int(np.searchsorted(keys, keys[-1]))
        yield paired(spill, number, keys[:whole], owners[:whole])
        keys, owners = keys[whole:], owners[whole:]
    yield paired(spill, number, keys, owners)


def paired(spill: Spill, number: int, keys: NDArray[np.uint64], owners: NDArray[np.int64]) -> Found:
    """What some buckets of a family find; their pairs go to table ``met``."""
    found = of_family(number, pair_sorted(keys, owners))
    spill.put("met", {"code": found.pairs})
    return replace(found, pairs=found.pairs[:0])
