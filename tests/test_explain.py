"""``dedupe explain`` as a user meets it, and whether what it says is so."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import dedupe

from dedupe.backends.memory import build_memory_backend
from dedupe.blocking.minhash import shingles
from dedupe.config import Settings
from dedupe.evaluation.contributions import first_pass_context, log_odds_of, model_queries
from dedupe.evaluation.counterfactual import feature_changes, log_odds_at
from dedupe.evaluation.explain import corpus_of_texts, explain
from dedupe.evaluation.field_comparison import shingle_set
from dedupe.scoring.features import VIEW
from dedupe.scoring.pair_context import CONTEXT
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = b"""\
{"id":"a","title":"UPDATE 1-Old lamp at Pell Point stays lit - Reuters","lede":"It burns on.","published":"2026-03-03T10:00Z","source":"x"}
{"id":"b","title":"Old lamp at Pell Point to stay lit, council says","lede":"It burns on, they say.","published":"2026-03-03T12:00Z","source":"y"}

{"id":"c","title":"Ferry tolls rise by 10 pence in June","published":"2026-03-09"}
{"id":"d","title":"Ferry tolls rise by 12 pence in July","published":"2026-03-04"}
{"id":"5","title":"Ferry tolls fall"}
{"id":"same","title":"One"}
{"id":"same","title":"Two"}
"""  # noqa: E501 - a record is a line
PAIRS = {
    "a tag": ("UPDATE 1-Fed raises rates - Reuters", "Fed lifts rates to 5 pct, U.S. stocks up"),
    "equal": ("Old lamp stays lit", "Old lamp stays lit"),
    "a number": ("Fed raises rates by 4.3 pct", "Fed raises rates by 4.5 pct"),
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


def answer(folder: Path, *arguments: str) -> dict:
    return json.loads(ask(folder, "--json", *arguments).out)


def add_up(found: dict) -> float:
    return found["base"] + sum(part["part"] for part in found["parts"])


@EVERY_PAIR
def test_parts_add_up_to_the_score(a: str, b: str, tmp_path: Path):
    found = answer(tmp_path, "--", a, b)
    if not found["parts"]:
        assert (found["score"], found["log_odds"], found["joins"]) == (0, None, False)
        return
    assert add_up(found) == pytest.approx(found["log_odds"], abs=0.01)
    assert found["score"] == pytest.approx(1 / (1 + math.exp(-found["log_odds"])), abs=1e-3)
    sizes = [abs(part["part"]) for part in found["parts"]]
    assert sizes == sorted(sizes, reverse=True)


def test_score_is_that_of_a_run(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(RECORDS)
    listed = dedupe("pairs", "--threshold", "0.01", "in.jsonl", folder=tmp_path).out
    pairs = [json.loads(line) for line in listed.splitlines()]
    assert len(pairs) >= 2
    for pair in pairs:
        given = ("--threshold", "0.01", "--in", "in.jsonl", pair["a"], pair["b"])
        found = answer(tmp_path, *given)
        assert found["score"] == pytest.approx(pair["score"], abs=1e-4)
        assert found["joins"]


def test_what_was_taken_off(tmp_path: Path):
    found = answer(tmp_path, "--in", "-", "a", "b")
    title, lede = found["fields"]
    assert (title["name"], lede["name"]) == ("title", "lede")
    assert title["left"]["folded"] == "old lamp at pell point stays lit"
    assert (title["left"]["tags"], title["left"]["outlet"]) == ("update 1", "reuters")
    assert title["left"]["version"] == 1
    assert title["right"]["tags"] == title["right"]["outlet"] == ""
    assert {"left": "stays", "right": "stay", "how": "stem"} in title["matches"]
    assert [word["text"] for word in title["right_only"]][:1] == ["council"]
    assert found["hours"] == 2


def test_shared_keys_are_named(tmp_path: Path):
    (field, _) = answer(tmp_path, "Old lamp at Pell Point", "Pell Point keeps its lamp")["fields"]
    assert "lamp + pell" in field["anchors"]
    assert field["met"]


UNKNOWN = "<stdin>: no record has the id or the line number"
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
        "expected two operands, A and B, and got 1 (see dedupe explain --help)",
    ),
    "no such file": (("--in", "nope", "a", "b"), "nope: No such file or directory"),
    "no such id": (("--in", "-", "a", "zz"), f"{UNKNOWN} 'zz'"),
    "a blank line": (("--in", "-", "a", "3"), f"{UNKNOWN} '3'"),
    "an id of two": (
        ("--in", "-", "a", "same"),
        "<stdin>: more than one record has the id 'same'; give its line",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "reason"), FAILURES.values(), ids=FAILURES)
def test_failure(arguments: tuple[str, ...], reason: str, tmp_path: Path):
    done = ask(tmp_path, *arguments, code=2)
    assert (done.out, done.err) == (b"", f"dedupe: error: {reason}\n")


def test_text(tmp_path: Path):
    done = ask(tmp_path, "--in", "-", "a", "b")
    text = done.out.decode()
    assert text.startswith("One story: score 0.")
    assert "tag taken off: update 1; outlet taken off: reuters; version: 1" in text
    assert "matched   stays ~ stay (stem)" in text
    assert "What would make them two stories" in text
    assert "\x1b" not in text
    assert done.err.startswith("dedupe: one story, 7 records, ")
    assert b"\x1b[" in ask(tmp_path, "--color", "always", "--in", "-", "a", "b").out


def test_a_text_cannot_move_the_cursor(tmp_path: Path):
    assert b"\x1b" not in ask(tmp_path, "lamp\x1b[2J", "lamp \x1b]0;x\x07").out


def test_window_stops_a_pair(tmp_path: Path):
    free = answer(tmp_path, "--threshold", "0.01", "--in", "-", "c", "d")
    held = answer(tmp_path, "--threshold", "0.01", "--window", "2d", "--in", "-", "c", "d")
    assert (free["joins"], held["joins"]) == (True, False)
    guards = {guard["name"]: guard for guard in held["guards"]}
    assert not guards["window"]["passes"]
    assert guards["window"]["saw"] == "120.0 h apart, up to 48 h allowed"


def test_what_is_never_compared_does_not_join(tmp_path: Path):
    found = answer(tmp_path, "--threshold", "0", *PAIRS["nothing shared"])
    assert (found["accepted"], found["joins"]) == (True, False)
    assert [guard["name"] for guard in found["guards"] if not guard["passes"]] == ["compared"]


def case_of(a: str, b: str, threshold: float = 0.5):
    settings = Settings(threshold=threshold)
    corpus = corpus_of_texts(a, b, settings)
    return build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), settings)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
@EVERY_PAIR
def test_a_change_of_one_feature_flips_the_verdict(a: str, b: str, threshold: float):
    case = case_of(a, b, threshold)
    evidence = first_pass_context(case)
    steps = model_queries(case, evidence, 0, 1)
    passes = log_odds_of(steps) >= log_odds_at(threshold)
    names = (*VIEW, *VIEW, *CONTEXT)
    for change in feature_changes(case, evidence, 0, 1):
        place = (
            names.index(change.name)
            if change.field
            else len(names) - names[::-1].index(change.name) - 1
        )
        row = steps[0].row
        before = row[place]
        row[place] = np.nextafter(change.bound, np.inf) if change.above else change.bound
        assert (log_odds_of(steps) >= log_odds_at(threshold)) != passes
        row[place] = before


def test_a_word_that_flips_the_verdict_weighs():
    a, b = "Old lamp at Pell Point stays lit", "Old lamp at Pell Point stays lit for Zorro"
    found = explain(corpus_of_texts(a, b, Settings()), 0, 1, Settings(threshold=1.0))
    scores = {(change.side, change.word): change.score for change in found.words}
    whole = explain(corpus_of_texts(a, a, Settings()), 0, 1, Settings())
    assert set(scores) == {("b", "for"), ("b", "zorro")}
    assert scores["b", "zorro"] >= scores["b", "for"], "the rarer word tells more"
    assert max(scores.values()) <= whole.breakdown.score + 1e-9


@EVERY_PAIR
def test_shingles_are_those_of_the_sketch(a: str, b: str):
    found = explain(corpus_of_texts(a, b, Settings()), 0, 1, Settings())
    for text in (found.comparisons[0].left, found.comparisons[0].right):
        codes = np.frombuffer(text.normalized.encode("utf-32-le"), dtype=np.uint32)
        span = np.array([0]), np.array([len(codes)])
        hashes, _ = shingles(codes, *span, np.array([text.spaceless]))
        assert len(shingle_set(text)) == len(np.unique(hashes))


def test_equal_texts_are_alike_in_every_way():
    sight = explain(
        corpus_of_texts("Old lamp", "OLD LAMP", Settings()), 0, 1, Settings()
    ).comparisons[0]
    assert (sight.exact, sight.estimated, sight.chance) == (1, 1, 1)
    assert sight.bands == tuple(range(1, 26))
    assert sight.left_only == sight.right_only == ()
