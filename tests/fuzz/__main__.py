"""All targets, one after the other, each in a process with a limit on its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz.drive import GUIDED
from fuzz.targets import TARGETS

GRACE = 90
"""Seconds that a target's process may take to begin and to end."""
FINDINGS = "fuzz-findings"


def run(name: str, seconds: float, findings: Path) -> tuple[bool, str]:
    """Run one target; returns whether all is well, and its executions or its finding."""
    command = [sys.executable, "-m", "fuzz.drive", name, str(seconds), str(findings)]
    log = findings / f"{name}.log"
    with tempfile.TemporaryDirectory() as folder, log.open("wb") as errors:
        paths = os.pathsep.join([p for p in sys.path if p])
        try:
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, check=False,
                timeout=seconds + GRACE,
                env=os.environ | {"PYTHONPATH": paths, "TMPDIR": folder, "OMP_NUM_THREADS": "1",
                    "MALLOC_ARENA_MAX": "2"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, f"fuzz: {name}: did not come to an end (see {log})"
    told = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
    if done.returncode == 0:
        log.unlink()
        return True, told
    crashed = f"fuzz: {name}: ended with {done.returncode} (see {log}, inputs beside it)"
    return False, told if done.returncode == 1 and told.startswith("fuzz:") else crashed


def main(seconds: float, names: list[str]) -> int:
    """Run targets, ``seconds`` all together; 1 if there is a finding."""
    findings = Path(FINDINGS).absolute()
    findings.mkdir(exist_ok=True)
    print("guided by coverage" if GUIDED else "without atheris: hypothesis alone")
    failed, total = [], 0
    for name in names:
        well, told = run(name, seconds / len(names), findings)
        if well:
            total += int(told)
            print(f"{name:12} {int(told):>10,}", flush=True)
        else:
            failed.append(told)
            print(f"{name:12} {'finding':>10}", flush=True)
    print(f"{'executions':12} {total:>10,}")
    for told in failed:
        print(told, file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:] or list(TARGETS)))
