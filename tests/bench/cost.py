"""What a command costs where other work runs too: processor seconds, not wall seconds."""

from __future__ import annotations

import os
import subprocess
import tempfile


def processor_cost(command: list[str]) -> tuple[float, float]:
    """Processor seconds of a command and all it starts, and peak MB of its largest process."""
    environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environ)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command, stderr=said.read())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
