"""The kernel's verification equals the numpy code bit for bit, and refuses arrays that lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import agree, needs_kernel

from dedupe import kernel
from dedupe.arrays import difference_sorted, find_in_sorted, find_positions, merge_sorted
from dedupe.hashing import mix64
from dedupe.models import NO_TIME
from dedupe.scoring import active_days
from dedupe.scoring.active_days import build_active_days
from dedupe.scoring.align import LONGEST, Column
from dedupe.scoring.corpus_stats import WordColumn
from dedupe.scoring.features import RATIO, word_features
from dedupe.scoring.model import VALUE_UNITS, Model, shipped_model
from dedupe.scoring.pair_context import RETURN_COUNTS, PairContext, ScoringContext, returning
from dedupe.scoring.prefilter import PREFILTER_FIELDS, prefilter_log_odds, score_upper_bounds
from dedupe.scoring.quickscorer import MOST_LEAVES, build_quickscorer
from dedupe.scoring.score import score_pairs
from dedupe.text.vocabulary import Vocabulary

pytestmark = needs_kernel

WORDS = 9
COLUMN = ("ids", "zones", "starts", "ends", "words")
FOREST = ("cuts", "firsts", "stays", "leaves")
GROUPS = st.lists(st.integers(-1, 3), min_size=WORDS, max_size=WORDS)
WEIGHTS = st.lists(
    st.one_of(st.integers(0, 300), st.just(2**31 - 1)), min_size=WORDS, max_size=WORDS
)
WORD = st.tuples(st.integers(0, WORDS - 1), st.integers(0, 2))
TEXT = st.one_of(
    st.lists(WORD, min_size=1, max_size=12),
    st.lists(WORD, min_size=LONGEST - 2, max_size=LONGEST + 9),
)
TEXTS = st.lists(TEXT, min_size=1, max_size=4)
FLAGS = st.lists(st.booleans(), min_size=WORDS, max_size=WORDS)


def column_of(texts, weights, stems, concepts, sides, numbers):
    words = np.array([word for text in texts for word in text]).reshape(-1, 2)
    stops = np.cumsum([len(text) for text in texts])
    return Column(
        ids=words[:, 0].astype(np.int32),
        zones=words[:, 1].astype(np.uint8),
        starts=np.append(0, stops[:-1]),
        ends=stops,
        vocabulary=Vocabulary(
            hashes=np.arange(WORDS, dtype=np.uint64),
            stems=np.array(stems, dtype=np.int32),
            concepts=np.array(concepts, dtype=np.int32),
            sides=np.array(sides, dtype=np.int32),
            numbers=np.array(numbers),
            overlaps=np.zeros(WORDS, dtype=bool),
        ),
        weights=np.array(weights),
    )


@given(TEXTS, WEIGHTS, GROUPS, GROUPS, GROUPS, FLAGS)
def test_features_equal_those_of_numpy(texts, weights, stems, concepts, sides, numbers):
    column = column_of(texts, weights, stems, concepts, sides, numbers)
    left, right = (side.ravel() for side in np.indices((len(texts), len(texts))))
    assert agree(lambda: word_features(column, left, right))


NUMBERS = st.floats(allow_nan=True)
LEAF = st.integers(-(1 << 30), 1 << 30).map(lambda units: units / VALUE_UNITS)
TREE = st.recursive(
    LEAF,
    lambda below: st.tuples(
        LEAF, st.integers(0, 2), st.floats(allow_nan=False), st.booleans(), below, below
    ),
    max_leaves=MOST_LEAVES,
)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=70)


def plant(tree, nodes):
    """Append a tree's nodes, each before those that it leads to; returns its depth."""
    if not isinstance(tree, tuple):
        nodes.append([-1, 0.0, 0, 0, False, tree])
        return 0
    value, feature, threshold, missing, yes, no = tree
    node = [feature, threshold, len(nodes) + 1, 0, missing, value]
    nodes.append(node)
    first = plant(yes, nodes)
    node[3] = len(nodes)
    return 1 + max(first, plant(no, nodes))


def model_of(trees, features=3):
    nodes, roots, depth = [], [], 0
    for tree in trees:
        roots.append(len(nodes))
        depth = max(depth, plant(tree, nodes))
    asked, thresholds, yes, no, missing, values = zip(*nodes, strict=True)
    return Model(
        names=("a", "b", "c")[:features],
        base=-0.125,
        roots=np.array(roots),
        features=np.array(asked),
        thresholds=np.array(thresholds),
        yes=np.array(yes),
        no=np.array(no),
        missing=np.array(missing),
        values=np.array(values),
        depth=depth,
    )


@given(st.lists(TREE, min_size=1, max_size=4), ROWS)
def test_log_odds_equal_those_of_numpy(trees, rows):
    model = model_of(trees)
    assert agree(lambda: model.log_odds(np.array(rows)))


