"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dedupe.reports.format import finding_message, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.gate.models import Finding, Findings, SourceLocation

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
RULE: dict[str, Any] = {
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
LINKING = "]("


def render(findings: Findings) -> Iterator[str]:
    """Yield one run; the duplicate is the location, what it repeats a related one."""
    level = "warning" if findings.passed else "error"
    head = {
        "$schema": SCHEMA,
        "version": "2.1.0",
    }
    driver = {"name": "dedupe", "rules": [RULE]}
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
        "ruleId": RULE["id"],
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
    return text.replace(LINKING, "] (") or "(no headline)"


def sarif_location(location: SourceLocation) -> dict[str, object]:
    """Return a line of a file; a relative path starts where the sources do."""
    root = {} if location.path.startswith("/") else {"uriBaseId": "%SRCROOT%"}
    uri = quote(location.path, safe="/", errors="surrogateescape")
    artifact = {"uri": uri if root else f"file://{uri}", **root}
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": location.line}}
    }
