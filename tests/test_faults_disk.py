"""A disk that fills, and names and locales of another age."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import Done, dedupe, visible
from test_faults import FAILED, OLD, fresh, limited, stories

from dedupe import kernel
from dedupe.backends import disk
from dedupe.errors import ScratchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOO_LARGE = "dedupe: error: out: File too large\n"
NO_SPACE = "dedupe: error: out: No space left on device\n"
COMMANDS = ("unique", "cluster", "pairs", "report")
PAGE = 4096
CURE = "; use --tmp to name another folder\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_bytes(stories())
    (tmp_path / "out").write_bytes(OLD)
    return tmp_path


@pytest.mark.limits
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("most", [0, 1, PAGE, 5 * PAGE])
def test_an_output_that_may_not_grow_leaves_the_old(command: str, most: int, folder: Path):
    arguments = (command, "-q", "in.jsonl", "-o", "out")
    done = limited(resource.RLIMIT_FSIZE, most, *arguments, folder=folder)
    assert (done.code, done.out, done.err) == (FAILED, b"", TOO_LARGE)
    assert (folder / "out").read_bytes() == OLD
    assert visible(folder) == {"in.jsonl", "out"}


BESIDE = {
    "compressed": (["-o", "new.xz"], "new.xz"),
    "stats": (["-o", "/dev/null", "--stats", "new.json"], "new.json"),
    "quarantine": (["-o", "/dev/null", "--on-error", "quarantine=new"], "new"),
}


@pytest.mark.limits
@pytest.mark.parametrize(("options", "name"), BESIDE.values(), ids=BESIDE)
def test_what_stands_beside_the_output_is_whole_or_not_there(
    options: list[str], name: str, folder: Path
):
    with (folder / "in.jsonl").open("ab") as file:
        file.write(b'{"title":' + b"bad" * 4000 + b"\n")
    skip = [] if name == "new" else ["--on-error", "skip"]
    arguments = ["unique", "-q", "in.jsonl", *options, *skip]
    done = limited(resource.RLIMIT_FSIZE, 100, *arguments, folder=folder)
    assert (done.code, done.err) == (FAILED, f"dedupe: error: {name}: File too large\n")
    assert visible(folder) == {"in.jsonl", "out"}


@pytest.mark.limits
def test_an_index_that_may_not_grow_is_as_it_was(folder: Path):
    assert dedupe("index", "create", "-q", "seen", folder=folder).code == 0
    (folder / "few.jsonl").write_bytes(stories(20))
    assert dedupe("index", "add", "-q", "seen", "few.jsonl", folder=folder).code == 0
    before = dedupe("index", "export", "-q", "seen", folder=folder)
    arguments = ("index", "add", "-q", "seen", "in.jsonl", "-o", "out")
    done = limited(resource.RLIMIT_FSIZE, 25 * PAGE, *arguments, folder=folder)
    assert done.code == FAILED
    assert done.err.startswith("dedupe: error: seen: cannot be read or written: ")
    assert done.err.count("\n") == 1
    assert (folder / "out").read_bytes() == OLD
    assert dedupe("index", "check", "--deep", "seen", folder=folder).code == 0
    assert dedupe("index", "export", "-q", "seen", folder=folder).out == before.out


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no file system can be mounted here: " + made.stderr.decode().strip())
    try:
        yield place
    finally:
        subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system"
)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_leaves_the_old(command: str, small: Path, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(stories())
    (small / "out").write_bytes(OLD)
    done = dedupe(command, "-q", "../in.jsonl", "-o", "out", folder=small)
    assert (done.code, done.out, done.err) == (FAILED, b"", NO_SPACE)
    assert (small / "out").read_bytes() == OLD
    assert visible(small) == {"out"}


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system"
)
def test_a_full_disk_past_memory_is_told_in_a_line(small: Path, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(stories() * 8)
    flags = ("--memory", "1", "--tmp", "small", "-o", "out.jsonl")
    done = dedupe("cluster", "-q", *flags, "in.jsonl", folder=tmp_path)
    says = f"dedupe: error: scratch files: small: No space left on device{CURE}"
    assert (done.code, done.out, done.err) == (FAILED, b"", says)
    assert visible(small) == set()
    assert visible(tmp_path) == {"in.jsonl", "small"}


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a file system"
)
@pytest.mark.skipif(not kernel.available(), reason="needs the compiled kernel")
def test_an_array_that_the_disk_has_no_room_for_is_an_error(small: Path):
    failing = pytest.raises(ScratchError, match="small: No space left on device")
    with failing, disk.mapped_arrays(str(small), 1 << 30):
        np.zeros(disk.LEAST)


@pytest.mark.limits
@pytest.mark.skipif(not kernel.available(), reason="needs the compiled kernel")
def test_an_array_that_no_file_may_hold_is_an_error(folder: Path):
    """The input fits into a file of the size allowed; the arrays made of it do not."""
    (folder / "in.jsonl").write_bytes(stories(5000))
    flags = ("--memory", "1", "--tmp", ".", "-o", "out", "in.jsonl")
    done = limited(resource.RLIMIT_FSIZE, 900_000, "unique", "-q", *flags, folder=folder)
    says = f"dedupe: error: scratch files: .: File too large{CURE}"
    assert (done.code, done.err) == (FAILED, says)
    assert (folder / "out").read_bytes() == OLD
    assert visible(folder) == {"in.jsonl", "out"}


NAME = os.fsdecode(b"caf\xe9\x1b[2J.jsonl")
SHOWN = r"caf\udce9\x1b[2J.jsonl"
PAIR = b"""{"id":"a","title":"Old lamp at Pell Point stays lit for fifty years"}
{"id":"b","title":"UPDATE 1-Old lamp at Pell Point stays lit for fifty years"}
"""
LABELS = os.fsdecode(b"l\xe9.csv")
NAMED: dict[str, tuple[list[str], int]] = {
    "unique": (["unique", NAME, "-o", os.fsdecode(b"o\xe9")], 0),
    "cluster": (["cluster", NAME], 0),
    "tree": (["cluster", "--format", "tree", NAME, "x.jsonl"], 0),
    "pairs": (["pairs", NAME, "x.jsonl"], 0),
    "report": (["report", NAME, "-o", os.fsdecode(b"o\xe9")], 0),
    **{
        f"check {form}": (["check", "--format", form, NAME], 1)
        for form in ("text", "json", "github", "gitlab", "sarif", "junit", "markdown")
    },
    "explain": (["explain", "--in", NAME, "a", "b"], 0),
    "evaluate": (["evaluate", LABELS, NAME], 0),
    "links": (["unique", "--links", LABELS, NAME], 0),
    "stats": (["unique", "--stats", os.fsdecode(b"s\xe9"), NAME], 0),
    "quarantine": (["unique", "--on-error", os.fsdecode(b"quarantine=q\xe9"), NAME], 0),
    "split": (["split", NAME], 0),
    "index create": (["index", "create", os.fsdecode(b"i\xe9")], 0),
    "index stats": (["index", "stats", os.fsdecode(b"held\xe9")], 0),
    "index add": (["index", "add", os.fsdecode(b"held\xe9"), NAME], 0),
    "missing": (["unique", os.fsdecode(b"no\xe9\x1b[2J")], FAILED),
    "no index": (["index", "add", os.fsdecode(b"no\xe9"), NAME], FAILED),
}


def ancient(*arguments: str, folder: Path) -> Done:
    """Run a command in the locale C, without Python's way around it."""
    return dedupe(
        *arguments, folder=folder, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )  # fmt: skip


