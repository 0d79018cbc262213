"""The figures of an evaluation against scikit-learn and against slow and obvious counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from dedupe.evaluation.gold import (
    cluster_figures,
    cluster_sums,
    label_figures,
    label_sums,
    overlap,
    resampled,
    with_intervals,
)

LABELS = st.integers(0, 6)
CLUSTERINGS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)


def figures_of(gold: list[int], found: list[int], replicas: int = 0):
    rows = cluster_sums(overlap(np.array(gold), np.array(found)))
    return with_intervals(rows, cluster_figures, replicas)


def quotient(above: float, below: float) -> float | None:
    return above / below if below else None


def slow_pairs(gold: list[int], found: list[int]) -> dict[str, float | None]:
    kept = false = lost = 0
    for left, right in combinations(range(len(gold)), 2):
        same, together = gold[left] == gold[right], found[left] == found[right]
        kept += same and together
        false += together and not same
        lost += same and not together
    return {
        "precision": quotient(kept, kept + false),
        "recall": quotient(kept, kept + lost),
        "f1": quotient(2 * kept, 2 * kept + false + lost),
    }


def slow_bcubed(gold: list[int], found: list[int]) -> dict[str, float]:
    records = range(len(gold))
    precision = recall = 0.0
    for one in records:
        left = {other for other in records if gold[other] == gold[one]}
        right = {other for other in records if found[other] == found[one]}
        precision += len(left & right) / len(right) / len(gold)
        recall += len(left & right) / len(left) / len(gold)
    f1 = 2 * precision * recall / (precision + recall)
    return {"bcubed_precision": precision, "bcubed_recall": recall, "bcubed_f1": f1}


@given(CLUSTERINGS)
def test_figures_are_those_of_counting_pairs_and_records(rows):
    gold, found = map(list, zip(*rows, strict=True))
    figures = {name: figure.value for name, figure in figures_of(gold, found).items()}
    expected = slow_pairs(gold, found) | slow_bcubed(gold, found)
    expected["ari"] = adjusted_rand_score(gold, found)
    assert figures == pytest.approx(expected)


def test_rand_index_of_many_records_is_that_of_scikit_learn():
    generator = np.random.default_rng(3)
    gold = generator.integers(0, 60_000, 300_000)
    found = np.where(generator.random(300_000) < 0.2, generator.integers(0, 60_000, 300_000), gold)
    value = figures_of(gold, found)["ari"].value
    assert value == pytest.approx(adjusted_rand_score(gold, found), abs=1e-9)


HAND = {
    "perfect": ([1, 1, 2], [5, 5, 9], (1.0, 1.0, 1.0)),
    "one false merge": ([1, 1, 2], [5, 5, 5], (1 / 3, 1.0, 0.5)),
    "nothing found": ([1, 1, 2], [5, 6, 7], (None, 0.0, 0.0)),
    "nothing to find": ([1, 2, 3], [5, 5, 6], (0.0, None, 0.0)),
    "neither": ([1, 2], [3, 4], (None, None, None)),
}


@pytest.mark.parametrize(("gold", "found", "expected"), HAND.values(), ids=HAND)
def test_pairwise_by_hand(gold, found, expected):
    figures = figures_of(gold, found)
    assert tuple(figures[name].value for name in ("precision", "recall", "f1")) == expected


def test_labelled_pairs_by_hand():
    labels = np.array(["D", "D", "D", "U", "U", "N", "N"])
    together = np.array([1, 1, 0, 1, 0, 1, 0], dtype=bool)
    rows = label_sums(labels == "D", labels == "U", together)
    figures = with_intervals(rows, label_figures, 0)
    assert {name: figure.value for name, figure in figures.items()} == {
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1": 2 / 3,
        "updates_merged": 0.5,
    }


def test_intervals_are_the_same_every_time_and_hold_the_figure():
    generator = np.random.default_rng(5)
    gold = generator.integers(0, 60, 300).tolist()
    found = [g if i % 4 else -1 - i for i, g in enumerate(gold)]
    figures = figures_of(gold, found, 400)
    assert figures == figures_of(gold, found, 400)
    for name in ("recall", "f1", "bcubed_recall", "ari"):
        figure = figures[name]
        assert 0 < figure.low < figure.value < figure.high < 1
    assert (figures["precision"].low, figures["precision"].high) == (1.0, 1.0)


def test_an_interval_narrows_with_more_gold():
    def width(copies: int) -> float:
        gold = [g for g in range(10 * copies) for _ in range(3)]
        found = [g if i % 7 else -1 - i for i, g in enumerate(gold)]
        figure = figures_of(gold, found, 500)["recall"]
        return figure.high - figure.low

    assert 2 < width(4) / width(64) < 8, "about a quarter: the root of sixteen"


@pytest.mark.parametrize("replicas", [0, 1, 50])
def test_no_interval_for_what_is_not_defined(replicas):
    figure = figures_of([1, 2, 3], [4, 5, 6], replicas)["precision"]
    assert (figure.value, figure.low, figure.high) == (None, None, None)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_replicas_draw_as_many_rows_as_there_are(pairs):
    rows = np.array([(1, *pair) for pair in pairs], dtype=float)
    drawn = resampled(rows, 20)
    assert (drawn[:, 0] == len(rows)).all()
    assert (drawn >= rows.min(axis=0) * len(rows)).all()
    assert (drawn <= rows.max(axis=0) * len(rows)).all()


def test_replicas_average_to_the_whole():
    rows = np.arange(40, dtype=float).reshape(20, 2)
    mean = resampled(rows, 20_000).mean(axis=0)
    assert mean == pytest.approx(rows.sum(axis=0), rel=0.01)
