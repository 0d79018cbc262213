"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/ ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dedupe.reports.format import finding_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.gate.models import Findings

CHECK = "duplicate-headline"


def render(findings: Findings) -> Iterator[str]:
    """Yield one JSON array, a finding a line."""
    severity = "minor" if findings.passed else "major"
    yield "["
    for location, finding in enumerate(findings.found):
        issue = {
            "description": finding_message(finding),
            "check_name": CHECK,
            "fingerprint": finding.fingerprint,
            "severity": severity,
            "location": {
                "path": finding.duplicate.path,
                "lines": {"begin": finding.duplicate.line},
            },
        }
        yield (",\n" if location else "\n") + json.dumps(issue, ensure_ascii=False)
    yield "\n]\n" if findings.found else "]\n"
