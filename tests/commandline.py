"""Run ``dedupe`` as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
FIXTURES = PROJECT / "fixtures"
OURS = (
    "DEDUPE_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE",
    "GITHUB_", "GITLAB_",
)  # fmt: skip
"""What a caller may have set; without bytecode a command compiles all of itself every time."""
PATIENCE = 120


@dataclass(frozen=True)
class Done:
    """What a finished process left behind."""

    code: int
    out: bytes
    err: str


def environment(**extra: str) -> dict[str, str]:
    """Keep the caller's own settings out, and make the project importable from any folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONPATH": str(PROJECT), **extra}


def dedupe(*arguments: str, folder: Path, stdin: bytes = b"", **extra: str) -> Done:
    """Run one command line to its end."""
    return finished(
        [sys.executable, "-m", "dedupe", *arguments], folder, stdin, environment(**extra)
    )


def shell(script: str, folder: Path, stdin: bytes = b"") -> Done:
    """Run a shell script that finds ``dedupe`` on its path."""
    tools = folder / ".bin"
    tools.mkdir(exist_ok=True)
    shim = tools / "dedupe"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dedupe "$@"\n')
    shim.chmod(0o755)
    path = os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)])
    return finished(["/bin/sh", "-c", script], folder, stdin, environment(PATH=path))


def start(*arguments: str, folder: Path, **extra: str) -> subprocess.Popen[bytes]:
    """Start a command line that the test will talk to, or interrupt."""
    return subprocess.Popen(
        [sys.executable, "-m", "dedupe", *arguments],
        cwd=folder,
        env=environment(**extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(command: list[str], folder: Path, stdin: bytes, env: dict[str, str]) -> Done:
    """Run any command to its end."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def visible(folder: Path) -> set[str]:
    """Name all that a run left in a folder, temporary files included."""
    return {path.name for path in folder.iterdir()} - {".bin"}
