"""Reports of a check to be read or kept: plain text, Markdown, and one JSON object."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from dedupe.reports.format import (
    count_summary,
    finding_message,
    location_text,
    one_line,
    outcome,
    score_and_reason,
    stale_message,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.gate.models import Finding, Findings


def render_text(findings: Findings) -> Iterator[str]:
    """Yield one line per duplicate, as compilers and linters print it, then a summary.

    Control characters are escaped.
    """
    for finding in findings.found:
        yield f"{location_text(finding.duplicate)}: {finding_message(finding)}\n"
    for stale in findings.stale:
        yield f"{stale_message(stale)}\n"
    yield f"{summary(findings)}\n"


def render_json(findings: Findings) -> Iterator[str]:
    """Yield one JSON object: the figures, then a finding per line, its texts complete."""
    figures = {
        "passed": findings.passed,
        "exceeded": list(findings.exceeded),
        "records": findings.records,
        "duplicates": len(findings.found),
        "clusters": findings.clusters,
        "largest_cluster": findings.largest,
        "accepted": findings.accepted,
        "corpus_records": findings.corpus,
        "files": dict(findings.files),
        "limits": {f"max_{name}": most for name, most in asdict(findings.limits).items()},
        "stale": [asdict(stale) for stale in findings.stale],
    }
    yield "{\n"
    for name, value in figures.items():
        yield f"  {json.dumps(name)}: {to_json(value)},\n"
    yield '  "findings": ['
    for location, finding in enumerate(findings.found):
        yield (",\n    " if location else "\n    ") + to_json(finding_object(finding))
    yield "\n  ]\n}\n" if findings.found else "]\n}\n"


def finding_object(finding: Finding) -> dict[str, object]:
    """Return a finding with its duplicate's place at the top."""
    return {
        **asdict(finding.duplicate),
        "original": asdict(finding.original),
        "score": finding.score,
        "reason": finding.reason,
        "through": finding.through and asdict(finding.through),
        "cluster": finding.cluster,
        "fingerprint": finding.fingerprint,
    }


def to_json(value: object) -> str:
    """Return a value on one line."""
    return json.dumps(value, ensure_ascii=False)


MAX_BYTES = 900_000
"""A step summary may have 1 MiB; what else the step writes is to fit too."""
MAX_ROWS = 1000
"""GitHub is slow to show more rows."""
MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&@#!])")
TABLE_HEAD = "| Line | Headline | Duplicate of | Headline there | Score |\n|---|---|---|---|---|\n"


def render_markdown(findings: Findings) -> Iterator[str]:
    """Yield a heading, the outcome and a table for a step summary or a comment.

    Rows that do not fit are counted.
    """
    yield "### Duplicate headlines\n\n"
    state = outcome(findings)
    yield f"**{state[:1].upper()}{state[1:]}.** {count_summary(findings)}.\n"
    if findings.found:
        yield f"\n{TABLE_HEAD}"
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
    r"""Return a text of the input with the signs of Markdown escaped.

    >>> escape_markdown("a|b <b>*c*</b>")
    'a\\|b \\<b\\>\\*c\\*\\</b\\>'
    """
    return MARKDOWN_SPECIAL.sub(r"\\\1", one_line(text))
