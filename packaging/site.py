"""Complete the documentation site: mkdocs calls these hooks (see ``mkdocs.yml``).

The pages of the top folder (README.md and others) become pages of the site. The page on the Python
API lists what ``dedupe`` exports, the report page is made of ``fixtures/stories.jsonl``, and the
addresses are those of ``pyproject.toml``.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

import dedupe

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

PROJECT = Path(__file__).parent.parent
URLS = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
TOP = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
"""Pages beside the folder of the documentation, and their names in the site."""
SOURCES = {page: name for name, page in TOP.items()}
REPORT = "gallery/report.html"
STORIES = "gallery/stories.jsonl"
"""The input of the report, which links to it."""
API = "api.md"
API_HEAD = """\
# Python API

From the docstrings. [Python](python.md) shows how the parts are used together.

"""
FILE_LINK = re.compile(r"\[([\w/-]+\.md)\]\(([^)#\s]+)([)#])")
"""A link whose text is the name of a file, as they are on GitHub."""
CELL = re.compile(r"<td[^>]*>.*?</td>", re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)((?:#[^)]*)?)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the address of the site, and a link to the repository.

    The theme's own link to a repository would ask GitHub for its stars on every page.
    """
    config.site_url = URLS["Documentation"]
    config.extra["social"] = [{"icon": "fontawesome/brands/github", "link": URLS["Repository"]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the top folder, the page on the API, and the report page."""
    for name, page in TOP.items():
        text = (PROJECT / name).read_text("utf-8")
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, API, content=api_page()))
    stories = (PROJECT / "fixtures" / "stories.jsonl").read_bytes()
    files.append(File.generated(config, STORIES, content=stories))
    files.append(File.generated(config, REPORT, content=report_page(stories)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text of a page with links that hold within the site."""
    del files
    own = page.file.src_uri
    source = SOURCES.get(own, f"docs/{own}")
    return titled(relinked(markdown, source, own, URLS["Repository"]), page_titles(config.nav))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page with plain bars in the cells of tables, where GitHub needs a backslash."""
    del page, config, files
    return CELL.sub(lambda cell: cell[0].replace("\\|", "|"), html)


def relinked(text: str, source: str, page: str, repository: str) -> str:
    """Return a text whose links lead to pages of the site, or else to a file of the repository.

    Args:
        text: Markdown with links relative to ``source``.
        source: The page's path in the repository.
        page: The page's path in the site.
        repository: The address of the repository.

    """

    def leading(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if path in TOP:
            path = f"docs/{TOP[path]}"
        if not path.startswith("docs/"):
            return f"]({repository}/blob/main/{path}{match[2]})"
        own = posixpath.relpath(path, posixpath.dirname(f"docs/{page}"))
        return f"]({own}{match[2]})"

    return LINK.sub(leading, text)


def page_titles(entry: object) -> dict[str, str]:
    """Return the pages below an entry of the navigation by path, with their titles."""
    if isinstance(entry, list):
        return {path: title for one in entry for path, title in page_titles(one).items()}
    found = {}
    for title, below in entry.items() if isinstance(entry, dict) else ():
        found |= {below: title} if isinstance(below, str) else page_titles(below)
    return found


def titled(text: str, titles: dict[str, str]) -> str:
    """Return a text whose links say the title of a page in the place of its file name.

    >>> titled("See [ci.md](ci.md#gitlab).", {"ci.md": "CI"})
    'See [CI](ci.md#gitlab).'
    """

    def named(match: re.Match[str]) -> str:
        return f"[{titles.get(match[2], match[1])}]({match[2]}{match[3]}"

    return FILE_LINK.sub(named, text)


def api_page() -> str:
    """Return a page with the functions that the package exports, then its classes."""
    exported = {name: getattr(dedupe, name) for name in dedupe.__all__}
    headings = [(name, heading_of(value)) for name, value in exported.items()]
    parts = []
    for heading in ("Functions", "Classes", "Errors"):
        parts.append(f"## {heading}\n\n")
        parts += [f"::: dedupe.{name}\n\n" for name, own in headings if own == heading]
    return API_HEAD + "".join(parts)


def heading_of(value: object) -> str | None:
    """Return the part of the page on the API that an exported value belongs to."""
    if isinstance(value, type):
        return "Errors" if issubclass(value, Exception) else "Classes"
    return "Functions" if callable(value) else None


def report_page(stories: bytes) -> bytes:
    """Return the report of some stories, as of a file beside it."""
    paths = [str(PROJECT), os.environ.get("PYTHONPATH")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / posixpath.basename(STORIES)
        own.write_bytes(stories)
        command = [sys.executable, "-m", "dedupe", "report", "-q", "-o", "report.html", own.name]
        subprocess.run(command, cwd=folder, env=environment, check=True)
        return (Path(folder) / "report.html").read_bytes()
