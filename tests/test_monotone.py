"""What is added to one side alone never brings two headlines closer."""

from __future__ import annotations

import csv
import random
from functools import cache

import numpy as np
import orjson
import pytest
from headlines import DATA, EXAMPLES, corpora, log_odds, records_of

from dedupe.scoring.features import FEATURES
from dedupe.scoring.model import shipped_model
from dedupe.scoring.score import GENERIC_ODDS

Pairs = list[tuple[str, str]]

SHARE = 0.015
"""Of all pairs so few may rise: an added word can change what a text's capitals, dashes or letters
tell about its names, segments or language."""
LEAST = -12
"""Below one in a hundred thousand a score is as good as none."""
SLACK = 0.1
"""In log-odds: a quarter of a point in a hundred at most."""

ADDED = {
    "a word": (" quixim", " Zorblatt"),
    "three words": (
        " zorblatt quixim vandrel",
        " after quixim vandrel",
        " Zorblatt Quixim Vandrel",
    ),
    "a number": (" 7731", " 58", " 7,731 quixims"),
    "a tag": (" [video]", " (2011)", " [12 comments]"),
    "a known outlet": (" - Reuters", " | BBC News"),
    "an unknown outlet": (" - Vandrel Quixim", " | Quixim"),
}
BEFORE = ("BREAKING: ", "Exclusive: ", "UPDATE 1-", "Zorblatt: ")


@cache
def invented_pairs() -> tuple[tuple[str, str], ...]:
    """Return the invented pairs of all languages, duplicates or not."""
    rows = (
        line.split("\t")
        for path in sorted(EXAMPLES.glob("pairs-*.tsv"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return tuple((left, right) for _, _, left, right in rows)


@cache
def real_pairs() -> tuple[tuple[str, str], ...]:
    """Return the labelled pairs of real headlines; none where the data is not there."""
    found = []
    names = {"reuters_weeks": "reuters"}
    for path in corpora():
        name = path.name.removesuffix(".jsonl.gz")
        labels = path.with_name(f"{names.get(name, name)}_pairs.csv")
        if labels.exists():
            titles = {str(r["id"]): r["title"] for r in map(orjson.loads, records_of(path))}
            with labels.open(newline="") as file:
                found += [(titles[row["a"]], titles[row["b"]]) for row in csv.DictReader(file)]
    return tuple(found)


SOURCES = {"invented": invented_pairs, "real": real_pairs}


@pytest.fixture(params=SOURCES)
def pairs(request) -> Pairs:
    if request.param == "real" and not DATA.is_dir():
        pytest.skip("the evaluation data is not part of the project")
    return list(SOURCES[request.param]())


def rises(before: Pairs, after: Pairs, slack: float = SLACK) -> list[tuple[float, tuple[str, str]]]:
    """Return by how much pairs score higher after an edit, the most first."""
    old, new = (np.maximum(log_odds(pairs), LEAST) for pairs in (before, after))
    raised = np.flatnonzero(new > old + slack)
    return sorted(((float(new[at] - old[at]), after[at]) for at in raised), reverse=True)


@pytest.mark.parametrize("added", ADDED.values(), ids=ADDED)
def test_what_is_appended_to_one_side_raises_no_score(pairs: Pairs, added: tuple[str, ...]):
    chance = random.Random(1)
    longer = [(left, right + chance.choice(added)) for left, right in pairs]
    raised = rises(pairs, longer)
    assert len(raised) <= SHARE * len(pairs), raised[:5]


def test_what_is_put_before_one_side_raises_no_score(pairs: Pairs):
    chance = random.Random(2)
    longer = [(left, chance.choice(BEFORE) + right) for left, right in pairs]
    raised = rises(pairs, longer)
    assert len(raised) <= SHARE * len(pairs), raised[:5]


def test_an_appended_word_takes_no_pair_across_the_threshold(pairs: Pairs):
    longer = [(left, right + " zorblatt") for left, right in pairs]
    old, new = log_odds(pairs), log_odds(longer)
    crossing = np.flatnonzero((old < 0) & (new >= 0))
    assert len(crossing) <= SHARE * len(pairs), [longer[at] for at in crossing[:5]]


def test_either_side_may_come_first(pairs: Pairs):
    assert (log_odds(pairs) == log_odds([(right, left) for left, right in pairs])).all()


def test_a_difference_taken_away_lowers_no_score(pairs: Pairs):
    """Of ``A`` and ``A x`` the second scores no higher than ``A`` with itself."""
    titles = [left for left, _ in pairs]
    same = [(title, title) for title in titles]
    # A generic title with a word behind it is none.
    news = np.flatnonzero(log_odds(same) > GENERIC_ODDS)
    titles, same = [titles[at] for at in news], [same[at] for at in news]
    raised = rises(same, [(title, f"{title} zorblatt") for title in titles])
    assert len(raised) <= SHARE * len(titles), raised[:5]


def test_the_more_is_appended_the_lower_the_score():
    """Each step away from a headline lowers its score, or leaves it."""
    steps = [
        "",
        " quixim",
        " quixim vandrel",
        " quixim vandrel 7731",
        " quixim vandrel 7731 zorblatt",
    ]
    titles = [left for left, _ in invented_pairs()][::3]
    told = [log_odds([(title, title + step) for title in titles]) for step in steps]
    scores = np.maximum(np.array(told), LEAST)
    risen = (np.diff(scores, axis=0) > SLACK).any(axis=0)
    assert risen.mean() <= SHARE, [titles[at] for at in np.flatnonzero(risen)[:5]]


def test_what_is_found_late_only_ever_lowers_a_tree():
    # The kernel rejects a pair by an upper bound without these features (LATE_FEATURES in score.h).
    forest, rng = shipped_model().text, np.random.default_rng(5)
    late = [
        FEATURES.index(name)
        for name in ("negation", "opposed", "order", "swapped", "slots", "slot_weight")
    ]
    cuts = [
        np.append(forest.thresholds[forest.features == at], [-1.0, 99.0])
        for at in range(len(FEATURES))
    ]
    rows = np.stack([rng.choice(own, 3000) for own in cuts], axis=1)
    rows[:, late] = np.maximum(rows[:, late], 0) + rng.integers(0, 2, (3000, len(late)))
    without = rows.copy()
    without[:, late] = 0
    for root in forest.roots.tolist():
        high, low = np.full(len(rows), root), np.full(len(rows), root)
        for _ in range(forest.depth):
            high, low = forest.step(without, high), forest.step(rows, low)
        assert (forest.values[high] >= forest.values[low]).all()