def test_the_shipped_model_is_walked_alike():
    generator = np.random.default_rng(7)
    rows = generator.normal(2, 3, (1000, len(shipped_model().names)))
    rows[generator.random(rows.shape) < 0.2] = np.nan
    assert agree(lambda: shipped_model().log_odds(rows))


def sound_features():
    """Sound arguments of ``aligned_features``, by name."""
    column = column_of([[(0, 0), (1, 1)], [(2, 0)]], *([range(WORDS)] * 4), [False] * WORDS)
    pair = {"left": np.array([0]), "right": np.array([1]), "out": np.zeros((1, RATIO))}
    return dict(zip(COLUMN, column.arrays(), strict=True)) | pair


def test_a_pair_with_an_empty_text_keeps_its_row():
    given = sound_features() | {"ends": np.array([0, 3]), "out": np.full((1, RATIO), 9.0)}
    kernel.aligned_features(*given.values())
    assert (given["out"] == 9).all()


READ_ONLY = np.zeros((1, RATIO))
READ_ONLY.flags.writeable = False
BOUNDS = "out of bounds or order"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ids", np.zeros(3, dtype=np.int64), "ids: not an aligned array of i4"),
        ("ids", np.array([0, 1, WORDS], dtype=np.int32), BOUNDS),
        ("ids", np.array([0, -1, 0], dtype=np.int32), BOUNDS),
        ("zones", np.zeros(2, dtype=np.uint8), "zones: a wrong number of items"),
        ("starts", np.array([-1, 2]), BOUNDS),
        ("ends", np.array([2, 4]), BOUNDS),
        ("words", np.full((WORDS, 6), -1, dtype=np.int32), BOUNDS),
        ("words", np.zeros((2, 6), dtype=np.int32), BOUNDS),
        ("words", np.zeros((WORDS, 4), dtype=np.int32), "words: not 6 columns"),
        ("words", np.zeros(WORDS, dtype=np.int32), "words: not a matrix"),
        ("words", np.zeros((WORDS, 6)), "words: not an aligned array of i4"),
        ("left", np.array([2]), BOUNDS),
        ("left", np.array([-1]), BOUNDS),
        ("right", np.frombuffer(bytes(9), np.int64, 1, 1), "right: not an aligned array of i8"),
        ("right", np.zeros(2, dtype=np.int64), "right: a wrong number of items"),
        ("out", np.zeros((1, RATIO - 1)), "out: not 16 columns"),
        ("out", np.zeros((2, RATIO)), "out: not a matrix of 1 rows"),
        ("out", np.zeros(RATIO), "out: not a matrix of 1 rows"),
        ("out", np.zeros((1, 2 * RATIO))[:, ::2], "not C-contiguous"),
        ("out", READ_ONLY, "read-only"),
    ],
)
def test_columns_that_lie_are_refused(name, value, reason):
    with pytest.raises(ValueError, match=reason):
        kernel.aligned_features(*(sound_features() | {name: value}).values())


def sound_forest():
    """The table of one tree that asks the first of two features, by name, and a row for it."""
    arrays = build_quickscorer(model_of([(0.0, 0, 1.5, True, -1.0, 1.0)], 2)).arrays()
    return dict(zip(FOREST, arrays, strict=True)) | {
        "rows": np.array([[1.0, 0.0], [2.0, 0.0]]),
        "totals": np.zeros(2),
    }


def test_a_sound_forest_is_heard():
    given = sound_forest()
    kernel.log_odds(*given.values())
    assert given["totals"].tolist() == [-1, 1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cuts", np.zeros(0)),
        ("firsts", np.array([0, 1])),
        ("firsts", np.array([0, 2, 1])),
        ("firsts", np.array([0, -1, 1])),
        ("firsts", np.array([1, 1, 1])),
        ("stays", np.zeros((4, 32), dtype=np.uint8)),
        ("stays", np.zeros((5, 31), dtype=np.uint8)),
        ("stays", np.zeros((5, 2048), dtype=np.uint8)),
        ("leaves", np.zeros((32, 8))),
        ("rows", np.zeros((2, 3))),
    ],
)
def test_forests_that_lead_astray_are_refused(name, value):
    with pytest.raises(ValueError, match="log_odds: a number in an array is out of bounds"):
        kernel.log_odds(*(sound_forest() | {name: value}).values())


def test_a_tree_of_no_leaf_left_is_heard_as_nothing():
    given = sound_forest() | {"stays": np.zeros((5, 32), dtype=np.uint8)}
    kernel.log_odds(*given.values())
    assert np.isfinite(given["totals"]).all()


def test_a_tree_of_too_many_leaves_is_refused():
    tree = 0.0
    for _ in range(MOST_LEAVES):
        tree = (0.0, 0, 1.0, False, tree, 1.0)
    with pytest.raises(ValueError, match="more than 8 leaves"):
        build_quickscorer(model_of([tree]))


