"""What an extra brings: the messages and the docs name what pip can install."""

from __future__ import annotations

import re
import tomllib

import pytest
from commandline import PROJECT

from dedupe.cli.run import MISSING_SPARK
from dedupe.frames import NEEDS_ARROW
from dedupe.io import feeds, files, parquet

EXTRAS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
MESSAGES = {
    "feeds": feeds.MISSING,
    "frames": NEEDS_ARROW,
    "parquet": parquet.MISSING,
    "spark": MISSING_SPARK,
    "zst": files.NO_ZSTD,
}
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_message_names_the_libraries_of_an_extra(extra: str):
    assert set(re.findall(r"'([^']+)'", MESSAGES[extra])) == set(EXTRAS[extra])


def test_readme_lists_all_extras():
    install = (PROJECT / "README.md").read_text().partition("## Install")[2].partition("\n## ")[0]
    assert set(re.findall(r"'\.\[(\w+)\]'", install)) == set(EXTRAS)
    assert "not\n`pip install dedupe`" in install


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_installs_from_where_it_is_not_yet(page):
    assert "headline-dedupe[" not in page.read_text()
