"""Equal texts are cut by time: the vectors beside a loop that cannot be misread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.clustering.exact import exact_groups
from dedupe.models import NO_TIME


def slow_runs(kinds, times, reach):
    """The runs as sets of records, and the records without one."""
    runs = []
    for kind in sorted({k for k in kinds if k >= 0}):
        same = sorted((times[i], i) for i in range(len(kinds)) if kinds[i] == kind)
        for time, record in same:
            if reach[kind] < 0 or not runs or not joins(runs[-1], kind, time, kinds, reach, times):
                runs.append([record])
            else:
                runs[-1].append(record)
    return {frozenset(run) for run in runs}


def joins(run, kind, time, kinds, reach, times):
    first = run[0]
    if kinds[first] != kind or (times[first] == NO_TIME) != (time == NO_TIME):
        return False
    return time == NO_TIME or time - times[first] <= reach[kind]


def fast_runs(kinds, times, reach):
    of = exact_groups(*(np.array(values, dtype=np.int64) for values in (kinds, times, reach)))
    assert [run < 0 for run in of.tolist()] == [kind < 0 for kind in kinds]
    groups = {}
    for record, run in enumerate(of.tolist()):
        if run >= 0:
            groups.setdefault(run, set()).add(record)
    return {frozenset(group) for group in groups.values()}


TIMES = st.one_of(st.just(NO_TIME), st.integers(0, 30), st.integers(-(10**10), 10**10))
RECORDS = st.lists(st.tuples(st.integers(-1, 2), TIMES), max_size=25)
REACHES = st.lists(st.one_of(st.integers(-1, 12), st.just(1 << 40)), min_size=3, max_size=3)


@given(RECORDS, REACHES)
def test_runs_equal_those_of_a_loop(records, reach):
    kinds, times = [k for k, _ in records], [t for _, t in records]
    assert fast_runs(kinds, times, reach) == slow_runs(kinds, times, reach)


@pytest.mark.parametrize(
    ("times", "reach", "runs"),
    [
        ([0, 5, 10], 10, [{0, 1, 2}]),
        ([0, 5, 11], 10, [{0, 1}, {2}]),
        ([11, 0, 5], 10, [{1, 2}, {0}]),
        ([0, 10, 20, 30], 10, [{0, 1}, {2, 3}]),
        ([0, 0, 1], 0, [{0, 1}, {2}]),
        ([0, 0], -1, [{0}, {1}]),
        ([NO_TIME, 0, NO_TIME, 1], 5, [{0, 2}, {1, 3}]),
        ([NO_TIME, NO_TIME], -1, [{0}, {1}]),
        ([-50, -45], 10, [{0, 1}]),
        ([], 10, []),
    ],
)
def test_a_run_lasts_no_longer_than_its_reach(times, reach, runs):
    assert fast_runs([0] * len(times), times, [reach]) == set(map(frozenset, runs))
