"""The site of the documentation builds without a warning, and has a page for everything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
import yaml
from commandline import PROJECT

import dedupe

if TYPE_CHECKING:
    from pathlib import Path

TOP = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "code-of-conduct.md": "CODE_OF_CONDUCT.md",
}
"""Pages of the site that are files of the top folder."""
WRITTEN = "api.md"
"""The page that the build writes from docstrings."""

BY_SCRIPT = ("404.html", "report.html")
"""Pages whose links a script makes, or that have no place of their own."""


class Links(HTMLParser):
    """The addresses that a page of the site leads to, and the names that it can be entered by."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        del tag
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.addresses.add(value)
            if name in ("id", "name") and value:
                self.names.add(value)


def links_of(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def pages(entry: object) -> list[str]:
    """Return the pages below an entry of the navigation."""
    if isinstance(entry, str):
        return [entry]
    below = entry.values() if isinstance(entry, dict) else entry
    return [page for one in below for page in pages(one)]


def navigation() -> list[str]:
    return pages(yaml.safe_load((PROJECT / "mkdocs.yml").read_text("utf-8"))["nav"])


def test_every_page_is_in_the_navigation_once():
    docs = PROJECT / "docs"
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert sorted(navigation()) == sorted({*written, *TOP, WRITTEN})


def test_a_page_of_the_top_folder_is_there():
    assert all((PROJECT / name).exists() for name in TOP.values())


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("mkdocstrings_handlers.python", reason="make docs installs mkdocs")
    pytest.importorskip("material", reason="make docs installs mkdocs-material")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_every_link_within_the_site_leads_somewhere(site: Path):
    read = {page: links_of(page) for page in sorted(site.rglob("*.html"))}
    broken = []
    for page, own in read.items():
        for address in own.addresses:
            path, _, name = address.partition("#")
            if re.match(r"[a-z]+:|//", path) or page.name in BY_SCRIPT:
                continue
            target = (page.parent / unquote(path)).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            names = read[target].names if target in read else {unquote(name)}
            if not target.exists() or (name and not {name, unquote(name)} & names):
                broken.append((page.relative_to(site).as_posix(), address))
    assert len(read) > len(navigation())
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: Path):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|img|iframe)[^>]+src=\"?(?:https?:)?//", text), page
        assert not re.search(r"<link[^>]+stylesheet[^>]+href=\"?(?:https?:)?//", text), page
        # The theme's script would ask GitHub about the repository.
        assert 'data-md-component="source"' not in text


def test_the_home_page_is_the_readme(site: Path):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "Finds news headlines that tell the same story." in text
    assert 'href="quickstart/"' in text


@pytest.mark.parametrize("name", [one for one in dedupe.__all__ if one[0] != "_"])
def test_the_api_page_has_what_the_package_exports(name: str, site: Path):
    if not callable(getattr(dedupe, name)):
        pytest.skip("a constant")
    names = links_of(site / "api" / "index.html").names
    assert any(one == f"dedupe.{name}" for one in names)


def test_examples_in_docstrings_are_code(site: Path):
    text = (site / "api" / "index.html").read_text(encoding="utf-8")
    assert "&gt;&gt;&gt;" in text
    assert not re.search(r"<(?:p|blockquote)>\s*(?:&gt;){3}", text)
    assert ":class:" not in text


def test_a_link_says_the_title_of_a_page(site: Path):
    text = (site / "quickstart" / "index.html").read_text(encoding="utf-8")
    assert ">CI</a>" in text
    assert ".md</a>" not in text


def test_a_bar_in_a_table_is_a_bar(site: Path):
    text = (site / "cli" / "index.html").read_text(encoding="utf-8")
    assert "id|guid|url" in text
    assert "\\|" not in "".join(re.findall(r"<td>.*?</td>", text, re.DOTALL)).replace("\\||", "")


def test_the_report_page_stands_beside_its_input(site: Path):
    page = (site / "gallery" / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    own = (PROJECT / "fixtures" / "stories.jsonl").read_bytes()
    assert (site / "gallery" / "stories.jsonl").read_bytes() == own
