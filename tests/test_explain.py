"""``dedupe explain`` as a user meets it, and whether what it says is so."""

from __future__ import annotations

import json
import math
import re
from io import BytesIO
from typing import TYPE_CHECKING

import click
import labelled
import numpy as np
import pytest
from commandline import FIXTURES, dedupe
from hypothesis import given
from hypothesis import strategies as st

from dedupe.cli.console import Styler
from dedupe.config import Settings
from dedupe.evaluation.breakdown import (
    DIFFERENCES,
    SHARED_FEATURES,
    Contribution,
    field_parts,
    shapley_value,
)
from dedupe.evaluation.explain import as_json, corpus_of_texts, explain, find_record
from dedupe.io.reader import read
from dedupe.load import load_corpus
from dedupe.models import ReadStats
from dedupe.reports.explanation import contribution_text, explanation_text
from dedupe.scoring.features import FEATURES
from dedupe.scoring.model import shipped_model

if TYPE_CHECKING:
    from pathlib import Path

    from dedupe.evaluation.explain import Explanation

RECORDS = b"""\
{"id":"a","title":"UPDATE 1-Old lamp at Pell Point stays lit - Reuters","lede":"It burns on.","published":"2026-03-03T10:00Z","source":"x"}
{"id":"b","title":"Old lamp at Pell Point to stay lit, council says","lede":"It burns on, they say.","published":"2026-03-03T12:00Z","source":"y"}

{"id":"c","title":"Ferry tolls rise by 10 pence in June","published":"2026-03-09"}
{"id":"d","title":"Ferry tolls rise by 12 pence in July","published":"2026-03-04"}
{"id":"5","title":"Ferry tolls fall"}
{"id":"same","title":"One"}
{"id":"same","title":"Two"}
{"id":"copy","title":"OLD LAMP at Pell Point to stay lit, council says","lede":"It burns on, they say.","published":"2026-03-03T13:00Z","source":"y"}
"""  # noqa: E501 - a record is a line
PAIRS = {
    "a tag": ("UPDATE 1-Fed raises rates - Reuters", "Fed lifts rates to 5 pct, U.S. stocks up"),
    "equal": ("Old lamp stays lit", "Old lamp stays lit"),
    "a number": ("Fed raises rates by 4.3 pct", "Fed raises rates by 4.5 pct"),
    "roles": ("Odlin sues Pell over ferry", "Pell sues Odlin over ferry"),
    "opposites": ("Old lamp prices rise in June", "Old lamp prices fall in June"),
    "generic": ("Letters to the editor", "Letters to the editor"),
    "nothing shared": ("Old lamp stays lit", "Ferry tolls rise"),
    "one word": ("Lamp", "Lamp"),
    "no spaces": ("如何看待发射成功", "如何看待发射成功的火箭"),
    "no text": ("", "Old lamp stays lit"),
    "marks alone": ("...", "!!!"),
}
EVERY_PAIR = pytest.mark.parametrize(("a", "b"), PAIRS.values(), ids=PAIRS)


def ask(folder: Path, *arguments: str, code: int = 0, stdin: bytes = RECORDS):
    done = dedupe("explain", *arguments, folder=folder, stdin=stdin)
    assert done.code == code, done.err
    return done


def answer(folder: Path, *arguments: str, stdin: bytes = RECORDS) -> dict:
    return json.loads(ask(folder, "--json", *arguments, stdin=stdin).out)


def explained(a: str, b: str, **settings: object) -> Explanation:
    chosen = Settings(**settings)
    return explain(corpus_of_texts(a, b, chosen), 0, 1, chosen, lambda _stage, _share: None)


# The parts of a score


@EVERY_PAIR
def test_parts_add_up_to_the_score(a: str, b: str):
    found = as_json(explained(a, b), corpus_of_texts(a, b, Settings()))
    if not found["parts"]:
        assert (found["score"], found["log_odds"], found["joins"]) == (0, None, False)
        return
    assert sum(part["part"] for part in found["parts"]) == pytest.approx(
        found["log_odds"], abs=2e-3
    )
    scores = [field["part"] for field in found["field_scores"]]
    assert sum(scores) == pytest.approx(found["text_log_odds"], abs=1e-3)
    assert found["metadata_log_odds"] == 0, "two texts alone have no date and no outlet"
    copies = any(guard["detail"] == "exact copies" for guard in found["guards"])
    score = 1 if copies else 1 / (1 + math.exp(-found["log_odds"]))
    assert found["score"] == pytest.approx(score, abs=1e-4)
    sizes = [abs(part["part"]) for part in found["parts"]]
    assert sizes == sorted(sizes, reverse=True)


PARTS = {"a number": "numbers", "roles": "order", "opposites": "contradiction"}


