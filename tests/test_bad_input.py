"""Bad and odd input: one row a case, with its message, its exit code and what may be left."""

from __future__ import annotations

import gzip
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from commandline import Done, dedupe, shell, start, visible

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b'{"id":"a","title":"Old lamp stays lit"}\n'
OTHER = b'{"id":"b","title":"Ferry tolls rise"}\n'
LONG = b'{"id":"l","title":"Long","body":"' + b"x" * 10_000_000 + b'"}\n'
TRUNCATED = gzip.compress(LONG)[:-9]
COMMANDS = ("cluster", "unique", "pairs")
FAILED, INTERRUPTED, TERMINATED, PIPE_CLOSED = 2, 130, 143, 141


@dataclass(frozen=True)
class Case:
    """Files to lay out, a command line, and the message that it must end in."""

    arguments: list[str]
    says: str
    files: dict[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""


def record(line: bytes, says: str) -> Case:
    """Make the second line of a file the bad one."""
    return Case(["in.jsonl"], f"in.jsonl:2: {says}", {"in.jsonl": GOOD + line + b"\n" + OTHER})


def over(arguments: list[str], says: str, data: bytes = GOOD) -> Case:
    """Lay out one file, named by the first argument."""
    return Case(arguments, says, {arguments[0]: data})


REFUSED = {
    "invalid JSON": record(b'{"title":', "invalid JSON"),
    "two objects on a line": record(b'{"title":"a"} {"title":"b"}', "invalid JSON"),
    "NaN": record(b'{"title":"a","n":NaN}', "invalid JSON"),
    "Infinity": record(b'{"title":"a","n":-Infinity}', "invalid JSON"),
    "lone surrogate": record(b'{"title":"a\\ud800"}', "invalid JSON"),
    "invalid UTF-8": record(b'{"title":"caf\xe9 noir"}', "invalid UTF-8 at byte "),
    "not an object": record(b'["title"]', "not an object"),
    "a bare string": record(b'"title"', "not an object"),
    "missing field": over(["in.jsonl"], "in.jsonl: no record has a text: ", b'{"note":"y"}\n'),
    "wrong type": record(b'{"title":[12]}', "title: expected a string, got an array"),
    "wrong type deep down": record(b'{"title":{"a":1}}', "title: expected a string, got an object"),
    "too many columns": over(["in.csv"], "in.csv:3: ", b"id,title\na,Lamp\nb,Toll,9\n"),
    "JSON array of texts": over(["in.json"], "in.json: an array of texts", b'["a", "b"]'),
    "stdin is named": Case([], "<stdin>:1: invalid JSON", stdin=b'{"title":\n'),
    "truncated gzip": over(["in.jsonl.gz"], "in.jsonl.gz", TRUNCATED),
    "corrupt gzip": over(["in.jsonl.gz"], "in.jsonl.gz", b"\x1f\x8b\x08\x00junk" * 9),
    "truncated gzip on stdin": Case([], "<stdin>", stdin=TRUNCATED),
    "not Parquet": over(["in.parquet"], "in.parquet: not Parquet data"),
    "truncated Parquet": over(["in.parquet"], "in.parquet: truncated Parquet", b"PAR1\x15\x04"),
    "missing file": Case(["no.jsonl"], "no.jsonl: No such file or directory"),
    "second file missing": over(["in.jsonl", "no.jsonl"], "no.jsonl: No such file"),
    "directory": Case(["."], ".: Is a directory"),
    "two dashes": Case(["-", "-"], "<stdin>: ", stdin=GOOD),
    "output onto an input": over(["in.jsonl", "-o", "in.jsonl"], "in.jsonl: "),
    "output onto an input by another name": over(["in.jsonl", "-o", "./in.jsonl"], "./in.jsonl: "),
    "stats onto an input": over(["in.jsonl", "--stats", "in.jsonl"], "--stats: in.jsonl exists"),
    "stats onto the output": over(["in.jsonl", "-o", "o", "--stats", "o"], "--output and --stats"),
    "quarantine onto the output": over(
        ["in.jsonl", "-o", "o", "--on-error", "quarantine=o"], "--output and quarantine"
    ),
    "quarantine onto an input": over(["in.jsonl", "--on-error", "quarantine=in.jsonl"], "in.jsonl"),
    "stats onto standard output": Case(["--stats", "-"], "--stats needs a file"),
    "output in a missing folder": over(["in.jsonl", "-o", "no/out"], "no/out: "),
    "output is a directory": over(["in.jsonl", "-o", "."], ".: "),
    "full disk": over(["in.jsonl", "-o", "/dev/full"], "/dev/full: No space"),
    "unknown option": Case(["--treshold", "1"], "no such option '--treshold'"),
    "unknown format": Case(["--from", "xml"], "invalid value for '--from'"),
    "threshold out of range": Case(
        ["--threshold", "7"], "--threshold: must be between 0 and 1, got 7"
    ),
    "broken configuration": Case(["--config", "no.toml"], "no.toml: No such file or directory"),
}


def refused(done: Done, says: str) -> None:
    """Check that a run ended in one line that tells the reason, and wrote no data."""
    assert done.code == FAILED
    assert done.out == b""
    assert done.err.startswith("dedupe: error: ")
    assert says in done.err
    assert done.err.count("\n") == 1, "one line, no traceback"


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: Case, tmp_path: Path):
    for name, data in case.files.items():
        (tmp_path / name).write_bytes(data)
    refused(dedupe("cluster", *case.arguments, folder=tmp_path, stdin=case.stdin), case.says)
    assert visible(tmp_path) == set(case.files)
    for name, data in case.files.items():
        assert (tmp_path / name).read_bytes() == data