def evidence_of(columns, keys, seed, **changed):
    """Evidence over some columns, with anchor keys for each text and any counts."""
    generator = np.random.default_rng(seed)
    count = len(columns[0].starts)
    return ScoringContext(
        weights=(1.0,) * len(columns),
        columns=tuple(columns),
        texts=tuple(["ab cd"] * count for _ in columns),
        recurrence=generator.integers(0, 5, (count, 2)) / 2,
        rare_pairs=np.array(keys[:count], dtype=np.int32),
        pair_returns=generator.integers(0, 6, (5, RETURN_COUNTS)) / 2,
        jobs=1,
        **changed,
    )


TEXTS_OF_WORDS = st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6)


@given(TEXTS_OF_WORDS, st.integers(0, 9))
def test_words_are_counted_as_numpy_does_and_by_hand(texts, seed):
    ends = np.cumsum([0, *map(len, texts)])
    held = WordColumn(ends, np.array([word for text in texts for word in text], dtype=np.int32))
    counted = np.flatnonzero(np.random.default_rng(seed).random(len(texts)) < 0.7)
    assert agree(lambda: held.counts(counted, 5))
    by_hand = [sum(word in texts[i] for i in counted) for word in range(5)]
    assert held.counts(counted, 5).tolist() == by_hand


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ends", np.array([0, 2]), BOUNDS),
        ("ends", np.array([-1, 1]), BOUNDS),
        ("ends", np.zeros(0, dtype=np.int64), "ends: a wrong number of items"),
        ("words", np.array([3], dtype=np.int32), BOUNDS),
        ("words", np.array([-1], dtype=np.int32), BOUNDS),
        ("counted", np.ones(2, dtype=bool), "counted: a wrong number of items"),
    ],
)
def test_words_that_lie_are_refused(name, value, reason):
    sound = {
        "ends": np.array([0, 1]),
        "words": np.zeros(1, dtype=np.int32),
        "counted": np.ones(1, dtype=bool),
        "out": np.zeros(3, dtype=np.int64),
    }
    with pytest.raises(ValueError, match=reason):
        kernel.count_words(*(sound | {name: value}).values())


ALL_KEYS = st.lists(st.lists(st.integers(-1, 4), min_size=10, max_size=10), min_size=4, max_size=4)
MAYBE_TEXTS = st.lists(st.one_of(TEXT, st.just([])), min_size=4, max_size=4)


@given(
    st.lists(MAYBE_TEXTS, min_size=1, max_size=3), WEIGHTS, GROUPS, FLAGS, ALL_KEYS,
    st.integers(0, 9), st.booleans(),
)  # fmt: skip
def test_verdicts_equal_those_of_numpy(fields, weights, groups, numbers, keys, seed, strict):
    columns = [column_of(texts, weights, groups, groups, groups, numbers) for texts in fields]
    evidence = evidence_of(columns, keys, seed, floor=0.1, strict=strict, use_prefilter=strict)
    left, right = (side.ravel() for side in np.indices((4, 4)))
    generator = np.random.default_rng(seed)
    hours, same = generator.choice([np.nan, 0, 1, 30], 16), generator.choice([np.nan, 0, 1], 16)
    assert agree(lambda: score_upper_bounds(evidence, PairContext(left, right, hours, same)))
    assert agree(lambda: score_pairs(evidence, PairContext(left, right, hours, same)))
    if len(columns) <= PREFILTER_FIELDS:
        assert agree(lambda: prefilter_log_odds(evidence, PairContext(left, right, hours, same)))


@given(
    st.lists(st.lists(st.integers(-1, 3), min_size=2, max_size=2), max_size=30),
    st.integers(0, 9),
)
def test_spans_equal_those_of_numpy_and_of_counting(rows, seed):
    numbers = np.array(rows, dtype=np.int32).reshape(-1, 2)
    generator = np.random.default_rng(seed)
    times = generator.choice([NO_TIME, -(86_400 * 9), 0, 86_400 * 3, 86_400 * 20], len(numbers))
    alive = generator.random(len(numbers)) < 0.7
    calendar = build_active_days(numbers, np.arange(len(numbers)), times)
    with pytest.MonkeyPatch.context() as few:
        few.setattr(active_days, "VALUES_PER_STEP", 2)
        parts = build_active_days(numbers, np.arange(len(numbers)), times)
    assert np.array_equal(parts.starts, calendar.starts)
    assert np.array_equal(parts.records, calendar.records)
    assert agree(lambda: calendar.spans(alive))
    for thing, (days, weeks) in enumerate(np.exp2(calendar.spans(alive)).round().tolist()):
        held = {int(t) // 86_400 for t in times[alive & (numbers == thing).any(axis=1)]}
        assert days == max(len(held), 1)
        assert weeks <= days


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("starts", np.array([0, 2, 2]), BOUNDS),
        ("starts", np.array([-1, 1, 1]), BOUNDS),
        ("starts", np.zeros(0, dtype=np.int64), "starts: a wrong number of items"),
        ("records", np.array([1], dtype=np.int32), BOUNDS),
        ("records", np.array([-1], dtype=np.int32), BOUNDS),
        ("survivors", np.ones(2, dtype=bool), "survivors: a wrong number of items"),
        ("out", np.zeros((2, 3), dtype=np.int64), "out: not 2 columns"),
    ],
)
def test_calendars_that_lie_are_refused(name, value, reason):
    sound = {
        "starts": np.array([0, 1, 1]),
        "records": np.zeros(1, dtype=np.int32),
        "days": np.zeros(1, dtype=np.int32),
        "survivors": np.ones(1, dtype=bool),
        "out": np.zeros((2, 2), dtype=np.int64),
    }
    with pytest.raises(ValueError, match=reason):
        kernel.count_spans(*(sound | {name: value}).values())


