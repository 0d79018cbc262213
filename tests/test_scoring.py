"""Features of pairs as a table, and the promises of the model that weighs them."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from corpora import run_of, story
from fit import directions
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz
from readers import joined, read_bytes

from dedupe.backends.memory import MemoryBackend, build_memory_backend, scoring_context_of
from dedupe.config import Settings
from dedupe.evaluation.contributions import base_log_odds, feature_contributions
from dedupe.scoring.features import VIEW
from dedupe.scoring.model import Model, read_model, shipped_model, to_probability
from dedupe.scoring.pair_context import CONTEXT, PairContext
from dedupe.scoring.score import FEATURES, max_exact_gap, model_rows, score_pairs
from dedupe.text.preprocess import preprocess


def case_of(*titles: str) -> MemoryBackend:
    """A corpus of headlines, one a record, all of different texts."""
    data = b"".join(orjson.dumps({"title": title}) + b"\n" for title in titles)
    corpus = joined(read_bytes(data))
    return build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), Settings())


def row(one: str, other: str, hours: float = np.nan, same: float = np.nan) -> dict[str, float]:
    """The features of a pair of headlines, by name."""
    case = case_of(one, other)
    evidence = scoring_context_of(case, np.arange(2))
    left, right = case.content_ids[:1], case.content_ids[1:]
    found = model_rows(evidence, PairContext(left, right, np.array([hours]), np.array([same])))
    return dict(zip(FEATURES, found[0].tolist(), strict=True))


PLAIN = "Zellwick quarries buys Odlin mill"
FACTS = {
    "words but one alike": (PLAIN, "Zellwick quarries buys Odlin bakery", {
        "loose_min": 1, "numbers_both": 0, "opposed": 0, "order": 0, "head": 1, "words_min": 5,
    }),
    "one side holds more": (PLAIN, f"{PLAIN} at Pellmore", {
        "containment": 1, "rest_min": 0, "top_min": 0, "loose_min": 0,
    }),
    "an outlet is no word of the story": (PLAIN, f"{PLAIN} - Reuters", {
        "containment": 1, "rest_min": 0, "tags": 1, "words_min": 5, "ratio": 1,
    }),
    "a tag and its number": (PLAIN, f"UPDATE 2-{PLAIN}", {"tags": 2, "ratio": 1, "head": 1}),
    "numbers on both sides": ("Odlin mill cuts 200 jobs", "Odlin mill cuts 300 jobs", {
        "numbers_both": 1, "numbers_max": 1, "loose_min": 1,
    }),
    "a number on one side": ("Odlin mill cuts jobs", "Odlin mill cuts 300 jobs", {
        "numbers_both": 0, "numbers_max": 1,
    }),
    "antonyms": ("Odlin shares rise", "Odlin shares fall", {"opposed": 1}),
    "synonyms": ("Odlin buys mill", "Odlin acquires mill", {"opposed": 0, "loose_min": 0}),
    "spellings": ("Odlin pays 3 mln", "Odlin pays 3 million", {
        "dice": 1, "rest_max": 0, "numbers_max": 0, "loose_min": 0,
    }),
    "stems": ("Odlin mill closing", "Odlin mill closes", {"loose_min": 0, "opposed": 0}),
    "roles exchanged": ("Pellmore beats Dunhaven", "Dunhaven beats Pellmore", {
        "dice": 1, "rest_max": 0, "loose_min": 0, "exchanged": 1,
    }),
    "a clause that moved": ("Pellmore mill burns, Odlin police say",
                            "Odlin police say Pellmore mill burns", {"exchanged": 0, "dice": 1}),
    "a list in another order": ("Pellmore and Dunhaven raise tolls",
                                "Dunhaven and Pellmore raise tolls", {"exchanged": 0, "dice": 1}),
    "nothing alike": ("Odlin mill", "Herring shoals return", {
        "dice": 0, "containment": 0, "shared": 0, "head": 0, "loose_min": 2, "words_min": 2,
    }),
}  # fmt: skip


@pytest.mark.parametrize(("left", "right", "facts"), FACTS.values(), ids=FACTS)
def test_features(left: str, right: str, facts: dict[str, float]):
    found = row(left, right)
    assert {name: found[name] for name in facts} == facts


def test_words_out_of_order_are_seen():
    assert row("Pellmore beats Dunhaven", "Dunhaven beats Pellmore")["order"] > 0
    assert row(PLAIN, f"{PLAIN} again")["order"] == 0


def test_what_differs_weighs_by_its_rarity():
    rare = row(PLAIN, PLAIN.replace("Odlin", "Arden"))
    common = row(f"{PLAIN} of the", f"{PLAIN} in the")
    assert rare["top_min"] > common["top_min"] > 0
    assert rare["rest_min"] >= rare["top_min"]


def test_the_ratio_is_that_of_the_stories_themselves():
    left, right = "Zellwick buys mill", "Zellwick buys the mill!"
    expected = fuzz.ratio("zellwick buys mill", "zellwick buys the mill") / 100
    assert row(left, right)["ratio"] == pytest.approx(expected)


def test_missing_facts_are_nan_and_known_ones_are_not():
    unknown, known = row(PLAIN, f"{PLAIN} again"), row(PLAIN, f"{PLAIN} again", 24, 1)
    assert np.isnan([unknown["gap"], unknown["same_source"], unknown["lede_dice"]]).all()
    assert known["gap"] == pytest.approx(np.log(25))
    assert known["same_source"] == 1


TITLES = st.lists(
    st.text("abcd 5城", min_size=1, max_size=14).filter(lambda t: t.strip()),
    min_size=2,
    max_size=2,
)


@settings(max_examples=60)
@given(TITLES)
def test_a_pair_scores_the_same_either_way(titles):
    case = case_of(*titles)
    if len(set(case.content_ids.tolist())) < 2:
        return
    evidence = scoring_context_of(case, np.arange(2))
    unknown = np.full(2, np.nan)
    verdicts = score_pairs(
        evidence, PairContext(case.content_ids, case.content_ids[::-1], unknown, unknown)
    )
    assert verdicts.scores[0] == verdicts.scores[1]
    assert ((verdicts.scores >= 0) & (verdicts.scores <= 1)).all()


def test_a_pair_is_scored_alike_in_any_company():
    case = case_of(PLAIN, f"{PLAIN} again", "Herring return", "Herring shoals return")
    evidence = scoring_context_of(case, np.arange(4))
    left, right = (case.content_ids[side] for side in np.triu_indices(4, 1))
    unknown = np.full(6, np.nan)
    ends = PairContext(left, right, unknown, unknown)
    together = score_pairs(evidence, ends)
    for place in range(6):
        alone = score_pairs(evidence, ends.at(slice(place, place + 1)))
        assert alone.scores[0] == together.scores[place]
        assert alone.upper_bounds[0] == together.upper_bounds[place]


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9, 0.999])
def test_equal_texts_reach_no_further_for_a_higher_threshold(threshold):
    case = case_of(PLAIN, "Morning Briefing")
    evidence = scoring_context_of(case, np.arange(2))
    low = max_exact_gap(evidence, case.content_ids, threshold / 2)
    high = max_exact_gap(evidence, case.content_ids, threshold)
    assert (low >= high).all()
    assert (high >= 0).all()


def test_a_headline_of_many_days_reaches_less_far_than_one_of_few():
    daily = [story(n, "Morning Briefing", "", "", 24 * n) for n in range(30)]
    once = [story(100 + n, PLAIN, "", "", n) for n in range(3)]
    sizes = {c.members[0] >= 30: len(c.members) for c in run_of(daily + once).clustering}
    assert sizes[True] == 3
    assert sizes[False] < 30


MODEL = shipped_model()
DIRECTIONS = np.array(directions())
STEPS = [np.unique(MODEL.thresholds[MODEL.features == place]) for place in range(len(MODEL.names))]


def random_rows(count: int, seed: int):
    """Rows on either side of the model's own thresholds, some values missing."""
    generator = np.random.default_rng(seed)
    columns = [
        generator.choice(steps if len(steps) else [0.0], count) + generator.normal(0, 1e-3, count)
        for steps in STEPS
    ]
    rows = np.stack(columns, axis=1)
    rows[generator.random(rows.shape) < 0.1] = np.nan
    return rows


