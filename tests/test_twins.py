"""The kernel beside its plain twins: the same bits for any input, and no trust in arrays."""

from __future__ import annotations

import numpy as np
import pytest
from headlines import (
    MADE_UP,
    ODD,
    fixture_texts,
    needs_data,
    prepared,
    scoring_of,
    some_invented,
    some_real,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import agree, bits, needs_kernel, three_ways

from dedupe import kernel
from dedupe.arrays import components, copy_rows, unique_sorted
from dedupe.blocking.look_back import (
    Candidates,
    RecordKeys,
    changed_places,
    find_candidates,
    group_keys,
    group_records,
    look_back,
)
from dedupe.clustering.groups import connected
from dedupe.clustering.linkage import leader_cluster
from dedupe.contents import number_texts
from dedupe.models import NO_TIME
from dedupe.prepare import MEMO_WORDS, prepare_distinct, prepare_texts, tables
from dedupe.scoring.features import FEATURES
from dedupe.scoring.metadata import (
    RecordMeta,
    Recurrence,
    adjustments,
    count_stems,
    shared_minima,
)
from dedupe.scoring.model import greatest_below, log_gap, shipped_model
from dedupe.scoring.score import (
    TextScoring,
    feature_rows,
    score_candidates,
    score_pairs,
    similarities,
)
from dedupe.tokens import select_texts

pytestmark = needs_kernel
OUTLETS = ("Pell Courier", "BBC News", "新华社", "")


def first_difference(texts):
    """Return the first text that the two prepare otherwise, and the columns that differ."""
    for text in texts:
        pure, _, wide = three_ways(lambda text=text: prepared([text]))
        unequal = [
            name
            for name in pure.__slots__
            if bits(getattr(pure, name)) != bits(getattr(wide, name))
        ]
        if unequal:
            return text, unequal
    return None


def prepares_alike(texts):
    alike = agree(lambda: prepared(texts))
    assert alike, first_difference(texts)


def test_the_fixtures_are_prepared_alike():
    prepares_alike([*fixture_texts(), *ODD])


def test_invented_headlines_of_sixteen_languages_are_prepared_alike():
    prepares_alike(some_invented(15))


@needs_data
def test_real_headlines_are_prepared_alike():
    prepares_alike(list(some_real(25)))


@settings(max_examples=50)
@given(st.lists(MADE_UP, max_size=4), st.data())
def test_any_texts_are_prepared_alike(texts, data):
    outlets = data.draw(st.lists(st.integers(-1, 3), min_size=len(texts), max_size=len(texts)))
    own = np.array(outlets, np.int32)
    assert agree(lambda: prepare_texts(texts, OUTLETS, own, 7))


@settings(max_examples=50)
@given(st.lists(MADE_UP, max_size=4), st.integers(0, 9), st.data())
def test_equal_texts_of_an_outlet_are_prepared_once(texts, longest, data):
    texts = [*texts, *texts[:3], *[text.replace("o", "&#111;") for text in texts[1:]]]
    outlets = data.draw(st.lists(st.integers(-1, 1), min_size=len(texts), max_size=len(texts)))
    own = np.array(outlets, np.int32)
    rows = {(text[: longest or None], outlet) for text, outlet in zip(texts, outlets, strict=True)}

    def each_text():
        found, places = prepare_distinct(texts, OUTLETS, own, 7, longest)
        assert len(found) <= len(rows)
        return select_texts(found, places)

    assert agree(each_text)
    assert bits(each_text()) == bits(
        prepare_texts([t[: longest or None] for t in texts], OUTLETS, own, 7)
    )


def test_every_code_point_is_prepared_alike():
    chars = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    texts = ["".join(chars[at : at + 64]) for at in range(0, len(chars), 64 * 12)]
    assert agree(lambda: prepared(texts))


def scores_alike(texts, pairs, numbers="weigh"):
    """Check features and scores of pairs of texts both ways."""
    own = prepared(texts)
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    for compute in (feature_rows, score_pairs, similarities):
        pure, portable, wide = three_ways(
            lambda compute=compute: compute(scoring_of(own, numbers), left, right)
        )
        assert bits(portable) == bits(wide)
        for at, (a, b) in enumerate(pairs):
            assert bits(pure[at]) == bits(wide[at]), (texts[a], texts[b], pure[at], wide[at])


def neighbours(count):
    """Return the pairs of texts that follow each other, both ways round."""
    return [pair for at in range(count - 1) for pair in ((at, at + 1), (at + 1, at))]


def test_invented_pairs_are_scored_alike():
    texts = some_invented(16, seed=3)
    # The two sides of a pair follow each other in the files: they share most words.
    scores_alike(texts, [*neighbours(len(texts)), *((at, at) for at in range(0, len(texts), 9))])


def test_the_pairs_of_the_fixtures_are_scored_alike():
    texts = fixture_texts()
    scores_alike(texts, neighbours(len(texts)))


@settings(max_examples=30)
@given(st.lists(MADE_UP, min_size=2, max_size=4), st.sampled_from(("weigh", "strict", "ignore")))
def test_any_pairs_are_scored_alike(texts, numbers):
    scores_alike(texts, neighbours(len(texts)), numbers)


def test_strict_numbers_hide_no_feature_of_a_further_field():
    own = prepared(["Tolls rise by 10", "Tolls rise by 20", "Ferry tolls rise", "A ferry toll"])
    rows, weights = np.array([[0, 1], [2, 3]], np.int32), np.array([2.0, 1.0])
    scoring = TextScoring(own, rows, weights, "strict")
    ends = np.array([0]), np.array([1])
    assert agree(lambda: feature_rows(scoring, *ends))
    assert not np.isnan(feature_rows(scoring, *ends)).any()


@settings(max_examples=30)
@given(MADE_UP, st.lists(st.tuples(st.integers(0, 9), MADE_UP), max_size=3))
def test_edits_of_one_text_are_scored_alike(text, edits):
    texts = [text]
    for at, more in edits:
        words = texts[-1].split(" ")
        texts.append(" ".join([*words[:at], more, *words[at + 1 :]]))
    scores_alike([*texts, text], neighbours(len(texts) + 1))


@settings(max_examples=30)
@given(st.lists(MADE_UP, min_size=2, max_size=8), st.integers(0, 3), st.floats(-6, 1))
def test_candidates_are_scored_alike(texts, first, least):
    sizes = np.arange(min(first, len(texts)), len(texts))
    partners = [np.arange(at, dtype=np.uint32) for at in (0, *sizes.tolist())]
    found = Candidates(
        np.cumsum([0, *sizes]), np.concatenate(partners), int(len(texts) - len(sizes))
    )
    own = prepared(texts)
    assert agree(lambda: score_candidates(scoring_of(own), found, least))


ROWS = st.lists(
    st.lists(
        st.one_of(st.floats(-2, 40, width=32), st.just(float("nan"))),
        min_size=len(FEATURES),
        max_size=len(FEATURES),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30)
@given(ROWS)
def test_trees_are_walked_alike(rows):
    model = shipped_model()
    text = np.array(rows)
    meta = text[:, : len(model.metadata.names)].copy()
    assert agree(lambda: [model.text.log_odds(text), model.metadata.log_odds(meta)])


def test_trees_are_walked_alike_at_every_threshold():
    for forest in (shipped_model().text, shipped_model().metadata):
        for feature in range(len(forest.names)):
            cuts = np.unique(forest.thresholds[forest.features == feature])
            rows = np.full((3 * len(cuts), len(forest.names)), np.nan)
            rows[:, feature] = np.concatenate(
                [np.nextafter(cuts, -9), cuts, np.nextafter(cuts, 99)]
            )
            assert agree(lambda forest=forest, rows=rows: forest.log_odds(rows))


KEYS = st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), max_size=16)
TIMES = st.one_of(st.just(NO_TIME), st.integers(0, 40).map(lambda days: days * 86_400))


