"""``dedupe completion``: what shells are told, and a real one that asks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe, environment, finished, shell

if TYPE_CHECKING:
    from pathlib import Path


def offered(folder: Path, line: str) -> list[str]:
    """What bash is offered in the place of the last word of a line."""
    words = line.split(" ")
    done = dedupe(
        folder=folder,
        _DEDUPE_COMPLETE="bash_complete",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
    )
    assert (done.code, done.err) == (0, "")
    return [row.split(",", 1)[1] for row in done.out.decode().splitlines()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dedupe clu", ["cluster"]),
        ("dedupe index comp", ["compact"]),
        ("dedupe cluster --thres", ["--threshold"]),
        ("dedupe cluster --format ", ["records", "table", "tree"]),
        ("dedupe check --format s", ["sarif"]),
        ("dedupe completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_commands_options_and_values_are_offered(tmp_path: Path, line, expected):
    assert offered(tmp_path, line) == expected


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(tmp_path: Path, kind: str):
    done = dedupe("completion", kind, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"_DEDUPE_COMPLETE={kind}_complete" in done.out.decode()
    if not shutil.which(kind):
        pytest.skip(f"{kind} is not installed: its script was not read by it")
    checked = finished([kind, "-n"], tmp_path, done.out, environment())
    assert (checked.code, checked.err) == (0, "")


def test_bash_takes_the_script(tmp_path: Path):
    done = shell("bash -c 'eval \"$(dedupe completion bash)\" && complete -p dedupe'", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.decode().strip().endswith("dedupe")


def test_completing_loads_nothing_dear(tmp_path: Path):
    code = (
        "import sys; from dedupe.cli.app import execute; execute([]);"
        "sys.exit(bool({'numpy', 'rapidfuzz', 'scipy'} & set(sys.modules)))"
    )
    asked = {
        "_DEDUPE_COMPLETE": "bash_complete",
        "COMP_WORDS": "dedupe unique --",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(**asked), check=False,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0
    assert b"--duplicates" in done.stdout
