"""The man pages: a build writes them from the help, and groff reads them without complaint."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commandline import PROJECT, environment, finished

from dedupe.cli.manual import escaped, main, pages

if TYPE_CHECKING:
    from pathlib import Path

PAGES = pages()


def test_one_command_writes_the_pages_anew(tmp_path: Path):
    (tmp_path / "dedupe-gone.1").touch()
    main(tmp_path)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_set_without_complaint(name: str):
    groff = shutil.which("groff")
    if not groff:
        pytest.skip("groff is not installed")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-Kutf8"], input=PAGES[name].encode(),
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"OO\x08OPP" in done.stdout or b"OPTIONS" in done.stdout


def test_every_command_has_a_page():
    assert {"dedupe.1", "dedupe-unique.1", "dedupe-index.1", "dedupe-index-add.1"} <= set(PAGES)
    assert all(page.startswith(".TH ") for page in PAGES.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a-b", r"a\-b"), (".x", r"\&.x"), ("'x", r"\&'x"), ("a\\b", r"a\eb"), ("plain", "plain")],
)
def test_what_roff_would_take_for_its_own(text, expected):
    assert escaped(text) == expected


def test_they_go_into_share_man():
    project = (PROJECT / "pyproject.toml").read_text("utf-8")
    assert '"share/man/man1" = ["build/man/*.1"]' in project


def test_a_build_writes_them(tmp_path: Path):
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "dedupe", tmp_path / "dedupe", ignore=shutil.ignore_patterns("*.so"))
    done = finished([sys.executable, "setup.py", "--version"], tmp_path, b"", environment())
    assert {path.name for path in (tmp_path / "build" / "man").iterdir()} == PAGES.keys(), done.err
