"""``dedupe evaluate`` as a user meets it."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import product
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe, visible

from dedupe.evaluation.gold import WANTED

if TYPE_CHECKING:
    from pathlib import Path

STORIES = [
    ("a", "Old lamp at Pell Point stays lit, council says", "x"),
    ("b", "UPDATE 1-Old lamp at Pell Point stays lit, council says", "x"),
    ("c", "Ferry tolls rise by ten pence in June", "y"),
    ("d", "Harbour charges for boats go up this summer", "y"),
    ("e", "Baker wins regional prize for rye loaf", "z"),
    ("f", "Baker wins regional prize for rye loaf", "w"),
    ("g", "Tram line nine closes for repairs", None),
]
HALF_LOST = {
    "pairs": 2, "found": 1, "never": 0, "below": 1, "apart": 0,
    "lost_before_comparison": 0.0, "lost_after_comparison": 0.5,
}  # fmt: skip
"""So few records are all compared, so nothing is lost before comparison."""
LABELS = "a,b,label\na,b,D\nc,d,D\ne,f,N\na,c,N\na,g,U\n"


def records(*, nested: bool = False) -> bytes:
    def record(name: str, title: str, gold: str | None) -> dict[str, object]:
        held = {} if gold is None else {"gold": gold}
        return {"id": name, "title": title, **({"meta": held} if nested else held)}

    return b"".join(json.dumps(record(*story)).encode() + b"\n" for story in STORIES)


def table() -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("id", "title", "gold"), *STORIES])
    return text.getvalue().encode()


def run(folder: Path, *arguments: str, stdin: bytes | None = None):
    (folder / "labels.csv").write_text(LABELS)
    done = dedupe(
        "evaluate", *arguments, folder=folder, stdin=records() if stdin is None else stdin
    )
    assert done.code == 0, done.err
    return done


def result(folder: Path, *arguments: str, stdin: bytes | None = None) -> dict:
    return json.loads(run(folder, "--json", *arguments, stdin=stdin).out)


def test_labelled_pairs(tmp_path: Path):
    found = result(tmp_path, "labels.csv", "-")
    values = {name: figure["value"] for name, figure in found["figures"].items()}
    assert values == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "updates_merged": 0.0}
    assert found["counts"] == {"labelled_pairs": 5, "duplicates": 2, "updates": 1, "others": 2}
    assert found["candidate_recall"] == HALF_LOST


def test_errors_name_both_records_and_why(tmp_path: Path):
    found = result(tmp_path, "labels.csv", "-")["errors"]
    kinds = {(error["kind"], error["a"]["id"], error["b"]["id"]): error for error in found}
    assert set(kinds) == {("merged", "e", "f"), ("missed", "c", "d")}
    missed = kinds["missed", "c", "d"]
    assert missed["lost"] == "scored below the threshold"
    assert (missed["a"]["line"], missed["a"]["texts"][0]) == (3, STORIES[2][1])
    assert (missed["score"], missed["parts"]) == (0, []), "they share no word"
    sizes = [abs(part["part"]) for part in kinds["merged", "e", "f"]["parts"]]
    assert sizes == sorted(sizes, reverse=True) != []


def test_pairs_without_a_common_key_are_lost_before_comparison(tmp_path: Path):
    towns = (
        "arden",
        "pell",
        "marrow",
        "tasker",
        "winnow",
        "odlin",
        "quay",
        "hollow",
        "ferrow",
        "bay",
    )
    places = [" ".join(words).title() for words in product(towns, repeat=3)]
    titles = ["Ferry tolls rise by ten pence", "Harbour charges go up", *places, *places[:60]]
    lines = [{"id": str(n), "title": f"{title} {n}"} for n, title in enumerate(titles)]
    stdin = "".join(json.dumps(line) + "\n" for line in lines).encode()
    (tmp_path / "gold.csv").write_text("a,b,label\n0,1,D\n2,3,N\n")
    found = result(tmp_path, "gold.csv", "-", stdin=stdin)
    assert found["candidate_recall"]["lost_before_comparison"] == 1
    assert found["errors"][0]["lost"] == "never compared"


CLUSTERED = {"precision": 0.5, "recall": 0.5, "f1": 0.5}
GOLD_FILES = {
    "csv": "id,cluster\na,x\nb,x\nc,y\nd,y\ne,z\nf,w\ng,\n",
    "jsonl": "\n".join(
        json.dumps({"id": name, "cluster": gold}) for name, _, gold in STORIES if gold
    ),
    "numbers": "".join(
        json.dumps({"id": name, "cluster": "xyzw".index(gold)}) + "\n"
        for name, _, gold in STORIES
        if gold
    ),
}


@pytest.mark.parametrize("gold", GOLD_FILES.values(), ids=GOLD_FILES)
def test_gold_clusters_of_a_file(gold: str, tmp_path: Path):
    (tmp_path / "gold").write_text(gold)
    check_clusters(result(tmp_path, "gold", "-"))


SOURCES = {
    "jsonl": (("--gold-field", "gold"), records()),
    "nested": (("--gold-field", "meta.gold"), records(nested=True)),
    "csv": (("--gold-field", "gold", "--from", "csv"), table()),
}


@pytest.mark.parametrize(("options", "data"), SOURCES.values(), ids=SOURCES)
def test_gold_clusters_of_a_field(options: tuple[str, ...], data: bytes, tmp_path: Path):
    check_clusters(result(tmp_path, *options, stdin=data))


def check_clusters(found: dict) -> None:
    figures = {name: found["figures"][name]["value"] for name in CLUSTERED}
    assert figures == CLUSTERED
    assert found["counts"]["left_out"] == 1
    assert found["counts"]["gold_clusters"] == 4
    assert found["candidate_recall"] == HALF_LOST


@pytest.mark.parametrize(
    ("data", "options"), [(records(), ()), (table(), ("--from", "csv"))], ids=["jsonl", "csv"]
)
def test_clusters_that_are_there(data: bytes, options: tuple[str, ...], tmp_path: Path):
    clustered = dedupe("cluster", "--into", "story", *options, folder=tmp_path, stdin=data).out
    given = ("--clustered", "--into", "story", *options, "labels.csv", "-")
    found = result(tmp_path, *given, stdin=clustered)
    assert found["figures"] == result(tmp_path, *options, "labels.csv", "-", stdin=data)["figures"]
    assert found["candidate_recall"] is None
    assert [error["kind"] for error in found["errors"]].count("merged") == 1


def test_settings_reach_the_clustering(tmp_path: Path):
    strict = result(tmp_path, "--threshold", "1", "labels.csv", "-")
    assert strict["candidate_recall"]["below"] == strict["candidate_recall"]["pairs"] == 2


def test_table(tmp_path: Path):
    done = run(tmp_path, "--gold-field", "gold", "--errors", "1")
    text = done.out.decode()
    assert text.startswith("6 records in 4 gold clusters, found in ")
    assert re.search(r"^ +pairwise +B-cubed$", text, re.MULTILINE)
    assert re.search(r"^precision +0\.5000 \[\d\.\d{4}, \d\.\d{4}\] +\d", text, re.MULTILINE)
    assert max(map(len, text.partition("Worst")[0].splitlines()[1:])) < 80
    assert re.search(r"^adjusted Rand +0\.\d{4} \[", text, re.MULTILINE)
    assert re.search(r"^ +0 +0\.00%  lost before comparison", text, re.MULTILINE)
    assert re.search(r"^ +1 +50\.00%  lost after comparison", text, re.MULTILINE)
    assert text.count("Worst errors") == text.count("\n1. ") == 1
    assert "\n2. " not in text
    assert "\x1b" not in text
    assert re.fullmatch(r"dedupe: 7 records, 4 gold clusters, \d+\.\d s\n", done.err)


def test_color_is_the_consoles_rule(tmp_path: Path):
    assert b"\x1b[" in run(tmp_path, "--color", "always", "labels.csv", "-").out
    kept = run(tmp_path, "--color", "always", "-o", "out.txt", "labels.csv", "-")
    assert kept.out == b""
    assert b"\x1b" not in (tmp_path / "out.txt").read_bytes()


def test_a_headline_cannot_move_the_cursor(tmp_path: Path):
    evil = records().replace(b"Baker wins", b"\\u001b[2JBaker wins")
    assert b"\x1b" not in run(tmp_path, "labels.csv", "-", stdin=evil).out


def test_no_errors_and_no_intervals(tmp_path: Path):
    text = run(tmp_path, "--errors", "0", "--bootstrap", "0", "labels.csv", "-").out.decode()
    assert "Worst" not in text
    assert "[" not in text


def test_stats(tmp_path: Path):
    run(tmp_path, "--stats", "s.json", "-q", "labels.csv", "-")
    stats = json.loads((tmp_path / "s.json").read_bytes())
    assert (stats["command"], stats["input"]["records"]) == ("evaluate", len(STORIES))
    assert stats["figures"]["f1"]["value"] == 0.5


FAILURES = {
    "no gold": (
        (),
        "",
        (
            "missing GOLD: name a file of labels or gold clusters, or give --gold-field "
            "(see dedupe evaluate --help)"
        ),
    ),
    "gold from stdin": (
        ("-",),
        "",
        "standard input is for the records; GOLD must be a file (see dedupe evaluate --help)",
    ),
    "no such gold": (("nope.csv", "-"), "", "nope.csv: No such file or directory"),
    "neither kind": (
        ("gold", "-"),
        "id,title\na,b\n",
        f"gold:2: expected {WANTED}; it has id, title",
    ),
    "empty": (
        ("gold", "-"),
        "",
        f"gold: no rows; expected {WANTED}",
    ),
    "unknown id": (
        ("gold", "-"),
        "a,b,label\na,b,D\na,zz,N\n",
        "gold:3: no record has the id 'zz'; the ids look like 'g'",
    ),
    "unknown id of a cluster": (
        ("gold", "-"),
        "id,cluster\nzz,1\n",
        "gold:2: no record has the id 'zz'; the ids look like 'g'",
    ),
    "two clusters": (
        ("gold", "-"),
        "id,cluster\na,1\nb,1\na,2\n",
        "gold:4: 'a' is in cluster '2' here and in '1' on line 2",
    ),
    "narrow row": (("gold", "-"), "id,cluster\na\n", "gold:2: 1 columns, and the header has 2"),
    "strange cluster": (
        ("gold", "-"),
        '{"id":"a","cluster":[1]}\n',
        "gold:1: cluster: expected a string",
    ),
    "no gold field": (
        ("--gold-field", "truth"),
        "",
        "<stdin>: no record has the gold field 'truth'",
    ),
    "not clustered": (
        ("--clustered", "--gold-field", "gold"),
        "",
        "<stdin>:1: no dedupe.cluster: not the output of dedupe cluster --into dedupe",
    ),
}


@pytest.mark.parametrize(("arguments", "gold", "reason"), FAILURES.values(), ids=FAILURES)
def test_failure(arguments: tuple[str, ...], gold: str, reason: str, tmp_path: Path):
    (tmp_path / "gold").write_text(gold)
    done = dedupe("evaluate", "-o", "out.json", *arguments, folder=tmp_path, stdin=records())
    assert (done.code, done.out, done.err) == (2, b"", f"dedupe: error: {reason}\n")
    assert visible(tmp_path) == {"gold"}


def test_output_over_the_gold_is_refused(tmp_path: Path):
    (tmp_path / "labels.csv").write_text(LABELS)
    done = dedupe("evaluate", "-o", "labels.csv", "labels.csv", "-", folder=tmp_path)
    assert done.code == 2
    assert (tmp_path / "labels.csv").read_text() == LABELS
