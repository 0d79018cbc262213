"""The first glance: what it sees, what it promises, and whom it turns away."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import CORPORA, Story, lines
from hypothesis import given, settings
from readers import joined, read_bytes

from dedupe.judge.explain import explain
from dedupe.judge.fit_glance import directions
from dedupe.pipeline.case import Case, evidence_among, open_case
from dedupe.pipeline.describe import describe
from dedupe.settings import Settings
from dedupe.verify import GLANCE, Ends, glances, hopes_of, promising
from dedupe.verify.align import LONGEST, TAG_SHARE
from dedupe.verify.glance import BAG, shipped_glance

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROW = (0.9, 0.95, 60.0, 2.0, 4.0, 8.0, 9.0)
"""A bag that shares nearly all."""


def case_of(stories: list[Story], **changed: object) -> Case:
    """The case of some records."""
    corpus = joined(read_bytes(lines(stories)))
    return open_case(corpus, describe(corpus, 1, 1, lambda _: None), Settings(**changed))


def titled(*titles: str, **changed: object) -> Case:
    """The case of some headlines."""
    return case_of([{"id": str(i), "title": title} for i, title in enumerate(titles)], **changed)


def living(case: Case) -> NDArray[np.int64]:
    """The records with text."""
    return np.flatnonzero(case.kinds >= 0)


def all_ends(case: Case) -> Ends:
    """Every record with text beside every other."""
    left, right = (side.ravel() for side in np.meshgrid(living(case), living(case)))
    return case.ends(left, right)


def bag(case: Case, field: int, kind: int) -> list[tuple[int, int]]:
    """The sign and the weight of each word of a text."""
    column = evidence_among(case, living(case)).columns[field]
    signs = column.vocabulary.signs
    first, last = column.starts[kind], column.stops[kind]
    words = slice(first, min(last, first + LONGEST))
    ids = column.ids[words]
    weights = column.weights[ids] // np.where(column.zones[words] > 0, TAG_SHARE, 1)
    return list(zip(signs[ids].tolist(), weights.tolist(), strict=True))


def bag_row(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> list[float]:
    """The ``BAG`` features word by word."""
    there, here = {sign for sign, _ in theirs}, {sign for sign, _ in ours}
    shared = sum(w for s, w in ours if s in there), sum(w for s, w in theirs if s in here)
    total = [max(sum(w for _, w in side), 1) for side in (ours, theirs)]
    rest = [whole - part for whole, part in zip(total, shared, strict=True)]
    return [
        sum(shared) / sum(total),
        max(shared[0] / total[0], shared[1] / total[1]),
        min(shared) / 16,
        min(rest) / 16,
        max(rest) / 16,
        min(len(ours), len(theirs)),
        max(len(ours), len(theirs)),
    ]


@given(CORPORA)
@settings(max_examples=40)
def test_a_glance_sees_two_bags_of_words(stories):
    case = case_of(stories)
    ends = all_ends(case)
    found = glances(evidence_among(case, living(case)), ends)
    for row, left, right in zip(
        found.tolist(), ends.left.tolist(), ends.right.tolist(), strict=True
    ):
        views = [
            bag_row(*sides)
            for sides in ([bag(case, field, kind) for kind in (left, right)] for field in range(2))
            if all(sides)
        ]
        views += [[np.nan] * len(BAG)] * (2 - len(views))
        assert np.array_equal(row[: 2 * len(BAG)], np.concatenate(views), equal_nan=True)


glance = import_module("dedupe.verify.glance")
MODEL, CUT = shipped_glance()
DIRECTIONS = np.array(directions())
STEPS = [np.unique(MODEL.thresholds[MODEL.features == place]) for place in range(len(GLANCE))]


@pytest.mark.parametrize("place", np.flatnonzero(DIRECTIONS).tolist(), ids=GLANCE.__getitem__)
def test_more_in_common_never_turns_a_pair_away(place: int):
    generator = np.random.default_rng(place)
    columns = [generator.choice(steps if len(steps) else [0.0], 300) for steps in STEPS]
    rows = np.stack(columns, axis=1) + generator.normal(0, 1e-3, (300, len(GLANCE)))
    rows[generator.random(rows.shape) < 0.1] = np.nan
    values = np.unique(np.concatenate([STEPS[place], STEPS[place] + 1e-9, [-1e9, 1e9]]))
    odds = []
    for value in values:
        rows[:, place] = value
        odds.append(MODEL.log_odds(rows))
    assert (np.diff(odds, axis=0) * DIRECTIONS[place]).min() > -1e-5, "whole units"


def test_the_glance_is_of_the_features_that_are_computed():
    assert MODEL.names == GLANCE
    promised = dict(zip(GLANCE, DIRECTIONS.tolist(), strict=True))
    assert promised["dice"] == promised["lede_shared"] == 1
    assert promised["gap"] == promised["rest_min"] == -1


@pytest.mark.parametrize("hours", [0.0, 5.0, 300.0, np.nan])
@pytest.mark.parametrize("lede", [ROW, (np.nan,) * len(BAG)], ids=["lede", "no lede"])
def test_what_shares_nearly_all_is_never_turned_away(hours: float, lede: tuple[float, ...]):
    row = np.array([[*ROW, *lede, np.log1p(hours), np.nan]])
    assert MODEL.log_odds(row)[0] > CUT


ALIKE = "Zellwick Quarries buys Odlin Bay mill for 41 million crowns"
APART = "Herring shoals return to Tasker Bay as Odlin ferry strike drags on"
MANY = [
    f"Council of parish {i} votes on road {i * 7} repairs in district {i % 5}" for i in range(60)
]


def test_pairs_that_share_a_word_or_two_are_turned_away():
    case = titled(ALIKE, APART, ALIKE + " on Monday", *MANY)
    evidence = evidence_among(case, living(case))
    assert evidence.glanced
    seen = promising(evidence, case.ends(np.array([0, 0]), np.array([1, 2])))
    assert seen.tolist() == [False, True]
    hopes = hopes_of(evidence, case.ends(np.array([0, 0]), np.array([1, 2])))
    assert hopes[0] == 0
    assert hopes[1] > 0.5


def test_below_the_threshold_of_the_glance_nothing_is_turned_away():
    case = titled(ALIKE, APART, *MANY, threshold=0.49)
    evidence = evidence_among(case, living(case))
    assert promising(evidence, case.ends(np.array([0]), np.array([1]))).all()


def test_of_three_fields_nothing_is_turned_away():
    case = titled(ALIKE, APART, *MANY)
    evidence = evidence_among(case, living(case))
    evidence = replace(evidence, columns=evidence.columns[:1] * 3)
    assert promising(evidence, case.ends(np.array([0]), np.array([1]))).all()


def test_explain_tells_of_a_pair_that_is_turned_away(monkeypatch: pytest.MonkeyPatch):
    case = titled(ALIKE, ALIKE + " on Monday", *MANY)
    alike = explain(case.corpus, 0, 1, case.settings)
    assert alike.joins
    assert "glance" not in {guard.name for guard in alike.guards}
    monkeypatch.setattr(glance, "shipped_glance", lambda: (MODEL, 1e9))
    away = explain(case.corpus, 0, 1, case.settings)
    assert not away.joins
    assert [guard.name for guard in away.guards if not guard.passes] == ["glance"]
