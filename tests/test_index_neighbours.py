"""Which records of an index a newcomer is compared with, and how its postings are cut."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from indexes import batch, held

from dedupe.index import insert, neighbours, postings
from dedupe.index.index import Index
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    import pytest

DAY = 24 * 3600
TIMES = st.one_of(st.just(NO_TIME), st.integers(-3, 30).map(lambda day: day * DAY))
FAR = st.sampled_from((-62135596800, 253402300799))
KINDS = np.array([postings.RARE, postings.BAND, postings.TITLE, postings.RARE])
MEMBERS = st.lists(st.tuples(st.integers(0, 3), st.one_of(TIMES, FAR)), max_size=90)


def near_plainly(hits, newcomers):
    """The same, a newcomer at a time."""
    reaches = {postings.RARE: (32, 7 * DAY), postings.BAND: (4, None), postings.TITLE: (2, None)}
    places = defaultdict(list)
    for place, (bucket, time) in enumerate(hits):
        places[bucket].append((time, place))
    chosen = set()
    for bucket, own in newcomers:
        reach, window = reaches[int(KINDS[bucket])]
        before = [held for held in places[bucket] if held[0] <= own][-reach:]
        after = [held for held in places[bucket] if held[0] > own][:reach]
        for time, place in before + after:
            undated = NO_TIME in (time, own)
            if window is None or undated or abs(time - own) <= window:
                chosen.add(place)
    return [place in chosen for place in range(len(hits))]


@given(MEMBERS, MEMBERS)
def test_the_records_next_in_time_are_near(members, newcomers):
    members.sort()
    columns = np.array(members, np.int64).reshape(-1, 2)
    hits = neighbours.Hits(columns[:, 0], np.arange(len(members)), columns[:, 1])
    of, times = np.array(newcomers, np.int64).reshape(-1, 2).T
    got = neighbours.nearest(hits, KINDS, of, times)
    assert got.tolist() == near_plainly(members, newcomers)


@given(st.lists(st.integers(0, 60)), st.lists(st.integers(0, 60)), st.sampled_from((1, 10**12)))
def test_positions_by_a_table_are_those_by_a_search(values, wanted, step):
    own = np.array(values, np.uint64) * np.uint64(step)
    distinct, positions = neighbours.number_distinct(own)
    assert distinct.tolist() == sorted(set(own.tolist()))
    assert distinct[positions].tolist() == own.tolist()
    found = neighbours.find_positions(distinct, np.array(wanted, np.uint64) * np.uint64(step))
    order = sorted(set(values))
    assert found.tolist() == [order.index(v) if v in order else -1 for v in wanted]


def test_a_segment_joins_those_that_are_at_most_twice_as_large():
    with Index(":memory:") as index:
        sizes = []
        for number in range(40):
            index.add([f"Tasker Bay ferry {number} tolls rise"])
            sizes.append([segment.entries for segment in index.store.segments])
        assert index.check() == []
    for now in sizes:
        assert all(one > postings.MERGED * other for one, other in pairwise(now))
    assert max(map(len, sizes)) > 1


def test_a_call_of_more_records_than_fit_is_clustered_in_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(insert, "MOST_AT_ONCE", 4)
    stories = [
        {"id": str(n), "title": f"Ferry tolls rise in Tasker Bay, port {n // 2}"} for n in range(11)
    ]
    with Index(":memory:") as index:
        answers = index.add(stories)
        assert (len(answers), len(index), index.check()) == (11, 11, [])
        index.compact()
        assert held(index) == batch(stories)
