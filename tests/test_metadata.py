"""Time, outlets and recurrence adjust a score: not at all where unknown, one way where known."""

from __future__ import annotations

import numpy as np
import pytest
from corpora import run_of, story
from hypothesis import given
from hypothesis import strategies as st

from dedupe.blocking.look_back import group_plainly
from dedupe.models import HOUR, NO_TIME
from dedupe.scoring.metadata import (
    FOREVER,
    RecordMeta,
    Recurrence,
    adjustments,
    count_stems,
    count_titles,
    gap_hours,
    metadata_rows,
    reach_seconds,
)
from dedupe.scoring.model import METADATA, probability, shipped_model

MODEL = shipped_model()
LEFT, RIGHT = np.array([0]), np.array([1])
UNEQUAL = np.zeros(1, bool)
BUCKETS = group_plainly(np.array([[5, 6], [5, 7], [9, 0]], np.uint32))
GAPS = (0, 0.5, 1, 2, 5, 11, 12, 23, 24, 30, 48, 100, 168, 400, 5000)


def meta_of(times=(NO_TIME, NO_TIME, NO_TIME), outlets=(-1, -1, -1), days=(False, False, False)):
    return RecordMeta(np.array(times), np.array(days), np.array(outlets, np.int32))


def recurrence_of(days=1, weeks=1, headlines=2, title_days=1, title_weeks=1):
    stems = np.array([[days, weeks, headlines]] * len(BUCKETS))
    return Recurrence(stems, np.array([[title_days, title_weeks]] * 3))


def adjusted(meta, recurrence=None, equal=UNEQUAL, right=RIGHT) -> float:
    counts = recurrence or recurrence_of()
    return float(adjustments(MODEL, meta, counts, BUCKETS, LEFT, right, equal)[0])


def test_what_is_not_known_adds_nothing():
    assert adjusted(meta_of()) == 0
    assert adjusted(meta_of(times=(10, NO_TIME, NO_TIME), outlets=(3, -1, -1))) == 0
    third = np.array([2])
    assert adjusted(meta_of(), right=third) == 0, "nor where no key is shared"


def test_an_outlet_alone_counts_against_no_pair():
    assert adjusted(meta_of(outlets=(4, 4, -1))) == 0, "one outlet says nothing"
    assert adjusted(meta_of(outlets=(4, 5, -1))) >= 0, "two tell a story each in its own words"


@pytest.mark.parametrize("outlets", [(-1, -1, -1), (1, 1, 1), (1, 2, 3)])
def test_closer_in_time_never_counts_against_a_pair(outlets):
    odds = [
        adjusted(meta_of(times=(0, round(gap * HOUR), NO_TIME), outlets=outlets)) for gap in GAPS
    ]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] > odds[-1], "time tells something"
    assert max(odds) <= MODEL.most_support


@pytest.mark.parametrize("counted", ["days", "weeks", "headlines", "title_days", "title_weeks"])
def test_what_recurs_more_never_counts_for_a_pair(counted: str):
    meta = meta_of(times=(0, HOUR, NO_TIME))
    odds = [adjusted(meta, recurrence_of(**{counted: times})) for times in range(1, 200)]
    assert odds == sorted(odds, reverse=True)


@given(
    st.lists(st.one_of(st.just(NO_TIME), st.integers(0, 10**7)), min_size=2, max_size=2),
    st.lists(st.integers(-1, 2), min_size=2, max_size=2),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.booleans(),
)
def test_an_adjustment_is_capped_and_the_same_either_way(times, outlets, days, equal):
    meta = meta_of((*times, NO_TIME), (*outlets, -1), (*days, False))
    swapped = meta_of((*times[::-1], NO_TIME), (*outlets[::-1], -1), (*days[::-1], False))
    own = adjusted(meta, equal=np.array([equal]))
    assert own == adjusted(swapped, equal=np.array([equal]))
    assert own <= MODEL.most_support


def test_a_copy_is_a_copy_whoever_publishes_it():
    times = (0, HOUR, NO_TIME)
    one, two = meta_of(times, (1, 1, 1)), meta_of(times, (1, 2, 3))
    equal = np.ones(1, bool)
    assert adjusted(one, equal=equal) == adjusted(two, equal=equal)


