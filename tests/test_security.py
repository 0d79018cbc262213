"""What dedupe never does: talk to a network, run its input, leave its files to others."""

from __future__ import annotations

import ast
import re
import shutil
import signal
import sys
import tomllib
from typing import TYPE_CHECKING

import offline
import pytest
from commandline import FIXTURES, PROJECT, Done, environment, finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OFFLINE = PROJECT / "tests" / "offline.py"
STORIES = "stories.jsonl"
JOBS = {
    "unique": ("unique", "-o", "out.jsonl", STORIES),
    "cluster": ("cluster", "--stats", "s.json", STORIES),
    "check": ("check", "--max-rate", "100%", STORIES),
    "report": ("report", "-o", "page.html", STORIES),
    "split": ("split", "article.txt"),
    "explain": ("explain", "--in", STORIES, "lantern-1", "lantern-2"),
    "index": ("index", "add", "seen.index", STORIES),
    "a run past memory": ("unique", "--memory", "1", STORIES),
}


def run_offline(folder: Path, *arguments: str, **extra: str) -> Done:
    command = [sys.executable, str(OFFLINE), *arguments]
    return finished(command, folder, b"", environment(**extra))


needs_filter = pytest.mark.skipif(not offline.SUPPORTED, reason="no filter of system calls here")


@needs_filter
@pytest.mark.parametrize("arguments", JOBS.values(), ids=JOBS)
def test_no_command_opens_a_socket(arguments: tuple[str, ...], tmp_path: Path):
    for name in (STORIES, "article.txt"):
        shutil.copy(FIXTURES / name, tmp_path)
    if "index" in arguments:
        assert run_offline(tmp_path, "index", "create", "seen.index").code == 0
    done = run_offline(tmp_path, *arguments)
    assert done.code == 0, done
    assert done.out or list(tmp_path.glob("out.jsonl")) or list(tmp_path.glob("page.html"))


@needs_filter
def test_a_socket_would_have_been_noticed(tmp_path: Path):
    assert run_offline(tmp_path, "connect").code == -signal.SIGSYS


SOURCES = sorted((PROJECT / "dedupe").rglob("*.py"))
RUNNERS = {"eval", "exec", "compile", "__import__", "breakpoint"}
CARRIERS = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml",
    "subprocess", "pty", "code", "runpy", "socket", "ssl", "http", "ftplib", "smtplib", "telnetlib",
    "xmlrpc", "asyncio", "requests", "urllib3", "httpx", "aiohttp",
}  # fmt: skip
"""Modules that run what they are given, start processes, or talk to a network."""
CALLS = {"system", "popen", "execv", "execve", "execvp", "spawnv", "posix_spawn", "fork", "forkpty"}


def misdeeds(source: str) -> Iterator[str]:
    """What a file does that it must not, as it stands in its source."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RUNNERS:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)) if name in CALLS:
                yield f"os.{name}"
            case ast.Call(func=ast.Attribute(attr="load" | "loadtxt"), keywords=given) if any(
                one.arg == "allow_pickle" and getattr(one.value, "value", 1) for one in given
            ):
                yield "allow_pickle"
            case ast.Import(names=names):
                yield from (one.name for one in names if is_carrier(one.name))
            case ast.ImportFrom(module=str(module)) if is_carrier(module):
                yield module


def is_carrier(module: str) -> bool:
    return module.partition(".")[0] in CARRIERS or module == "urllib.request"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_nothing_runs_its_input_or_starts_processes(path: Path):
    assert list(misdeeds(path.read_text(encoding="utf-8"))) == []


MISDEEDS = {
    "eval('1')": "eval",
    "exec(text)": "exec",
    "import pickle": "pickle",
    "from urllib.request import urlopen": "urllib.request",
    "import http.client as c": "http.client",
    "os.system('ls')": "os.system",
    "np.load(file, allow_pickle=True)": "allow_pickle",
}


@pytest.mark.parametrize(("source", "found"), MISDEEDS.items(), ids=MISDEEDS)
def test_a_misdeed_would_have_been_noticed(source: str, found: str):
    assert list(misdeeds(source)) == [found]


def test_the_lint_looks_for_what_bandit_looks_for():
    """The security rules (S) hold for the whole package but for three, which name their reason."""
    lint = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    lint = lint["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert [rule for rule in lint["ignore"] if rule.startswith("S")] == ["S603"]
    spared = {
        (place, rule)
        for place, rules in lint["per-file-ignores"].items()
        for rule in rules
        if rule.startswith("S") and place.startswith("dedupe")
    }
    assert not spared
    waived = {
        (rule, path.parent.name if rule == "S608" else "")
        for path in SOURCES
        for line in re.findall(r"noqa:.*", path.read_text("utf-8"))
        for rule in re.findall(r"\bS\d+", line)
    }
    # S608 takes any name put into a query for an injection; the index puts in constants alone.
    # S311 takes any generator for one of secrets; hash functions are drawn by one that has a seed.
    assert waived == {("S101", ""), ("S311", ""), ("S608", "index")}
