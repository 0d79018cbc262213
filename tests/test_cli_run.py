"""The commands as a user meets them: streams, files, summary and ``--stats``."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import FIXTURES, dedupe, environment, shell, visible

SEED = Path(__file__).parent.parent.parent / "shared" / "data" / "seed-article.txt"

STORIES = b"""\
{"id":"a", "title":"Old lamp at Pell Point stays lit, council says", "n":1.10}
{"id":"b", "title":"Ferry tolls rise by ten pence in June"}
{"id":"c", "title":"UPDATE 1-Old lamp at Pell Point stays lit, council says"}
"""
TABLE = b"""\
id,title\r
a,"Old lamp at Pell Point stays lit,\ncouncil says"\r
b,Ferry tolls rise by ten pence in June\r
c,"Old lamp at Pell Point stays lit, council says"\r
"""
LINES = b"""\
Old lamp at Pell Point stays lit
Ferry tolls rise by ten pence in June
Old lamp at Pell Point stays lit
"""
SUMMARY = re.compile(
    r"dedupe: 3 records, 2 unique, 1 cluster of two or more, \d+\.\d s\n",
)


@pytest.mark.parametrize("command", ["cluster", "unique", "pairs"])
def test_a_file_a_dash_and_no_operand_are_one(command: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    by_name = dedupe(command, "in.jsonl", folder=tmp_path)
    by_dash = dedupe(command, "-", folder=tmp_path, stdin=STORIES)
    by_default = dedupe(command, folder=tmp_path, stdin=STORIES)
    assert by_name.code == 0
    assert by_name.out
    assert by_name.out == by_dash.out == by_default.out


@pytest.mark.parametrize("command", ["cluster", "unique", "pairs"])
def test_output_file_holds_what_stdout_would(command: str, tmp_path: Path):
    shown = dedupe(command, folder=tmp_path, stdin=STORIES)
    kept = dedupe(command, "-o", "out.gz", folder=tmp_path, stdin=STORIES)
    assert (kept.code, kept.out) == (0, b"")
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == shown.out
    assert visible(tmp_path) == {"out.gz"}


def test_cluster_splices_and_keeps_every_byte(tmp_path: Path):
    done = dedupe("cluster", folder=tmp_path, stdin=STORIES)
    lines = done.out.splitlines()
    assert [line.split(b',"dedupe":')[0] + b"}" for line in lines] == STORIES.splitlines()
    a, b, c = (json.loads(line)["dedupe"] for line in lines)
    assert a["cluster"] == c["cluster"] != b["cluster"]
    assert (a["size"], b["size"], c["size"]) == (2, 1, 2)
    using, summary = done.err.splitlines(keepends=True)
    assert using.startswith("dedupe: using title; ")
    assert SUMMARY.fullmatch(summary)


def test_cluster_under_another_key(tmp_path: Path):
    done = dedupe("cluster", "--into", "group", folder=tmp_path, stdin=STORIES)
    assert all("group" in json.loads(line) for line in done.out.splitlines())


SHAPES = {"jsonl": STORIES, "csv": TABLE, "lines": LINES}


@pytest.mark.parametrize(("form", "data"), SHAPES.items())
def test_unique_and_its_duplicates_are_the_input(form: str, data: bytes, tmp_path: Path):
    options = ["unique", "--from", form]
    unique = dedupe(*options, folder=tmp_path, stdin=data)
    duplicates = dedupe(*options, "--duplicates", folder=tmp_path, stdin=data)
    assert (unique.code, duplicates.code) == (0, 0)
    header = b"id,title\r\n" if form == "csv" else b""
    records = unique.out.removeprefix(header) + duplicates.out.removeprefix(header)
    assert sorted(records) == sorted(data.removeprefix(header))
    assert unique.out.startswith(header)
    assert len(duplicates.out) > len(header)


def test_pairs_give_the_evidence(tmp_path: Path):
    done = dedupe("pairs", folder=tmp_path, stdin=STORIES)
    (pair,) = map(json.loads, done.out.splitlines())
    assert (pair["a"], pair["b"], pair["a_line"], pair["b_line"]) == ("a", "c", 1, 3)
    assert 0.5 <= pair["score"] <= 1
    assert pair["reason"]


def test_quiet(tmp_path: Path):
    assert dedupe("unique", "-q", folder=tmp_path, stdin=STORIES).err == ""


@pytest.mark.parametrize("command", ["cluster", "unique", "pairs", "check"])
def test_stats_replaces_no_stories(tmp_path: Path, command: str):
    stories = tmp_path / "stories.jsonl"
    stories.write_bytes(STORIES)
    done = dedupe(command, "--stats", str(stories), folder=tmp_path, stdin=STORIES)
    assert done.code == 2
    assert "stories.jsonl exists and holds no statistics of a run" in done.err
    assert stories.read_bytes() == STORIES


def test_stats(tmp_path: Path):
    done = dedupe("unique", "--stats", "s.json", "--jobs", "1", folder=tmp_path, stdin=STORIES)
    stats = json.loads((tmp_path / "s.json").read_bytes())
    assert done.code == 0
    assert (stats["command"], stats["output"]) == ("unique", 2)
    assert stats["settings"]["jobs"] == 1
    assert (stats["input"]["records"], stats["input"]["bytes"]) == (3, len(STORIES))
    assert re.fullmatch("[0-9a-f]{32}", stats["input"]["checksum"])
    assert stats["total_seconds"] > 0


def test_settings_reach_the_run(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.dedupe]\nkeep = ['first']\n")
    first = dedupe("unique", folder=tmp_path, stdin=STORIES)
    longest = dedupe("unique", folder=tmp_path, stdin=STORIES, DEDUPE_KEEP="longest")
    flag = dedupe(
        "unique", "--keep", "first", folder=tmp_path, stdin=STORIES, DEDUPE_KEEP="longest"
    )
    assert [json.loads(line)["id"] for line in first.out.splitlines()] == ["a", "b"]
    assert [json.loads(line)["id"] for line in longest.out.splitlines()] == ["b", "c"]
    assert flag.out == first.out


@pytest.mark.parametrize("command", ["cluster", "unique", "pairs", "split"])
def test_terminal_without_operand_shows_the_help(command: str, tmp_path: Path):
    left, right = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "dedupe", command],
        cwd=tmp_path, env=environment(), stdin=right, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    os.close(left)
    os.close(right)
    assert done.stdout == dedupe(command, "-h", folder=tmp_path).out
    assert done.stderr == b""


def test_split_names_its_blocks_by_file(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"Old Lamp Stays\n\nIt burns on.\n")
    done = dedupe("split", "a.txt", "-", folder=tmp_path, stdin="Café\n".encode())
    assert done.out.decode() == (
        '{"id":"a.txt#1","article":"a.txt","block":1,"role":"headline","text":"Old Lamp Stays"}\n'
        '{"id":"a.txt#2","article":"a.txt","block":2,"role":"lede","text":"It burns on."}\n'
        '{"id":"<stdin>#1","article":"<stdin>","block":1,"role":"headline","text":"Café"}\n'
    )
    assert re.fullmatch(r"dedupe: 2 articles, 3 blocks, \d+\.\d s\n", done.err)


def test_split_reads_compressed_pages(tmp_path: Path):
    page = (FIXTURES / "article.txt").read_bytes()
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(page))
    plain = dedupe("split", folder=tmp_path, stdin=page)
    packed = dedupe("split", "a.txt.gz", folder=tmp_path)
    assert packed.out.replace(b"a.txt.gz", b"<stdin>") == plain.out


PAGES = {
    FIXTURES / "article.txt": ([1, 3], [2, 5], [12, 14, 16]),
    SEED: ([1, 3], [2, 5], [15, 17, 19]),
}


@pytest.mark.parametrize(("page", "groups"), PAGES.items(), ids=["fixture", "seed"])
def test_split_and_cluster_find_what_a_page_says_twice(page: Path, groups, tmp_path: Path):
    if not page.exists():
        pytest.skip("the evaluation data is not part of the project")
    headlines, ledes, related = groups
    done = shell("dedupe split - | dedupe cluster", tmp_path, page.read_bytes())
    found = {block["block"]: block["dedupe"] for block in map(json.loads, done.out.splitlines())}
    assert len({found[n]["cluster"] for n in headlines}) == 1
    assert len({found[n]["cluster"] for n in ledes}) == 1
    assert [found[n]["size"] for n in (headlines[0], ledes[0])] == [2, 2]
    assert [found[n]["canonical"] for n in ledes] == [False, True], "the fuller lede is kept"
    assert [found[n]["size"] for n in related] == [1, 1, 1]
