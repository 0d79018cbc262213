"""GitHub Actions: annotations by workflow commands, and the full text for the log.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dedupe.reports import text
from dedupe.reports.wording import counted, outdated, safe, spot, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.stories import Finding, Findings

MOST = 10
"""GitHub shows so many annotations of each level a step, and drops the others."""
TITLE = "Duplicate headline"
NOT_A_FILE = "<stdin>"


def render(findings: Findings) -> Iterator[str]:
    """Annotations for as many duplicates as are shown, then every line of the text report."""
    level = "warning" if findings.passed else "error"
    for finding in findings.found[:MOST]:
        there = f"{spot(finding.original)}: {safe(finding.original.text)}"
        yield command(level, f"{told(finding)}\n{there}", **where(finding), title=TITLE)
    more = len(findings.found) - MOST
    if more > 0:
        yield command("notice", f"{counted(more, 'more duplicate')}: see the log", title=TITLE)
    for stale in findings.stale[: MOST - 1]:
        yield command("notice", outdated(stale), title="Stale baseline")
    yield from unheeded("".join(text.render(findings)))


def where(finding: Finding) -> dict[str, str]:
    """The properties that put an annotation on its line."""
    if finding.duplicate.path == NOT_A_FILE:
        return {}
    path = finding.duplicate.path
    named = path if path.isprintable() else safe(path)
    return {"file": named, "line": str(finding.duplicate.line)}


def command(level: str, message: str, **properties: str) -> str:
    r"""A workflow command on a line of its own.

    >>> command("error", "50%", file="a,b.jsonl")
    '::error file=a%2Cb.jsonl::50%25\n'
    """
    given = ",".join(f"{name}={property_value(value)}" for name, value in properties.items())
    return f"::{level}{' ' if given else ''}{given}::{data(message)}\n"


def data(message: str) -> str:
    """A message as a command carries it."""
    return message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_value(value: str) -> str:
    """A property as a command carries it."""
    return data(value).replace(":", "%3A").replace(",", "%2C")


def unheeded(report: str) -> Iterator[str]:
    """Lines in which the runner looks for no commands, for a headline may look like one.

    The word that ends this is a digest of the lines, which none of them can hold.
    """
    token = hashlib.sha256(report.encode("utf-8", "surrogatepass")).hexdigest()
    yield f"::stop-commands::{token}\n"
    yield report
    yield f"::{token}::\n"
