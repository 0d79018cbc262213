"""The notes of a run on settings and labels that have no effect, by the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe

if TYPE_CHECKING:
    from pathlib import Path

LAMP = "Old lamp at Pell Point stays lit"
TOLLS = "Ferry tolls rise by ten pence in June"
DAY = "2026-05-01"


def jsonl(*records: dict[str, str]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


UNDATED = jsonl({"title": LAMP}, {"title": TOLLS})
DATED = jsonl({"title": LAMP, "date": DAY, "source": "Northern Wire"}, {"title": TOLLS})
WITHOUT_EFFECT = {
    "a window": (["-w", "2d"], "--window 48h has no effect: no record has a date"),
    "a key of dates": (["-k", "latest"], "--keep latest has no effect: no record has a date"),
    "a preferred key": (["--prefer", "earliest"], "--prefer earliest has no effect: no record"),
}


@pytest.mark.parametrize(("options", "note"), WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT)
def test_what_needs_dates_says_where_there_are_none(options, note: str, tmp_path: Path):
    assert note in dedupe("unique", *options, folder=tmp_path, stdin=UNDATED).err
    assert "no effect" not in dedupe("unique", *options, folder=tmp_path, stdin=DATED).err


def test_the_default_order_needs_no_dates(tmp_path: Path):
    assert "no effect" not in dedupe("unique", folder=tmp_path, stdin=UNDATED).err


def test_an_outlet_that_no_record_has(tmp_path: Path):
    given = ["unique", "--prefer", "source:Northern Wyre,northern wire"]
    done = dedupe(*given, folder=tmp_path, stdin=DATED)
    assert (
        "source:Northern Wyre: no record has this outlet; did you mean source:Northern Wire?\n"
        in done.err
    )
    assert done.err.count("no record has this outlet") == 1


def test_an_outlet_without_its_prefix(tmp_path: Path):
    done = dedupe("unique", "--prefer", "reuters", folder=tmp_path, stdin=DATED)
    assert done.code == 2
    assert "got reuters; for an outlet: source:reuters" in done.err


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (["a,b,not", "a,gone,not"], "1 label names a record that is not here\n"),
        (["a,x,not", "a,gone,duplicate"], "2 labels name a record that is not here\n"),
        (["a,b,not"], None),
    ],
)
def test_a_label_on_a_record_that_is_not_here(rows, note: str | None, tmp_path: Path):
    (tmp_path / "labels.csv").write_text("\n".join(["a,b,label", *rows]) + "\n")
    records = jsonl({"id": "a", "title": LAMP}, {"id": "b", "title": TOLLS})
    done = dedupe("unique", "--links", "labels.csv", folder=tmp_path, stdin=records)
    assert done.code == 0
    assert ("that is not here" in done.err) == (note is not None)
    assert note is None or f"dedupe: labels.csv: {note}" in done.err


def test_removed_records_are_no_reason_to_join_by_url(tmp_path: Path):
    gone = {"title": "[Removed]", "description": "[Removed]", "url": "https://removed.example"}
    done = dedupe("unique", folder=tmp_path, stdin=jsonl(gone, gone | {"id": "2"}, {"title": LAMP}))
    assert "placeholders" in done.err
    assert "--same" not in done.err


LINES = b"Old lamp at Pell Point stays lit\n"
TABLE = b"id,title\na,Old lamp at Pell Point stays lit\n"
SUFFIXES = {
    "a sheet": (["cluster", "-o", "out.xlsx"], UNDATED, "out.xlsx holds JSON Lines, whatever"),
    "a way out": (
        ["unique", "-o", "out.XLSX"],
        TABLE,
        "out.XLSX holds CSV, whatever the suffix; a spr",
    ),
    "lines": (["unique", "-o", "out.pdf"], LINES, "out.pdf holds plain lines, whatever"),
    "annotated lines": (
        ["cluster", "-o", "out.docx"],
        LINES,
        "out.docx holds JSON Lines, whatever",
    ),
    "compressed": (["pairs", "-o", "out.xml.gz"], TABLE, "out.xml.gz holds JSON Lines, whatever"),
    "the format by name": (
        ["cluster", "--to", "csv", "-o", "o.ods"],
        UNDATED,
        "o.ods holds CSV, whatever",
    ),
    "a tree": (
        ["cluster", "--format", "tree", "-o", "o.html"],
        UNDATED,
        "o.html holds text, whatever",
    ),
    "a table": (["cluster", "--format", "table", "-o", "o.xls"], UNDATED, "o.xls holds CSV, wha"),
    "a page": (["report", "-o", "out.pdf"], UNDATED, "out.pdf holds HTML, whatever"),
}


@pytest.mark.parametrize(("given", "data", "note"), SUFFIXES.values(), ids=SUFFIXES)
def test_a_suffix_that_is_not_believed(given, data: bytes, note: str, tmp_path: Path):
    done = dedupe(*given, folder=tmp_path, stdin=data)
    assert done.code == 0
    assert note in done.err
    assert (tmp_path / given[-1]).exists()


@pytest.mark.parametrize(
    "given",
    [
        ["report", "-o", "out.html"],
        ["unique", "-o", "out.jsonl"],
        ["unique", "-o", "out.json"],
        ["unique", "-o", "out.csv.gz"],
        ["unique", "-o", "out"],
    ],
    ids=" ".join,
)
def test_a_suffix_that_is_right_or_says_nothing(given: list[str], tmp_path: Path):
    assert "suffix" not in dedupe(*given, folder=tmp_path, stdin=UNDATED).err
