"""Imports run one way and in no cycle; steps import no other step; heavy modules load late."""

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
BASE = {
    "arrays", "config", "config_values", "errors", "escape",
    "field_names", "frames", "hashing", "kernel", "models", "packed_texts", "resources",
    "tokens",
}  # fmt: skip
STEPS = {"io", "text", "blocking", "scoring", "clustering"}
CORE = BASE | STEPS | {"load", "matching", "contents", "prepare", "preprocess", "result"}
RUNS = CORE | {"pipeline", "backends"}

MAY_IMPORT = {
    **{module: set() for module in BASE},
    "arrays": {"kernel"},
    "config": {"config_values", "errors", "field_names"},
    "config_layers": {"config", "errors"},
    "config_values": {"errors"},
    "frames": {"errors"},
    "hashing": {"kernel"},
    "kernel": {"_native"},
    "models": {"frames", "io"},
    "packed_texts": {"arrays", "tokens"},
    "resources": {"kernel"},
    "tokens": {"arrays", "resources"},
    **dict.fromkeys(STEPS, BASE),
    "load": BASE | {"io"},
    "prepare": BASE | {"io", "text", "blocking"},
    "contents": BASE | {"io", "blocking"},
    "preprocess": BASE | {"io", "contents", "load", "prepare"},
    "matching": BASE | {"blocking", "scoring"},
    "result": BASE | {"io", "scoring"},
    "pipeline": CORE,
    "backends": RUNS,
    "api": RUNS | {"evaluation", "gate", "reports"},
    "index": RUNS | {"api"},
    "evaluation": RUNS,
    "gate": BASE | {"io"},
    "reports": BASE | {"evaluation", "gate", "text"},
    "cli": RUNS | {"config_layers", "evaluation", "gate", "index", "installed_version", "reports"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""The packages and top-level modules that each may import at run time; types may come from any."""

ONLY_IN = {
    "click": {"cli"},
    "rapidfuzz": {"scoring"},
    "datasketch": {"api", "blocking"},
    "sklearn": set(),
}


def name_of(path: Path) -> str:
    """The module of a file, without the package ``dedupe``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> Iterator[str]:
    """Name what a file imports at run time, inside functions too."""
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


def own_imports(path: Path) -> set[str]:
    """The modules of ``dedupe`` that a file imports at run time; a name that is none as it is."""
    found = set()
    for name in imports(path):
        if name.startswith("dedupe."):
            module = name.removeprefix("dedupe.")
            found.add(module if module in FILES else module.rpartition(".")[0] or module)
    return found


@pytest.mark.parametrize("module", FILES)
def test_imports_run_one_way(module: str):
    package = module.split(".", maxsplit=1)[0]
    others = {name for name in own_imports(FILES[module]) if name.split(".")[0] != package}
    assert {name.split(".")[0] for name in others} <= MAY_IMPORT[package]


def test_no_files_import_each_other_in_a_cycle():
    graph = {module: own_imports(path) & FILES.keys() for module, path in FILES.items()}
    left = dict(graph)
    while free := [module for module, wanted in left.items() if not wanted & left.keys()]:
        for module in free:
            del left[module]
    assert left == {}


@pytest.mark.parametrize(("library", "packages"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_is_imported_by_its_packages_alone(library: str, packages: set[str]):
    users = {
        module.split(".")[0]
        for module, path in FILES.items()
        for name in imports(path)
        if name.split(".")[0] == library
    }
    assert users == packages


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


@pytest.mark.timing
def test_importing_the_package_costs_next_to_nothing():
    """The median of pairs run one after the other, so that a busy machine slows both."""
    costs = [start_up("import dedupe") - start_up("pass") for _ in range(TRIES)]
    assert median(costs) < ALLOWED
