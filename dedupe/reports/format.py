"""The wording that all reports share; texts of the input are escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedupe.escape import escape_controls

if TYPE_CHECKING:
    from dedupe.gate.models import Finding, Findings, SourceLocation, StaleEntry

MAX_TEXT = 200
LONGEST_TEXT = 1000
"""Characters of a headline on one line of a report, and of a text on a screen."""
SIMILARITY = re.compile(r"(\S.*?) \d\.\d\d(?: |$)")


def count_noun(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular or plural.

    >>> count_noun(1, "record"), count_noun(2051, "pair")
    ('1 record', '2,051 pairs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def one_line(text: str, most: int = MAX_TEXT) -> str:
    r"""Return a text on one line, cut, with its control characters escaped.

    >>> one_line("50%\x1b[2J\nof")
    '50%\\x1b[2J of'
    """
    line = " ".join(text[: 4 * most].split())
    cut = line if len(line) <= most else line[: most - 1] + "\u2026"
    return escape_controls(cut)


def cut_and_escape(text: str, most: int = LONGEST_TEXT) -> str:
    r"""Return a text, cut to the length that is shown, with its control characters escaped.

    >>> cut_and_escape("a\x1b[2Jbc", 6)
    'a\\x1b[2Jb\u2026'
    """
    return escape_controls(text if len(text) <= most else text[:most] + "\u2026")


def location_text(location: SourceLocation) -> str:
    """Return the location of a record, as in ``a.jsonl:3``."""
    return f"{one_line(location.path)}:{location.line}"


def reason_fields(reason: str) -> str:
    """Return the fields that were alike, without the figures.

    >>> reason_fields("title 0.87 lede 0.93"), reason_fields("exact")
    ('title and lede', 'exact')
    """
    return " and ".join(SIMILARITY.findall(reason)) or reason


def score_and_reason(finding: Finding) -> str:
    """Return the evidence of a finding, as in ``0.94, title``."""
    through = f"; through {location_text(finding.through)}" if finding.through else ""
    return f"{finding.score:.2f}, {one_line(reason_fields(finding.reason))}{through}"


def finding_message(finding: Finding) -> str:
    """Describe a duplicate, without its location."""
    text = one_line(finding.duplicate.text)
    return f"duplicate of {location_text(finding.original)} ({score_and_reason(finding)}): {text}"


def stale_message(stale: StaleEntry) -> str:
    """Describe a stale entry of the baseline."""
    gone = f"{stale.accepted - stale.left:,} of {count_noun(stale.accepted, 'duplicate')} gone"
    return f"stale baseline entry {one_line(stale.cluster)} ({gone}): {one_line(stale.text)}"


def count_summary(findings: Findings) -> str:
    """Describe how many records were checked and how many duplicates found."""
    new = "new duplicate" if findings.accepted else "duplicate"
    number = len(findings.found)
    found = (
        f"{count_noun(number, new)} in {count_noun(findings.clusters, 'cluster')}"
        if number
        else f"no {new}s"
    )
    facts = [count_noun(findings.records, "record"), found]
    if findings.accepted:
        facts.append(f"{findings.accepted:,} accepted")
    if findings.corpus:
        facts.append(f"held against {findings.corpus:,}")
    return ", ".join(facts)


def outcome(findings: Findings) -> str:
    """Return the last word: passed or failed, and why."""
    if not findings.passed:
        return f"failed ({'; '.join(findings.exceeded)})"
    return "passed, within the limits" if findings.found else "passed"


def summary(findings: Findings) -> str:
    """Return the read statistics and the verdict."""
    return f"{count_summary(findings)}: {outcome(findings)}"
