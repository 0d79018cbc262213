"""The benches measure what they say: tables from small files, with and without peers."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import peer_run
import pytest
import quality
import speed
from commandline import FIXTURES, PROJECT, environment
from cost import Cost, cost_of
from invented import invented
from peer_methods import PEERS, Peer
from speed import Sample, row

if TYPE_CHECKING:
    from pathlib import Path

BENCH = PROJECT / "tests" / "bench"
STORIES = FIXTURES / "stories.jsonl"
SLICE = 5
COUNT = len(STORIES.read_bytes().splitlines())


def timed(*arguments: str) -> list[list[str]]:
    """The rows that the bench of speed prints, by cell, and what it says after them."""
    command = [sys.executable, str(BENCH / "speed.py"), str(STORIES), "--runs", "1", *arguments]
    done = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()
    ]


@pytest.fixture(scope="module")
def table() -> list[list[str]]:
    return timed("--slice", str(SLICE), "--peers", "nowhere")


def test_one_table_holds_the_floor_and_our_ways_to_run(table):
    rows = [row for row in table[2:] if len(row) == len(table[0])]
    assert {row[0]: int(row[1]) for row in rows} == {
        "floor": COUNT,
        "floor, slice": SLICE,
        "`unique`": COUNT,
        "`unique --jobs 1`": COUNT,
        "`cluster`": COUNT,
        "`cluster --jobs 1`": COUNT,
        "`unique`, no compiled kernel": SLICE,
    }


def test_every_figure_was_measured(table):
    for cells in table[2:9]:
        assert all(float(cell.replace(",", "")) > 0 for cell in cells[1:8])


@pytest.mark.parametrize(
    ("ours", "cells"),
    [
        (True, ["what", "4,000", "2.5", "0.625", "1,600", "625.0", "5.0", "3", "786"]),
        (False, ["what", "4,000", "2.5", "0.625", "1,600", "625.0", "5.0", "3", ""]),
    ],
)
def test_the_figures_of_a_row(ours, cells, tmp_path: Path):
    given = tmp_path / "in.jsonl"
    given.write_bytes(bytes(1000))
    sample = Sample(str(given), 4000, Cost(0.5, 0.4, 1))
    told = row("what", sample, Cost(2.5, 0.625, 3), ours=ours)
    assert [cell.strip() for cell in told.removeprefix("|").removesuffix("|").split("|")] == cells


def test_peers_that_are_not_installed_are_named(table):
    told = " ".join(table[-2])
    assert all(name in told for name in PEERS)
    assert table[-1] == ["make bench PEERS=FOLDER installs them there."]


def test_a_peer_keeps_the_first_of_every_group(tmp_path: Path, monkeypatch):
    lines = [json.dumps({"title": title, "n": n}) + "\n" for n, title in enumerate("abcab")]
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_text("".join(lines))
    by_letter = Peer("letters", (), lambda texts, _: ["cab".index(text) for text in texts])
    monkeypatch.setitem(PEERS, "letters", by_letter)
    peer_run.deduplicate("letters", str(given), str(out))
    assert out.read_text() == "".join(lines[:3])


HOLD = "import time; held = bytearray({} << 20); time.sleep(0.3)"
TWO = """
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {!r}]) for _ in range(2)]
sys.exit(max(child.wait() for child in children))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("script", "most"), [(HOLD.format(60), 60), (TWO.format(HOLD.format(60)), 120)]
)
def test_memory_is_that_of_all_processes_at_once(script: str, most: int):
    cost = cost_of([sys.executable, "-c", script])
    assert most < cost.memory < most + 80
    assert 0 < cost.processor < cost.seconds < 60


def test_a_command_that_fails_says_so_in_its_own_words():
    with pytest.raises(subprocess.CalledProcessError) as failed:
        cost_of([sys.executable, "-c", "import sys; sys.exit('no such luck')"])
    assert b"no such luck" in failed.value.stderr


def test_invented_stories_are_the_same_every_time_and_some_are_told_again():
    lines = invented(40)
    assert lines == invented(40) != invented(40, seed=5)
    titles = {json.loads(line)["title"].split("-")[-1] for line in lines}
    assert 20 < len(titles) < 40


def test_quality_tells_what_was_never_compared_from_what_was_rejected(tmp_path: Path):
    far = {"id": "4", "title": "Herring return to Tasker Bay", "published": "2026-03-09"}
    records = [
        {
            "id": "1",
            "title": "Old lamp at Pell Point stays lit, council says",
            "published": "2026-03-02",
        },
        {
            "id": "2",
            "title": "Council: old lamp at Pell Point stays lit",
            "published": "2026-03-02",
        },
        {"id": "3", "title": "Ferry tolls rise by ten pence in June", "published": "2026-03-02"},
        far,
    ]
    path, labels = tmp_path / "some.jsonl.gz", tmp_path / "some_pairs.csv"
    path.write_bytes(gzip.compress(b"".join(json.dumps(r).encode() + b"\n" for r in records)))
    labels.write_text("a,b,label\n1,2,D\n3,4,D\n1,3,N\n2,3,U\n")
    (found,) = quality.labelled_corpora(tmp_path).values()
    outcome = quality.judge(*found, (), 1)
    assert (outcome.figures.precision, outcome.figures.recall) == (1, 0.5)
    assert (outcome.never_compared, outcome.rejected) == (0, 0.5), "of so few all are compared"


@pytest.mark.parametrize(("asked", "set_up"), [((), 0), (("PEERS=here",), 1)])
def test_make_sets_up_the_peers_only_where_they_are_asked_for(asked: tuple[str, ...], set_up: int):
    make = shutil.which("make") or "make"
    command = [make, "--dry-run", "bench", "TOOLS=", *asked]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout.count("pip -qq --disable-pip-version-check install") == set_up
    assert "--peers here" in done.stdout or not asked


TEXT = (PROJECT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def test_the_page_shows_rows_that_are_printed():
    _, _, shown = TEXT.partition(f"{speed.HEAD}\n")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in shown.split("\n\n")[0].splitlines()]
    ours = [job.title for job in speed.own_jobs("python")]
    printed = {"floor", "floor, slice", *ours, *(peer.title for peer in PEERS.values())}
    printed.add("script: chdb, then rapidfuzz")  # bench/chdb_script.py
    assert {"floor", "`unique`", "`unique --jobs 1`"} <= {*rows[1:]} <= printed