@st.composite
def bucketed(draw):
    """Draw the keys, times, contents and liveness of records in order of time."""
    keys = draw(KEYS)
    count = len(keys)
    times = sorted(draw(st.lists(TIMES, min_size=count, max_size=count)))
    contents = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    in_play = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return (
        np.array(keys, np.uint32).reshape(-1, 3),
        np.array(times, np.int64),
        np.array(contents, np.int64),
        np.array(in_play, bool),
    )


@given(bucketed(), st.randoms(use_true_random=False))
def test_buckets_candidates_and_counts_are_alike(drawn, chance):
    keys, times, contents, in_play = drawn
    assert agree(lambda: group_keys(keys))
    rows = np.array([[chance.randrange(-1, len(keys)) for _ in keys] for _ in range(2)], np.int32)
    fields = RecordKeys(keys, rows.reshape(2, -1), np.array([0, 5], np.uint32))
    assert agree(lambda: group_records(fields))
    chains = group_records(fields, chains_only=True).previous
    assert np.array_equal(chains, group_records(fields).previous)
    buckets = group_keys(keys)
    changed = np.array([chance.random() < 0.7 for _ in range(len(buckets))], bool)
    # In the first pass nothing is known; later ones look at what is left in play.
    more = np.array([chance.random() < 0.5 for _ in range(len(keys))], bool)
    before = (in_play | more) & (chance.random() < 0.8)
    assert agree(lambda: find_candidates(buckets, buckets, in_play, before, times))
    assert agree(lambda: changed_places(buckets.previous, in_play != before))
    half = len(keys) // 2
    look = look_back(buckets, buckets, in_play, before, times)
    assert agree(lambda: look.candidates(half, len(keys)))

    def count():
        out = np.ones((len(buckets), 3), np.int64)
        count_stems(buckets, contents, times, in_play, changed, out)
        return out

    assert agree(count)
    left = np.arange(len(keys), dtype=np.int64)
    right = left[::-1].copy()
    assert agree(lambda: shared_minima(buckets.of, count(), left, right))
    days_only = np.array([chance.random() < 0.3 for _ in keys], bool)
    outlets = np.array([chance.randrange(-1, 3) for _ in keys], np.int64)
    meta = RecordMeta(times, days_only, outlets)
    titles = np.array([chance.randrange(1, 9) for _ in range(2 * len(keys))], np.int64)
    recurrence = Recurrence(count() * 2, titles.reshape(-1, 2))
    equal = contents[left] == contents[right]
    assert agree(
        lambda: adjustments(shipped_model(), meta, recurrence, buckets, left, right, equal)
    )