def test_the_model_is_of_the_features_that_are_computed():
    assert MODEL.names == FEATURES == (*VIEW, *(f"lede_{name}" for name in VIEW), *CONTEXT)


@pytest.mark.parametrize("place", np.flatnonzero(DIRECTIONS).tolist(), ids=FEATURES.__getitem__)
def test_the_model_keeps_its_promised_directions(place: int):
    rows = random_rows(400, place)
    values = np.unique(np.concatenate([STEPS[place], STEPS[place] + 1e-9, [-1e9, 1e9]]))
    odds = []
    for value in values:
        rows[:, place] = value
        odds.append(MODEL.log_odds(rows))
    climbs = np.diff(odds, axis=0) * DIRECTIONS[place]
    assert climbs.min() > -1e-5, "values are kept in whole units"


def test_the_promises():
    promised = dict(zip(FEATURES, DIRECTIONS.tolist(), strict=True))
    assert all(promised[name] == promised[f"lede_{name}"] for name in VIEW)
    assert {name for name in VIEW if promised[name] > 0} >= {"dice", "shared", "ratio"}
    assert {name for name in FEATURES if promised[name] < 0} >= {"rest_min", "gap", "recurrence"}


def test_parts_add_up_to_the_log_odds():
    rows = random_rows(60, 5)
    for values, odds in zip(rows, MODEL.log_odds(rows), strict=True):
        assert base_log_odds() + feature_contributions(values).sum() == pytest.approx(
            odds, abs=1e-9
        )


def test_a_missing_value_goes_its_own_way_and_an_unasked_feature_has_none():
    model = Model(
        names=("a", "b"), base=0.5, roots=np.array([0]), features=np.array([0, -1, -1]),
        thresholds=np.array([1.0, 0, 0]), yes=np.array([1, 0, 0]), no=np.array([2, 0, 0]),
        missing=np.array([True, False, False]), values=np.array([0.0, -2.0, 3.0]), depth=1,
    )  # fmt: skip
    rows = np.array([[1.0, 9.0], [1.1, 9.0], [np.nan, 9.0], [1.1, np.nan]])
    assert model.log_odds(rows).tolist() == [-1.5, 3.5, -1.5, 3.5]


def test_a_model_of_another_format_is_refused():
    with pytest.raises(ValueError, match="format 9, not 2"):
        read_model(b'{"format":9}')


def test_probability():
    assert to_probability(np.array([0.0, -np.inf])).tolist() == [0.5, 0.0]
