"""``dedupe index`` as a user drives it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import click
import pytest
from commandline import dedupe, shell, start
from corpora import lines, shipped

from dedupe.cli.help import SECTIONS
from dedupe.cli.index import TASKS, index_command

if TYPE_CHECKING:
    from pathlib import Path

STORIES = lines(shipped())
COUNT = len(shipped())


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with an empty index and the shipped stories."""
    (tmp_path / "stories.jsonl").write_bytes(STORIES)
    done = dedupe("index", "create", "seen.index", folder=tmp_path)
    assert (done.code, done.out, done.err) == (0, b"", "dedupe: seen.index: created, empty\n")
    return tmp_path


def told(out: bytes) -> list[dict]:
    return [json.loads(line)["dedupe"] for line in out.splitlines()]


@pytest.mark.parametrize("name", [name for modules in TASKS.values() for name in modules])
def test_every_sub_command_shows_its_options_and_an_example(name: str, tmp_path: Path):
    found = index_command.get_command(click.Context(index_command), name)
    assert found
    shown = {flag for flags in SECTIONS.values() for flag in flags}
    options = [param for param in found.params if isinstance(param, click.Option)]
    assert [param.name for param in options if not shown.intersection(param.opts)] == []
    assert f"$ dedupe index {name} " in str(found.epilog) or name in ("add", "unique")
    done = dedupe("index", name, "--help", folder=tmp_path)
    assert done.code == 0
    assert done.out.startswith(b"Usage: dedupe index " + name.encode())


def test_add_annotates_every_record_and_leaves_its_bytes(made: Path):
    done = dedupe("index", "add", "seen.index", "stories.jsonl", folder=made)
    assert done.code == 0
    assert f"{COUNT} records, {COUNT} new, " in done.err
    for line, before in zip(done.out.splitlines(), STORIES.splitlines(), strict=True):
        assert line.startswith(before[:-1])
    assert {answer["new"] for answer in told(done.out)} == {True}
    again = dedupe("index", "add", "seen.index", "stories.jsonl", folder=made)
    assert {answer["new"] for answer in told(again.out)} == {False}
    assert f"0 new, 0 unseen, {COUNT} already held and left as they were" in again.err


def test_match_changes_nothing(made: Path):
    dedupe("index", "add", "seen.index", "stories.jsonl", folder=made)
    before = (made / "seen.index").read_bytes()
    done = dedupe("index", "match", "seen.index", folder=made, stdin=b'{"title":"Lamp out"}\n')
    assert told(done.out)[0]["new"] is True
    assert told(done.out)[0]["opens"] is True
    again = dedupe("index", "match", "seen.index", "stories.jsonl", folder=made)
    assert {(answer["new"], answer["opens"]) for answer in told(again.out)} == {(False, False)}
    assert f"0 new, 0 unseen, {COUNT} already held, " in again.err
    assert (made / "seen.index").read_bytes() == before


def test_opens_is_true_of_just_what_unique_lets_through(made: Path):
    added = dedupe("index", "add", "seen.index", "stories.jsonl", folder=made)
    dedupe("index", "create", "other.index", folder=made)
    passed = dedupe("index", "unique", "other.index", "stories.jsonl", folder=made)
    answers = zip(STORIES.splitlines(), told(added.out), strict=True)
    assert [line for line, answer in answers if answer["opens"]] == passed.out.splitlines()
    lamp = b'{"title":"UPDATE 1-Old lamp stays lit"}\n'
    dedupe("index", "add", "seen.index", folder=made, stdin=b'{"title":"Old lamp stays lit"}\n')
    (answer,) = told(dedupe("index", "match", "seen.index", folder=made, stdin=lamp).out)
    assert [answer[key] for key in ("new", "opens", "canonical", "size")] == [True, False, False, 1]


def test_unique_lets_each_story_through_once(made: Path):
    done = dedupe("index", "unique", "seen.index", "stories.jsonl", folder=made)
    kept = done.out.splitlines()
    names = [json.loads(line)["id"] for line in kept]
    assert set(kept) < set(STORIES.splitlines())
    assert len({name.rpartition("-")[0] for name in names}) == len(names)
    again = dedupe("index", "unique", "seen.index", "stories.jsonl", folder=made)
    assert again.out == b""


@pytest.mark.parametrize("flags", [[], ["--line-buffered"]])
def test_a_stream_is_answered_with_its_first_line(made: Path, flags: list[str]):
    process = start("index", "unique", *flags, "seen.index", folder=made)
    assert process.stdin
    assert process.stdout
    first, second = b'{"title":"Old lamp stays lit"}\n', b'{"title":"Ferry tolls rise in June"}\n'
    for line in (first, second):
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline() == line
    process.stdin.write(first)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"", 0)
    assert b"3 records, 2 new, 2 unseen, 1 already held and left as it was, " in err


def test_line_buffered_and_bulk_tell_the_same_of_a_known_feed(made: Path):
    dedupe("index", "add", "seen.index", "stories.jsonl", folder=made)
    bulk = dedupe("index", "match", "seen.index", "stories.jsonl", folder=made)
    lined = dedupe("index", "match", "--line-buffered", "seen.index", folder=made, stdin=STORIES)
    assert bulk.out == lined.out


