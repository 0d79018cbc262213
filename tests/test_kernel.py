"""The kernel's verification equals the numpy code bit for bit, and refuses arrays that lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe import kernel
from dedupe.verify.align import LONGEST, Column
from dedupe.verify.features import TAIL, word_features
from dedupe.verify.model import Model, shipped_model
from dedupe.words import Vocabulary

pytestmark = pytest.mark.skipif(not kernel.available(), reason="the kernel is not built")

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
BITS = st.lists(st.booleans(), min_size=WORDS, max_size=WORDS)


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
        ),
        weights=np.array(weights),
    )


def both_ways(compute):
    """What a computation gives with the kernel, and without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(kernel.PURE, "0")
        compiled = compute()
        patch.setenv(kernel.PURE, "1")
        return compiled, compute()


@given(TEXTS, WEIGHTS, GROUPS, GROUPS, GROUPS, BITS)
def test_features_equal_those_of_numpy(texts, weights, stems, concepts, sides, numbers):
    column = column_of(texts, weights, stems, concepts, sides, numbers)
    left, right = (side.ravel() for side in np.indices((len(texts), len(texts))))
    compiled, pure = both_ways(lambda: word_features(column, left, right))
    assert compiled.tobytes() == pure.tobytes()


NODES = 7
PLACES = st.lists(st.integers(0, NODES - 1), min_size=NODES, max_size=NODES)
FEATURES = st.lists(st.integers(-1, 2), min_size=NODES, max_size=NODES)
NUMBERS = st.floats(allow_nan=True)
THRESHOLDS = st.lists(NUMBERS, min_size=NODES, max_size=NODES)
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=NODES, max_size=NODES)
MISSING = st.lists(st.booleans(), min_size=NODES, max_size=NODES)
ROOTS = st.lists(st.integers(0, NODES - 1), max_size=5)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=40)


@given(ROOTS, FEATURES, THRESHOLDS, PLACES, PLACES, MISSING, VALUES, st.integers(0, 4), ROWS)
def test_log_odds_equal_those_of_numpy(
    roots, features, thresholds, yes, no, missing, values, depth, rows
):
    model = Model(
        names=("a", "b", "c"),
        base=-0.1,
        roots=np.array(roots, dtype=np.int64),
        features=np.array(features),
        thresholds=np.array(thresholds),
        yes=np.array(yes),
        no=np.array(no),
        missing=np.array(missing),
        values=np.array(values),
        depth=depth,
    )
    compiled, pure = both_ways(lambda: model.log_odds(np.array(rows)))
    assert compiled.tobytes() == pure.tobytes()


def test_the_shipped_model_is_walked_alike():
    generator = np.random.default_rng(7)
    rows = generator.normal(2, 3, (1000, len(shipped_model().names)))
    rows[generator.random(rows.shape) < 0.2] = np.nan
    compiled, pure = both_ways(lambda: shipped_model().log_odds(rows))
    assert compiled.tobytes() == pure.tobytes()


def plain_arguments():
    """Sound arguments of ``aligned_features``, by name."""
    column = column_of([[(0, 0), (1, 1)], [(2, 0)]], *([range(WORDS)] * 4), [False] * WORDS)
    names = ("ids", "zones", "starts", "stops", "weights", "stems", "concepts", "sides", "numbers")
    pair = {"left": np.array([0]), "right": np.array([1]), "out": np.zeros((1, TAIL))}
    return dict(zip(names, column.arrays(), strict=True)) | pair


def test_a_pair_with_an_empty_text_keeps_its_row():
    given = plain_arguments() | {"stops": np.array([0, 3]), "out": np.full((1, TAIL), 9.0)}
    kernel.aligned_features(*given.values())
    assert (given["out"] == 9).all()


READ_ONLY = np.zeros((1, TAIL))
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ids", np.zeros(3, dtype=np.int64), "ids: not an aligned array of i4"),
        ("ids", np.array([0, 1, WORDS], dtype=np.int32), "pair 0 points outside"),
        ("ids", np.array([0, -1, 0], dtype=np.int32), "pair 0 points outside"),
        ("zones", np.zeros(2, dtype=np.uint8), "zones: a wrong number of items"),
        ("starts", np.array([-1, 2]), "pair 0 points outside"),
        ("stops", np.array([2, 4]), "pair 0 points outside"),
        ("weights", np.full(WORDS, -1), "pair 0 points outside"),
        ("weights", np.full(WORDS, 2**31), "pair 0 points outside"),
        ("sides", np.zeros(WORDS + 1, dtype=np.int32), "sides: a wrong number of items"),
        ("numbers", np.zeros(WORDS), "numbers: not an aligned array of u1"),
        ("left", np.array([2]), "pair 0 points outside"),
        ("left", np.array([-1]), "pair 0 points outside"),
        ("right", np.frombuffer(bytes(9), np.int64, 1, 1), "right: not an aligned array of i8"),
        ("right", np.zeros(2, dtype=np.int64), "right: a wrong number of items"),
        ("out", np.zeros((1, TAIL - 1)), "out: fewer than 15 columns"),
        ("out", np.zeros((2, TAIL)), "out: not a matrix of 1 rows"),
        ("out", np.zeros(TAIL), "out: not a matrix of 1 rows"),
        ("out", np.zeros((1, 2 * TAIL))[:, ::2], "not C-contiguous"),
        ("out", READ_ONLY, "read-only"),
    ],
)
def test_arrays_that_lie_are_refused(name, value, reason):
    with pytest.raises(ValueError, match=reason):
        kernel.aligned_features(*(plain_arguments() | {name: value}).values())


@pytest.mark.parametrize(
    ("name", "value"),
    [("roots", [3]), ("yes", [3, 0, 0]), ("no", [-1, 0, 0]), ("features", [2, -1, -1])],
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
    } | {name: np.array(value)}
    with pytest.raises(ValueError, match="points outside"):
        kernel.log_odds(0.0, 1, *arrays.values(), np.zeros((1, 2)), np.zeros(1))


@pytest.mark.parametrize(("value", "expected"), [("", True), ("0", True), ("1", False)])
def test_the_environment_can_forbid_the_kernel(monkeypatch, value, expected):
    monkeypatch.setenv(kernel.PURE, value)
    assert kernel.available() == expected
