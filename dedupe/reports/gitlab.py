"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/ ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dedupe.reports.wording import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.stories import Findings

CHECK = "duplicate-headline"


def render(findings: Findings) -> Iterator[str]:
    """One JSON array, a finding a line."""
    severity = "minor" if findings.passed else "major"
    yield "["
    for place, finding in enumerate(findings.found):
        issue = {
            "description": told(finding),
            "check_name": CHECK,
            "fingerprint": finding.fingerprint,
            "severity": severity,
            "location": {
                "path": finding.duplicate.path,
                "lines": {"begin": finding.duplicate.line},
            },
        }
        yield (",\n" if place else "\n") + json.dumps(issue, ensure_ascii=False)
    yield "\n]\n" if findings.found else "]\n"