def test_tables_and_plain_lines_go_in_too(made: Path):
    table = b"id,title,source\na,Old lamp stays lit,ap\nb,Old lamp stays lit,reuters\n"
    (made / "in.csv").write_bytes(table)
    (made / "more.csv").write_bytes(table.replace(b"\na,", b"\nc,"))
    done = dedupe("index", "add", "seen.index", "in.csv", "more.csv", folder=made)
    head, *rows = done.out.decode().splitlines()
    assert head.endswith(
        "dedupe_version,dedupe_new,dedupe_opens,dedupe_merged,dedupe_canonical_changed"
    )
    assert [row.split(",")[-4] for row in rows] == ["true", "true", "true", "false"]
    through = dedupe("index", "unique", "seen.index", "in.csv", folder=made)
    assert through.out == b"id,title,source\n"
    plain = dedupe("index", "add", "-q", "seen.index", folder=made, stdin=b"Lamp out at last\n")
    assert json.loads(plain.out)["text"] == "Lamp out at last"
    (made / "in.jsonl.gz").write_bytes(gzip.compress(STORIES))
    assert dedupe("index", "add", "seen.index", "in.jsonl.gz", folder=made).code == 0


REFUSED = {
    "settings": (["add", "--threshold", "0.7"], "threshold is 0.5 here, not 0.7"),
    "links": (["add", "--links", "x.csv"], "no such option '--links'"),
    "taken key": (["add", "--into", "title"], "already has title"),
    "output onto the index": (["add", "-o", "seen.index"], "is also an input"),
    "compressed stream": (["add"], "a stream is read uncompressed"),
    "table in a stream": (["add", "--line-buffered", "--from", "csv"], "give a table as a file"),
    "nothing to remove": (["remove"], "give --before DATE or --ids FILE"),
    "no date": (
        ["remove", "--before", "soon"],
        "--before: must be a date such as 2026-03-01, got soon",
    ),
    "no such file": (["remove", "--ids", "no.txt"], "no.txt: No such file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str, made: Path):
    (first, *flags), says = REFUSED[name]
    before = (made / "seen.index").read_bytes()
    stdin = gzip.compress(STORIES) if name == "compressed stream" else STORIES
    command_line = f"cat in | dedupe index {first} seen.index {' '.join(flags)}"
    (made / "in").write_bytes(stdin)
    done = shell(command_line, made)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err
    assert done.err.startswith("dedupe: error: ")
    assert done.err.count("\n") == 1
    assert (made / "seen.index").read_bytes() == before


def test_settings_of_the_environment_are_kept_and_compared(tmp_path: Path):
    done = dedupe("index", "create", "a.index", folder=tmp_path, DEDUPE_THRESHOLD="0.8")
    assert done.code == 0
    done = dedupe("index", "stats", "a.index", folder=tmp_path)
    assert json.loads(done.out)["settings"]["threshold"] == 0.8
    done = dedupe("index", "add", "a.index", folder=tmp_path, DEDUPE_THRESHOLD="0.5")
    assert "threshold is 0.8 here, not 0.5" in done.err
    done = dedupe("index", "add", "a.index", "--threshold", "0.8", folder=tmp_path)
    assert done.code == 0


def test_a_bad_line_is_named_by_its_number(made: Path):
    for flags in ([], ["--line-buffered"]):
        done = dedupe(
            "index", "add", *flags, "seen.index", folder=made,
            stdin=b'{"title":"Lamp out"}\n\n{"title":\n',
        )  # fmt: skip
        assert done.code == 2
        assert done.err.startswith("dedupe: error: <stdin>:3: invalid JSON")


def test_the_life_of_an_index(made: Path):
    half = COUNT // 2
    (made / "one.jsonl").write_bytes(lines(shipped()[:half]))
    (made / "two.jsonl").write_bytes(lines(shipped()[half:]))
    (made / "ids.txt").write_text("bakery-1\n\nnobody\n")
    script = """
        dedupe index add -q -o first.jsonl seen.index one.jsonl
        dedupe index create other.index
        dedupe index add -q seen.index two.jsonl > second.jsonl
        dedupe index add -q other.index two.jsonl > second.jsonl
        dedupe index merge seen.index other.index
        dedupe index compact seen.index
        dedupe index check --deep seen.index
        dedupe index remove --ids ids.txt seen.index
        dedupe index remove --before 2020-01-01 seen.index
        dedupe index export -o all.jsonl.gz seen.index
        dedupe index check seen.index
    """
    done = shell(f"set -e\n{script}", made)
    assert done.code == 0, done.err
    assert "seen.index: 0 records new from other.index" in done.err
    assert "seen.index: compacted, 0 records with another canonical version" in done.err
    assert "0 with another canonical version in a batch run" in done.err
    assert "seen.index: 1 record removed, 1 id not there" in done.err
    assert "seen.index: 0 records removed" in done.err
    exported = gzip.decompress((made / "all.jsonl.gz").read_bytes())
    groups = [json.loads(line) for line in exported.splitlines()]
    assert sum(group["size"] for group in groups) == COUNT - 1
    figures = json.loads(dedupe("index", "stats", "seen.index", folder=made).out)
    assert figures["stories"] == COUNT - 1
    assert figures["compacted"] is True


def test_unique_remembers_nothing_when_its_file_cannot_be_completed(made: Path):
    (made / "bad.jsonl").write_bytes(STORIES + b"{")
    done = dedupe("index", "unique", "-o", "new.jsonl", "seen.index", "bad.jsonl", folder=made)
    assert (done.code, (made / "new.jsonl").exists()) == (2, False)
    done = dedupe("index", "unique", "-o", "new.jsonl", "seen.index", "stories.jsonl", folder=made)
    assert f"{COUNT} new" in done.err
    assert (made / "new.jsonl").read_bytes().count(b"\n") < COUNT
