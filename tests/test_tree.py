"""``dedupe cluster --format tree``: clusters as a list for a terminal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, dedupe
from terminal import Terminal

from dedupe.cli.pair_layout import text_width

if TYPE_CHECKING:
    from pathlib import Path

DEMO = str(FIXTURES / "demo.jsonl")
STYLE = re.compile(r"\x1b\[[\d;]*m")
EXPECTED = """\
Old lighthouse at Pell Point to stay lit for fifty more years  3 records, Northern Wire, line 1
\u251c\u2500 S  [UPDATE 1]-Old lighthouse at Pell Point to stay lit for [50] more years  Northern \
Wire, line 2, title 1.00 lede 0.93
\u2514\u2500 S  Pell Point [lighthouse will] stay lit for [another 50] years, [council decides | \
Pell Courier]  Pell Courier, line 3, title 0.76 lede 0.99

Odlin Ferry raises full-year profit forecast to 40 mln crowns  2 records, Northern Wire, line 4
\u2514\u2500 S  Odlin Ferry [lifts] full-year profit forecast to 40 [million] crowns  Pell \
Courier, line 5, title 0.96

\u201cLeave a light on\u201d, neighbours sing at the sea wall  2 records, Harbour News, line 11
\u2514\u2500 S  'LEAVE A LIGHT ON,' NEIGHBOURS SING AT THE SEA WALL  Evening Ledger, line 12, exact

12 records, 8 unique, 3 clusters of two or more
"""
NARROW = """\
Old lighthouse at Pell Point to stay lit for fifty
more years  3 records, Northern Wire, line 1
\u251c\u2500 S  [UPDATE 1]-Old lighthouse at Pell Point to
\u2502        stay lit for [50] more years
\u2502        Northern Wire, line 2, title 1.00 lede 0.93
\u2514\u2500 S  Pell Point [lighthouse will] stay lit for
         [another 50] years, [council decides | Pell
         Courier]
         Pell Courier, line 3, title 0.76 lede 0.99
"""


def shown(folder: Path, *options: str, **extra: str) -> str:
    done = dedupe("cluster", "-q", "--format", "tree", *options, DEMO, folder=folder, **extra)
    assert done.code == 0, done.err
    return done.out.decode()


def test_the_clusters_stand_under_what_is_kept(tmp_path: Path):
    assert re.sub(r"(?<=\u2500 )\d\.\d\d", "S", shown(tmp_path)) == EXPECTED


def test_records_are_the_default(tmp_path: Path):
    plain = dedupe("cluster", "-q", DEMO, folder=tmp_path)
    asked = dedupe("cluster", "-q", "--format", "records", DEMO, folder=tmp_path)
    assert plain.out == asked.out
    assert plain.out.startswith(b"{")


def test_a_file_holds_it_whole_and_without_colour(tmp_path: Path):
    dedupe(
        "cluster", "-q", "--format", "tree", "--color", "always", "-o", "tree.txt", DEMO,
        folder=tmp_path, COLUMNS="40",
    )  # fmt: skip
    assert (tmp_path / "tree.txt").read_text("utf-8") == shown(tmp_path)


@pytest.mark.parametrize("width", [30, 60, 100])
def test_it_keeps_within_the_window(tmp_path: Path, width: int):
    told = shown(tmp_path, COLUMNS=str(width)).splitlines()
    assert max(map(text_width, told[:-1])) <= width
    words = {word for line in told for word in line.split()}
    assert set(shown(tmp_path).split()) <= words  # nothing is cut


def test_a_headline_is_wrapped_under_itself(tmp_path: Path):
    told = re.sub(r"(?<=\u2500 )\d\.\d\d", "S", shown(tmp_path, COLUMNS="52"))
    assert told.startswith(NARROW)


@pytest.mark.parametrize(
    ("options", "extra", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_where_it_is_wanted(tmp_path: Path, options, extra, colored):
    told = shown(tmp_path, *options, **extra)
    assert bool(STYLE.search(told)) == colored
    assert ("[another 50]" in told) != colored


def test_several_files_are_named_and_nothing_steers_the_terminal(tmp_path: Path):
    title = "Ferry tolls \x1b[2J\u202erise by ten pence at Odlin Bay"
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": name, "title": title}) + "\n")
    done = dedupe("cluster", "-q", "--format", "tree", "a.jsonl", "b.jsonl", folder=tmp_path)
    told = done.out.decode()
    assert "a.jsonl:1" in told
    assert "b.jsonl:1" in told
    assert not {"\x1b", "\u202e"} & set(told)


def test_nothing_to_show_is_told(tmp_path: Path):
    done = dedupe("cluster", "-q", "--format", "tree", folder=tmp_path, stdin=b"")
    assert done.out == b"0 records, 0 unique, 0 clusters of two or more\n"


def test_the_pager_of_the_user_shows_it(tmp_path: Path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n")
    pager.chmod(0o755)
    command = ("cluster", "-q", "--format", "tree", "--pager", DEMO)
    with Terminal(*command, folder=tmp_path, columns=120, PAGER=str(pager)) as screen:
        assert screen.end() == 0
        assert "PAGED" in screen.text
        assert "clusters of two or more" in screen.text
    assert "PAGED" not in shown(tmp_path, "--pager", PAGER=str(pager))


def test_a_pager_is_for_the_tree(tmp_path: Path):
    done = dedupe("cluster", "--pager", DEMO, folder=tmp_path)
    assert done.code == 2
    assert "--pager needs --format tree" in done.err