KEYS = st.lists(st.lists(st.integers(-1, 4), min_size=10, max_size=10), min_size=1, max_size=4)


@given(KEYS, st.integers(0, 9))
def test_meetings_equal_those_of_numpy(keys, seed):
    anchors = np.array(keys, dtype=np.int32)
    meetings = np.random.default_rng(seed).integers(0, 6, (5, RETURN_COUNTS)) / 2
    evidence = ScoringContext((), (), (), np.zeros((len(keys), 2)), anchors, meetings)
    left, right = (side.ravel() for side in np.indices((len(keys), len(keys))))
    assert agree(lambda: returning(evidence, left, right))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("keys", np.zeros((1, 9), dtype=np.int32), "keys: not 10 columns"),
        ("keys", np.zeros(10, dtype=np.int32), "keys: not a matrix"),
        ("keys", np.ones((1, 10), dtype=np.int32), BOUNDS),
        ("pair_returns", np.zeros((2, 30)), "pair_returns: not 3 columns"),
        ("left", np.array([1]), BOUNDS),
        ("right", np.array([-1]), BOUNDS),
        ("out", np.zeros((1, 2)), "out: not 3 columns"),
    ],
)
def test_meetings_that_lie_are_refused(name, value, reason):
    sound = {
        "keys": np.zeros((1, 10), dtype=np.int32),
        "pair_returns": np.zeros((1, 3)),
        "left": np.zeros(1, dtype=np.int64),
        "right": np.zeros(1, dtype=np.int64),
        "out": np.zeros((1, RETURN_COUNTS)),
    }
    with pytest.raises(ValueError, match=reason):
        kernel.returning(*(sound | {name: value}).values())


HASHES = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1)), max_size=40)


@given(HASHES, HASHES)
def test_hashes_are_found_where_numpy_finds_them(held, wanted):
    keys = np.array(sorted(held), dtype=np.uint64)
    sought = np.array(wanted + held, dtype=np.uint64)
    assert agree(lambda: find_positions(keys, sought))


@given(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=9), st.integers(0, 2**64 - 1))
def test_few_hashes_are_found_among_many(some, absent):
    keys = np.unique(np.concatenate([mix64(np.arange(500, dtype=np.uint64)), np.uint64([*some])]))
    assert agree(lambda: find_positions(keys, np.array([*some, absent], dtype=np.uint64)))


CODES = st.lists(st.integers(-9, 40), max_size=40).map(lambda codes: np.array(sorted(codes), int))


@given(CODES, CODES)
def test_sorted_values_are_found_where_numpy_finds_them(held, wanted):
    held = np.unique(held)
    assert agree(lambda: find_in_sorted(held, wanted))
    assert difference_sorted(held, wanted).tolist() == [
        v for v in wanted.tolist() if v not in held.tolist()
    ]
    assert merge_sorted(held, np.unique(wanted)).tolist() == sorted(
        {*held.tolist(), *wanted.tolist()}
    )


def test_unsorted_values_are_refused():
    with pytest.raises(ValueError, match=BOUNDS):
        kernel.find_sorted(np.zeros(0, int), np.array([2, 1]), np.zeros(2, int))


def test_unsorted_hashes_are_refused():
    keys = np.array([2, 1], dtype=np.uint64)
    with pytest.raises(ValueError, match=BOUNDS):
        find_positions(keys, keys)


def test_a_wrong_number_of_arrays_is_refused():
    with pytest.raises(TypeError, match="5 arrays are needed, not 1"):
        kernel.first_seen(np.zeros(1, dtype=np.uint64))  # type: ignore[call-arg]  # the point


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_the_environment_can_forbid_the_kernel(monkeypatch, value, expected):
    monkeypatch.setenv(kernel.PURE, value)
    assert kernel.available() == expected
