"""JUnit XML, as Jenkins and others read it: one suite a file, one case a duplicate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from dedupe.reports.format import count_noun, finding_message, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.gate.models import Finding, Findings

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(findings: Findings) -> Iterator[str]:
    """Yield the suites in the order of the input; an allowed duplicate counts as skipped."""
    found: dict[str, list[Finding]] = {path: [] for path, _ in findings.files}
    for finding in findings.found:
        found[finding.duplicate.path].append(finding)
    outcome = "skipped" if findings.passed else "failure"
    cases = sum(max(len(held), 1) for held in found.values())
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    failures = 0 if findings.passed else len(findings.found)
    yield f'<testsuites name="dedupe" tests="{cases}" failures="{failures}" errors="0">\n'
    for path, records in findings.files:
        yield from write_suite(path, records, found[path], outcome)
    yield "</testsuites>\n"


def write_suite(path: str, records: int, found: Sequence[Finding], outcome: str) -> Iterator[str]:
    """Yield one file; without duplicates it has one case, which passes."""
    name = attribute_value(one_line(path))
    figures = suite_totals(max(len(found), 1), len(found), outcome)
    yield f'  <testsuite name={name} {figures} time="0">\n'
    if not found:
        clean = attribute_value(f"no duplicate in {count_noun(records, 'record')}")
        yield f'    <testcase name={clean} classname={name} time="0"/>\n'
    for finding in found:
        title = attribute_value(
            f"line {finding.duplicate.line}: {one_line(finding.duplicate.text)}"
        )
        message = finding_message(finding)
        yield f'    <testcase name={title} classname={name} time="0">\n'
        yield f"      <{outcome} message={attribute_value(message)}"
        yield (
            "/>\n"
            if outcome == "skipped"
            else f' type="duplicate">{failure_body(finding)}</failure>\n'
        )
        yield "    </testcase>\n"
    yield "  </testsuite>\n"


def suite_totals(cases: int, found: int, outcome: str) -> str:
    """Return the figures of a suite."""
    failures, skipped = (found, 0) if outcome == "failure" else (0, found)
    figures = {"tests": cases, "failures": failures, "errors": 0, "skipped": skipped}
    return " ".join(f'{name}="{value}"' for name, value in figures.items())


def failure_body(finding: Finding) -> str:
    """Both headlines, one under the other."""
    pair = (finding.original, finding.duplicate)
    lines = "\n".join(f"{one_line(p.path)}:{p.line}: {one_line(p.text)}" for p in pair)
    return escape(xml_text(lines))


def attribute_value(text: str) -> str:
    """Return a text as the value of an attribute, with its quotes."""
    return quoteattr(xml_text(text))


def xml_text(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)
