"""Text: one line a duplicate, as compilers and linters print it, then a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.reports.format import finding_message, location_text, stale_message, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.gate.models import Findings


def render(findings: Findings) -> Iterator[str]:
    """Yield the report in whole lines; nothing in it steers a terminal."""
    for finding in findings.found:
        yield f"{location_text(finding.duplicate)}: {finding_message(finding)}\n"
    for stale in findings.stale:
        yield f"{stale_message(stale)}\n"
    yield f"{summary(findings)}\n"
