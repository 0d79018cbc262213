"""Write the version, or the owner and the repository, into all files that must spell them.

``python packaging/names.py`` writes those of ``pyproject.toml``, ``--repository OWNER/NAME`` and
``--version VERSION`` set others (``make names REPOSITORY=OWNER/NAME VERSION=1.0.0``).
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent
SPELLED = ("pyproject.toml", "docs/ci.md", "CITATION.cff", ".github/ISSUE_TEMPLATE/config.yml")
FORMULA = "packaging/homebrew/headline-dedupe.rb"
RECIPE = "packaging/conda/recipe.yaml"
PLACES = (*SPELLED, FORMULA, RECIPE)
"""The files that may spell owner and repository."""
VERSIONS = {
    "pyproject.toml": r'(?m)(?<=^version = ")[^"]+',
    "CITATION.cff": r"(?m)(?<=^version: ).+",
    FORMULA: r"(?<=/headline_dedupe-)[\d.]+(?=\.tar\.gz)",
    RECIPE: r'(?<=  version: ")[^"]+',
}
"""Where the version stands in each file that states it."""


def current() -> tuple[str, str]:
    """Return ``OWNER/NAME`` and the version of ``pyproject.toml``."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["urls"]["Repository"].partition("github.com/")[2], project["version"]


def renamed(text: str, old: str, new: str) -> str:
    """Return a text with another owner and repository.

    >>> renamed("https://a.github.io/b/ https://github.com/a/b", "a/b", "c/d")
    'https://c.github.io/d/ https://github.com/c/d'
    """
    for form in ("{}/{}", "{}.github.io/{}"):
        own, other = (form.format(*name.split("/")) for name in (old, new))
        text = re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w-])", other, text)
    owner, other = (name.partition("/")[0] for name in (old, new))
    return text.replace(f"recipe-maintainers: [{owner}]", f"recipe-maintainers: [{other}]")


def with_version(text: str, path: str, version: str) -> str:
    """Return the text of a file with another version where it states one."""
    return re.sub(VERSIONS[path], version, text) if path in VERSIONS else text


def main() -> None:
    """Write all files."""
    repository, version = current()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repository", default=repository, metavar="OWNER/NAME")
    parser.add_argument("--version", default=version)
    given = parser.parse_args()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", given.repository):
        parser.error(f"--repository must be OWNER/NAME, got {given.repository}")
    for name in PLACES:
        path = PROJECT / name
        text = renamed(path.read_text("utf-8"), repository, given.repository)
        path.write_text(with_version(text, name, given.version), "utf-8")


if __name__ == "__main__":
    main()
