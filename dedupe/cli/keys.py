"""What the person at the keys says: single keys on a terminal, lines from anything else."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dedupe.cli.console import is_terminal, standard_input

if TYPE_CHECKING:
    from collections.abc import Iterator

END = "\x04"
"""What stands for the end of input, as Ctrl-D sends it."""
CHUNK = 256
# Arrow and function keys: they mean nothing here, and their letters must not count as keys.
SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


@contextmanager
def open_keys() -> Iterator[Iterator[str]]:
    """Give the keys as they come, lower case; the end of input ends them."""
    if not is_terminal(sys.stdin):
        yield line_keys()
        return
    with single_keys(sys.stdin.fileno()) as keys:
        yield keys


def line_keys() -> Iterator[str]:
    """The first letter of each line that has one."""
    for line in standard_input():
        word = line.decode(errors="replace").strip().lower()
        if word:
            yield word[0]


@contextmanager
def single_keys(terminal: int) -> Iterator[Iterator[str]]:
    """Take a terminal out of line mode for a while; Ctrl-C and Ctrl-Z work as ever."""
    import termios  # noqa: PLC0415 - not on every system, and not for --help
    import tty  # noqa: PLC0415 - the same

    before = termios.tcgetattr(terminal)

    def again(_number: int, _frame: object) -> None:
        tty.setcbreak(terminal, termios.TCSADRAIN)

    handler = signal.signal(signal.SIGCONT, again)  # the shell has reset the terminal meanwhile
    try:
        tty.setcbreak(terminal, termios.TCSADRAIN)
        yield typed(terminal)
    finally:
        signal.signal(signal.SIGCONT, handler)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def typed(terminal: int) -> Iterator[str]:
    """Keys of a terminal; one that hangs up has no more."""
    while True:
        try:
            data = os.read(terminal, CHUNK)
        except OSError:
            return
        for key in SEQUENCE.sub(b"", data).decode(errors="replace").lower():
            if key == END:
                return
            yield key
        if not data:
            return
