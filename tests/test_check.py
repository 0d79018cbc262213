"""``dedupe check`` as a user meets it: exit codes, limits, a corpus, formats and streams."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, dedupe, shell, visible

if TYPE_CHECKING:
    from pathlib import Path

LAMP = {"id": "a", "title": "Old lamp at Pell Point stays lit, council says"}
TOLL = {"id": "b", "title": "Ferry tolls rise by ten pence in June"}
UPDATE = {"id": "c", "title": "UPDATE 1-Old lamp at Pell Point stays lit, council says"}
THIRD = {"id": "d", "title": "RPT-Old lamp at Pell Point stays lit, council says"}
BREAD = {"id": "e", "title": "Bakers of Marrow Hill strike over flour prices"}


def lines(*stories: dict[str, str]) -> bytes:
    return b"".join(json.dumps(story).encode() + b"\n" for story in stories)


CLEAN, DIRTY = lines(LAMP, TOLL), lines(LAMP, TOLL, UPDATE)
FOUND = (
    r"in\.jsonl:3: duplicate of in\.jsonl:1 \(0\.\d\d, title\): "
    r"UPDATE 1-Old lamp at Pell Point stays lit, council says\n"
)
VERDICT = r"3 records, 1 duplicate in 1 cluster: failed \(1 duplicate, none allowed\)\n"

CODES = {
    "clean": (CLEAN, [], 0),
    "duplicates": (DIRTY, [], 1),
    "nothing": (b"", [], 0),
    "a bad record": (DIRTY + b"{\n", [], 2),
    "a bad record skipped": (CLEAN + b"{\n", ["--on-error", "skip"], 0),
    "a missing file": (CLEAN, ["no.jsonl"], 2),
    "exit zero": (DIRTY, ["--exit-zero"], 0),
    "exit zero and an error": (b"{\n", ["--exit-zero"], 2),
    "as many as allowed": (DIRTY, ["--max-duplicates", "1"], 0),
    "none allowed": (DIRTY, ["--max-duplicates", "0"], 1),
    "a rate in percent": (DIRTY, ["--max-rate", "33.4%"], 0),
    "a rate as a share": (DIRTY, ["--max-rate", "0.334"], 0),
    "a rate exceeded": (DIRTY, ["--max-rate", "33.3%"], 1),
    "a rate of nothing": (b"", ["--max-rate", "0%"], 0),
    "a cluster of the size allowed": (DIRTY, ["--max-cluster", "2"], 0),
    "a cluster too large": (DIRTY, ["--max-cluster", "1"], 1),
    "one of two limits": (DIRTY, ["--max-duplicates", "9", "--max-rate", "1%"], 1),
    "another of two limits": (DIRTY, ["--max-duplicates", "0", "--max-rate", "100%"], 1),
    "a stricter threshold": (DIRTY, ["--threshold", "1", "--keep", "first"], 0),
    "no rate": (DIRTY, ["--max-rate", "-1%"], 2),
    "a rate beyond all": (DIRTY, ["--max-rate", "101%"], 2),
    "a rate in words": (DIRTY, ["--max-rate", "few"], 2),
    "a negative number": (DIRTY, ["--max-duplicates", "-1"], 2),
    "no cluster": (DIRTY, ["--max-cluster", "0"], 2),
    "an unknown format": (DIRTY, ["--format", "pdf"], 2),
    "a missing corpus": (DIRTY, ["--against", "no.jsonl"], 2),
    "a missing baseline": (DIRTY, ["--baseline", "no.json"], 2),
    "an update of no baseline": (DIRTY, ["--update-baseline"], 2),
}


@pytest.mark.parametrize(("data", "options", "code"), CODES.values(), ids=CODES)
def test_exit_code(data: bytes, options: list[str], code: int, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(data)
    done = dedupe("check", "in.jsonl", *options, folder=tmp_path)
    assert done.code == code, done.err
    assert ("dedupe: error: " in done.err) == (code == 2)


def test_a_duplicate_is_named_with_its_place_and_the_evidence(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(lines(LAMP, TOLL, UPDATE))
    done = dedupe("check", "--keep", "first", "in.jsonl", folder=tmp_path)
    assert re.fullmatch(FOUND + VERDICT, done.out.decode())
    using, summary = done.err.splitlines(keepends=True)
    assert using.startswith("dedupe: using title; ")
    assert re.fullmatch(
        r"dedupe: 3 records, 2 unique, 1 cluster of two or more, \d+\.\d s\n", summary
    )


def test_the_later_record_is_the_finding_whichever_is_canonical(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(lines(LAMP, TOLL, UPDATE))
    for keep in ("first", "shortest", "longest"):
        done = dedupe("check", "-q", "--keep", keep, "in.jsonl", folder=tmp_path)
        assert done.out.startswith(b"in.jsonl:3: duplicate of in.jsonl:1 ")


LIMITS = {
    "failed (1 duplicate, none allowed)": [],
    "failed (33.33% duplicates, at most 0.5% allowed)": ["--max-rate", "0.5%"],
    "failed (a cluster of 2, at most 1 allowed)": ["--max-cluster", "1"],
    "failed (1 duplicate, none allowed; a cluster of 2, at most 1 allowed)": [
        "--max-duplicates", "0", "--max-cluster", "1",
    ],
    "passed, within the limits": ["--max-duplicates", "1"],
}  # fmt: skip


@pytest.mark.parametrize(("says", "options"), LIMITS.items())
def test_the_verdict_tells_each_limit_that_is_exceeded(says, options, tmp_path: Path):
    done = dedupe("check", *options, folder=tmp_path, stdin=DIRTY)
    assert done.out.decode().endswith(f": {says}\n")


@pytest.mark.parametrize("name", ["demo.jsonl", "headlines.txt", "stories.jsonl"])
@pytest.mark.parametrize("options", ["", "--keep shortest --linkage leader --threshold 0.3"])
def test_the_output_of_unique_is_clean(name: str, options: str, tmp_path: Path):
    script = f"dedupe unique {options} {FIXTURES / name} > out; dedupe check --from "
    form = "lines" if name.endswith("txt") else "jsonl"
    done = shell(f"{script}{form} {options} out", tmp_path)
    assert done.code == 0, done.out


@pytest.mark.parametrize("name", ["demo.jsonl", "headlines.txt", "stories.jsonl"])
def test_the_findings_are_as_many_as_unique_drops(name: str, tmp_path: Path):
    path = str(FIXTURES / name)
    found = json.loads(dedupe("check", "--format", "json", path, folder=tmp_path).out)
    dropped = dedupe("unique", "--duplicates", path, folder=tmp_path).out.splitlines()
    assert len(found["findings"]) == len(dropped) > 0


AGAINST = {
    "in the corpus": ([LAMP, UPDATE], [TOLL], []),
    "across": ([LAMP], [TOLL, UPDATE], [("new.jsonl:2", "old.jsonl:1")]),
    "in the new file": ([TOLL], [UPDATE, LAMP], [("new.jsonl:2", "new.jsonl:1")]),
    "across, the new one the better": ([UPDATE], [LAMP], [("new.jsonl:1", "old.jsonl:1")]),
    "both": (
        [TOLL, LAMP],
        [UPDATE, THIRD],
        [("new.jsonl:1", "old.jsonl:2"), ("new.jsonl:2", "old.jsonl:2")],
    ),
    "both, and in the corpus": (
        [LAMP, UPDATE, BREAD],
        [THIRD, BREAD],
        [("new.jsonl:1", "old.jsonl:*"), ("new.jsonl:2", "old.jsonl:3")],
    ),
    "no corpus": ([], [LAMP, THIRD, TOLL], [("new.jsonl:2", "new.jsonl:1")]),
    "nothing new": ([LAMP, UPDATE], [], []),
}


@pytest.mark.parametrize("policy", ["first", "longest"])
@pytest.mark.parametrize(("old", "new", "pairs"), AGAINST.values(), ids=AGAINST)
def test_against_a_corpus(old, new, pairs, policy: str, tmp_path: Path):
    (tmp_path / "old.jsonl").write_bytes(lines(*old))
    (tmp_path / "new.jsonl").write_bytes(lines(*new))
    arguments = ["check", "--keep", policy, "--against", "old.jsonl", "new.jsonl"]
    done = dedupe(*arguments, folder=tmp_path)
    told = re.findall(r"^(\S+): duplicate of (\S+) ", done.out.decode(), re.MULTILINE)
    assert len(told) == len(pairs)
    for (left, right), (new_place, old_place) in zip(told, pairs, strict=True):
        if new_place.split(":")[0] != old_place.split(":")[0]:
            assert left == new_place
            assert re.fullmatch(old_place.replace("*", r"\d"), right)
        else:
            assert {left.split(":")[0], right.split(":")[0]} == {"new.jsonl"}
    assert done.code == bool(pairs)


def test_against_counts_the_new_records_alone(tmp_path: Path):
    (tmp_path / "old.jsonl").write_bytes(lines(LAMP, UPDATE, BREAD))
    arguments = ["check", "--against", "old.jsonl", "--max-rate", "50%", "-"]
    done = dedupe(*arguments, folder=tmp_path, stdin=lines(THIRD, TOLL))
    assert done.code == 0
    assert "2 records, 1 duplicate in 1 cluster, held against 3: passed" in done.out.decode()


def test_a_file_named_both_ways_is_corpus(tmp_path: Path):
    (tmp_path / "old.jsonl").write_bytes(DIRTY)
    (tmp_path / "new.jsonl").write_bytes(lines(BREAD))
    arguments = ["check", "./old.jsonl", "new.jsonl", "--against", "old.jsonl"]
    done = dedupe(*arguments, folder=tmp_path)
    assert (done.code, done.out) == (
        0, b"1 record, no duplicates, held against 3: passed\n",
    )  # fmt: skip


def test_several_corpora(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(LAMP))
    (tmp_path / "b.jsonl").write_bytes(lines(TOLL, LAMP))
    arguments = ["check", "--against", "a.jsonl", "--against", "b.jsonl"]
    done = dedupe(*arguments, folder=tmp_path, stdin=lines(UPDATE, BREAD))
    assert done.code == 1
    assert done.out.startswith(b"<stdin>:1: duplicate of ")
    assert b"2 records, 1 duplicate in 1 cluster, held against 3" in done.out


SYSTEMS = {
    "by hand": ({}, b"in.jsonl:3: duplicate"),
    "github": ({"GITHUB_ACTIONS": "true"}, b"::error file=in.jsonl,line=3,title="),
    "gitlab": ({"GITLAB_CI": "true"}, b'[\n{"description": "duplicate of in.jsonl:1'),
    "neither": ({"GITHUB_ACTIONS": "", "GITLAB_CI": "false", "CI": "true"}, b"in.jsonl:3: dup"),
}


@pytest.mark.parametrize(("extra", "begins"), SYSTEMS.values(), ids=SYSTEMS)
def test_auto_sees_where_it_runs(extra, begins: bytes, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(DIRTY)
    arguments = ["check", "--keep", "first", "in.jsonl"]
    done = dedupe(*arguments, folder=tmp_path, **extra)
    assert done.code == 1
    assert done.out.startswith(begins)


def test_a_named_format_wins_over_the_ci(tmp_path: Path):
    done = dedupe("check", "--format", "json", folder=tmp_path, stdin=DIRTY, GITHUB_ACTIONS="true")
    assert json.loads(done.out)["duplicates"] == 1


def test_github_gets_a_page_beside_what_it_holds(tmp_path: Path):
    (tmp_path / "page.md").write_text("# Before\n")
    extra = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}
    done = dedupe("check", folder=tmp_path, stdin=DIRTY, **extra)
    page = (tmp_path / "page.md").read_text()
    assert done.code == 1
    assert page.startswith("# Before\n### Duplicate headlines\n\n**Failed (1 duplicate")
    assert "| Old lamp at Pell Point stays lit, council says |" in page


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path):
    extra = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "no/page.md"}
    done = dedupe("check", folder=tmp_path, stdin=CLEAN, **extra)
    assert done.code == 2
    assert "dedupe: error: no/page.md: No such file or directory\n" in done.err


PATHS = {
    "github": ("GITHUB_WORKSPACE", "file=sub/in.jsonl,"),
    "gitlab": ("CI_PROJECT_DIR", '"path": "sub/in.jsonl"'),
    "sarif": ("GITHUB_WORKSPACE", '"uri": "sub/in.jsonl"'),
}


@pytest.mark.parametrize("given", ["../sub/in.jsonl", "{}/sub/in.jsonl"])
@pytest.mark.parametrize(("form", "names"), PATHS.items(), ids=PATHS)
def test_a_ci_finds_files_from_its_root(form, names, given: str, tmp_path: Path):
    root, says = names
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "in.jsonl").write_bytes(DIRTY)
    arguments = ["check", "--format", form, given.format(tmp_path)]
    done = dedupe(*arguments, folder=tmp_path / "sub", **{root: str(tmp_path)})
    assert says in done.out.decode()


MACHINES = ["json", "gitlab", "sarif", "junit", "markdown"]


@pytest.mark.parametrize("form", MACHINES)
def test_a_report_for_machines_leaves_a_few_lines_for_people(form: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(DIRTY)
    done = dedupe("check", "--keep", "first", "--format", form, "in.jsonl", folder=tmp_path)
    assert re.search(f"{FOUND}dedupe: {VERDICT}$", done.err)


def test_at_most_ten_lines_for_people(tmp_path: Path):
    copies = [LAMP | {"id": str(number)} for number in range(15)]
    done = dedupe("check", "--format", "json", folder=tmp_path, stdin=lines(*copies))
    assert done.err.count("duplicate of") == 10
    assert "\nand 4 more\ndedupe: 15 records, 14 duplicates in 1 cluster: failed" in done.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_quiet(form: str, tmp_path: Path):
    done = dedupe("check", "-q", "--format", form, folder=tmp_path, stdin=DIRTY)
    assert (done.code, done.err) == (1, "")
    assert done.out


@pytest.mark.parametrize("form", ["text", "github", "junit"])
def test_a_report_to_a_file_leaves_the_summary(form: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(DIRTY)
    shown = dedupe("check", "--format", form, "in.jsonl", folder=tmp_path)
    kept = dedupe("check", "--format", form, "-o", "report", "in.jsonl", folder=tmp_path)
    assert (kept.code, kept.out) == (1, b"")
    assert (tmp_path / "report").read_bytes() == shown.out
    assert "duplicate of in.jsonl" in kept.err
    assert kept.err.endswith("1 duplicate in 1 cluster: failed (1 duplicate, none allowed)\n")
    assert visible(tmp_path) == {"in.jsonl", "report"}


def test_an_error_leaves_no_report(tmp_path: Path):
    done = dedupe("check", "-o", "report", folder=tmp_path, stdin=DIRTY + b"{\n")
    assert (done.code, done.out) == (2, b"")
    assert visible(tmp_path) == set()


def test_stats(tmp_path: Path):
    done = dedupe("check", "--stats", "s.json", folder=tmp_path, stdin=DIRTY)
    stats = json.loads((tmp_path / "s.json").read_bytes())
    assert done.code == 1
    assert (stats["command"], stats["output"], stats["duplicates"]) == ("check", 1, 1)


def test_a_table_is_named_by_the_line_where_a_row_begins(tmp_path: Path):
    table = b'id,title\na,"Old lamp stays\nlit"\nb,Ferry tolls rise\nc,"Old lamp stays\nlit"\n'
    (tmp_path / "in.csv").write_bytes(table)
    done = dedupe("check", "--keep", "first", "in.csv", folder=tmp_path)
    assert done.out.startswith(b"in.csv:5: duplicate of in.csv:2 (1.00, exact): Old lamp stays lit")


def test_a_headline_does_not_steer_the_terminal(tmp_path: Path):
    nasty = [story | {"title": f"\x1b[2J{LAMP['title']}\r\n"} for story in (LAMP, UPDATE)]
    done = dedupe("check", folder=tmp_path, stdin=lines(*nasty))
    assert done.code == 1
    assert b"\\x1b[2JOld lamp" in done.out
    assert b"\x1b" not in done.out + done.err.encode()
