"""Input made to do harm: bombs, collisions, formulas, escapes, keys like ours."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard
from commandline import dedupe, environment
from hypothesis import given
from hypothesis import strategies as st

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.io.files import GRACE, read_chunks
from dedupe.io.output import escape_for_terminal
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAILED = 2
GOOD = b'{"id":"a","title":"Old lamp at Pell Point stays lit"}\n'
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def sizes(data: bytes, most: int) -> list[int]:
    return [len(piece) for piece in read_chunks("-", io.BytesIO(data), most)]


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_refused_before_it_fills_memory(kind: str):
    bomb = PACK[kind](b"\n" * (2 * GRACE))
    taken: list[int] = []
    with pytest.raises(InputError, match="200 times its size; --max-ratio allows more"):
        taken.extend(map(len, read_chunks("-", io.BytesIO(bomb), 200)))
    assert sum(taken) <= GRACE
    assert max(taken) <= GRACE // 2
    assert sum(sizes(bomb, 0)) == 2 * GRACE
    assert sum(sizes(bomb, 2 * GRACE)) == 2 * GRACE


def test_small_inputs_may_be_as_dense_as_they_like():
    assert sum(sizes(lzma.compress(GOOD * 100_000), 1)) == len(GOOD) * 100_000


@pytest.mark.parametrize("command", ["unique", "split"])
def test_a_bomb_is_one_line_and_may_be_let_in(command: str, tmp_path: Path):
    (tmp_path / "in.gz").write_bytes(gzip.compress((b" " * (1 << 20) + b"\n") * 65))
    done = dedupe(command, "in.gz", folder=tmp_path)
    reason = "decompresses to more than 200 times its size; --max-ratio allows more"
    assert (done.code, done.out) == (FAILED, b"")
    assert done.err == f"dedupe: error: in.gz: {reason}\n"
    assert dedupe(command, "--max-ratio", "5000", "in.gz", folder=tmp_path).code == 0


LONG = {
    "jsonl": GOOD + b"\n" + GOOD[:-2] + b" " * 100 + b"}\n",
    "no ending": GOOD + b"\n" + b"x" * 101,
    "csv": b"id,title\nb,Ferry\na,Old lamp" + b"x" * 100 + b"\n",
    "csv quote": b'id,title\nb,Ferry\na,"Old lamp' + b"\nx" * 100,
}


@pytest.mark.parametrize(("name", "data"), LONG.items(), ids=LONG)
@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_line_too_long_is_refused(
    name: str, data: bytes, on_error: str, piece: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dedupe.io.files.CHUNK", piece)
    told = "csv" if name.startswith("csv") else "jsonl"
    settings = Settings(max_line=100, on_error=on_error)
    with pytest.raises(InputError) as caught:
        list(read([], settings, ReadStats(), stdin=io.BytesIO(data), format=told))
    assert str(caught.value) == "<stdin>:3: longer than 100 bytes; --max-line allows more"


@pytest.mark.parametrize("most", [len(GOOD), 0])
def test_a_line_as_long_as_may_be_is_read(most: int):
    [batch] = read([], Settings(max_line=most), ReadStats(), stdin=io.BytesIO(GOOD * 3))
    assert len(batch) == 3


def test_a_stream_without_end_of_line_is_refused(tmp_path: Path):
    assert dedupe("index", "create", "-q", "i", folder=tmp_path).code == 0
    line = GOOD + b"x" * 300_000
    done = dedupe("index", "add", "-q", "--max-line", "64k", "i", folder=tmp_path, stdin=line)
    assert done.code == FAILED
    assert (
        done.err == "dedupe: error: <stdin>:2: longer than 65,536 bytes; --max-line allows more\n"
    )


def test_deep_nesting_is_an_error_like_others(tmp_path: Path):
    deep = b"[" * 200_000
    (tmp_path / "in.jsonl").write_bytes(GOOD + b'{"title":"a","x":' + deep + b"\n")
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    (tmp_path / "deep").write_bytes(b'{"accepted":' + deep)
    (tmp_path / "deep.toml").write_bytes(b"x = " + deep)
    for arguments in (
        ["unique", "in.jsonl"],
        ["unique", "--links", "deep", "good.jsonl"],
        ["check", "--baseline", "deep", "good.jsonl"],
        ["unique", "--config", "deep.toml", "good.jsonl"],
        ["evaluate", "deep", "good.jsonl"],
    ):
        done = dedupe(*arguments, folder=tmp_path)
        assert done.code == FAILED
        assert done.err.startswith("dedupe: error: "), arguments
        assert done.err.count("\n") == 1


KEYS = [
    ("dedupe", b'"dedupe"'),
    ("dedupe", rb'"\u0064edupe"'),
    ("dedupe", rb'"d\u0065d\u0075p\u0065"'),
    ("caf\xe9/", '"caf\xe9/"'.encode()),
    ("caf\xe9/", rb'"caf\u00E9\/"'),
    ("\U0001f4a3", rb'"\uD83d\udCA3"'),
    ('a"\\', rb'"a\u0022\\"'),
]


@pytest.mark.parametrize(("into", "written"), KEYS)
def test_a_key_like_ours_is_refused_however_it_is_written(
    into: str, written: bytes, tmp_path: Path
):
    assert json.loads(written) == into
    bad = b'{"title":"x \\n",' + written + b":1}\n"
    done = dedupe("cluster", "--into", into, folder=tmp_path, stdin=GOOD + bad)
    assert done.code == FAILED
    assert "<stdin>:2: already has " in done.err
    deeper = b'{"title":"x","y":{' + written + b':1},"z":' + written + b"}\n"
    assert dedupe("cluster", "--into", into, folder=tmp_path, stdin=GOOD + deeper).code == 0


ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202ereversed\r"
EVIL = json.dumps(
    {"id": "a" + ESCAPES, "title": f"Old lamp {ESCAPES} at Pell Point stays lit", "source": ESCAPES}
)
ALIKE = json.dumps(
    {"id": "b" + ESCAPES, "title": f"Old lamp {ESCAPES} at Pell Point is still lit"},
    ensure_ascii=False,
)
STEERING = {"\x1b", "\x07", "\x9b", "\u202e", "\x08", "\x7f"}
SHOWING = {
    "unique lines": ["unique", "--from", "lines", "raw.txt"],
    "unique": ["unique", "in.jsonl"],
    "cluster": ["cluster", "in.jsonl"],
    "pairs": ["pairs", "in.jsonl"],
    "tree": ["cluster", "--format", "tree", "in.jsonl"],
    "check": ["check", "in.jsonl"],
    "explain": ["explain", "--in", "in.jsonl", "1", "2"],
    "explain json": ["explain", "--json", "--in", "in.jsonl", "1", "2"],
    "split": ["split", "raw.txt"],
    "evaluate": ["evaluate", "--errors", "9", "labels.csv", "in.jsonl"],
    "evaluate json": ["evaluate", "--json", "--errors", "9", "labels.csv", "in.jsonl"],
    "error": ["unique", "odd.jsonl"],
    "missing": ["unique", f"no{ESCAPES}"],
    "usage": ["unique", f"--no{ESCAPES}"],
    "command": [f"no{ESCAPES}"],
    "setting": ["unique", "--keep", f"no{ESCAPES}", "in.jsonl"],
}


def on_a_terminal(arguments: list[str], folder: Path) -> str:
    """What a terminal gets of a command, on standard output and standard error alike."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        command = [sys.executable, "-m", "dedupe", *arguments]
        os.execve(sys.executable, command, environment(NO_COLOR="1", TERM="dumb"))  # noqa: S606 - our own
    out = b""
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:
            break
        if not data:
            break
        out += data
    os.waitpid(child, 0)
    os.close(terminal)
    return out.decode()


