"""``--numbers``: a bar, evidence among other, or nothing, wherever a pair is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import dedupe
from corpora import CORPORA, canonical_of, lines, partition, run_of, story
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import agree, bits, needs_kernel, three_ways
from readers import corpus_of

from dedupe.backends.memory import build_memory_backend, scoring_context_of
from dedupe.config import Settings
from dedupe.evaluation.explain import corpus_of_texts, explain
from dedupe.scoring.pair_context import PairContext
from dedupe.scoring.score import FEATURES, max_exact_gap, model_rows, score_pairs
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("strict", "weigh", "ignore")
EIGHT = "Storm leaves 8 dead on the Marrow coast"
TEN = "Storm leaves 10 dead on the Marrow coast"


def pair_of(left: str, right: str, hours: tuple[int | None, int | None] = (0, 1)):
    sources = ("Northern Wire", "Evening Ledger")
    texts = zip((left, right), sources, hours, strict=True)
    return [story(n, text, "", source, at) for n, (text, source, at) in enumerate(texts)]


def joins(stories, numbers: str) -> bool:
    return len(run_of(stories, numbers=numbers).clustering) == 1


JOINED = {
    "numbers that conflict": (EIGHT, TEN, (False, False, True)),
    "spelled out": (EIGHT, EIGHT.replace("8", "eight"), (True, True, True)),
    "on one side": (EIGHT, EIGHT.replace("8 ", ""), (True, True, True)),
    "another story": (EIGHT, "Herring return to Tasker Bay, 8 years late", (False, False, False)),
    "nothing but numbers": ("2026", "2027", (False, False, False)),
}


@pytest.mark.parametrize("place", range(3), ids=MODES)
@pytest.mark.parametrize(("left", "right", "expected"), JOINED.values(), ids=JOINED)
def test_what_joins(left: str, right: str, expected: tuple[bool, ...], place: int):
    assert joins(pair_of(left, right), MODES[place]) == expected[place]


@pytest.mark.parametrize(("numbers", "stories"), [("strict", 2), ("weigh", 1)])
def test_only_weighed_numbers_give_way_to_a_low_threshold(numbers: str, stories: int):
    found = run_of(pair_of(EIGHT, TEN), numbers=numbers, threshold=0.05)
    assert len(found.clustering) == stories


def judged(numbers: str, *titles: str, lede: tuple[str, str] = ("", "")):
    rows = [{"title": t, "lede": ls} for t, ls in zip(titles, lede, strict=True)]
    corpus = corpus_of(lines(rows))
    case = build_memory_backend(
        corpus, preprocess(corpus, 1, 1, lambda _: None), Settings(numbers=numbers)
    )
    evidence = scoring_context_of(case, np.arange(len(titles)))
    unknown = np.full(1, np.nan)
    told = evidence, PairContext(case.content_ids[:1], case.content_ids[1:], unknown, unknown)
    return score_pairs(*told), dict(zip(FEATURES, model_rows(*told)[0].tolist(), strict=True))


def test_strict_scores_nothing_and_hopes_nothing():
    verdicts, features = judged("strict", EIGHT, TEN)
    assert features["numbers_both"] == 1
    assert (verdicts.scores[0], verdicts.upper_bounds[0]) == (0, 0)
    assert judged("weigh", EIGHT, TEN)[0].scores[0] > 0


def test_strict_looks_at_the_field_that_leads_alone():
    ledes = ("It took 3 hours before dawn.", "It took 4 hours before dawn.")
    same = judged("strict", EIGHT, EIGHT.replace("leaves", "left"), lede=ledes)
    assert same[1]["lede_numbers_both"] == 1
    assert same[0].scores[0] > 0
    without_titles = judged("strict", "", "", lede=ledes)
    assert without_titles[0].scores[0] == 0


def test_ignore_hears_no_number():
    verdicts, features = judged("ignore", EIGHT, TEN)
    assert features["numbers_both"] == features["numbers_max"] == features["loose_min"] == 0
    assert features["dice"] == features["ratio"] == features["head"] == 1
    assert features["words_min"] == 7
    plain = judged("ignore", EIGHT.replace("8 ", ""), EIGHT.replace("8 ", "the "))
    assert verdicts.scores[0] >= plain[0].scores[0]


@pytest.mark.parametrize("title", [EIGHT, "2026", "8 dead"])
def test_equal_texts_reach_as_far_whatever_their_numbers_count_for(title: str):
    corpus = corpus_of(lines(pair_of(title, "Herring return to Tasker Bay")))
    reaches = []
    for numbers in MODES:
        told = Settings(numbers=numbers)
        case = build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), told)
        reaches.append(
            max_exact_gap(scoring_context_of(case, np.arange(2)), case.content_ids, 0.5)[0]
        )
    assert reaches[0] == reaches[1]
    assert (reaches[2] > 0) == (reaches[1] > 0)


@needs_kernel
@pytest.mark.parametrize("numbers", MODES)
def test_the_kernel_and_numpy_agree(numbers: str):
    assert agree(lambda: judged(numbers, EIGHT, TEN)[0])


SEVERAL = st.sampled_from(MODES)


@settings(max_examples=25)
@given(CORPORA, SEVERAL, st.randoms(use_true_random=False))
def test_no_order_matters_and_unique_is_stable(stories, numbers, chance):
    result = run_of(stories, numbers=numbers)
    shuffled = run_of(chance.sample(stories, len(stories)), numbers=numbers)
    assert partition(shuffled) == partition(result)
    kept = canonical_of(stories, result)
    assert canonical_of(kept, run_of(kept, numbers=numbers)) == kept


@needs_kernel
@settings(max_examples=6)
@given(CORPORA, SEVERAL)
def test_whole_runs_agree_by_the_kernel_and_by_numpy(stories, numbers):
    pure, plain, wide = three_ways(lambda: run_of(stories, numbers=numbers).clustering)
    for found in (plain, wide):
        assert bits((pure.canonical, pure.scores)) == bits((found.canonical, found.scores))


def explained(numbers: str, left: str, right: str):
    told = Settings(numbers=numbers)
    return explain(corpus_of_texts(left, right, told), 0, 1, told)


@pytest.mark.parametrize(
    ("numbers", "left", "right", "guard"),
    [
        ("strict", EIGHT, TEN, ("numbers left over on both sides", False)),
        ("strict", EIGHT, EIGHT, ("no numbers left over on both sides", True)),
        ("ignore", EIGHT, TEN, ("left out of the comparison", True)),
        ("weigh", EIGHT, TEN, None),
    ],
)
def test_explain_shows_the_switch(numbers: str, left: str, right: str, guard):
    found = explained(numbers, left, right)
    shown = [(g.saw, g.passes) for g in found.guards if g.name == "numbers"]
    assert shown == ([guard] if guard else [])
    undated = [{"title": left}, {"title": right}]
    assert found.joins == (len(run_of(undated, numbers=numbers).clustering) == 1)


def test_explain_tells_what_would_lift_the_bar():
    found = explained("strict", EIGHT, TEN)
    assert (found.breakdown.score, found.accepted) == (0, False)
    lifts = {change.word: change.score for change in found.words if change.flips}
    assert set(lifts) >= {"8", "10"}
    assert all(score >= 0.5 for score in lifts.values())
    bounds = {c.name: (c.bound, c.above) for c in found.features if c.field == "title"}
    assert bounds.get("numbers_both", (0.0, False)) == (0.0, False)


def test_explain_is_deaf_where_the_run_is():
    found = explained("ignore", EIGHT, TEN)
    (title, _) = found.comparisons
    assert (title.left_only, title.right_only) == ((), ())
    assert all(change.word not in ("8", "10") for change in found.words)
    whole, cut = found.breakdown.score, max(change.score for change in found.words)
    assert cut <= whole + 1e-9


@pytest.mark.parametrize("pure", ["0", "1"])
def test_by_the_command_line(pure: str, tmp_path: Path):
    stories = lines(pair_of(EIGHT, TEN))
    for numbers, count in (("strict", 2), ("ignore", 1)):
        done = dedupe("unique", "--numbers", numbers, folder=tmp_path, stdin=stories,
                      DEDUPE_PURE=pure)  # fmt: skip
        assert (done.code, len(done.out.splitlines())) == (0, count)


def test_strict_says_why_in_a_terminal(tmp_path: Path):
    done = dedupe("explain", "--numbers", "strict", EIGHT, TEN, folder=tmp_path)
    told = done.out.decode()
    assert "Two stories: score 0.000 < threshold 0.5, stopped by: " in told
    assert "stop  numbers: numbers left over on both sides" in told
    assert "in all: score 0.000, as numbers conflict" in told


def test_what_threshold_asks_for_is_no_way_round_the_bar(tmp_path: Path):
    told = dedupe("pairs", "--numbers", "strict", "--threshold", "0.01", folder=tmp_path,
                  stdin=lines(pair_of(EIGHT, TEN)))  # fmt: skip
    assert told.out == b""
    loose = dedupe("pairs", "--threshold", "0.01", folder=tmp_path,
                   stdin=lines(pair_of(EIGHT, TEN)))  # fmt: skip
    assert json.loads(loose.out)["score"] > 0
