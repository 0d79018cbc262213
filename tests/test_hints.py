"""Mistakes on the command line, and what the message says to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from commandline import dedupe

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"title":"Old lamp stays lit","description":"d"}\n'
MISTAKES = {
    "a file for a command": (
        ["in.jsonl"],
        "to read a file, name what to do with it: dedupe unique in.jsonl (see dedupe --help)",
    ),
    "the tool for a command": (
        ["dedup"],
        "no such command 'dedup'; to keep one version of each story: dedupe unique FILE",
    ),
    "two fields in one": (
        ["unique", "--field", "title,description", "in.jsonl"],
        "repeat it for several: --field title --field description",
    ),
    "an address": (
        ["unique", "https://pell.example/feed?a=1&b=2"],
        "it reads files and standard input: curl -s 'https://pell.example/feed?a=1&b=2' | dedupe",
    ),
    "JSON": (["unique", "--from", "json", "in.jsonl"], "use jsonl, which reads JSON of any shape"),
    "RSS": (["unique", "--from", "rss", "in.jsonl"], "'rss' is not a format; use feed"),
    "a folder": (
        ["unique", "folder"],
        "folder: Is a directory; name its files, as in folder/*.jso",
    ),
    "labels with semicolons": (
        ["unique", "--links", "labels.csv", "in.jsonl"],
        "labels are CSV a,b,label or JSONL, with commas in the place of semicolons",
    ),
}


@pytest.mark.parametrize(("given", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_what_to_do(given: list[str], says: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(LINE)
    (tmp_path / "folder").mkdir()
    (tmp_path / "labels.csv").write_text("a;b;label\n1;2;D\n")
    done = dedupe(*given, folder=tmp_path)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err


def test_a_command_that_is_nearly_right_is_still_suggested(tmp_path: Path):
    assert "unique" in dedupe("uniqe", folder=tmp_path).err
    assert "name what to do" not in dedupe("index", "in.jsonl", folder=tmp_path).err