HOURS = {
    "an hour and a half": ((0, 5400), (False, False), 1.5),
    "either may be the later": ((5400, 0), (False, False), 1.5),
    "a date alone is half a day away at the least": ((0, 0), (False, True), 12.0),
    "two dates": ((0, 86_400), (True, True), 24.0),
    "no time": ((0, NO_TIME), (False, False), np.nan),
}


@pytest.mark.parametrize(("times", "days", "hours"), HOURS.values(), ids=HOURS)
def test_hours_between(times, days, hours):
    meta = meta_of((*times, NO_TIME), days=(*days, False))
    np.testing.assert_equal(gap_hours(meta, LEFT, RIGHT), [hours])


def test_rows_hold_what_is_known_in_the_declared_order():
    meta = meta_of((0, 3 * HOUR, NO_TIME), (1, 2, -1))
    row = metadata_rows(meta, recurrence_of(4, 2, 8, 16, 3), BUCKETS, LEFT, RIGHT)[0]
    expected = [np.log1p(3), 1, 2, 1, 4, np.log2(3), 3]
    assert dict(zip(METADATA, row.tolist(), strict=True)) == dict(
        zip(METADATA, np.array([*expected[:4], 4, np.log2(3), 3]).tolist(), strict=True)
    )
    undated = metadata_rows(meta_of(), recurrence_of(4, 2, 8), BUCKETS, LEFT, RIGHT)[0]
    assert np.isnan(undated[:6]).all()
    assert undated[6] == 3


def test_stems_are_counted_by_day_week_and_headline():
    buckets = group_plainly(np.array([[5], [5], [5], [5]], np.uint32))
    day = 24 * HOUR
    times = np.array([NO_TIME, 0, day - 1, 8 * day])
    contents = np.array([0, 1, 1, 2])
    out = np.ones((1, 3), np.int64)
    everything = np.ones(4, bool)
    count_stems(buckets, contents, times, everything, np.ones(1, bool), out)
    assert out.tolist() == [[2, 2, 3]]
    count_stems(
        buckets, contents, times, np.array([True, True, True, False]), np.ones(1, bool), out
    )
    assert out.tolist() == [[1, 1, 2]], "records that are out of play do not count"


def test_titles_are_counted_by_day_and_week():
    day = 24 * HOUR
    times = np.array([NO_TIME, 0, day, 9 * day, 0])
    titles = np.array([3, 3, 3, 3, 0])
    found = count_titles(titles, times, np.ones(5, bool))
    assert found.tolist() == [[1, 1], [3, 2], [3, 2], [3, 2], [1, 1]]


@given(st.floats(-3, 3), st.integers(1, 50))
def test_a_reach_is_the_furthest_gap_that_still_passes(needed, days):
    counts = recurrence_of(title_days=days, title_weeks=1 + days // 7)
    meta = meta_of((0, 0, 0))
    reach = int(reach_seconds(MODEL, meta, counts, BUCKETS, LEFT, np.array([needed]))[0])

    def passes(seconds: int) -> bool:
        own = meta_of((0, seconds, NO_TIME))
        rows = metadata_rows(own, counts, BUCKETS, LEFT, LEFT)
        rows[:, 0] = np.log1p(seconds / HOUR)
        return min(float(MODEL.metadata.log_odds(rows)[0]), MODEL.most_support) >= needed

    assert passes(reach) if 0 <= reach < FOREVER else passes(720 * HOUR) == (reach > 0)


TITLE = "Old lamp at Pell Point stays lit for another fifty years"
OTHER = "Pell Point lamp to remain lit for fifty years, council decides"


@pytest.mark.parametrize("other", [TITLE, OTHER, "Herring return to Tasker Bay"])
def test_a_pair_moves_by_no_more_than_the_cap(other: str):
    plain = run_of([{"title": TITLE}, {"title": other}], threshold=0.0).pairs.scores
    hours = [run_of([story(1, TITLE, "", "A", 0), story(2, other, "", "B", gap)], threshold=0.0)
             for gap in (0, 5, 60)]  # fmt: skip
    for result in hours:
        assert len(result.pairs.scores) == len(plain)
        for bare, known in zip(plain, result.pairs.scores, strict=True):
            if not 0 < bare < 1 or not 0 < known < 1:
                continue
            odds = np.log(known / (1 - known)) - np.log(bare / (1 - bare))
            assert odds <= MODEL.most_support + 1e-6


def test_log_odds_and_probability():
    assert probability(np.array([0.0, 800.0, -800.0])).tolist() == [0.5, 1.0, 0.0]
