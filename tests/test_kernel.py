"""The kernel's verification equals the numpy code bit for bit, and refuses arrays that lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import agree, needs_kernel

from dedupe import kernel
from dedupe.hashing import find
from dedupe.verify.align import LONGEST, Column
from dedupe.verify.context import MEETINGS, Evidence, returning
from dedupe.verify.features import TAIL, word_features
from dedupe.verify.model import Model, shipped_model
from dedupe.words import Vocabulary

pytestmark = needs_kernel

WORDS = 9
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
    words = np.array([word for text in texts for word in text])
    stops = np.cumsum([len(text) for text in texts])
    return Column(
        ids=words[:, 0].astype(np.int32),
        zones=words[:, 1].astype(np.uint8),
        starts=np.append(0, stops[:-1]),
        stops=stops,
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
LEAF = st.floats(-1e3, 1e3)
TREE = st.recursive(
    LEAF,
    lambda below: st.tuples(
        LEAF, st.integers(0, 2), st.floats(allow_nan=False), st.booleans(), below, below
    ),
    max_leaves=9,
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


def model_of(trees):
    nodes, roots, depth = [], [], 0
    for tree in trees:
        roots.append(len(nodes))
        depth = max(depth, plant(tree, nodes))
    features, thresholds, yes, no, missing, values = zip(*nodes, strict=True)
    return Model(
        names=("a", "b", "c"),
        base=-0.1,
        roots=np.array(roots),
        features=np.array(features),
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
    names = ("ids", "zones", "starts", "stops", "weights", "stems", "concepts", "sides", "numbers")
    pair = {"left": np.array([0]), "right": np.array([1]), "out": np.zeros((1, TAIL))}
    return dict(zip(names, column.arrays(), strict=True)) | pair


def test_a_pair_with_an_empty_text_keeps_its_row():
    given = sound_features() | {"stops": np.array([0, 3]), "out": np.full((1, TAIL), 9.0)}
    kernel.aligned_features(*given.values())
    assert (given["out"] == 9).all()


READ_ONLY = np.zeros((1, TAIL))
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
        ("stops", np.array([2, 4]), BOUNDS),
        ("weights", np.full(WORDS, -1), BOUNDS),
        ("weights", np.full(WORDS, 2**31), BOUNDS),
        ("sides", np.zeros(WORDS + 1, dtype=np.int32), "sides: a wrong number of items"),
        ("numbers", np.zeros(WORDS), "numbers: not an aligned array of u1"),
        ("left", np.array([2]), BOUNDS),
        ("left", np.array([-1]), BOUNDS),
        ("right", np.frombuffer(bytes(9), np.int64, 1, 1), "right: not an aligned array of i8"),
        ("right", np.zeros(2, dtype=np.int64), "right: a wrong number of items"),
        ("out", np.zeros((1, TAIL - 1)), "out: not 16 columns"),
        ("out", np.zeros((2, TAIL)), "out: not a matrix of 1 rows"),
        ("out", np.zeros(TAIL), "out: not a matrix of 1 rows"),
        ("out", np.zeros((1, 2 * TAIL))[:, ::2], "not C-contiguous"),
        ("out", READ_ONLY, "read-only"),
    ],
)
def test_columns_that_lie_are_refused(name, value, reason):
    with pytest.raises(ValueError, match=reason):
        kernel.aligned_features(*(sound_features() | {name: value}).values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("roots", [3]),
        ("roots", [-1]),
        ("roots", [0, 0]),
        ("features", [2, -1, -1]),
        ("thresholds", [np.nan, 0, 0]),
        ("yes", [3, 0, 0]),
        ("yes", [0, 0, 0]),
        ("no", [-1, 0, 0]),
    ],
)
def test_trees_that_lead_astray_are_refused(name, value):
    arrays = {
        "roots": np.array([0]),
        "features": np.array([0, -1, -1]),
        "thresholds": np.zeros(3),
        "yes": np.array([1, 0, 0]),
        "no": np.array([2, 0, 0]),
        "missing": np.zeros(3, dtype=bool),
        "values": np.zeros(3),
    }
    arrays[name] = np.array(value, dtype=arrays[name].dtype)
    with pytest.raises(ValueError, match="log_odds: a number in an array is out of bounds"):
        kernel.log_odds(*arrays.values(), np.zeros((1, 2)), np.zeros(1))


KEYS = st.lists(st.lists(st.integers(0, 4), min_size=10, max_size=10), min_size=1, max_size=4)


@given(KEYS, st.integers(0, 9))
def test_meetings_equal_those_of_numpy(keys, seed):
    anchors = np.array(keys, dtype=np.uint64)
    meetings = np.random.default_rng(seed).integers(0, 6, (*anchors.shape, MEETINGS)) / 2
    evidence = Evidence((), (), (), np.zeros((len(keys), 2)), anchors, meetings)
    left, right = (side.ravel() for side in np.indices((len(keys), len(keys))))
    assert agree(lambda: returning(evidence, left, right))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("keys", np.zeros((1, 9), dtype=np.uint64), "keys: not 10 columns"),
        ("keys", np.zeros(10, dtype=np.uint64), "keys: not a matrix"),
        ("meetings", np.zeros((2, 30)), "meetings: not a matrix of 1 rows"),
        ("left", np.array([1]), BOUNDS),
        ("right", np.array([-1]), BOUNDS),
        ("out", np.zeros((1, 2)), "out: not 3 columns"),
    ],
)
def test_meetings_that_lie_are_refused(name, value, reason):
    sound = {
        "keys": np.zeros((1, 10), dtype=np.uint64),
        "meetings": np.zeros((1, 30)),
        "left": np.zeros(1, dtype=np.int64),
        "right": np.zeros(1, dtype=np.int64),
        "out": np.zeros((1, MEETINGS)),
    }
    with pytest.raises(ValueError, match=reason):
        kernel.returning(*(sound | {name: value}).values())


HASHES = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1)), max_size=40)


@given(HASHES, HASHES)
def test_hashes_are_found_where_numpy_finds_them(held, wanted):
    keys = np.array(sorted(held), dtype=np.uint64)
    sought = np.array(wanted + held, dtype=np.uint64)
    assert agree(lambda: find(keys, sought))


def test_unsorted_hashes_are_refused():
    keys = np.array([2, 1], dtype=np.uint64)
    with pytest.raises(ValueError, match=BOUNDS):
        find(keys, keys)


def test_a_wrong_number_of_arrays_is_refused():
    with pytest.raises(TypeError, match="2 arrays are needed, not 1"):
        kernel.first_seen(np.zeros(1, dtype=np.uint64))  # type: ignore[call-arg]  # the point


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_the_environment_can_forbid_the_kernel(monkeypatch, value, expected):
    monkeypatch.setenv(kernel.PURE, value)
    assert kernel.available() == expected
