"""What a command costs where other work runs too: processor seconds, not wall seconds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path


def processor_cost(command: list[str]) -> tuple[float, float]:
    """Processor seconds of a command and all it starts, and peak MB of its largest process.

    A process in between counts: Linux lets a child's peak begin at that of who started it.
    """
    with tempfile.NamedTemporaryFile() as out:
        counted = [sys.executable, __file__, out.name, *command]
        environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
        subprocess.run(counted, check=True, capture_output=True, env=environ)
        seconds, memory = json.loads(Path(out.name).read_bytes())
    return seconds, memory


def main(out: str, command: list[str]) -> int:
    """Run a command, write what it cost, and end as it did."""
    code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(out).write_text(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
