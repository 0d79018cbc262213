"""Help, version and the cost of asking for them."""

from __future__ import annotations

import ast
import gzip
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import labelled
import pytest
from commandline import FIXTURES, PROJECT, dedupe, environment, shell

from dedupe.cli.app import MODULES, app
from dedupe.cli.options import SECTIONS
from dedupe.config import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

STORIES = b"""\
{"id":"a","title":"Old lamp at Pell Point stays lit","source":"ap","date":"2026-03-03","gold":1}
{"id":"b","title":"UPDATE 1-Old lamp at Pell Point stays lit","source":"reuters","gold":1}
{"id":"c","title":"Ferry tolls rise by ten pence in June","published":"2026-03-04"}
"""
TABLE = b"id,headline,body\na,Old lamp stays lit,The council agreed.\nb,Ferry tolls rise,In June.\n"

HELP = {name: [name, "--help"] for name in MODULES} | {"dedupe": ["--help"], "short": ["-h"]}


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_goes_to_stdout(arguments: list[str], tmp_path: Path):
    done = dedupe(*arguments, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(b"Usage: ")


def test_no_argument_shows_the_help(tmp_path: Path):
    assert dedupe(folder=tmp_path) == dedupe("--help", folder=tmp_path)


def test_version(tmp_path: Path):
    done = dedupe("--version", folder=tmp_path)
    assert done.code == 0
    assert re.fullmatch(rb"dedupe (\d+\.\d+\.\d+\S*|unknown)\n", done.out)


@pytest.mark.parametrize("name", MODULES)
def test_help_shows_every_option_under_a_heading(name: str):
    context = click.Context(app)
    command = app.get_command(context, name)
    assert command
    shown = {flag for flags in SECTIONS.values() for flag in flags}
    hidden = [
        param.name
        for param in command.params
        if isinstance(param, click.Option) and not shown.intersection(param.opts)
    ]
    assert hidden == []


@pytest.mark.parametrize("knob", SETTINGS, ids=lambda knob: knob.name)
def test_every_setting_is_a_flag(knob):
    for name in ("cluster", "unique", "pairs"):
        command = app.get_command(click.Context(app), name)
        assert command
        assert knob.flag in {flag for param in command.params for flag in param.opts}


def examples_of(name: str) -> list[str]:
    command = app.get_command(click.Context(app), name)
    assert command
    assert command.epilog
    return re.findall(r"^ +\$ (.+)$", command.epilog, re.MULTILINE)


EXAMPLES = [(name, line) for name in MODULES for line in examples_of(name)]


@pytest.mark.parametrize(("name", "line"), EXAMPLES)
def test_example_in_the_help_runs(name: str, line: str, tmp_path: Path):
    (tmp_path / "stories.jsonl").write_bytes(STORIES)
    (tmp_path / "stories.jsonl.gz").write_bytes(gzip.compress(STORIES))
    (tmp_path / "stories.csv").write_bytes(TABLE)
    (tmp_path / "labels.csv").write_bytes(b"a,b,label\na,b,D\na,c,N\n")
    (tmp_path / "labels.jsonl").write_bytes(b'{"a":"a","b":"c","label":"N"}\n')
    (tmp_path / "archive.jsonl").write_bytes(STORIES)
    (tmp_path / "headlines.txt").write_bytes(b"Old lamp stays lit\nOld lamp stays lit\n")
    (tmp_path / "article.txt").write_bytes((FIXTURES / "article.txt").read_bytes())
    if name == "tune":  # three records are too few to tune by
        labelled.write(tmp_path)
    done = shell(line, tmp_path)
    assert done.code in ((0, 1) if name == "check" else (0,)), done.err
    assert "dedupe: " in done.err or name == "completion"
    assert f"dedupe {name}" in line


HEAVY = {"numpy", "scipy", "datasketch", "rapidfuzz", "orjson", "importlib.metadata"}


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path):
    script = (
        "import sys\nfrom dedupe.__main__ import main\n"
        f"main({arguments!r})\nprint(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert HEAVY.isdisjoint(ast.literal_eval(done.stderr))


def test_only_the_command_line_imports_click():
    importers = {
        path.relative_to(PROJECT / "dedupe").parts[0]
        for path in (PROJECT / "dedupe").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(name.name == "click" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "click")
    }
    assert importers == {"cli"}
