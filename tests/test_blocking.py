"""Blocking keys, and candidates within a budget: beside a slow search that says what is meant."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from headlines import prepared
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.blocking.keys import (
    BANDS,
    RARE_STEMS,
    SLOTS,
    band_keys,
    compared_letters,
    rare_keys,
    signature,
)
from dedupe.blocking.look_back import (
    BAND_REACH,
    RARE_REACH,
    WEEK,
    find_candidates,
    group_keys,
)
from dedupe.models import NO_TIME
from dedupe.text.prepare import prepare_text

HOUR = 3600


def shared_rare(one: str, other: str) -> int:
    return len({*rare_keys(prepare_text(one))} & {*rare_keys(prepare_text(other))})


SHARE_A_KEY = {
    "reworded": (
        "Zellwick Quarries shares plunge after profit warning",
        "Profit warning sends stock of Zellwick Quarries tumbling",
    ),
    "tags and outlets": ("Old lamp at Pell Point", "UPDATE 1-Old lamp at Pell Point - BBC News"),
    "forms of a word": (
        "Herring fishers strike in Tasker Bay",
        "Tasker Bay: herring fisher strikes",
    ),
    "German": (
        "Ministerin tritt zurück in Oberstenfeld",
        "Oberstenfeld: Ministerin zurückgetreten",
    ),
    "Russian": ("Пожар на складе в Мурманске", "В Мурманске горит склад"),
    "Chinese": ("城南水库大坝出现裂缝", "水库大坝裂缝 城南居民撤离"),
    "Traditional and Simplified": ("颱風登陸臺灣東部", "台风登陆台湾东部"),
    "Japanese": ("山陽新線が運転再開", "山陽新線 運転を再開"),
    "Korean": ("삼성전자 반도체 공장 화재", "반도체 공장서 불…삼성전자 가동 중단"),
}


@pytest.mark.parametrize(("one", "other"), SHARE_A_KEY.values(), ids=SHARE_A_KEY)
def test_what_could_be_one_story_shares_a_key(one: str, other: str):
    assert shared_rare(one, other) > 0


def test_numbers_and_function_words_make_no_key():
    assert rare_keys(prepare_text("12 of the 2026")) == []
    assert shared_rare("14 of the 2026 Zellwick", "14 of the 2026 Odlin") == 0


def test_a_single_stem_has_one_key_and_more_have_a_key_a_pair():
    for words in range(1, 8):
        text = " ".join(
            ["zellwick", "quarries", "droste", "anselm", "marrow", "tasker", "odlin"][:words]
        )
        stems = min(words, RARE_STEMS)
        assert len(rare_keys(prepare_text(text))) == max(1, stems * (stems - 1) // 2)


@given(st.permutations(["zellwick", "droste", "marrow", "tasker", "odlin", "winnow"]))
def test_keys_of_rare_stems_do_not_depend_on_the_order_of_words(words):
    expected = sorted(rare_keys(prepare_text("droste marrow odlin tasker winnow zellwick")))
    assert sorted(rare_keys(prepare_text(" ".join(words)))) == expected


def test_equal_slots_of_two_signatures_estimate_their_overlap():
    one, other = list(range(90)), list(range(30, 120))
    shares = [
        np.mean(np.array(signature(one, seed)) == np.array(signature(other, seed)))
        for seed in range(20)
    ]
    assert len(signature(one, 1)) == SLOTS
    assert abs(np.mean(shares) - 60 / 120) < 0.05


def test_the_seed_changes_bands_and_not_rare_keys():
    text = prepare_text("Old lamp at Pell Point stays lit")
    assert len(set(band_keys(text, 1))) == BANDS
    assert not {*band_keys(text, 1)} & {*band_keys(text, 2)}


def test_what_is_not_compared_is_in_no_shingle():
    plain = compared_letters(prepare_text("Old lamp at Pell Point stays lit"))
    assert plain == ("old lamp at pell point stays lit", False)
    assert (
        compared_letters(prepare_text("UPDATE 1-Old lamp at Pell Point stays lit - BBC News"))
        == plain
    )
    assert compared_letters(prepare_text("城南水库 大坝")) == ("城南水库 大坝", True)


def test_a_text_without_tokens_has_no_keys():
    empty = prepared(["", "!!!"])
    assert not empty.rare_keys.any()
    assert not empty.band_keys.any()


TIMES = st.one_of(
    st.just(NO_TIME), st.integers(0, 30).map(lambda days: days * 24 * HOUR), st.integers(0, WEEK)
)


@st.composite
def records(draw, most=40):
    """Draw the keys, the times and the liveness of records, in order of time."""
    count = draw(st.integers(0, most))
    column = st.lists(st.integers(0, 3), min_size=2 * count, max_size=2 * count)
    times = sorted(draw(st.lists(TIMES, min_size=count, max_size=count)))
    in_play = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    rare, bands = (np.array(draw(column), np.uint32).reshape(-1, 2) for _ in range(2))
    return rare, bands, np.array(times, np.int64), np.array(in_play, bool)


def slow_candidates(rare, bands, times, in_play):
    """Every record with the last ones before it of each key, as pairs of each key."""
    found = set()
    for name, keys, reach in (("rare", rare, RARE_REACH), ("band", bands, BAND_REACH)):
        for record in np.flatnonzero(in_play).tolist():
            most = reach.undated if times[record] == NO_TIME else reach.records
            for key in {*keys[record].tolist()} - {0}:
                before = [i for i in range(record) if in_play[i] and key in keys[i]][-most:]
                found |= {
                    (name, key, i, record)
                    for i in before
                    if reach.window < 0
                    or times[i] == NO_TIME
                    or int(times[record]) - int(times[i]) <= reach.window
                }
    return found


def ends(found):
    return {pair[2:] for pair in found}


def fast_candidates(rare, bands, times, in_play, before=None):
    earlier = np.zeros(len(in_play), bool) if before is None else before
    found = find_candidates(group_keys(rare), group_keys(bands), in_play, earlier, times)
    pairs = [
        (int(partner), record)
        for record in range(len(times))
        for partner in found.partners[found.starts[record] : found.starts[record + 1]]
    ]
    assert len(pairs) == len(set(pairs)) == len(found)
    return set(pairs)


@settings(max_examples=150)
@given(records())
def test_candidates_equal_those_of_a_slow_search(drawn):
    rare, bands, times, in_play = drawn
    assert fast_candidates(rare, bands, times, in_play) == ends(
        slow_candidates(rare, bands, times, in_play)
    )


@settings(max_examples=150)
@given(records(), st.randoms(use_true_random=False))
def test_a_later_pass_looks_at_new_candidates_alone(drawn, chance):
    rare, bands, times, before = drawn
    in_play = np.array([was and chance.random() < 0.7 for was in before.tolist()], bool)
    known = slow_candidates(rare, bands, times, before)
    new = ends(slow_candidates(rare, bands, times, in_play) - known)
    assert fast_candidates(rare, bands, times, in_play, before) == new


@pytest.mark.parametrize("crowd", [50, 400])
def test_a_crowd_has_no_more_candidates_than_the_budget(crowd: int):
    keys = np.full((crowd, 2), 7, np.uint32)
    keys[:, 1] = 9
    times = np.arange(crowd) * 60
    in_play = np.ones(crowd, bool)
    found = fast_candidates(keys, np.zeros((crowd, 1), np.uint32), times, in_play)
    assert max(np.bincount([record for _, record in found])) == RARE_REACH.records
    undated = np.full(crowd, NO_TIME)
    found = fast_candidates(keys, np.zeros((crowd, 1), np.uint32), undated, in_play)
    assert max(np.bincount([record for _, record in found])) == RARE_REACH.undated


def test_a_week_is_as_far_as_rare_stems_look_and_bands_look_further():
    keys = np.array([[5], [5]], np.uint32)
    none = np.zeros((2, 1), np.uint32)
    in_play = np.ones(2, bool)
    for seconds, near in ((WEEK, True), (WEEK + 1, False)):
        times = np.array([0, seconds])
        assert fast_candidates(keys, none, times, in_play) == ({(0, 1)} if near else set())
        assert fast_candidates(none, keys, times, in_play) == {(0, 1)}


@given(records(most=25))
def test_buckets_hold_every_record_with_their_key(drawn):
    keys = drawn[0]
    buckets = group_keys(keys)
    for one, other in combinations(range(len(keys)), 2):
        shared = {*keys[one].tolist()} & {*keys[other].tolist()} - {0}
        own = {*buckets.of[one].tolist()} & {*buckets.of[other].tolist()} - {0}
        assert len(shared) == len(own)
        for bucket in own:
            members = buckets.members[buckets.starts[bucket - 1] : buckets.starts[bucket]].tolist()
            assert {one, other} <= {*members}
            assert members == sorted(set(members))
