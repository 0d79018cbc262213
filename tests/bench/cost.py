"""What a command costs: wall seconds, processor seconds, memory at its peak."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROCESSES = Path("/proc")
SAMPLED = 0.02
"""Seconds between two looks at the memory."""
OFFLINE = {"HF_HUB_OFFLINE": "1"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and processor seconds of a command and all it starts, and their peak resident MB.

    The peak is of all at once, pages that they share counted for each; 0 where there is no /proc.
    """

    seconds: float
    processor: float
    memory: float


def cost_of(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command; raises CalledProcessError, with what it told, if it fails."""
    with tempfile.TemporaryFile() as told:
        started = time.perf_counter()
        child = subprocess.Popen(
            command,
            env={**os.environ, **OFFLINE, **(environ or {})},
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        watch = Watch(child.pid)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        watch.end()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            told.seek(0)
            raise subprocess.CalledProcessError(child.returncode, command, stderr=told.read())
    return Cost(seconds, usage.ru_utime + usage.ru_stime, watch.peak / 1024)


class Watch(threading.Thread):
    """Looks at the memory of a process and its descendants until told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        """Keep the highest sum in kB, and the highest that any one of them ever had."""
        while not self._over.wait(SAMPLED):
            held = [memory_of(pid) for pid in descent(self._pid)]
            together = sum(now for now, _ in held)
            self.peak = max(self.peak, together, *(most for _, most in held))

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def descent(pid: int) -> Iterator[int]:
    """A process and all that came of it."""
    yield pid
    for thread in threads_of(pid):
        for child in text_of(thread / "children").split():
            yield from descent(int(child))


def threads_of(pid: int) -> list[Path]:
    """The folders of its threads, none once it has gone."""
    try:
        return list((PROCESSES / f"{pid}/task").iterdir())
    except OSError:
        return []


def memory_of(pid: int) -> tuple[int, int]:
    """The kB that a process holds in memory, and the most that it ever held."""
    lines = text_of(PROCESSES / f"{pid}/status").splitlines()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    held, most = (facts.get(name, "0").split()[0] for name in ("VmRSS", "VmHWM"))
    return int(held), int(most)


def text_of(path: Path) -> str:
    """What stands in a file of /proc, nothing once its process has gone."""
    try:
        return path.read_text()
    except OSError:
        return ""