@pytest.mark.parametrize("command", COMMANDS)
def test_refused_by_every_command(command: str, tmp_path: Path):
    done = dedupe(command, "-o", "out.jsonl", folder=tmp_path, stdin=GOOD + b"{\n")
    refused(done, "<stdin>:2: invalid JSON")
    assert visible(tmp_path) == set()


PAGES = {
    "invalid UTF-8": over(["p.txt"], "p.txt:3: invalid UTF-8 at byte 4", b"Lamp\n\nCaf\xe9"),
    "truncated gzip": over(["p.txt.gz"], "p.txt.gz", TRUNCATED),
    "missing file": Case(["no.txt"], "no.txt: No such file or directory"),
    "directory": Case(["."], ".: Is a directory"),
    "second page missing": over(["p.txt", "no.txt"], "no.txt: No such", b"Lamp\n"),
    "two dashes": Case(["-", "-"], "<stdin>: "),
    "output onto an input": over(["p.txt", "-o", "p.txt"], "p.txt: ", b"Lamp\n"),
    "full disk": Case(["-o", "/dev/full"], "/dev/full: No space", stdin=b"Lamp\n"),
}


@pytest.mark.parametrize("case", PAGES.values(), ids=PAGES)
def test_page_refused(case: Case, tmp_path: Path):
    for name, data in case.files.items():
        (tmp_path / name).write_bytes(data)
    refused(dedupe("split", *case.arguments, folder=tmp_path, stdin=case.stdin), case.says)
    assert visible(tmp_path) == set(case.files)


def test_unreadable_file(tmp_path: Path):
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    (tmp_path / "in.jsonl").write_bytes(GOOD)
    (tmp_path / "in.jsonl").chmod(0)
    refused(dedupe("cluster", "in.jsonl", folder=tmp_path), "in.jsonl: Permission denied")


TAKEN = {
    "empty title": b'{"id":"e","title":""}\n{"id":"f","title":""}\n' + GOOD,
    "no title": b'{"id":"e","title":null}\n{"id":"f"}\n' + GOOD,
    "number as title": b'{"title":1984}\n',
    "absent title": b'{"title":null,"lede":"It stays."}\n',
    "blank lines": GOOD + b"\n  \n\r\n" + OTHER,
    "CRLF": GOOD.replace(b"\n", b"\r\n") + OTHER.replace(b"\n", b"\r\n"),
    "no final newline": GOOD + OTHER.rstrip(b"\n"),
    "duplicate keys": b'{"title":"Old lamp","n":1,"n":1}\n',
    "numbers as written": b'{"title":"Old lamp","n":1.10,"m":123456789012345678901234567890}\n',
    "line separator in a text": '{"title":"Old\u2028lamp"}\n'.encode(),
    "10 MB line": LONG + OTHER,
    "nothing": b"",
    "nothing but blank lines": b"\n\n",
}


@pytest.mark.parametrize("data", TAKEN.values(), ids=TAKEN)
def test_taken(data: bytes, tmp_path: Path):
    done = dedupe("unique", folder=tmp_path, stdin=data)
    kept = b"".join(line for line in data.splitlines(keepends=True) if line.strip())
    assert done.code == 0
    assert done.out == kept + (b"" if kept.endswith(b"\n") or not kept else b"\n")
    assert "Traceback" not in done.err


def test_table_without_rows_keeps_its_header(tmp_path: Path):
    done = dedupe("unique", "--from", "csv", folder=tmp_path, stdin=b"id,title\n")
    assert (done.code, done.out) == (0, b"id,title\n")