@pytest.mark.parametrize(("pair", "name"), PARTS.items(), ids=PARTS)
def test_a_difference_is_named_and_counts_against_the_pair(pair: str, name: str):
    parts = {part.name: part.part for part in explained(*PAIRS[pair]).breakdown.parts}
    assert parts.pop("shared") > 0
    assert parts[name] < 0
    assert max(parts.values()) <= 0, "a difference never speaks for a pair"


def test_a_generic_title_is_lowered():
    found = explained(*PAIRS["generic"])
    assert "generic" in {part.name for part in found.breakdown.parts}
    assert found.breakdown.log_odds == pytest.approx(-1.5)


@given(st.lists(st.integers(0, 3), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_parts_of_any_row_add_up(values: list[int]):
    forest, row = shipped_model().text, np.array(values, dtype=float)
    parts = dict(field_parts(forest, row))
    assert sum(parts.values()) == pytest.approx(float(forest.log_odds(row[None])[0]))


def test_every_feature_but_the_script_has_a_part():
    named = [*SHARED_FEATURES, *(name for names in DIFFERENCES.values() for name in names)]
    assert sorted([*named, "ideographs"]) == sorted(FEATURES)


def test_shapley_value_of_a_game_of_two():
    present = np.array([[False, False], [False, True], [True, False], [True, True]])
    values = np.array([0.0, 1.0, 3.0, 10.0])
    assert [shapley_value(present, values, column) for column in (0, 1)] == [6.0, 4.0]


def test_what_metadata_adds_is_told_apart(tmp_path: Path):
    later = RECORDS.replace(b"-03T12:00Z", b"-05T10:00Z").replace(b"-03T13:00Z", b"-05T11:00Z")
    found = answer(tmp_path, "--in", "-", "a", "b", stdin=later)
    parts = {part["name"]: part for part in found["parts"] if not part["field"]}
    assert set(parts) >= {"gap", "other_outlet"}
    assert parts["gap"]["values"]["gap"] == pytest.approx(math.log1p(48), abs=1e-4)
    total = sum(part["part"] for part in parts.values())
    assert total == pytest.approx(found["metadata_log_odds"], abs=1e-3)
    assert found["log_odds"] == pytest.approx(
        found["text_log_odds"] + found["metadata_log_odds"], abs=1e-3
    )


# The same as a run


def test_score_is_that_of_a_run(tmp_path: Path):
    stdin = (FIXTURES / "demo.jsonl").read_bytes() + labelled.lines(labelled.stories())
    listed = dedupe("pairs", "--threshold", "0.1", folder=tmp_path, stdin=stdin).out
    pairs = [json.loads(line) for line in listed.splitlines()]
    assert len(pairs) > 20
    settings = Settings(threshold=0.1)
    corpus = load_corpus(read(["-"], settings, ReadStats(), stdin=BytesIO(stdin)), 2)
    for pair in pairs[::4]:
        ends = (find_record(corpus, pair[side], "-") for side in "ab")
        found = explain(corpus, *ends, settings, lambda _stage, _share: None)
        assert found.score == pytest.approx(pair["score"], abs=1e-4)
        assert found.joins


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("c", "5")])
def test_score_of_a_linked_pair_is_that_of_a_run(one: str, other: str, tmp_path: Path):
    (tmp_path / "l.csv").write_text(f"a,b,label\n{one},{other},D\n")
    links = ("--links", "l.csv")
    listed = dedupe("pairs", *links, folder=tmp_path, stdin=RECORDS).out.splitlines()
    scores = {frozenset((p["a"], p["b"])): p["score"] for p in map(json.loads, listed)}
    found = answer(tmp_path, *links, "--in", "-", one, other)
    assert found["score"] == pytest.approx(scores[frozenset((one, other))], abs=1e-4)


def test_clusters_are_those_of_a_run(tmp_path: Path):
    clustered = dedupe("cluster", folder=tmp_path, stdin=RECORDS).out.splitlines()
    told = {record["id"]: record["dedupe"] for record in map(json.loads, clustered)}
    for one, other in (("a", "b"), ("a", "c"), ("b", "copy")):
        found = answer(tmp_path, "--in", "-", one, other)["clusters"]
        assert found["together"] == (told[one]["cluster"] == told[other]["cluster"])
        sizes = found["a"]["size"], found["b"]["size"]
        assert sizes == (told[one]["size"], told[other]["size"])


def test_exact_copies_score_as_in_a_run(tmp_path: Path):
    found = answer(tmp_path, "--in", "-", "b", "copy")
    assert (found["score"], found["accepted"], found["joins"]) == (1, True, True)
    assert "equal once normalised" in found["guards"][-1]["detail"]


def test_the_time_between_copies_is_in_whole_hours_or_days():
    for text in ("a", "Ferry tolls rise", "Old lighthouse at Pell Point to stay lit"):
        detail = explained(text, text).guards[-1].detail
        apart = r"up to (1 hour|\d+ hours|\d+ days) apart"
        reach = f"at the same time only|{apart}|whatever the time between"
        assert re.fullmatch(f"equal once normalised, one story ({reach})", detail), detail