@pytest.mark.parametrize(("arguments", "code"), NAMED.values(), ids=NAMED)
def test_names_that_are_no_utf8_in_the_locale_c(arguments: list[str], code: int, tmp_path: Path):
    (tmp_path / NAME).write_bytes(PAIR)
    (tmp_path / "x.jsonl").write_bytes(PAIR.replace(b'"id":"', b'"id":"x'))
    (tmp_path / LABELS).write_bytes(b"a,b,label\na,b,D\n")
    if "held" in arguments[-2] + arguments[-1]:
        assert ancient("index", "create", os.fsdecode(b"held\xe9"), folder=tmp_path).code == 0
    done = ancient(*arguments, folder=tmp_path)
    assert done.code == code, done.err
    assert "internal error" not in done.err
    assert "\x1b" not in done.err
    assert b"\x1b" not in done.out
    assert done.out.decode() or "-o" in arguments or arguments[0] == "index" or code == FAILED


def test_a_name_is_shown_by_escapes(tmp_path: Path):
    (tmp_path / NAME).write_bytes(b"{\n")
    done = ancient("unique", NAME, folder=tmp_path)
    assert done.err.startswith(f"dedupe: error: {SHOWN}:1: invalid JSON")


def test_the_locale_changes_no_byte(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(stories() + PAIR + '{"title":"Zoë — 灯台"}\n'.encode())
    usual = dedupe("cluster", "-q", "in.jsonl", folder=tmp_path)
    assert ancient("cluster", "-q", "in.jsonl", folder=tmp_path).out == usual.out
    assert len(usual.out.splitlines()) == len(stories().splitlines()) + 3
    assert fresh()
