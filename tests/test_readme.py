"""The README tells the truth: its commands run and print what it shows, its tables are complete.

``make readme`` (``pytest tests/test_readme.py --golden``) writes the output anew.
"""

from __future__ import annotations

import doctest
import re
import shutil
from typing import TYPE_CHECKING

import pytest
import test_bad_input as bad
from commandline import FIXTURES, PROJECT, shell

from dedupe.cli.app import MODULES
from dedupe.cli.options import SECTIONS
from dedupe.config import SETTINGS, Setting

if TYPE_CHECKING:
    from pathlib import Path

README = PROJECT / "README.md"
TEXT = README.read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
]
FOUND = 1
SETS_UP = ("pipx install ", "uv tool install ", "pip install ", "make ")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def steady(output: str) -> str:
    """Output without what differs from run to run: the time it took."""
    return re.sub(r"\d+\.\d s$", "0.1 s", output, flags=re.MULTILINE)


def replayed(block: str, folder: Path) -> str:
    """A block with what its commands print now."""
    shown = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        done = shell(f"{{ {command}\n}} 2>&1", folder)
        shown.append(f"$ {command}\n{steady(done.out.decode())}")
    return "".join(shown)


@pytest.mark.parametrize("block", blocks("console"))
def test_a_command_prints_what_is_shown(block: str, tmp_path: Path, request):
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    actual = replayed(block, tmp_path)
    if request.config.getoption("--golden"):
        README.write_text(README.read_text("utf-8").replace(block, actual), "utf-8")
    else:
        assert actual == block


@pytest.mark.parametrize("block", blocks("python"))
def test_an_example_for_programs_runs(block: str):
    examples = doctest.DocTestParser().get_doctest(block, {}, README.name, str(README), 0)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_what_is_not_run_here_only_sets_up():
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert [line for line in commands if not line.startswith(SETS_UP)] == []


def test_what_make_is_said_to_do_it_can():
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT, re.MULTILINE))
    rules = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "check"} <= targets <= rules


@pytest.mark.parametrize("name", MODULES)
def test_every_command_is_shown(name: str):
    assert any(f"dedupe {name} " in block for block in blocks("console"))


def default_of(knob: Setting) -> str:
    values = knob.default if knob.many else [knob.default]
    texts = [str(value) for value in values if value is not None]
    return ", ".join(f"`{text.replace('|', chr(92) + '|')}`" for text in texts) or "none"


@pytest.mark.parametrize("knob", SETTINGS, ids=lambda knob: knob.name)
def test_every_setting_is_in_the_table(knob: Setting):
    (row,) = [row for row in ROWS if row[0].startswith(f"`{knob.flag} ")]
    assert row[1:3] == [f"`DEDUPE_{knob.name.upper()}`", default_of(knob)]


@pytest.mark.parametrize("name", bad.REFUSED)
def test_every_bad_input_is_in_the_table(name: str):
    (row,) = [row for row in ROWS if row[0] == name]
    assert bad.REFUSED[name].says.strip() in row[1]
    assert row[2] == str(bad.FAILED)


@pytest.mark.parametrize("name", bad.TAKEN)
def test_every_odd_input_is_in_the_table(name: str):
    assert [row[0] for row in ROWS].count(name) == 1


GATE = [*SECTIONS["Gate"], "--format"]


@pytest.mark.parametrize("flag", GATE)
def test_every_flag_of_the_gate_is_told(flag: str):
    told = re.search(r"^## In CI\n(.*?)^## ", TEXT, re.MULTILINE | re.DOTALL)
    assert told
    assert f"`{flag}" in told[1]


def test_the_exit_codes_are_told():
    told = {row[0] for row in ROWS if row[0].isdigit()}
    stopped = {code for _, code, _ in bad.STOPS.values()}
    assert told == set(map(str, {0, FOUND, bad.FAILED, bad.PIPE_CLOSED} | stopped))
