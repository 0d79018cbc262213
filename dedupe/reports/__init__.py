"""The reporters of a check, for people and for machines: one format a file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dedupe.gate.models import Findings

    Reporter = Callable[[Findings], Iterator[str]]
    """From findings to a report, in pieces; without any effect."""

__all__ = ["FORMATS", "reporter"]

FORMATS = {
    "text": "text",
    "json": "json_object",
    "github": "github",
    "gitlab": "gitlab",
    "sarif": "sarif",
    "junit": "junit",
    "markdown": "markdown",
}
"""The formats, and the file here that has the ``render`` of each."""


def reporter(name: str) -> Reporter:
    """Return the reporter of a format, loaded when it is asked for."""
    render: Reporter = importlib.import_module(f"dedupe.reports.{FORMATS[name]}").render
    return render
