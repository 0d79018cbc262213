"""From a run to what the page is made from."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dedupe.cli.summary import counted
from dedupe.cli.version import version
from dedupe.page.overview import Overview
from dedupe.reading.compression import shown, split_suffix
from dedupe.sketch import BANDING
from dedupe.sketch.anchors import ANCHORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.cli.options import Request
    from dedupe.pipeline import Result
    from dedupe.stories import Tally

STEPS = 100
AIM = 0.98
"""The chance of being compared that the page marks."""


def overview_of(request: Request, result: Result, tally: Tally, title: str | None) -> Overview:
    """Gather what the page tells; times are left out, so that equal runs give equal pages."""
    stats = {name: value for name, value in result.stats.items() if name != "seconds"}
    facts = {
        "version": version(),
        "settings": request.settings.manifest(),
        "input": asdict(tally),
        "sketch": {"bands": BANDING.bands, "rows": BANDING.rows, "anchors": ANCHORS, "aim": AIM},
        **stats,
    }
    return Overview(
        title=title or heading(request.files),
        corpus=result.corpus,
        clustering=result.clustering,
        facts=facts,
        recall=[BANDING.recall(step / STEPS) for step in range(STEPS + 1)],
        links=dict(filter(None, (link(path, request.output) for path in request.files))),
    )


def heading(files: Sequence[str]) -> str:
    """What the page is called when nobody has said."""
    if not files:
        return "Duplicates in standard input"
    others = f" and {counted(len(files) - 1, 'other file')}" if len(files) > 1 else ""
    return f"Duplicates in {Path(shown(files[0])).name}{others}"


def link(path: str, output: str | None) -> tuple[str, str] | None:
    """An input and its address as seen from the page; None for what no browser would show."""
    if path == "-" or split_suffix(path)[1]:
        return None
    folder = Path(output).parent if output and output != "-" else Path()
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return None
    return path, quote(os.fsencode(Path(relative).as_posix()))
