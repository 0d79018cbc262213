"""Commands run where the system has less than POSIX, as Windows does."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, PROJECT, dedupe

from dedupe.io.files import read_at

if TYPE_CHECKING:
    from pathlib import Path

LESS = """
import os, signal, sys
for module, names in (
    (os, ("fork", "geteuid", "getuid", "mkfifo", "posix_fallocate", "sysconf",
          "fchmod", "pread", "O_CLOEXEC")),
    (signal, ("SIGHUP", "SIGCONT", "SIGALRM", "SIGTSTP")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
"""


COMMANDS = {
    "unique": ("unique", "-q", "demo.jsonl"),
    "cluster": ("cluster", "-q", "demo.jsonl"),
    "pairs": ("pairs", "-q", "demo.jsonl"),
    "report": ("report", "-q", "demo.jsonl"),
    "on disk": ("cluster", "-q", "--memory", "1m", "demo.jsonl"),
}


@pytest.fixture
def less(tmp_path: Path) -> dict[str, str]:
    """The environment of a command on a system with less; its input is beside it."""
    (tmp_path / "sitecustomize.py").write_text(LESS)
    shutil.copy(FIXTURES / "demo.jsonl", tmp_path)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT)])}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_needs_no_posix(name: str, less: dict[str, str], tmp_path: Path):
    plain = dedupe(*COMMANDS[name], folder=tmp_path)
    done = dedupe(*COMMANDS[name], folder=tmp_path, **less)
    assert (done.code, done.out) == (plain.code, plain.out), done.err
    assert plain.code == 0


def test_files_are_written_and_read(less: dict[str, str], tmp_path: Path):
    pytest.importorskip("pyarrow")
    made = dedupe("unique", "-q", "demo.jsonl", "-o", "kept.parquet", folder=tmp_path, **less)
    assert made.code == 0, made.err
    read = dedupe("unique", "-q", "kept.parquet", "--to", "jsonl", folder=tmp_path, **less)
    plain = dedupe("unique", "-q", "kept.parquet", "--to", "jsonl", folder=tmp_path)
    assert (read.code, read.out) == (0, plain.out), read.err


def test_labels_are_appended(less: dict[str, str], tmp_path: Path):
    told = ("label", "demo.jsonl", "-o", "labels.jsonl")
    done = dedupe(*told, folder=tmp_path, stdin=b"n\nq\n", **less)
    assert done.code == 0, done.err
    assert (tmp_path / "labels.jsonl").read_bytes().count(b"\n") == 1


def test_bytes_are_read_at_a_place_without_pread(tmp_path: Path, monkeypatch):
    monkeypatch.delattr(os, "pread")
    (tmp_path / "letters").write_bytes(b"abcdefgh")
    with (tmp_path / "letters").open("rb", buffering=0) as file:
        file.seek(2)
        assert read_at(file.fileno(), 3, 4) == b"efg"
        assert file.read(2) == b"cd"
