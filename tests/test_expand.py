"""Which runs of two kinds meet, against going through all of them."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.blocking.expand import FEW, RecordGroups, expand_to_records, sampled_pairs
from dedupe.models import NO_TIME

TIMES = st.sampled_from([NO_TIME, -62_135_596_800, -5, 0, 7, 7, 90_000, 253_402_300_799])
RUNS = st.lists(st.tuples(st.integers(0, 3), TIMES), min_size=1, max_size=40)


def met(runs: list[tuple[int, int]], left: int, right: int) -> set[tuple[int, int]]:
    """The pairs of runs of two kinds, each run told by its place."""
    few, many = (
        sorted((time, place) for place, (own, time) in enumerate(runs) if own == kind)
        for kind in (left, right)
    )
    if len(few) * len(many) <= FEW:
        return {(min(a, b), max(a, b)) for _, a in few for _, b in many}
    if len(few) > len(many):
        few, many = many, few
    found = set()
    for time, place in few:
        after = bisect_left(many, (time, -1))
        for at in (after - 1, after):
            mate = many[min(max(at, 0), len(many) - 1)][1]
            found.add((min(place, mate), max(place, mate)))
    return found


@given(RUNS)
def test_runs_meet_as_by_going_through_them(runs):
    kinds, times = (np.array(column, dtype=np.int64) for column in zip(*runs, strict=True))
    nodes = RecordGroups.of(np.arange(len(runs)), kinds, times)
    held = np.unique(kinds).tolist()
    pairs = [(left, right) for left in held for right in held if left < right]
    codes = np.array([left << 32 | right for left, right in pairs], dtype=np.int64)
    found = {(code >> 32, code & 0xFFFFFFFF) for code in expand_to_records(nodes, codes).tolist()}
    assert found == set().union(*(met(runs, *pair) for pair in pairs))
    crowded = [np.prod(np.bincount(kinds)[list(pair)]) > FEW for pair in pairs]
    assert sampled_pairs(nodes, codes).tolist() == codes[np.array(crowded, dtype=bool)].tolist()
