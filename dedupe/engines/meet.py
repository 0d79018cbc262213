"""Keys on disk to candidate pairs: each family by ranges of its keys."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Candidates, Crowd, Family, Found, heaped, pair
from dedupe.engines.arrow import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.engines.spill import Spill

    Take = Callable[[int, str], Found]
    """Pairs the keys of a family that a query tells, with the kinds that have them."""

ROWS = 1 << 20
PART = 1 << 20
"""So many keys of a family are paired at a time."""
KEYS = 1 << 64


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
    spill.do("create or replace table met (code bigint)")
    ranks = np.full(int(kinds.max(initial=-1)) + 1, -1, np.int32)
    ranks[kinds] = np.arange(len(kinds), dtype=np.int32)
    take = partial(meet_rows, spill, ranks)
    found = list(meet_all(spill, bands, take) if crowd is None else meet_crowd(spill, crowd, take))
    spill.do("create or replace table proposed as select distinct code from met")
    spill.do("drop table met")
    hot = np.concatenate([np.zeros((0, 2), np.uint64), *(part.hot for part in found)])
    largest = max((part.largest for part in found), default=0)
    return Candidates(proposed(spill), spill.count("proposed"), len(hot), largest, hot)


def meet_all(spill: Spill, bands: Sequence[int], take: Take) -> Iterator[Found]:
    """What every family of keys finds; who has a crowded key is kept in table ``crowds``."""
    spill.do("create or replace table crowds (family integer, key ubigint, kind bigint)")
    for number, (table, key) in enumerate(families(bands)):
        rows = f"select {key} as key, kind from {table}"
        count = spill.count(table)
        for span in spans(count):
            found = take(number, f"{rows} where {span}")
            spill.put("hot", {"key": found.hot[:, 1]})
            yield found
        if count:
            spill.do(
                f"insert into crowds select {number}, * from ({rows}) semi join hot using (key)"
            )
            spill.do("drop table hot")


def meet_crowd(spill: Spill, crowd: Crowd, take: Take) -> Iterator[Found]:
    """What the crowded keys of the kinds find that were stirred."""
    spill.put("stirred", {"kind": crowd.kinds})
    spill.put("crowded", {"family": crowd.keys[:, 0], "key": crowd.keys[:, 1]})
    spill.do(
        "create table again as select crowds.* from crowds semi join "
        "(select family, key from crowds semi join stirred using (kind)) using (family, key) "
        "semi join crowded using (family, key)"
    )
    for number in np.unique(crowd.keys[:, 0]).tolist():
        rows = f"select key, kind from again where family = {number}"
        for span in spans(spill.count(f"({rows})")):
            yield take(number, f"{rows} and {span}")
    for table in ("stirred", "crowded", "again"):
        spill.do(f"drop table {table}")


def spans(count: int) -> Iterator[str]:
    """Conditions that part so many keys by their ranges, 0 left out."""
    parts = -(-count // PART)
    for part in range(parts):
        low, high = (KEYS * at // parts for at in (part, part + 1))
        yield f"key between {max(low, 1)} and {high - 1}"


def meet_rows(spill: Spill, ranks: NDArray[np.int32], number: int, query: str) -> Found:
    """What some keys of a family find; their pairs go to table ``met``.

    ``ranks`` gives the place of each kind, -1 for one that is not to meet any.
    """
    keys, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for batch in spill.stream(query, ROWS):
        kinds = numbers(batch["kind"])
        here = np.flatnonzero(kinds < len(ranks))
        here = here[ranks[kinds[here]] >= 0]
        keys.append(numbers(batch["key"])[here])
        owners.append(kinds[here])
    names = np.concatenate(owners)
    order = np.argsort(ranks[names])
    every = np.concatenate(keys)[order, None]
    found = pair(number, Family(every, np.arange(len(order)), names[order]))
    spill.put("met", {"code": found.pairs})
    return replace(found, pairs=np.zeros(0, np.int64))


def families(bands: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The table and the column of each family of keys, in the order of a run in memory."""
    for field, count in enumerate(bands):
        for band in range(count):
            yield f"kinds_{field}", f"band_{band}"
        yield f"anchors_{field}", "anchor"


def proposed(spill: Spill) -> Iterator[NDArray[np.int64]]:
    """The pairs that were proposed last, sorted, in parts."""
    batches = spill.sorted("select code from proposed order by code", "code", ROWS)
    yield from heaped(numbers(batch["code"]) for batch in batches)
    spill.do("drop table proposed")
