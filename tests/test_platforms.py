"""Commands run where the system has less than POSIX, as Windows does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, PROJECT, dedupe

if TYPE_CHECKING:
    from pathlib import Path

LESS = """
import os, signal, sys
for module, names in (
    (os, ("fork", "geteuid", "getuid", "mkfifo", "posix_fallocate", "sysconf")),
    (signal, ("SIGHUP", "SIGCONT", "SIGALRM", "SIGTSTP")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
"""


@pytest.mark.parametrize("command", ["unique", "cluster", "pairs", "report"])
def test_a_command_needs_no_posix(command: str, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(LESS)
    path = os.pathsep.join([str(tmp_path), str(PROJECT)])
    told = (command, "-q", str(FIXTURES / "demo.jsonl"))
    plain = dedupe(*told, folder=tmp_path)
    less = dedupe(*told, folder=tmp_path, PYTHONPATH=path)
    assert (less.code, less.out) == (plain.code, plain.out), less.err
    assert plain.code == 0
