"""The man pages: those shipped are those that the help gives, and they are fit to read."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from commandline import PROJECT

from dedupe.cli.manual import escaped, main, pages

HELD = PROJECT / "dedupe" / "data" / "man"
PAGES = pages()


def test_the_shipped_pages_are_current(request: pytest.FixtureRequest):
    if request.config.getoption("--golden"):
        main(HELD)
    assert {path.name: path.read_text("utf-8") for path in HELD.iterdir()} == PAGES


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
    assert '"share/man/man1" = ["dedupe/data/man/*.1"]' in project
