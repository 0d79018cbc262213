"""One JSON object, a finding a line; texts are complete and unchanged."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.gate.models import Finding, Findings


def render(findings: Findings) -> Iterator[str]:
    """Yield the figures, then the findings."""
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