# What is shown


def test_what_was_taken_off(tmp_path: Path):
    found = answer(tmp_path, "--in", "-", "a", "b")
    title, lede = found["fields"]
    assert (title["name"], lede["name"]) == ("title", "lede")
    assert title["left"]["normalized"] == "old lamp at pell point stays lit"
    assert (title["left"]["tags"], title["left"]["outlet"]) == ("update 1", "reuters")
    assert title["left"]["version"] == 1
    assert title["right"]["tags"] == title["right"]["outlet"] == ""
    assert {"left": "stays", "right": "stay", "how": "stem"} in title["matches"]
    assert [word["text"] for word in title["right_only"]][:1] == ["council"]
    assert found["hours"] == 2


SHARED_KEYS = {
    "words": ("Old lamp at Pell Point", "Pell Point keeps its lamp", "lamp + pell"),
    "a single word": ("Lighthouse", "The lighthouse!", "lighthouse"),
    "ideographs": (*PAIRS["no spaces"], "发射 + 待发"),
}


@pytest.mark.parametrize(("a", "b", "key"), SHARED_KEYS.values(), ids=SHARED_KEYS)
def test_shared_keys_are_named(a: str, b: str, key: str):
    title, lede = explained(a, b).comparisons
    assert key in title.rare_pairs
    assert lede.keys == 0


def test_equal_texts_share_every_key_and_leave_nothing_over():
    (title, _) = explained("Old lamp", "OLD LAMP").comparisons
    assert title.bands == tuple(range(1, 13))
    assert title.left_only == title.right_only == title.matches == ()


def test_text(tmp_path: Path):
    done = ask(tmp_path, "--in", "-", "a", "b")
    text = done.out.decode()
    assert text.startswith("One story: score 0.")
    assert "tag taken off: update 1; outlet taken off: reuters" in text
    assert "matched       stays ~ stay (stem)" in text
    assert "by the texts alone: score 0." in text
    assert "2 hours apart" in text
    assert "A and B: 3 records, canonical is " in text
    assert "What would make them two stories" in text
    assert "\x1b" not in text
    assert done.err.startswith("dedupe: one story, 8 records, ")
    assert b"\x1b[" in ask(tmp_path, "--color", "always", "--in", "-", "a", "b").out


def test_a_text_cannot_move_the_cursor(tmp_path: Path):
    assert b"\x1b" not in ask(tmp_path, "lamp\x1b[2J", "lamp \x1b]0;x\x07").out


@EVERY_PAIR
def test_every_pair_is_worded(a: str, b: str):
    corpus = corpus_of_texts(a, b, Settings())
    first, *lines = explanation_text(explained(a, b), corpus, Styler(False))  # noqa: FBT003
    assert first.startswith(("One story", "Two stories"))
    assert "Other rules" in lines


# Guards


def guards(found: dict) -> dict[str, dict]:
    return {guard["name"]: guard for guard in found["guards"]}


def test_window_stops_a_pair(tmp_path: Path):
    given = ("--threshold", "0.3", "--in", "-", "a", "copy")
    free, held = answer(tmp_path, *given), answer(tmp_path, "--window", "2h", *given)
    assert (free["joins"], held["joins"]) == (True, False)
    assert not guards(held)["window"]["passes"]
    assert guards(held)["window"]["detail"] == "3.0 h apart, up to 2 h allowed"


def test_numbers_stop_a_pair(tmp_path: Path):
    pair = PAIRS["a number"]
    strict = answer(tmp_path, "--numbers", "strict", *pair)
    assert (strict["score"], guards(strict)["numbers"]["passes"]) == (0, False)
    ignored = answer(tmp_path, "--numbers", "ignore", *pair)
    assert ignored["score"] > answer(tmp_path, *pair)["score"]
    assert guards(ignored)["numbers"]["passes"]


@pytest.mark.parametrize("label", ["D", "N"])
def test_labels_overrule_the_score(label: str, tmp_path: Path):
    joins = label == "D"
    one, other = ("c", "5") if joins else ("a", "b")
    (tmp_path / "l.csv").write_text(f"a,b,label\n{one},{other},{label}\n")
    found = answer(tmp_path, "--links", "l.csv", "--in", "-", one, other)
    assert (found["joins"], found["clusters"]["together"]) == (joins, joins)
    assert guards(found)["links"]["passes"] == joins


def test_what_shares_too_little_gets_no_closer_look(tmp_path: Path):
    found = answer(tmp_path, "--threshold", "0", *PAIRS["nothing shared"])
    assert (found["accepted"], found["joins"]) == (False, False)
    assert [guard["name"] for guard in found["guards"] if not guard["passes"]] == ["prefilter"]
    assert "in a larger input they are not" in guards(found)["compared"]["detail"]


