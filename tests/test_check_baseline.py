"""``--baseline``: what was accepted passes, what is new fails, what is gone is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commandline import Done, dedupe, visible
from test_check import BREAD, LAMP, THIRD, TOLL, UPDATE, lines

if TYPE_CHECKING:
    from pathlib import Path

POLICIES = ("first", "longest")
AGAIN = BREAD | {"id": "f", "title": "UPDATE 1-Bakers of Marrow Hill strike over flour prices"}


def check(folder: Path, *stories: dict[str, str], options: str = "") -> Done:
    (folder / "in.jsonl").write_bytes(lines(*stories))
    arguments = ["check", "--baseline", "ok.json", *options.split(), "in.jsonl"]
    return dedupe(*arguments, folder=folder)


def accept(folder: Path, *stories: dict[str, str]) -> None:
    assert check(folder, *stories, options="--update-baseline").code == 0


def found(done: Done) -> list[str]:
    """The places of the duplicates that were found."""
    return [line.split(": ")[0] for line in done.out.decode().splitlines() if " of in." in line]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0]])
def test_what_was_accepted_passes_whichever_is_canonical(policy, order, tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE, TOLL)
    stories = [(LAMP, UPDATE, TOLL)[place] for place in order]
    done = check(tmp_path, *stories, options=f"--keep {policy}")
    assert (done.code, done.out) == (0, b"3 records, no new duplicates, 1 accepted: passed\n")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_new_member_fails_whichever_is_canonical(policy: str, place: int, tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE, TOLL)
    stories = [LAMP, UPDATE, TOLL]
    stories.insert(place, THIRD)
    done = check(tmp_path, *stories, options=f"--keep {policy}")
    assert done.code == 1
    assert found(done) == [f"in.jsonl:{place + 1}"]
    assert b"4 records, 1 new duplicate in 1 cluster, 1 accepted: failed" in done.out


def test_a_further_copy_fails(tmp_path: Path):
    accept(tmp_path, LAMP, LAMP)
    assert check(tmp_path, LAMP, LAMP).code == 0
    done = check(tmp_path, LAMP, LAMP, LAMP)
    assert (done.code, found(done)) == (1, ["in.jsonl:3"])


def test_a_record_that_has_changed_is_new(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE)
    done = check(tmp_path, LAMP, UPDATE | {"id": "z"})
    assert done.code == 1
    assert b"stale baseline entry" in done.out


def test_two_accepted_clusters_that_become_one_are_a_new_duplicate(tmp_path: Path):
    half = {"title": "Old lamp at Pell Point stays lit, council says"}
    accept(tmp_path, *({**half, "id": name} for name in "ab"))
    first = json.loads((tmp_path / "ok.json").read_text())["accepted"]
    accept(tmp_path, *({**half, "id": name} for name in "cd"))
    both = json.loads((tmp_path / "ok.json").read_text())
    both["accepted"] += first
    (tmp_path / "ok.json").write_text(json.dumps(both))
    done = check(tmp_path, *({**half, "id": name} for name in "abcd"))
    assert (done.code, len(found(done))) == (1, 1)
    assert b"1 new duplicate in 1 cluster, 2 accepted" in done.out


def test_entries_with_a_record_in_common_go_together(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE)
    ours = json.loads((tmp_path / "ok.json").read_text())["accepted"]
    accept(tmp_path, LAMP, THIRD)
    merged = json.loads((tmp_path / "ok.json").read_text())
    merged["accepted"] += ours
    (tmp_path / "ok.json").write_text(json.dumps(merged))
    assert check(tmp_path, LAMP, UPDATE, THIRD).code == 0


def test_limits_hold_for_what_is_new(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE, BREAD)
    stories = (LAMP, UPDATE, BREAD, AGAIN)
    assert check(tmp_path, *stories, options="--max-duplicates 0").code == 1
    assert check(tmp_path, *stories, options="--max-duplicates 1").code == 0
    assert check(tmp_path, *stories, options="--max-rate 25%").code == 0
    assert check(tmp_path, *stories, options="--max-rate 24%").code == 1


def test_a_stale_entry_is_told_and_fails_nothing(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE, THIRD, BREAD, AGAIN)
    done = check(tmp_path, LAMP, UPDATE, BREAD)
    assert done.code == 0
    assert done.out.count(b"stale baseline entry ") == 2
    assert b" (1 of 2 duplicates gone): " in done.out
    assert b" (1 of 1 duplicate gone): " in done.out
    assert "dedupe: ok.json: 2 stale entries; --update-baseline removes" in done.err


def test_an_update_drops_what_is_not_there_and_adds_what_is(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE)
    accept(tmp_path, BREAD, AGAIN, LAMP)
    (entry,) = json.loads((tmp_path / "ok.json").read_text())["accepted"]
    assert entry["text"] in (BREAD["title"], AGAIN["title"])
    assert len(entry["records"]) == 2
    assert check(tmp_path, LAMP, UPDATE).code == 1


def test_an_update_tells_what_it_accepted(tmp_path: Path):
    done = check(tmp_path, LAMP, UPDATE, TOLL, options="--update-baseline")
    assert done.out == b"3 records, no new duplicates, 1 accepted: passed\n"
    assert done.err.endswith("dedupe: ok.json: 1 duplicate accepted\n")
    assert visible(tmp_path) == {"in.jsonl", "ok.json"}


def test_equal_clusters_make_equal_files(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE, BREAD, AGAIN)
    before = (tmp_path / "ok.json").read_bytes()
    accept(tmp_path, AGAIN, TOLL, BREAD, UPDATE, LAMP)
    assert (tmp_path / "ok.json").read_bytes() == before
    assert before.count(b"\n") == 4, "an entry a line"


def test_a_clean_file_makes_an_empty_baseline(tmp_path: Path):
    accept(tmp_path, LAMP, TOLL)
    assert (tmp_path / "ok.json").read_text() == '{"version": 1, "accepted": []}\n'
    assert check(tmp_path, LAMP, TOLL).code == 0


def test_a_cluster_is_known_by_its_id(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE)
    (entry,) = json.loads((tmp_path / "ok.json").read_text())["accepted"]
    clustered = dedupe("cluster", "in.jsonl", folder=tmp_path).out.splitlines()
    assert {json.loads(line)["dedupe"]["cluster"] for line in clustered} == {entry["cluster"]}


def test_a_new_duplicate_of_the_corpus_is_accepted_and_no_other(tmp_path: Path):
    (tmp_path / "old.jsonl").write_bytes(lines(LAMP, TOLL))
    against = "--against old.jsonl"
    assert check(tmp_path, UPDATE, options=f"{against} --update-baseline").code == 0
    assert check(tmp_path, UPDATE, options=against).code == 0
    done = check(tmp_path, UPDATE, THIRD, options=against)
    assert (done.code, b"in.jsonl:2: duplicate of " in done.out) == (1, True)


NO_BASELINES = {
    "a merge conflict": ("<<<<<<< ours\n{}\n", "ok.json:1: not a baseline"),
    "bad JSON on line 2": ('{"version": 1,\n', "ok.json:2: not a baseline"),
    "an array": ("[]", "ok.json: not a baseline"),
    "too long a number": ("9" * 5000, "ok.json: not a baseline"),
    "nothing": ("", "ok.json:1: not a baseline"),
    "no entries": ('{"version": 1}', "ok.json: not a baseline"),
    "another version": ('{"version": 9, "accepted": []}', "ok.json: a baseline of version 9"),
    "an entry of one record": (
        '{"version": 1, "accepted": [{"cluster": "a", "records": ["b"], "text": "c"}]}',
        "ok.json: not a baseline, as --update-baseline writes it: entry 1 needs",
    ),
    "records that are no digests": (
        '{"version": 1, "accepted": [{"cluster": "a", "records": [1, 2], "text": "c"}]}',
        "entry 1 needs cluster, records and text",
    ),
    "Latin-1": ('{"version": 1, "accepted": "café"}'.encode("latin-1"), "ok.json: not a baseline"),
}


@pytest.mark.parametrize(("held", "says"), NO_BASELINES.values(), ids=NO_BASELINES)
def test_what_is_no_baseline(held: str | bytes, says: str, tmp_path: Path):
    data = held.encode() if isinstance(held, str) else held
    (tmp_path / "ok.json").write_bytes(data)
    done = check(tmp_path, LAMP)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err
    assert done.err.count("\n") == 1


def test_a_missing_baseline_tells_how_to_make_one(tmp_path: Path):
    done = check(tmp_path, LAMP)
    assert "ok.json: No such file or directory; --update-baseline makes it\n" in done.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--baseline in.jsonl --update-baseline", "in.jsonl: is also an input"),
        ("--baseline out -o out --update-baseline", "--baseline and --output name the same file"),
        ("--baseline out --stats ./out", "--baseline and --stats name the same file"),
        ("--baseline no/ok.json --update-baseline", "no/ok.json: No such file or directory"),
    ],
)
def test_a_baseline_takes_no_others_place(options: str, says: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(lines(LAMP, UPDATE))
    done = dedupe("check", *options.split(), "in.jsonl", folder=tmp_path)
    assert done.code == 2
    assert says in done.err
    assert (tmp_path / "in.jsonl").read_bytes() == lines(LAMP, UPDATE)
    assert visible(tmp_path) == {"in.jsonl"}


def test_a_failed_run_leaves_the_baseline(tmp_path: Path):
    accept(tmp_path, LAMP, UPDATE)
    before = (tmp_path / "ok.json").read_bytes()
    (tmp_path / "in.jsonl").write_bytes(b"{\n")
    options = ["check", "--baseline", "ok.json", "--update-baseline", "in.jsonl"]
    assert dedupe(*options, folder=tmp_path).code == 2
    assert (tmp_path / "ok.json").read_bytes() == before
