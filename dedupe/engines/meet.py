"""Keys on disk to candidate pairs: the database sorts, buckets are paired as they pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HALF, Candidates, Found, meeting_again, pair_sorted
from dedupe.engines.spill import numbers
from dedupe.hashing import merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.engines.spill import Spill

ROWS = 1 << 20


def meet(
    spill: Spill,
    bands: Sequence[int],
    kinds: NDArray[np.int64],
    crowded: NDArray[np.int64] | None = None,
) -> Candidates:
    """Candidate pairs among some kinds, given in order; ``bands`` counts those of each field.

    ``crowded`` is that of :meth:`dedupe.pipeline.outline.Outline.propose`.
    """
    spill.do("create table met (code bigint)")
    hot = largest = 0
    crowds = np.zeros(0, np.int64)
    for number, (field, key) in enumerate(families(bands)):
        own = meeting_again(kinds, crowded, number)
        spill.put("living", {"kind": own, "place": np.arange(len(own))})
        for found in pair_family(spill, field, key):
            hot, largest = hot + found.hot, max(largest, found.largest)
            crowds = merged(crowds, found.crowded | number << HALF)
            if len(found.pairs):
                spill.put("met", {"code": found.pairs})
        spill.do("drop table living")
    codes = spill.column("select distinct code from met order by code", "code", "code")
    spill.do("drop table met")
    return Candidates(codes, hot, largest, crowds)


def families(bands: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The field and the column of each family of keys, in the order of a run in memory."""
    for field, count in enumerate(bands):
        for key in (*(f"band_{band}" for band in range(count)), "unnest(anchors)"):
            yield field, key


def pair_family(spill: Spill, field: int, key: str) -> Iterator[Found]:
    """The pairs of one family of keys, whole buckets at a time."""
    query = (
        f"select key, kind from (select {key} as key, kind, place from kinds_{field} "
        "join living using (kind)) where key <> 0 order by key, place"
    )
    keys, owners = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for batch in spill.stream(query, "key", ROWS):
        keys = np.concatenate([keys, numbers(batch["key"])])
        owners = np.concatenate([owners, numbers(batch["kind"])])
        whole = int(np.searchsorted(keys, keys[-1]))
        yield pair_sorted(keys[:whole], owners[:whole])
        keys, owners = keys[whole:], owners[whole:]
    yield pair_sorted(keys, owners)