def test_metadata_is_cut_alike_at_every_threshold():
    # The kernel compares seconds and counts, the plain twin their logarithms.
    model = shipped_model()
    seconds = np.unique(np.concatenate([greatest_below(log_gap, model.metadata.thresholds), [0]]))
    gaps = np.concatenate([seconds, seconds + 1, seconds[seconds > 0] - 1]).astype(np.int64)
    for days in (1, 2, 3, 5, 8, 40, 400):
        times = np.append(0, gaps)
        buckets = group_keys(np.ones((len(times), 1), np.uint32))
        recurrence = Recurrence(np.full((1, 3), days), np.full((len(times), 2), days))
        none = np.zeros(len(times), bool)
        meta = RecordMeta(times, none, np.full(len(times), -1))
        left, right = np.zeros(len(gaps), np.int64), np.arange(1, len(times))
        assert agree(
            lambda: adjustments(model, meta, recurrence, buckets, left, right, none[1:])  # noqa: B023 - called at once
        )


GRAPHS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 4)).filter(
        lambda edge: edge[0] != edge[1]
    ),
    max_size=14,
)


@given(GRAPHS, st.permutations(range(8)), st.lists(st.booleans(), min_size=8, max_size=8))
def test_leaders_are_alike(edges, ranks, pinned):
    left, right, scores = np.array(edges, np.int64).reshape(-1, 3).T
    assert agree(lambda: leader_cluster(np.array(ranks), left, right, scores / 4, np.array(pinned)))


