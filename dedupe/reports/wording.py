"""The words and the care that reports share: what comes from the input never steers a reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.visible import visible

if TYPE_CHECKING:
    from dedupe.stories import Finding, Findings, Place, Stale

MOST = 200
SIMILARITY = re.compile(r"(\S.*?) \d\.\d\d(?: |$)")


def counted(number: int, noun: str) -> str:
    """Word a number of things.

    >>> counted(1, "record"), counted(2051, "pair")
    ('1 record', '2,051 pairs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def safe(text: str, most: int = MOST) -> str:
    r"""A text on one line, cut to what is shown, with escapes for what could steer a terminal.

    >>> safe("50%\x1b[2J\nof")
    '50%\\x1b[2J of'
    """
    line = " ".join(text[: 4 * most].split())
    cut = line if len(line) <= most else line[: most - 1] + "\u2026"
    return visible(cut)


def spot(place: Place) -> str:
    """Where a record stands, as in ``a.jsonl:3``."""
    return f"{safe(place.path)}:{place.line}"


def grounds(reason: str) -> str:
    """What was alike, without the figures.

    >>> grounds("title 0.87 lede 0.93"), grounds("exact")
    ('title and lede', 'exact')
    """
    return " and ".join(SIMILARITY.findall(reason)) or reason


def grounded(finding: Finding) -> str:
    """The evidence of a finding, as in ``0.94, title``."""
    through = f"; through {spot(finding.through)}" if finding.through else ""
    return f"{finding.score:.2f}, {safe(grounds(finding.reason))}{through}"


def told(finding: Finding) -> str:
    """What is wrong with a record, but for where it stands."""
    text = safe(finding.duplicate.text)
    return f"duplicate of {spot(finding.original)} ({grounded(finding)}): {text}"


def outdated(stale: Stale) -> str:
    """What is wrong with an entry of the baseline."""
    gone = f"{stale.accepted - stale.left:,} of {counted(stale.accepted, 'duplicate')} gone"
    return f"stale baseline entry {safe(stale.cluster)} ({gone}): {safe(stale.text)}"


def tally(findings: Findings) -> str:
    """What was looked at and what was found."""
    new = "new duplicate" if findings.accepted else "duplicate"
    number = len(findings.found)
    found = (
        f"{counted(number, new)} in {counted(findings.clusters, 'cluster')}"
        if number
        else f"no {new}s"
    )
    facts = [counted(findings.records, "record"), found]
    if findings.accepted:
        facts.append(f"{findings.accepted:,} accepted")
    if findings.corpus:
        facts.append(f"held against {findings.corpus:,}")
    return ", ".join(facts)


def verdict(findings: Findings) -> str:
    """The last word: passed or failed, and why."""
    if not findings.passed:
        return f"failed ({'; '.join(findings.exceeded)})"
    return "passed, within the limits" if findings.found else "passed"


def summary(findings: Findings) -> str:
    """The tally and the verdict."""
    return f"{tally(findings)}: {verdict(findings)}"
