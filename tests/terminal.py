"""A pseudo-terminal with ``dedupe`` in it, and a test at its keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

from commandline import PATIENCE, environment

if TYPE_CHECKING:
    from pathlib import Path

ENTER = 'exec "$@" <>"$TTY" >&0 2>&0'
"""The leader of a new session that opens a terminal is controlled by it."""


class Terminal:
    """Runs one command line on a terminal of a given width; ``seen`` is all that it wrote."""

    def __init__(self, *arguments: str, folder: Path, columns: int = 80, **extra: str) -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.mode = termios.tcgetattr(self._theirs)
        self.seen = b""
        self._read = 0
        command = ["/bin/sh", "-c", ENTER, "sh", sys.executable, "-m", "dedupe", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**{"TTY": os.ttyname(self._theirs), "TERM": "xterm", **extra}),
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def expect(self, pattern: str) -> re.Match[str]:
        """Wait for new output that matches, and take it as read."""
        deadline = time.monotonic() + PATIENCE
        while True:
            match = re.search(pattern, self.text[self._read :])
            if match:
                self._read += match.end()
                return match
            assert time.monotonic() < deadline, f"{pattern!r} never came after {self.text!r}"
            self.drain(0.05)

    @property
    def text(self) -> str:
        """All that was written."""
        return self.seen.decode(errors="replace")

    def drain(self, seconds: float) -> None:
        """Take what is there, or comes within some seconds."""
        if select.select([self._ours], [], [], seconds)[0]:
            self.seen += os.read(self._ours, 65536)

    def end(self) -> int:
        """Wait for the process, and give its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running after {self.text!r}"
            self.drain(0.05)
        self.drain(0.05)
        return self.process.returncode

    def mode_now(self) -> list[object]:
        """The terminal's settings."""
        return termios.tcgetattr(self._theirs)