@given(st.lists(MADE_UP, max_size=6))
def test_distinct_texts_are_numbered_alike(texts):
    own = prepared([*texts, *texts[:2]])
    assert agree(lambda: number_texts(own.fingerprints))


@given(st.lists(st.integers(0, 3), max_size=5), st.data())
def test_rows_are_copied_alike(sizes, data):
    offsets = np.cumsum([0, *sizes])
    values = np.arange(sum(sizes), dtype=np.uint32)
    places = st.lists(st.integers(0, len(sizes) - 1), max_size=6) if sizes else st.just([])
    wanted = np.array(data.draw(places), np.int64)

    def copied_rows():
        out = np.zeros(int(np.diff(offsets)[wanted].sum()), np.uint32)
        copy_rows(values, offsets, wanted, out)
        return out

    assert agree(copied_rows)
    rows = [list(values[offsets[row] : offsets[row + 1]]) for row in wanted]
    assert copied_rows().tolist() == [value for row in rows for value in row]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_components_are_alike_and_those_of_spreading(edges):
    ends = np.array(edges, np.int64).reshape(-1, 2)
    lowest = list(range(10))
    for _ in range(10):
        for left, right in edges:
            lowest[left] = lowest[right] = min(lowest[left], lowest[right])
    assert connected(10, ends[:, 0], ends[:, 1]).tolist() == lowest
    assert components(ends.T, 10).tolist() == lowest


def good_calls():
    """Return a call of each entry of the kernel that is in order."""
    own = prepared(
        ["Ferry tolls rise by 10 pence", "Tolls of the ferry rise by ten pence", "城南水库大坝"]
    )
    pair = np.array([0, 1], np.int64), np.array([1, 2], np.int64)
    scoring = scoring_of(own).arrays()
    buckets = group_keys(own.rare_keys)
    wanted, in_play = np.ones(len(buckets), bool), np.ones(3, bool)
    days, counts = np.zeros(3, np.int64), np.ones((len(buckets), 3), np.int64)
    scorer = shipped_model().text.scorer.arrays()
    bucket_arrays = buckets.members, buckets.starts, wanted
    chains = buckets.previous, changed_places(buckets.previous, in_play)
    candidates = np.array([0, 0, 1, 3]), np.array([0, 0, 1], np.uint32)
    return {
        "prepare": (
            *tables(), np.zeros(MEMO_WORDS, np.uint64), np.frombuffer(b"Ferry tolls", np.uint8),
            np.array([0, 6]), np.array([5, 11]), np.zeros(2, np.uint8),
            np.array([-1, 0], np.int32), np.array([7], np.uint32), np.array([0, 1]),
            np.ones(48, np.uint32), np.ones(48, np.uint32), np.array([4, 1]),
            np.zeros(2, np.int32), np.zeros(2, np.int64), np.zeros(2, np.int64),
            np.zeros(4, np.uint64),
            np.zeros(24, np.uint32), np.zeros(20, np.uint32), np.zeros(2, np.uint8),
            np.zeros(2, np.uint8), np.zeros(2, np.uint8), np.zeros(2, np.uint32),
        ),
        "digest_records": (
            np.arange(9, dtype=np.uint8), np.array([0, 4]), np.array([4, 9]),
            np.zeros(2, np.uint64),
        ),
        "copy_rows": (
            np.arange(20, dtype=np.uint8), np.array([4]), np.array([0, 2, 3, 5]),
            np.array([2, 0]), np.zeros(16, np.uint8),
        ),
        "score": (*scoring, *pair, np.zeros(2)),
        "features": (*scoring, *pair, np.zeros(2), np.zeros(2 * len(FEATURES))),
        "score_candidates": (*scoring, *candidates, np.array([0, 3]), np.array([-2.0])),
        "log_odds": (*scorer, np.zeros((2, len(FEATURES))), np.zeros(2)),
        "group_keys": (
            own.rare_keys, np.arange(3, dtype=np.int32)[None], np.zeros(1, np.uint32),
            np.zeros(1, bool),
        ),
        "find_candidates": (
            *chains, np.array([-1, 16, 32]), *chains, np.array([-1, 1, 4]), in_play, ~in_play, days,
            np.array([0, 3]), np.zeros(4, np.int64),
        ),
        "mark_changed": (buckets.previous, in_play, np.zeros(4, np.uint8)),
        "count_stems": (*bucket_arrays, in_play, days, in_play, counts),
        "similarities": (*scoring, *pair, np.zeros(2)),
        "adjust_pairs": (
            *shipped_model().counting_scorer.arrays(), np.array([2.2, 0.8]), days, in_play, days,
            np.ones((3, 2), np.int64), buckets.of, counts, *pair, np.zeros(2, bool), np.zeros(2),
        ),
        "lead": (np.arange(3), *pair, np.ones(2), ~in_play, np.zeros(3, np.int64)),
        "shared_minima": (buckets.of, counts, *pair, np.zeros((2, 3), np.int64)),
        "number_pairs": (np.arange(6, dtype=np.uint64), np.zeros(3, np.int64)),
        "connect": (*pair, np.arange(3)),
    }  # fmt: skip


