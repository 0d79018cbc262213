"""Time the main job against the floor: ``python tests/bench/speed.py FILE.jsonl [RUNS]``.

The floor is a one-core Python loop that reads each line, parses it with orjson and writes it out.
Prints a Markdown table of medians: wall seconds, ratio to the floor, peak memory.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLOOR = """
import sys, orjson
with open(sys.argv[1], "rb") as lines, open(sys.argv[2], "wb") as out:
    for line in lines:
        orjson.loads(line)
        out.write(line)
"""


def timed(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Wall seconds and peak resident MB of one command."""
    started = time.perf_counter()
    child = subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main(path: str, runs: int) -> None:
    """Print one row a command."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.jsonl")
        unique = [sys.executable, "-m", "dedupe", "unique", "-q", "-o", out, path]
        cluster = [sys.executable, "-m", "dedupe", "cluster", "-q", "-o", out, path]
        rows: list[tuple[str, list[str], dict[str, str]]] = [
            ("floor", [sys.executable, "-c", FLOOR, path, out], {}),
            ("unique", unique, {}),
            ("unique --jobs 1", [*unique, "--jobs", "1"], {}),
            ("cluster", cluster, {}),
            ("unique, no compiled kernel", unique, {"DEDUPE_PURE": "1"}),
        ]
        with Path(path).open("rb") as lines:
            records = sum(1 for _ in lines)
        print(f"{records:,} records\n\n| command | s | us a record | x floor | MB |")
        print("|---|---|---|---|---|")
        base = 0.0
        for name, command, environ in rows:
            measured = [timed(command, environ) for _ in range(runs)]
            wall = statistics.median(seconds for seconds, _ in measured)
            base = base or wall
            peak = max(memory for _, memory in measured)
            figures = f"{wall:.2f} | {wall / records * 1e6:.1f} | {wall / base:.1f} | {peak:.0f}"
            print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)
