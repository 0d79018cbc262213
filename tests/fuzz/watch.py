"""One execution: what may come out of it, how long it may take, and where a finding goes."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.targets import Target

LONGEST = 6.0 if "ASAN_OPTIONS" in os.environ else 2.0
"""Seconds of processor time for one pass through an input of up to a MiB, slower if sanitized."""


class FindingError(Exception):
    """What was found, in one line, with the file that holds the input."""


class Watch:
    """A target under watch; ``executions`` counts along."""

    def __init__(self, name: str, target: Target, findings: Path) -> None:
        self.name = name
        self.executions = 0
        self.target = target
        self._findings = findings

    def __call__(self, data: bytes) -> None:
        """Run the target once; raises FindingError."""
        self.executions += 1
        started = time.process_time()
        try:
            self.target.run(data)
        except self.target.refusals:
            pass
        except Exception as error:
            told = str(error).partition("\n")[0][:120]
            raise self.found(data, f"{type(error).__name__}: {told}") from error
        took = time.process_time() - started
        if took > LONGEST * self.target.passes:
            raise self.found(data, f"{took:.1f} s for {len(data)} bytes")

    def found(self, data: bytes, told: str) -> FindingError:
        """Keep the input, and word the finding."""
        self._findings.mkdir(parents=True, exist_ok=True)
        path = self._findings / f"{self.name}-{hashlib.blake2b(data, digest_size=6).hexdigest()}"
        path.write_bytes(data)
        return FindingError(f"fuzz: {self.name}: {told} (input in {path})")