CALLS = good_calls() if kernel.available() else {}


def copied(arrays):
    return [np.array(array) for array in arrays]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_in_order_is_run(name: str):
    getattr(kernel, name)(*copied(CALLS[name]))


@pytest.mark.parametrize("name", CALLS)
def test_an_array_of_another_type_or_size_is_refused(name: str):
    call = getattr(kernel, name)
    for place in range(len(CALLS[name])):
        arrays = copied(CALLS[name])
        arrays[place] = arrays[place].astype(np.complex128)
        with pytest.raises((ValueError, TypeError, BufferError)):
            call(*arrays)
    with pytest.raises((ValueError, TypeError)):
        call(*CALLS[name][:-1])


@pytest.mark.parametrize("name", CALLS)
def test_any_numbers_in_an_array_are_refused_or_run_within_bounds(name: str):
    """What points outside of another array is refused; ``make sanitize`` sees whether all is."""
    chance = np.random.default_rng(4)
    refused = 0
    for place, array in enumerate(CALLS[name]):
        for value in (0, 1, -1, 1 << 20, 255):
            arrays = copied(CALLS[name])
            flat = arrays[place].reshape(-1)
            if not len(flat):
                continue
            flat[chance.integers(len(flat))] = np.array(value).astype(array.dtype)
            try:
                getattr(kernel, name)(*arrays)
            except ValueError:
                refused += 1
    assert refused or name == "number_pairs"


WRONG_PLACE = {
    "group_keys": 1,
    "score": 13,
    "features": 14,
    "score_candidates": 14,
    "find_candidates": 0,
    "mark_changed": 0,
    "count_stems": 0,
    "shared_minima": 2,
    "similarities": 13,
    "adjust_pairs": 12,
    "lead": 2,
    "connect": 1,
}


@pytest.mark.parametrize(("name", "place"), WRONG_PLACE.items())
def test_an_index_out_of_bounds_is_refused(name: str, place: int):
    arrays = copied(CALLS[name])
    arrays[place].reshape(-1)[-1] = 9999
    with pytest.raises(ValueError, match=r"out of bounds|order|outside"):
        getattr(kernel, name)(*arrays)


@pytest.mark.parametrize(("value", "expected"), [("1", False), ("0", True), ("", True)])
def test_the_environment_can_forbid_the_kernel(monkeypatch, value: str, expected: bool):  # noqa: FBT001 - a table's cell
    monkeypatch.setenv(kernel.PURE, value)
    assert kernel.available() is expected


def test_sorted_values_are_distinct():
    assert unique_sorted(np.array([3, 1, 3])).tolist() == [1, 3]
