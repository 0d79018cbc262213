"""A line a duplicate, as compilers and linters have it, then a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.reports.wording import outdated, spot, summary, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.stories import Findings


def render(findings: Findings) -> Iterator[str]:
    """The report in whole lines; nothing in it steers a terminal."""
    for finding in findings.found:
        yield f"{spot(finding.duplicate)}: {told(finding)}\n"
    for stale in findings.stale:
        yield f"{outdated(stale)}\n"
    yield f"{summary(findings)}\n"
