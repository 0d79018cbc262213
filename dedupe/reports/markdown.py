"""Markdown for a step summary or a comment: a heading, the verdict, a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.reports.wording import grounded, outdated, safe, spot, tally, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.stories import Finding, Findings

ROOM = 900_000
"""A step summary may have 1 MiB; what else the step writes is to fit too."""
MOST = 1000
"""More rows than anybody reads, and GitHub is slow to show."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&@#!])")
HEAD = "| Line | Headline | Duplicate of | Headline there | Score |\n|---|---|---|---|---|\n"


def render(findings: Findings) -> Iterator[str]:
    """The report; rows beyond what fits are counted."""
    yield "### Duplicate headlines\n\n"
    state = verdict(findings)
    yield f"**{state[:1].upper()}{state[1:]}.** {tally(findings)}.\n"
    if findings.found:
        yield f"\n{HEAD}"
        yield from capped([row(finding) for finding in findings.found[:MOST]], len(findings.found))
    if findings.stale:
        lines = [f"- {plain(outdated(stale))}\n" for stale in findings.stale[:MOST]]
        yield "\n"
        yield from capped(lines, len(findings.stale))


def capped(lines: Iterable[str], total: int) -> Iterator[str]:
    """Lines as long as there is room, then how many are left."""
    room = ROOM // 2
    shown = 0
    for line in lines:
        room -= len(line.encode("utf-8", "surrogatepass"))
        if room < 0:
            break
        yield line
        shown += 1
    if shown < total:
        yield f"\nand {total - shown:,} more\n"


def row(finding: Finding) -> str:
    """A row of the table."""
    ends = (finding.duplicate, finding.original)
    cells = [cell for place in ends for cell in (plain(spot(place)), plain(place.text))]
    return f"| {' | '.join([*cells, plain(grounded(finding))])} |\n"


def plain(text: str) -> str:
    r"""A text of the input that means nothing in Markdown.

    >>> plain("a|b <b>*c*</b>")
    'a\\|b \\<b\\>\\*c\\*\\</b\\>'
    """
    return SPECIAL.sub(r"\\\1", safe(text))
