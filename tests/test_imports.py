"""Imports run one way; stages know no stage; what is slow to load is loaded where it is used."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

import pytest
from commandline import PROJECT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = PROJECT / "dedupe"
GROUND = {"errors", "formats", "parsers", "settings", "stories"}
TOOLS = {"hashing", "words", "kernel", "files", "columns", "visible", "threads", "tables"}
DRAWING = {"difference", "svg", "visible"}
STAGES = {
    "reading", "folding", "sketch", "candidates", "verify", "runs", "linkage", "canonical",
    "writing",
}  # fmt: skip
PIPELINE = GROUND | TOOLS | STAGES | {"pipeline"}

MAY_IMPORT = {
    "errors": set(),
    "stories": set(),
    "parsers": set(),
    "formats": set(),
    "settings": {"errors", "parsers"},
    "kernel": {"_native"},
    "hashing": {"kernel"},
    "words": {"hashing"},
    "files": {"errors"},
    "tables": {"errors", "files"},
    "columns": set(),
    **{room: set() for room in DRAWING | {"visible", "threads"}},
    **dict.fromkeys(STAGES, GROUND | TOOLS),
    "pipeline": PIPELINE,
    "judge": PIPELINE | DRAWING,
    "gate": PIPELINE,
    "reports": {"errors", "stories"} | DRAWING,
    "page": {"errors", "stories"} | DRAWING,
    "engines": PIPELINE,
    "api": PIPELINE,
    "index": PIPELINE | {"api"},
    "cli": PIPELINE | DRAWING | {"judge", "gate", "reports", "page", "index", "engines"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""What each room may import when it is run; for types alone it may look further."""

ONLY_IN = {"click": {"cli"}, "rapidfuzz": {"verify"}, "datasketch": set(), "sklearn": {"judge"}}


def imports(path: Path) -> Iterator[str]:
    """Name the modules that a file imports when it is run, those in functions too."""
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
            continue
        todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path):
    own = room(path)
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("dedupe.")}
    assert rooms - {own} <= MAY_IMPORT[own]


@pytest.mark.parametrize(("library", "rooms"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_is_known_to_its_rooms_alone(library: str, rooms: set[str]):
    users = {room(path) for path in FILES for name in imports(path) if name.startswith(library)}
    assert users == rooms


CHEAP = {"numpy", "scipy", "datasketch", "rapidfuzz", "orjson", "click", "dataclasses"}


def test_the_package_alone_loads_nothing_heavy():
    script = "import sys, dedupe; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(), capture_output=True, text=True, check=True
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "dedupe" in loaded
    assert loaded.isdisjoint(CHEAP)


ALLOWED = 0.030
TRIES = 9


def start_up(statement: str) -> float:
    """The seconds of processor time that a fresh Python spends on a statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], env=environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_importing_the_package_costs_next_to_nothing():
    """The median of pairs run one after the other, so that a busy machine slows both."""
    costs = [start_up("import dedupe") - start_up("pass") for _ in range(TRIES)]
    assert median(costs) < ALLOWED
