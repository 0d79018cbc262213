"""Markdown for a step summary or a comment: a heading, the outcome, a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.reports.format import (
    count_summary,
    location_text,
    one_line,
    outcome,
    score_and_reason,
    stale_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.gate.models import Finding, Findings

MAX_BYTES = 900_000
"""A step summary may have 1 MiB; what else the step writes is to fit too."""
MAX_ROWS = 1000
"""More rows than anybody reads, and GitHub is slow to show."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&@#!])")
HEAD = "| Line | Headline | Duplicate of | Headline there | Score |\n|---|---|---|---|---|\n"


def render(findings: Findings) -> Iterator[str]:
    """Yield the report; rows beyond what fits are counted."""
    yield "### Duplicate headlines\n\n"
    state = outcome(findings)
    yield f"**{state[:1].upper()}{state[1:]}.** {count_summary(findings)}.\n"
    if findings.found:
        yield f"\n{HEAD}"
        yield from limit_lines(
            [finding_row(finding) for finding in findings.found[:MAX_ROWS]], len(findings.found)
        )
    if findings.stale:
        lines = [
            f"- {escape_markdown(stale_message(stale))}\n" for stale in findings.stale[:MAX_ROWS]
        ]
        yield "\n"
        yield from limit_lines(lines, len(findings.stale))


def limit_lines(lines: Iterable[str], total: int) -> Iterator[str]:
    """Yield lines as long as there is room, then how many are left."""
    room = MAX_BYTES // 2
    shown = 0
    for line in lines:
        room -= len(line.encode("utf-8", "surrogatepass"))
        if room < 0:
            break
        yield line
        shown += 1
    if shown < total:
        yield f"\nand {total - shown:,} more\n"


def finding_row(finding: Finding) -> str:
    """Return a row of the table."""
    ends = (finding.duplicate, finding.original)
    cells = [
        cell
        for location in ends
        for cell in (escape_markdown(location_text(location)), escape_markdown(location.text))
    ]
    return f"| {' | '.join([*cells, escape_markdown(score_and_reason(finding))])} |\n"


def escape_markdown(text: str) -> str:
    r"""Return a text of the input that means nothing in Markdown.

    >>> escape_markdown("a|b <b>*c*</b>")
    'a\\|b \\<b\\>\\*c\\*\\</b\\>'
    """
    return SPECIAL.sub(r"\\\1", one_line(text))
