"""The reporters of a check, for people and for other programs."""

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
    "json": "text",
    "github": "ci",
    "gitlab": "ci",
    "sarif": "ci",
    "junit": "ci",
    "markdown": "text",
}
"""The formats, and the file here that has ``render_<format>``."""


def reporter(name: str) -> Reporter:
    """Return the reporter of a format, loaded when it is asked for."""
    module = importlib.import_module(f"dedupe.reports.{FORMATS[name]}")
    render: Reporter = getattr(module, f"render_{name}")
    return render