def test_byte_order_mark_is_no_part_of_the_record(tmp_path: Path):
    done = dedupe("unique", folder=tmp_path, stdin=b"\xef\xbb\xbf" + GOOD + OTHER)
    assert (done.code, done.out) == (0, GOOD + OTHER)


def test_bad_records_skipped(tmp_path: Path):
    done = dedupe("unique", "--on-error", "skip", folder=tmp_path, stdin=GOOD + b"{\n" + OTHER)
    assert (done.code, done.out) == (0, GOOD + OTHER)
    assert "1 skipped" in done.err


def test_bad_records_set_aside(tmp_path: Path):
    bad = b'{"title":\n'
    done = dedupe("unique", "--on-error", "quarantine=bad", folder=tmp_path, stdin=GOOD + bad)
    assert (done.code, done.out) == (0, GOOD)
    assert (tmp_path / "bad").read_bytes() == bad
    assert "1 quarantined" in done.err


FULL = {
    "stdout": "dedupe cluster in.jsonl > /dev/full",
    "stdout of split": "dedupe split in.jsonl > /dev/full",
    "stdout of help": "dedupe --help > /dev/full",
    "file size limit": "ulimit -f 8; dedupe cluster -o out.jsonl in.jsonl",
    "file size limit, compressed": "ulimit -f 8; dedupe cluster -o out.jsonl.gz in.jsonl",
    "closed stdout": "dedupe cluster in.jsonl >&-",
    "closed stdin": "dedupe cluster <&-",
    "all closed": "dedupe cluster in.jsonl <&- >&- 2>&-",
}


@pytest.mark.limits
@pytest.mark.parametrize("script", FULL.values(), ids=FULL)
def test_nowhere_to_write(script: str, tmp_path: Path):
    lines = [b'{"title":"Lamp %s"}\n' % os.urandom(40).hex().encode() for _ in range(2000)]
    (tmp_path / "in.jsonl").write_bytes(b"".join(lines))
    done = shell(script, tmp_path)
    assert (done.code, done.out) == (FAILED, b"")
    assert done.err.startswith("dedupe: error: ") or "2>&-" in script
    assert done.err.count("\n") <= 1
    assert visible(tmp_path) == {"in.jsonl"}


def test_failed_output_keeps_what_the_file_held(tmp_path: Path):
    (tmp_path / "out.jsonl").write_bytes(b"older\n")
    done = dedupe("cluster", "-o", "out.jsonl", folder=tmp_path, stdin=GOOD + b"{\n")
    assert done.code == FAILED
    assert (tmp_path / "out.jsonl").read_bytes() == b"older\n"
    assert visible(tmp_path) == {"out.jsonl"}


def test_closed_stdout_matters_only_where_it_is_used(tmp_path: Path):
    done = shell("dedupe unique -o out.jsonl >&- 2>&-", tmp_path, GOOD)
    assert (done.code, (tmp_path / "out.jsonl").read_bytes()) == (0, GOOD)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_reader_goes_away(command: str, unbuffered: str, tmp_path: Path):
    running = start(command, folder=tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert running.stdin and running.stdout and running.stderr  # noqa: PT018 - for the type checker
    running.stdin.write(GOOD * 3000)
    running.stdout.close()
    running.stdin.close()
    assert running.wait(timeout=60) == PIPE_CLOSED
    assert running.stderr.read() == b""
    running.stderr.close()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_head(unbuffered: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes((GOOD + OTHER) * 20_000)
    script = f"export PYTHONUNBUFFERED={unbuffered}; "
    done = shell(script + "{ dedupe cluster in.jsonl; echo $? >&2; } | head -1", tmp_path)
    assert done.out.count(b"\n") == 1
    assert done.err == "141\n"


@pytest.mark.limits
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_disk_fills_behind_a_redirection(unbuffered: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(GOOD * 2000)
    script = f"export PYTHONUNBUFFERED={unbuffered}; ulimit -f 8; "
    done = shell(script + "dedupe cluster in.jsonl > out.jsonl", tmp_path)
    refused(done, "File too large")


STOPS = {
    "Ctrl-C": (signal.SIGINT, INTERRUPTED, b"dedupe: interrupted\n"),
    "told to stop": (signal.SIGTERM, TERMINATED, b""),
    "terminal closed": (signal.SIGHUP, 129, b""),
}


@pytest.mark.kill
@pytest.mark.parametrize(("number", "code", "says"), STOPS.values(), ids=STOPS)
def test_stopped_from_outside(number: int, code: int, says: bytes, tmp_path: Path):
    running = start("cluster", "-o", "out.jsonl", folder=tmp_path)
    assert running.stdin  # for the type checker
    running.stdin.write(GOOD * 10_000)  # more than a pipe holds: it is read once this returns
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (code, says)
    assert visible(tmp_path) == set()
