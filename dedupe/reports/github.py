"""GitHub Actions: annotations as workflow commands, and the full text for the log.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dedupe.reports import text
from dedupe.reports.format import (
    count_noun,
    finding_message,
    location_text,
    one_line,
    stale_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.gate.models import Finding, Findings

MAX_ANNOTATIONS = 10
"""The number of annotations of each level that GitHub shows per step; it drops the others."""
TITLE = "Duplicate headline"
NOT_A_FILE = "<stdin>"


def render(findings: Findings) -> Iterator[str]:
    """Annotations for as many duplicates as are shown, then every line of the text report."""
    level = "warning" if findings.passed else "error"
    for finding in findings.found[:MAX_ANNOTATIONS]:
        there = f"{location_text(finding.original)}: {one_line(finding.original.text)}"
        yield workflow_command(
            level,
            f"{finding_message(finding)}\n{there}",
            **annotation_location(finding),
            title=TITLE,
        )
    more = len(findings.found) - MAX_ANNOTATIONS
    if more > 0:
        yield workflow_command(
            "notice", f"{count_noun(more, 'more duplicate')}: see the log", title=TITLE
        )
    for stale in findings.stale[: MAX_ANNOTATIONS - 1]:
        yield workflow_command("notice", stale_message(stale), title="Stale baseline")
    yield from stop_commands("".join(text.render(findings)))


def annotation_location(finding: Finding) -> dict[str, str]:
    """Return the properties that put an annotation on its line."""
    if finding.duplicate.path == NOT_A_FILE:
        return {}
    path = finding.duplicate.path
    named = path if path.isprintable() else one_line(path)
    return {"file": named, "line": str(finding.duplicate.line)}


def workflow_command(level: str, message: str, **properties: str) -> str:
    r"""Return a workflow command on a line of its own.

    >>> workflow_command("error", "50%", file="a,b.jsonl")
    '::error file=a%2Cb.jsonl::50%25\n'
    """
    given = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items())
    return f"::{level}{' ' if given else ''}{given}::{escape_data(message)}\n"


def escape_data(message: str) -> str:
    """Return a message as a command carries it."""
    return message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(value: str) -> str:
    """Return a property as a command carries it."""
    return escape_data(value).replace(":", "%3A").replace(",", "%2C")


def stop_commands(report: str) -> Iterator[str]:
    """Yield lines in which the runner looks for no commands, for a headline may look like one.

    The word that ends this is a digest of the lines, which none of them can hold.
    """
    token = hashlib.sha256(report.encode("utf-8", "surrogatepass")).hexdigest()
    yield f"::stop-commands::{token}\n"
    yield report
    yield f"::{token}::\n"
