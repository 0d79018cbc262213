"""Reports of a check for other services: GitHub, GitLab, JUnit XML and SARIF."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from dedupe.reports.format import (
    count_noun,
    finding_message,
    location_text,
    one_line,
    stale_message,
)
from dedupe.reports.text import render_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.gate.models import Finding, Findings, SourceLocation


MAX_ANNOTATIONS = 10
"""The number of annotations of each level that GitHub shows per step; it drops the others."""
ANNOTATION_TITLE = "Duplicate headline"
NOT_A_FILE = "<stdin>"


def render_github(findings: Findings) -> Iterator[str]:
    """Yield annotations of as many duplicates as are shown, then every line of the text report.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    level = "warning" if findings.passed else "error"
    for finding in findings.found[:MAX_ANNOTATIONS]:
        there = f"{location_text(finding.original)}: {one_line(finding.original.text)}"
        yield workflow_command(
            level,
            f"{finding_message(finding)}\n{there}",
            **annotation_location(finding),
            title=ANNOTATION_TITLE,
        )
    more = len(findings.found) - MAX_ANNOTATIONS
    if more > 0:
        yield workflow_command(
            "notice", f"{count_noun(more, 'more duplicate')}: see the log", title=ANNOTATION_TITLE
        )
    for stale in findings.stale[: MAX_ANNOTATIONS - 1]:
        yield workflow_command("notice", stale_message(stale), title="Stale baseline")
    yield from stop_commands("".join(render_text(findings)))


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


CHECK_NAME = "duplicate-headline"


def render_gitlab(findings: Findings) -> Iterator[str]:
    """Yield one JSON array, a finding a line: https://docs.gitlab.com/ci/testing/code_quality/ ."""
    severity = "minor" if findings.passed else "major"
    yield "["
    for location, finding in enumerate(findings.found):
        issue = {
            "description": finding_message(finding),
            "check_name": CHECK_NAME,
            "fingerprint": finding.fingerprint,
            "severity": severity,
            "location": {
                "path": finding.duplicate.path,
                "lines": {"begin": finding.duplicate.line},
            },
        }
        yield (",\n" if location else "\n") + json.dumps(issue, ensure_ascii=False)
    yield "\n]\n" if findings.found else "]\n"


NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(findings: Findings) -> Iterator[str]:
    """Yield JUnit XML as Jenkins and others read it: one suite per file, one case per duplicate.

    Suites are in the order of the input; an allowed duplicate counts as skipped.
    """
    found: dict[str, list[Finding]] = {path: [] for path, _ in findings.files}
    for finding in findings.found:
        found[finding.duplicate.path].append(finding)
    outcome = "skipped" if findings.passed else "failure"
    cases = sum(max(len(own), 1) for own in found.values())
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
    """Return both headlines, one under the other."""
    pair = (finding.original, finding.duplicate)
    lines = "\n".join(f"{one_line(p.path)}:{p.line}: {one_line(p.text)}" for p in pair)
    return escape(xml_text(lines))


def attribute_value(text: str) -> str:
    """Return a text as the value of an attribute, with its quotes."""
    return quoteattr(xml_text(text))


def xml_text(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)


SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
SARIF_RULE: dict[str, Any] = {
    "id": "duplicate-headline",
    "name": "DuplicateHeadline",
    "shortDescription": {"text": "The same story told twice"},
    "fullDescription": {
        "text": "A headline near enough to another to tell the same story. "
        "dedupe unique keeps one version of every story."
    },
    "help": {
        "text": "Remove the duplicate, as dedupe unique does, accept it by --update-baseline, "
        "or see why it was found by dedupe explain."
    },
    "defaultConfiguration": {"level": "error"},
}
LINK_MIDDLE = "]("


def render_sarif(findings: Findings) -> Iterator[str]:
    """Yield one run of SARIF 2.1.0, for code scanning.

    The duplicate is the location, its original a related one. Source:
    https://docs.oasis-open.org/sarif/sarif/v2.1.0/
    """
    level = "warning" if findings.passed else "error"
    head = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
    }
    driver = {"name": "dedupe", "rules": [SARIF_RULE]}
    yield json.dumps(head)[:-1]
    yield f', "runs": [{{"tool": {json.dumps({"driver": driver})},\n'
    yield '"columnKind": "unicodeCodePoints", "results": ['
    for location, finding in enumerate(findings.found):
        row = json.dumps(sarif_result(finding, level), ensure_ascii=False)
        yield (",\n" if location else "\n") + row
    yield "\n]}]}\n"


def sarif_result(finding: Finding, level: str) -> dict[str, object]:
    """Return one finding; its fingerprint stays when lines move."""
    return {
        "ruleId": SARIF_RULE["id"],
        "ruleIndex": 0,
        "level": level,
        "message": {"text": message_text(finding_message(finding))},
        "locations": [sarif_location(finding.duplicate)],
        "relatedLocations": [
            {
                "id": 1,
                **sarif_location(finding.original),
                "message": {"text": message_text(one_line(finding.original.text))},
            }
        ],
        "partialFingerprints": {"recordDigest/v1": finding.fingerprint},
        "properties": {
            "score": finding.score,
            "reason": finding.reason,
            "cluster": finding.cluster,
        },
    }


def message_text(text: str) -> str:
    """Return a message without a link, which a headline could make; a message is never empty."""
    return text.replace(LINK_MIDDLE, "] (") or "(no headline)"


def sarif_location(location: SourceLocation) -> dict[str, object]:
    """Return a line of a file; a relative path starts where the sources do."""
    root = {} if location.path.startswith("/") else {"uriBaseId": "%SRCROOT%"}
    uri = quote(location.path, safe="/", errors="surrogateescape")
    artifact = {"uri": uri if root else f"file://{uri}", **root}
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": location.line}}
    }