# What would change the decision


@pytest.mark.parametrize("threshold", [0.2, 0.8])
@pytest.mark.parametrize("pair", ["a tag", "a number", "opposites"])
def test_a_word_changes_the_score_to_what_is_said(pair: str, threshold: float):
    a, b = PAIRS[pair]
    found = explained(a, b, threshold=threshold)
    assert found.words
    for change in found.words[:3]:
        left, right = (
            text.replace(change.word, "", 1) if change.side == side else text
            for side, text in (("a", a), ("b", b))
        )
        shorter = explained(left, right, threshold=threshold)
        assert shorter.breakdown.score == pytest.approx(change.score, abs=1e-6)
        assert change.flips == ((change.score >= threshold) != found.accepted)


def test_the_rarer_of_two_words_weighs_more():
    a, b = "Old lamp at Pell Point stays lit", "Old lamp at Pell Point stays lit for Zorro"
    found = explained(a, b, threshold=1.0)
    assert [change.word for change in found.words][:1] == ["Zorro"]
    assert {change.side for change in found.words} == {"b"}


# Records of a file

UNKNOWN = "<stdin>: no record has the id or the line number"
KNOWN = "the ids look like 'copy', the lines are 1 to 9"
NUMBERS = {
    "ids": ("c", "d", 4, 5),
    "lines": ("4", "2", 4, 2),
    "an id wins over a line": ("5", "c", 6, 4),
    "a line of an id that two have": ("7", "8", 7, 8),
}


@pytest.mark.parametrize(("a", "b", "line_a", "line_b"), NUMBERS.values(), ids=NUMBERS)
def test_records_by_id_or_line(a: str, b: str, line_a: int, line_b: int, tmp_path: Path):
    found = answer(tmp_path, "--in", "-", a, b)
    assert (found["a"]["line"], found["b"]["line"]) == (line_a, line_b)


FAILURES = {
    "one operand": (
        ("a",),
        "expected two operands, A and B, got 1 (see dedupe explain --help)",
    ),
    "no such file": (("--in", "nope", "a", "b"), "nope: No such file or directory"),
    "no such id": (("--in", "-", "a", "zz"), f"{UNKNOWN} 'zz'; {KNOWN}"),
    "a blank line": (("--in", "-", "a", "3"), f"{UNKNOWN} '3'; {KNOWN}"),
    "an id of two": (
        ("--in", "-", "a", "same"),
        "<stdin>: more than one record has the id 'same'; give its line",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "reason"), FAILURES.values(), ids=FAILURES)
def test_failure(arguments: tuple[str, ...], reason: str, tmp_path: Path):
    done = ask(tmp_path, *arguments, code=2)
    assert (done.out, done.err) == (b"", f"dedupe: error: {reason}\n")


def test_an_explanation_is_wrapped_to_the_window(tmp_path: Path):
    texts = (
        "Train derails near Vossberg on the northern line, injuring at least 30 passengers",
        "Vossberg train derailment injures dozens of passengers on the northern line, police say",
    )
    plain, colored = (
        dedupe("explain", "-q", "--color", when, *texts, folder=tmp_path, COLUMNS="60").out.decode()
        for when in ("never", "always")
    )
    assert click.unstyle(colored) == plain
    assert max(map(len, plain.splitlines())) <= 60
    assert "\n                " in plain  # under its own text, not under the label
    whole = dedupe("explain", "-q", *texts, folder=tmp_path).out.decode()
    assert whole.split() == plain.split()
    assert max(map(len, whole.splitlines())) > 60


KINDS = {"calendar": 0.0, "genre": 0.0, "question": 0.0, "reaction": 0.0}
WORDED = {
    "months": ("kind", {"calendar": 1.0}, "each names another month or weekday"),
    "a comment": ("kind", {"genre": 1.0}, "a different kind of piece"),
    "a question": ("kind", {"question": 1.0}, "only one asks or explains"),
    "two": (
        "kind",
        {"calendar": 1.0, "reaction": 1.0},
        "each names another month or weekday, only one tells what others say of it",
    ),
    "nothing shared": ("shared", {}, "no words in common; this is where every score begins"),
    "a word shared": (
        "shared",
        {"words_met": 1.0, "shared": 12.0, "rarest": 12.0},
        "1 word in common: 12.0 bits, the rarest 12.0",
    ),
}


@pytest.mark.parametrize(("name", "values", "text"), WORDED.values(), ids=WORDED)
def test_a_part_is_worded_by_what_there_is(name: str, values: dict[str, float], text: str):
    none = {"words_met": 0.0, "shared": 0.0, "rarest": 0.0}
    assert contribution_text(Contribution("title", name, KINDS | none | values, 0.2)) == text
