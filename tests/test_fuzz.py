"""Fuzzing for a moment: every target takes its seeds and what chance makes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commandline import environment
from fuzz.drive import fuzz_by_chance
from fuzz.targets import MIB, TARGETS, Target
from fuzz.watch import FindingError, Watch

from dedupe.errors import DedupeError

SECONDS = 0.4
WHOLE = [name for name, target in TARGETS.items() if target.most == MIB]


@pytest.mark.parametrize("name", TARGETS)
def test_only_our_errors_come_out(name: str, tmp_path: Path):
    watch = Watch(name, TARGETS[name], tmp_path)
    fuzz_by_chance(watch, SECONDS)
    assert watch.executions


@pytest.mark.parametrize("name", WHOLE)
def test_a_mebibyte_takes_no_more_than_its_time(name: str, tmp_path: Path):
    once = b"\n".join(TARGETS[name].seeds)
    Watch(name, TARGETS[name], tmp_path)((once * (MIB // len(once) + 1))[:MIB])


@pytest.mark.parametrize("line", [b"{}\n", b"\n", b"1\n", b'{"title":"a"}\n1\n'])
def test_a_mebibyte_of_bad_records_takes_no_more_than_its_time(line: bytes, tmp_path: Path):
    Watch("jsonl", TARGETS["jsonl"], tmp_path)(line * (MIB // len(line)))


def fail(data: bytes) -> None:
    if b"!" in data:
        raise KeyError(data)
    raise DedupeError


def test_a_finding_is_kept_and_told_in_one_line(tmp_path: Path):
    watch = Watch("name", Target(fail, [b"good", b"bad!"], 9, (DedupeError,)), tmp_path / "found")
    with pytest.raises(FindingError) as caught:
        fuzz_by_chance(watch, SECONDS)
    (kept,) = (tmp_path / "found").iterdir()
    assert kept.read_bytes() == b"bad!"
    assert str(caught.value) == f"fuzz: name: KeyError: b'bad!' (input in {kept})"


def test_the_driver_tells_executions(tmp_path: Path):
    paths = f"{Path(__file__).parent.parent}:{Path(__file__).parent}"
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "1", "lines"],
        env=environment(PYTHONPATH=paths), cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    first, lines, total = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert first in ("guided by coverage", "without atheris: hypothesis alone")
    assert lines.split()[0] == "lines"
    assert lines.split()[1] == total.split()[1] != "0"