@pytest.mark.parametrize("arguments", SHOWING.values(), ids=SHOWING)
def test_no_escape_of_the_input_reaches_a_terminal_raw(arguments: list[str], tmp_path: Path):
    (tmp_path / "in.jsonl").write_text(EVIL + "\n" + ALIKE + "\n", encoding="utf-8")
    (tmp_path / "raw.txt").write_text(f"Old lamp {ESCAPES[:-1]} stays lit\n", encoding="utf-8")
    (tmp_path / "odd.jsonl").write_text(json.dumps({f"no{ESCAPES}": 1}) + "\n")
    (tmp_path / "labels.csv").write_text(f'a,b,label\n"a{ESCAPES}","b{ESCAPES}",N\n', newline="")
    shown = on_a_terminal(arguments, tmp_path)
    assert shown.strip()
    assert not STEERING & set(shown), ascii(shown)
    assert "Traceback" not in shown
    assert "internal error" not in shown


def test_a_pipe_gets_the_bytes_as_they_are(tmp_path: Path):
    data = f"Old lamp {ESCAPES[:-1]} stays lit\n".encode()
    assert dedupe("unique", "-q", folder=tmp_path, stdin=data).out == data


@given(st.text())
def test_what_a_terminal_is_shown_moves_nothing(text: str):
    shown = escape_for_terminal(text.encode(errors="surrogatepass")).decode()
    assert {c for c in shown if not c.isprintable()} <= set("\n\t\u200c\u200d")
    assert not STEERING & set(shown)
    assert shown.count("\n") == text.count("\n")
