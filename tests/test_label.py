"""``dedupe label`` from its parts to a session at a pseudo-terminal."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

import click
import labelled
import numpy as np
import pytest
from commandline import Done, dedupe, visible
from terminal import Terminal

from dedupe.cli.pair_layout import (
    SIDE_BY_SIDE,
    Side,
    TextStyle,
    lay_out_pair,
    text_width,
)
from dedupe.errors import OutputError
from dedupe.evaluation.label import (
    ScoredPairs,
    open_label_file,
    question_order,
    spread_over_clusters,
)
from dedupe.reports.format import cut_and_escape
from dedupe.text.word_diff import word_diff

if TYPE_CHECKING:
    from pathlib import Path

MENU = r"\[q\]uit"
NAME = "stories.jsonl.labels.jsonl"
COMMAND = ("label", "stories.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    labelled.write(tmp_path)
    (tmp_path / "labels.jsonl").unlink()
    return tmp_path


def held(folder: Path, name: str = NAME) -> list[dict[str, object]]:
    path = folder / name
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def letters(folder: Path) -> list[object]:
    return [label["label"] for label in held(folder)]


def answer(folder: Path, *answers: str, **extra: str) -> Done:
    return dedupe(*COMMAND, folder=folder, stdin="\n".join(answers).encode(), **extra)


def pairs_of(folder: Path) -> list[frozenset[object]]:
    return [frozenset((label["a"], label["b"])) for label in held(folder)]


# At a terminal


def test_each_key_does_what_the_menu_says(folder: Path):
    steps = [
        ("y", ["D"]),
        ("n", ["D", "N"]),
        ("U", ["D", "N", "U"]),
        ("s", ["D", "N", "U"]),
        ("b", ["D", "N", "U"]),
        ("b", ["D", "N"]),
        ("\x1b[D", ["D", "N"]),
        ("?", ["D", "N"]),
        ("y", ["D", "N", "D"]),
    ]
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        for key, wanted in steps:
            terminal.type(key)
            if not key.startswith("\x1b"):  # an arrow key draws nothing
                terminal.expect(MENU)
            assert letters(folder) == wanted, "a label is on disk before the next pair is shown"
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.mode_now() == terminal.mode
        terminal.expect(r"3 labels added to \S+ \(now 2 duplicate, 0 update, 1 not\)")


@pytest.mark.parametrize(("keys", "told"), [("x", "no such key"), ("b", "this is the first pair")])
def test_a_key_that_does_nothing_says_so(keys: str, told: str, folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.type(keys)
        terminal.expect(told)


def test_keys_typed_ahead_count(folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.type("ynuyq")
        assert terminal.end() == 0
    assert letters(folder) == ["D", "N", "U", "D"]


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 0)], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_keeps_the_labels_and_the_terminal(key: str, code: int, folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.type("y")
        terminal.expect(MENU)
        terminal.type(key)
        assert terminal.end() == code
        assert terminal.mode_now() == terminal.mode
        assert "Traceback" not in terminal.text
    assert letters(folder) == ["D"]


@pytest.mark.kill
def test_terminated(folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.type("y")
        terminal.expect(MENU)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 128 + signal.SIGTERM
        assert terminal.mode_now() == terminal.mode
    assert letters(folder) == ["D"]


@pytest.mark.kill
def test_killed_and_taken_up_again(folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.type("yn")
        terminal.expect(r"2 labelled[^\0]*" + MENU)
        terminal.process.kill()
    with (folder / NAME).open("ab") as file:
        file.write(b'{"a": "a1", "b')  # a crash in the middle of a line
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(r"2 labelled[^\0]*" + MENU)
        terminal.type("uq")
        assert terminal.end() == 0
    assert letters(folder) == ["D", "N", "U"]
    assert len(set(pairs_of(folder))) == 3


@pytest.mark.kill
def test_suspended_and_continued(folder: Path):
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.type("y")
        terminal.expect("1 labelled")


@pytest.mark.parametrize("width", [30, 80, 110])
def test_layout_follows_the_width(width: int, folder: Path):
    with Terminal(*COMMAND, folder=folder, columns=width, TERM="dumb", NO_COLOR="1") as terminal:
        terminal.expect(MENU)
        lines = terminal.text.replace("\r", "").split("\n")
    assert any("\u2502" in line for line in lines) == (width >= SIDE_BY_SIDE)
    assert any(line.startswith("B  ") for line in lines) == (width < SIDE_BY_SIDE)
    assert max(map(text_width, lines)) < width


def test_differences_stand_in_brackets_or_in_colour(folder: Path):
    told = {"a": "Arden Quay ferry is late", "b": "Arden Quay ferry is late again"}
    records = [{"id": name, "title": title} for name, title in told.items()]
    (folder / "stories.jsonl").write_bytes(labelled.lines(records))
    plain = answer(folder, "q", NO_COLOR="1").err
    with Terminal(*COMMAND, folder=folder) as terminal:
        terminal.expect(MENU)
        painted = terminal.text
    assert "A  Arden Quay ferry is late\n" in plain
    assert "B  Arden Quay ferry is late [again]\n" in plain
    assert "\x1b" not in plain
    assert click.style("again", fg="magenta", bold=True, underline=True) in painted
    assert "[again]" not in painted


HOSTILE = "Old lamp \x1b]0;owned\x07\x1b[2J\x9b31m\u202e stays\r\nlit\ud83d"


def test_nothing_in_a_record_reaches_the_terminal_raw(folder: Path):
    title = HOSTILE[:-1]  # a lone surrogate is no JSON
    records = [
        {"id": f"{n}\x1b[31m", "title": f"{title} {word}", "source": "ap\x1bc"}
        for n, word in enumerate(("today", "again"))
    ]
    (folder / "stories.jsonl").write_bytes(labelled.lines(records))
    with Terminal(*COMMAND, folder=folder, TERM="dumb", NO_COLOR="1") as terminal:
        terminal.expect(MENU)
        terminal.type("yq")
        terminal.end()
        text = terminal.text.replace("\r\n", "\n")
    assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in text)
    assert r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e" in text
    assert held(folder)[0]["a"] == "0\x1b[31m"


# Without a terminal


def test_lines_instead_of_keys(folder: Path):
    done = answer(folder, "yes", "", "  No", "skip", "update", "quit", "y")
    assert (done.code, done.out) == (0, b"")
    assert letters(folder) == ["D", "N", "U"]
    assert "dedupe: 3 labels added to" in done.err


def test_the_end_of_the_input_is_quit(folder: Path):
    assert answer(folder, "y").code == 0
    assert letters(folder) == ["D"]


def test_no_pair_is_asked_twice_and_skipped_ones_come_again(folder: Path):
    everything = ["s", *"y" * 10_000]
    assert answer(folder, *everything).code == 0
    first = pairs_of(folder)
    assert len(first) == len(set(first)) > 30
    again = answer(folder, *"n" * 10_000)
    assert "1 label added" in again.err
    assert len(pairs_of(folder)) == len(set(pairs_of(folder))) == len(first) + 1
    assert "no doubtful pair without a label" in answer(folder, "y").err


def test_sessions_in_parts_ask_what_one_would(folder: Path):
    for _ in range(4):
        answer(folder, "y", "n")
    parts = pairs_of(folder)
    (folder / NAME).unlink()
    answer(folder, *"y" * 8)
    assert parts == pairs_of(folder)


def test_order_of_the_input_does_not_matter(folder: Path):
    answer(folder, *"y" * 20)
    forth = pairs_of(folder)
    (folder / NAME).unlink()
    (folder / "stories.jsonl").write_bytes(labelled.lines(labelled.stories()[::-1]))
    answer(folder, *"y" * 20)
    assert forth == pairs_of(folder)


def test_the_score_is_shown_only_on_demand(folder: Path):
    assert "score" not in answer(folder, "q").err
    done = dedupe(*COMMAND, "-v", folder=folder, stdin=b"q")
    assert ", score 0." in done.err


def test_records_without_an_id_go_by_digest(folder: Path):
    records = [{**record, "id": ""} for record in labelled.stories()]
    (folder / "stories.jsonl").write_bytes(labelled.lines(records))
    answer(folder, *"y" * 100)
    answer(folder, "y")
    assert all(len(name) == 16 for pair in pairs_of(folder) for name in pair)
    assert len(pairs_of(folder)) == len(set(pairs_of(folder))) > 30


def test_stats(folder: Path):
    dedupe(*COMMAND, "--stats", "s.json", "-q", folder=folder, stdin=b"y\nn\nn\n")
    stats = json.loads((folder / "s.json").read_bytes())
    assert (stats["command"], stats["given"]) == ("label", 3)
    assert stats["held"] == {"D": 1, "N": 2}


CSV = b"a,b,label\na1,b1,D\n"
MISTAKES = {
    "no file": (["label"], "label needs a file: standard input is for the keys"),
    "standard input": (["label", "-"], "label needs a file"),
    "standard output": ([*COMMAND, "-o", "-"], "--output needs a file"),
    "compressed": ([*COMMAND, "-o", "l.gz"], "l.gz: labels are added one by one"),
    "onto the input": ([*COMMAND, "-o", "stories.jsonl"], "stories.jsonl: is also an input"),
    "no folder": ([*COMMAND, "-o", "no/l.jsonl"], "no/l.jsonl: No such file or directory"),
    "labels as csv": ([*COMMAND, "-o", "l.csv"], "l.csv:1: not JSONL labels; name another"),
    "bad labels": ([*COMMAND, "-o", "bad.jsonl"], "bad.jsonl:1: no a and no b and no label"),
    "no such input": (["label", "none.jsonl"], "none.jsonl: No such file or directory"),
}


@pytest.mark.parametrize(("arguments", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(arguments: list[str], reason: str, folder: Path):
    (folder / "l.csv").write_bytes(CSV)
    (folder / "bad.jsonl").write_bytes(b"{}\n")
    before = visible(folder)
    done = dedupe(*arguments, folder=folder, stdin=b"y\n")
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith(f"dedupe: error: {reason}")
    assert visible(folder) == before
    assert (folder / "l.csv").read_bytes() == CSV


def test_one_session_at_a_time(folder: Path):
    with (folder / NAME).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = answer(folder, "y")
    assert done.code == 2
    assert done.err == f"dedupe: error: {NAME}: another dedupe label is writing to it\n"


# The parts


def test_ledger_takes_back_only_its_own(tmp_path: Path):
    path = tmp_path / "l.jsonl"
    path.write_bytes(b'{"a":"1","b":"2","label":"D"}')  # complete but for the newline
    with open_label_file(str(path)) as (ledger, known):
        assert [label.pair for label in known] == [("1", "2")]
        ledger.add("3", "4", "N", 0.51234)
        ledger.add("5", "6", "U", 0.5)
        ledger.undo()
    kept = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert kept[1:] == [{"a": "3", "b": "4", "label": "N", "score": 0.5123}]


def test_ledger_that_cannot_write_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "l.jsonl"
    write = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return write(file, data[:-5])

    with open_label_file(str(path)) as (ledger, _):
        ledger.add("1", "2", "D", 1.0)
        whole = path.read_bytes()
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="No space left"):
            ledger.add("3", "4", "D", 1.0)
        assert path.read_bytes() == whole


def test_ledger_without_labels_leaves_no_file(tmp_path: Path):
    with open_label_file(str(tmp_path / "l.jsonl")):
        pass
    assert visible(tmp_path) == set()


@pytest.mark.parametrize(
    ("left", "right", "ours", "theirs"),
    [
        ("Two dead", "Ten dead.", ["Two"], ["Ten"]),
        ("Rain, then sun", "rain then sun", [], []),
        ("Bank of Odlin cuts rates", "Bank cuts rates", ["of", " ", "Odlin"], []),
        ("$4.3m", "$4.4m", ["4.3m"], ["4.4m"]),
        ("北京大学", "北京中学", ["大"], ["中"]),
        ("", "Rain", [], ["Rain"]),
        ("a b", "c d", ["a", " ", "b"], ["c", " ", "d"]),
    ],
)
def test_difference(left: str, right: str, ours: list[str], theirs: list[str]):
    here, there = word_diff(left, right)
    assert "".join(token.text for token in here) == left
    assert "".join(token.text for token in there) == right
    assert [token.text for token in here if token.differs] == ours
    assert [token.text for token in there if token.differs] == theirs


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain é 北京 👍", "plain é 北京 👍"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\tb\r\nc", "a b  c"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\x9b31m", r"\x9b31m"),
        ("\ud83d", r"\ud83d"),
        ("x" * 1001, "x" * 1000 + "…"),
    ],
)
def test_safe(raw: str, shown: str):
    assert cut_and_escape(raw) == shown


@pytest.mark.parametrize("width", [20, 60, 100, 160])
@pytest.mark.parametrize("marks", ["brackets", "colour"])
def test_lines_fit_and_hold_every_word(width: int, marks: str):
    left = Side("id · ap", ("Old lamp at Pell Point stays lit, council says " * 4, "北京大学" * 30))
    right = Side("jd", ("x" * 300, ""))
    lines = [
        click.unstyle(line)
        for line in lay_out_pair(
            ["title", "lede"], left, right, TextStyle(width, color=marks == "colour")
        )
    ]
    assert max(map(text_width, lines)) <= width
    text = "".join(lines)
    assert text.count("council") == 4
    assert (text.count("x"), text.count("京")) == (300, 30)
    assert ("[" in text) == (marks == "brackets")


def judged(scores: list[float]) -> ScoredPairs:
    count = len(scores)
    left = np.arange(count) * 2
    return ScoredPairs(left, left + 1, np.array(scores))


def test_near_scores_are_asked_first_and_far_ones_are_not_forgotten():
    scores = np.linspace(0.001, 0.999, 1000)
    digests = np.arange(2000, dtype=np.uint64)
    order = question_order(judged(scores.tolist()), digests, 0.5)
    away = np.abs(scores[order] - 0.5)
    assert sorted(order.tolist()) == list(range(1000))
    assert away[:2].max() < 0.1
    assert away[:40].max() > 0.4
    assert (away[:40] < 0.1).sum() > (away[:40] > 0.4).sum() > 0


def test_a_story_is_asked_about_once_a_round():
    pairs = judged([0.5] * 6)
    leaders = np.array([0, 1, 0, 3, 0, 5, 6, 7, 8, 9, 6, 11])  # pairs 0, 1, 2 share a story; 3, 5
    order = spread_over_clusters(np.arange(6), pairs, leaders)
    assert order.tolist() == [0, 3, 4, 1, 5, 2]


def test_order_is_drawn_not_positional():
    order = question_order(judged([0.55] * 50), np.arange(100, dtype=np.uint64), 0.5)
    assert list(islice(order.tolist(), 50)) != list(range(50))
