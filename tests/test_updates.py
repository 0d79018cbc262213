"""Versions of a running story: in order where they merge, never together where they are split."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe
from corpora import CORPORA, canonical_of, lines, partition, run_of, story
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

LAMP = "Old lamp at Pell Point stays lit"
TAGS = ("", "UPDATE 1-", "UPDATE 2-", "RPT-UPDATE 2-", "WITHDRAWN: ")
STORIES = [story(n, tag + LAMP, "", "Northern Wire", n) for n, tag in enumerate(TAGS)]


def test_split_puts_each_version_by_itself():
    found = partition(run_of(STORIES, updates="split"))
    assert found == {frozenset("04"), frozenset("1"), frozenset("23")}
    assert partition(run_of(STORIES)) == {frozenset("01234")}


SWITCHES = st.fixed_dictionaries(
    {
        "linkage": st.sampled_from(("average", "leader")),
        "threshold": st.sampled_from((0.0, 0.3, 0.5)),
        "window": st.sampled_from((None, 86_400)),
    }
)


@settings(max_examples=25)
@given(CORPORA, SWITCHES, st.randoms(use_true_random=False))
def test_no_cluster_holds_two_versions(stories, told, chance):
    result = run_of(stories, updates="split", **told)
    versions = result.clustering.versions
    assert all(len({versions[m] for m in cluster.members}) == 1 for cluster in result.clustering)
    shuffled = run_of(chance.sample(stories, len(stories)), updates="split", **told)
    assert partition(shuffled) == partition(result)
    kept = canonical_of(stories, result)
    assert canonical_of(kept, run_of(kept, updates="split", **told)) == kept


def test_a_link_brings_two_versions_together_with_their_copies(tmp_path: Path):
    (tmp_path / "links.csv").write_text("a,b,label\n0,1,D\n")
    found = partition(run_of(STORIES, updates="split", links=str(tmp_path / "links.csv")))
    assert found == {frozenset("014"), frozenset("23")}


def test_members_carry_their_version(tmp_path: Path):
    done = dedupe("cluster", folder=tmp_path, stdin=lines(STORIES))
    added = [json.loads(line)["dedupe"] for line in done.out.splitlines()]
    assert [found.get("version") for found in added] == [None, 1, 2, 2, None]
    assert len({found["cluster"] for found in added}) == 1
    assert all(list(found)[-1] in ("reason", "version") for found in added)


def test_a_table_has_a_column_for_it(tmp_path: Path):
    table = "id,title\n" + "".join(f"{s['id']},{s['title']}\n" for s in STORIES)
    done = dedupe("cluster", "--from", "csv", folder=tmp_path, stdin=table.encode())
    rows = list(csv.DictReader(io.StringIO(done.out.decode())))
    assert list(rows[0])[-1] == "dedupe_version"
    assert [row["dedupe_version"] for row in rows] == ["", "1", "2", "2", ""]


KEPT = {
    "it is first": ("first",),
    "it is the longest": ("longest",),
    "its outlet is preferred": ("source:Evening Ledger",),
}


@pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)
def test_a_withdrawn_version_is_never_the_canonical_though(keep, tmp_path: Path):
    stories = [
        story(1, f"WITHDRAWN: {LAMP}, the council says", "", "Evening Ledger", 0),
        story(2, f"{LAMP}, the council says", "", "Northern Wire", 1),
    ]
    flags = [flag for key in keep for flag in ("--keep", key)]
    done = dedupe("unique", *flags, folder=tmp_path, stdin=lines(stories))
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["2"]


@pytest.mark.parametrize(("left", "right", "passes"), [("0", "1", False), ("2", "3", True)])
def test_explain_shows_the_versions(left: str, right: str, passes: bool, tmp_path: Path):  # noqa: FBT001 - a table's cell
    flags = ("--json", "--updates", "split", "--in", "-")
    done = dedupe("explain", *flags, left, right, folder=tmp_path, stdin=lines(STORIES))
    found = json.loads(done.out)
    (guard,) = [guard for guard in found["guards"] if guard["name"] == "updates"]
    assert (guard["passes"], found["joins"]) == (passes, passes)
