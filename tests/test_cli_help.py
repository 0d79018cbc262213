"""Help, version and the cost of asking for them."""

from __future__ import annotations

import ast
import gzip
import re
import subprocess
import sys
from typing import TYPE_CHECKING, get_args

import click
import labelled
import pytest
from commandline import FIXTURES, PROJECT, dedupe, environment, shell

from dedupe.cli.app import MODULES, TASKS, app
from dedupe.cli.help import SECTIONS, short_help
from dedupe.cli.manual import commands
from dedupe.cli.options import FORMATS
from dedupe.config import SETTINGS
from dedupe.io import detect
from dedupe.models import InputFormat

if TYPE_CHECKING:
    from pathlib import Path

STORIES = b"""\
{"id":"a","title":"Old lamp at Pell Point stays lit","source":"ap","date":"2026-03-03","gold":1}
{"id":"b","title":"UPDATE 1-Old lamp at Pell Point stays lit","source":"reuters","gold":1}
{"id":"c","title":"Ferry tolls rise by ten pence in June","published":"2026-03-04"}
"""
TABLE = b"id,headline,body\na,Old lamp stays lit,The council agreed.\nb,Ferry tolls rise,In June.\n"

HELP = {name: [name, "--help"] for name in MODULES} | {"dedupe": ["--help"], "short": ["-h"]}
COMMANDS = {" ".join(names): (names, command) for names, command in commands()}


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_help_goes_to_stdout(arguments: list[str], tmp_path: Path):
    done = dedupe(*arguments, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(b"Usage: ")


def test_no_argument_shows_the_short_help(tmp_path: Path):
    assert dedupe(folder=tmp_path) == dedupe("-h", folder=tmp_path)


def short_help_of(name: str) -> list[str]:
    """Return the lines of the short help of a command."""
    names, command = COMMANDS[name]
    context = click.Context(app, info_name="dedupe")
    if len(names) > 1:
        context = click.Context(command, parent=context, info_name=" ".join(names[1:]))
    return short_help(context).splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_has_one_line_per_option(name: str):
    _, command = COMMANDS[name]
    lines = short_help_of(name)
    assert all(len(line) < 80 for line in lines)
    listed = [line for line in lines if line.startswith("  -")]
    spellings, texts = zip(*(re.split(r" {2,}", line.strip()) for line in listed), strict=True)
    assert all(texts)
    options = [param for param in command.params if isinstance(param, click.Option)]
    expected = [*(option.opts[-1] for option in options), "-h", "--help"]
    assert sorted(text.split(", ")[-1].split()[0] for text in spellings) == sorted(expected)
    assert not [line for line in lines if line.startswith(" " * 6)]  # nothing goes on


@pytest.mark.parametrize("name", COMMANDS)
def test_help_texts_are_sentences(name: str):
    _, command = COMMANDS[name]
    texts = [param.help for param in command.params if isinstance(param, click.Option)]
    for text in texts:
        assert text
        assert text[0].isupper()
        assert text.endswith(".")
        assert not re.search(r"\b(told|tells|heeds|one a|a line a|so many|so much)\b", text)


def test_the_help_lists_each_command_under_a_task():
    lines = short_help_of("dedupe")
    for task, modules in TASKS.items():
        start = lines.index(f"{task}:") + 1
        assert [line.split()[0] for line in lines[start : start + len(modules)]] == list(modules)


@pytest.mark.parametrize(
    "words", [["cluster"], ["index", "add"], ["index"], ["config", "show"], []]
)
def test_help_of_a_command(words: list[str], tmp_path: Path):
    assert dedupe("help", *words, folder=tmp_path) == dedupe(*words, "--help", folder=tmp_path)


WRONG_HELP = {
    "no such command": (["clustr"], "no such command 'clustr'. Did you mean 'cluster'?"),
    "no such command of an index": (["index", "ad"], "no such command 'ad'. Did you mean 'add'?"),
    "too deep": (["cluster", "all"], "dedupe cluster has no sub-commands"),
}


@pytest.mark.parametrize(("words", "reason"), WRONG_HELP.values(), ids=WRONG_HELP)
def test_help_of_what_does_not_exist(words: list[str], reason: str, tmp_path: Path):
    done = dedupe("help", *words, folder=tmp_path)
    assert done.code == 2
    assert reason in done.err


SHORT = {
    "-t": (["-t", "0.99"], ["--threshold", "0.99"]),
    "-f": (["-f", "source"], ["--field", "source"]),
    "-k": (["-k", "latest"], ["--keep", "latest"]),
    "-w": (["-w", "1s"], ["--window", "1s"]),
    "-j": (["-j1"], ["--jobs", "1"]),
}


@pytest.mark.parametrize(("short", "long"), SHORT.values(), ids=SHORT)
def test_short_flags(short: list[str], long: list[str], tmp_path: Path):
    shown = [
        dedupe("config", "show", "--json", *flags, folder=tmp_path).out for flags in (short, long)
    ]
    assert shown[0] == shown[1]
    assert long[0].encode() in shown[0]


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
    (tmp_path / "tuned.toml").write_bytes(b"threshold = 0.6\n")
    (tmp_path / "article.txt").write_bytes((FIXTURES / "article.txt").read_bytes())
    if name == "tune":  # three records are too few to tune by
        labelled.write(tmp_path)
    done = shell(line, tmp_path)
    assert done.code in ((0, 1) if name == "check" else (0,)), done.err
    assert "dedupe: " in done.err or name in ("completion", "config", "help")
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


def test_every_input_format_has_a_suffix_and_a_name():
    formats = {name for part in get_args(InputFormat) for name in get_args(part)}
    assert set(FORMATS) == set(detect.FORMATS.values()) == formats
