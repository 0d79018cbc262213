"""Prepare docstrings for the site: examples become blocks of code, roles of Sphinx become code.

The documentation build loads it as an extension of griffe (see ``mkdocs.yml``).
"""

from __future__ import annotations

import re

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*(?:\n(?!\s*\n).*)*", re.MULTILINE)
"""A doctest, up to the next empty line."""
ROLE = re.compile(r":\w+:`(~?)([\w.]+)`")


def prepared(text: str) -> str:
    """Return a docstring as Markdown."""
    return EXAMPLE.sub(fenced, ROLE.sub(named, text))


def fenced(match: re.Match[str]) -> str:
    """Return an example as a block of code."""
    return f"{match[1]}```python\n{match[0]}\n{match[1]}```"


def named(match: re.Match[str]) -> str:
    """Return what a role refers to, by its last name where it begins with a tilde."""
    return f"`{match[2].rpartition('.')[2] if match[1] else match[2]}`"


class Docstrings(griffe.Extension):
    """Prepare each docstring as it is collected."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Prepare the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = prepared(obj.docstring.value)
