"""A wheel works where there is no checkout: built, installed beside pinned packages, and run.

It takes the packages of ``.ci/runtime.txt`` from an index, as ``pipx run`` and ``uvx`` do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from commandline import FIXTURES, PROJECT

pytestmark = pytest.mark.install

SOURCES = ("pyproject.toml", "setup.py", "headline_dedupe.py", "README.md", "LICENSE")
NOT_COPIED = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
PATIENCE = 300


def outside() -> dict[str, str]:
    """Return an environment in which Python sees no checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True)
class Installed:
    """A wheel, and the folder of an environment that has it."""

    wheel: Path
    folder: Path

    def run(self, *command: str, folder: Path, stdin: bytes = b"") -> bytes:
        """Run a command of the environment; nothing of the caller's Python is seen."""
        own = self.folder / SCRIPTS / command[0]
        done = subprocess.run(
            [str(own), *command[1:]], cwd=folder, input=stdin, capture_output=True,
            env=outside(), timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def pip(*arguments: str | Path, python: str = sys.executable) -> None:
    """Run pip; a test is skipped where no index answers."""
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, arguments)],
        capture_output=True, text=True, env=outside(), timeout=PATIENCE, check=False,
    )  # fmt: skip
    if done.returncode and not os.environ.get("CI") and "No matching distribution" in done.stderr:
        pytest.skip("no package index answers")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(PROJECT / "dedupe", source / "dedupe", ignore=NOT_COPIED)
    for name in SOURCES:
        shutil.copy(PROJECT / name, source)
    pip("wheel", "--no-deps", "-w", folder, source)
    (wheel,) = folder.glob("*.whl")
    place = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = str(place / SCRIPTS / "python")
    lock = PROJECT / ".ci" / "runtime.txt"
    pip("install", "--require-hashes", "--only-binary", ":all:", "-r", lock, python=python)
    pip("install", "--no-deps", wheel, python=python)
    shutil.rmtree(source)
    return Installed(wheel, place)


def test_the_command_tells_its_version(installed: Installed, tmp_path: Path):
    assert installed.run("dedupe", "--version", folder=tmp_path) == f"dedupe {VERSION}\n".encode()


def test_the_command_removes_duplicates(installed: Installed, tmp_path: Path):
    stories = (FIXTURES / "demo.jsonl").read_bytes()
    kept = installed.run("dedupe", "unique", "-q", folder=tmp_path, stdin=stories)
    assert 0 < kept.count(b"\n") < stories.count(b"\n")
    assert set(kept.splitlines()) < set(stories.splitlines())


def test_a_report_page_needs_no_checkout(installed: Installed, tmp_path: Path):
    stories = (FIXTURES / "stories.jsonl").read_bytes()
    page = installed.run("dedupe", "report", "-q", folder=tmp_path, stdin=stories)
    assert page.startswith(b"<!DOCTYPE html>")


def test_the_library_is_that_of_the_wheel(installed: Installed, tmp_path: Path):
    script = (
        "import dedupe; groups = dedupe.cluster(['Ferry tolls rise', 'Lamp out']);"
        "print(len(groups), dedupe.__version__, dedupe.__file__)"
    )
    told = installed.run("python", "-c", script, folder=tmp_path).decode().split()
    assert told[:2] == ["2", VERSION]
    assert Path(told[2]).is_relative_to(installed.folder)


def test_the_kernel_is_compiled_where_there_is_a_compiler(installed: Installed, tmp_path: Path):
    if not shutil.which("cc") and sys.platform != "win32":
        pytest.skip("no C compiler")
    script = "from dedupe import kernel; print(kernel.available())"
    assert installed.run("python", "-c", script, folder=tmp_path).strip() == b"True"
    assert "-abi3-" in installed.wheel.name


def test_the_wheel_holds_the_package_and_its_man_pages(installed: Installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    top = {name.partition("/")[0].partition("-")[0] for name in names}
    assert top == {"dedupe", "headline_dedupe", "headline_dedupe.py"}
    assert any(name.endswith("share/man/man1/dedupe-unique.1") for name in names)
    assert not [name for name in names if name.endswith((".c", ".h", ".md"))]


def test_uvx_runs_the_wheel(installed: Installed, tmp_path: Path):
    uvx = shutil.which("uvx")
    if not uvx:
        pytest.skip("uvx is not installed")
    done = subprocess.run(
        [uvx, "--from", str(installed.wheel), "dedupe", "--version"],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.stdout == f"dedupe {VERSION}\n", done.stderr
