"""The first glance: what it sees, what it promises, and whom it turns away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import CORPORA, Story, lines
from fit_prefilter import directions
from hypothesis import given, settings
from readers import joined, read_bytes

from dedupe.backends.memory import MemoryBackend, build_memory_backend, scoring_context_of
from dedupe.config import Settings
from dedupe.evaluation.explain import explain
from dedupe.scoring import prefilter
from dedupe.scoring.align import LONGEST, TAG_SHARE
from dedupe.scoring.prefilter import (
    BAG,
    PREFILTER_FEATURES,
    passes_prefilter,
    prefilter_rows,
    score_upper_bounds,
    shipped_prefilter,
)
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.scoring.pair_context import PairContext

ROW = (0.9, 0.95, 60.0, 2.0, 4.0, 8.0, 9.0)
"""A bag that shares nearly all."""


def case_of(stories: list[Story], **changed: object) -> MemoryBackend:
    """The case of some records."""
    corpus = joined(read_bytes(lines(stories)))
    return build_memory_backend(
        corpus, preprocess(corpus, 1, 1, lambda _: None), Settings(**changed)
    )


def titled(*titles: str, **changed: object) -> MemoryBackend:
    """The case of some headlines."""
    return case_of([{"id": str(i), "title": title} for i, title in enumerate(titles)], **changed)


def living(case: MemoryBackend) -> NDArray[np.int64]:
    """The records with text."""
    return np.flatnonzero(case.content_ids >= 0)


def all_ends(case: MemoryBackend) -> PairContext:
    """Every record with text beside every other."""
    left, right = (side.ravel() for side in np.meshgrid(living(case), living(case)))
    return case.pair_context(left, right)


def bag(case: MemoryBackend, field: int, kind: int) -> list[tuple[int, int]]:
    """The sign and the weight of each word of a text."""
    column = scoring_context_of(case, living(case)).columns[field]
    signs = column.vocabulary.signs
    first, last = column.starts[kind], column.ends[kind]
    words = slice(first, min(last, first + LONGEST))
    ids = column.ids[words]
    weights = column.weights[ids] // np.where(column.zones[words] > 0, TAG_SHARE, 1)
    return list(zip(signs[ids].tolist(), weights.tolist(), strict=True))


def bag_row(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> list[float]:
    """The ``BAG`` features word by word."""
    there, here = {sign for sign, _ in right}, {sign for sign, _ in left}
    shared = sum(w for s, w in left if s in there), sum(w for s, w in right if s in here)
    total = [max(sum(w for _, w in side), 1) for side in (left, right)]
    rest = [whole - part for whole, part in zip(total, shared, strict=True)]
    return [
        sum(shared) / sum(total),
        max(shared[0] / total[0], shared[1] / total[1]),
        min(shared) / 16,
        min(rest) / 16,
        max(rest) / 16,
        min(len(left), len(right)),
        max(len(left), len(right)),
    ]


@given(CORPORA)
@settings(max_examples=40)
def test_a_glance_sees_two_bags_of_words(stories):
    case = case_of(stories)
    ends = all_ends(case)
    found = prefilter_rows(scoring_context_of(case, living(case)), ends)
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


MODEL, CUT = shipped_prefilter()
DIRECTIONS = np.array(directions())
STEPS = [
    np.unique(MODEL.thresholds[MODEL.features == place]) for place in range(len(PREFILTER_FEATURES))
]


@pytest.mark.parametrize(
    "place", np.flatnonzero(DIRECTIONS).tolist(), ids=PREFILTER_FEATURES.__getitem__
)
def test_more_in_common_never_turns_a_pair_away(place: int):
    generator = np.random.default_rng(place)
    columns = [generator.choice(steps if len(steps) else [0.0], 300) for steps in STEPS]
    rows = np.stack(columns, axis=1) + generator.normal(0, 1e-3, (300, len(PREFILTER_FEATURES)))
    rows[generator.random(rows.shape) < 0.1] = np.nan
    values = np.unique(np.concatenate([STEPS[place], STEPS[place] + 1e-9, [-1e9, 1e9]]))
    odds = []
    for value in values:
        rows[:, place] = value
        odds.append(MODEL.log_odds(rows))
    assert (np.diff(odds, axis=0) * DIRECTIONS[place]).min() > -1e-5, "whole units"


def test_the_glance_is_of_the_features_that_are_computed():
    assert MODEL.names == PREFILTER_FEATURES
    promised = dict(zip(PREFILTER_FEATURES, DIRECTIONS.tolist(), strict=True))
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
    evidence = scoring_context_of(case, living(case))
    assert evidence.use_prefilter
    seen = passes_prefilter(evidence, case.pair_context(np.array([0, 0]), np.array([1, 2])))
    assert seen.tolist() == [False, True]
    hopes = score_upper_bounds(evidence, case.pair_context(np.array([0, 0]), np.array([1, 2])))
    assert hopes[0] == 0
    assert hopes[1] > 0.5


def test_below_the_threshold_of_the_glance_nothing_is_turned_away():
    case = titled(ALIKE, APART, *MANY, threshold=0.49)
    evidence = scoring_context_of(case, living(case))
    assert passes_prefilter(evidence, case.pair_context(np.array([0]), np.array([1]))).all()


def test_of_three_fields_nothing_is_turned_away():
    case = titled(ALIKE, APART, *MANY)
    evidence = scoring_context_of(case, living(case))
    evidence = replace(evidence, columns=evidence.columns[:1] * 3)
    assert passes_prefilter(evidence, case.pair_context(np.array([0]), np.array([1]))).all()


def test_explain_tells_of_a_pair_that_is_turned_away(monkeypatch: pytest.MonkeyPatch):
    case = titled(ALIKE, ALIKE + " on Monday", *MANY)
    alike = explain(case.corpus, 0, 1, case.settings)
    assert alike.joins
    assert "glance" not in {guard.name for guard in alike.guards}
    monkeypatch.setattr(prefilter, "shipped_prefilter", lambda: (MODEL, 1e9))
    away = explain(case.corpus, 0, 1, case.settings)
    assert not away.joins
    assert [guard.name for guard in away.guards if not guard.passes] == ["glance"]
