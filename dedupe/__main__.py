"""The process of the ``dedupe`` command: streams, signals and the exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import dedupe

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 128 + signal.SIGINT
DISTRIBUTION = "headline-dedupe"


def main(argv: Sequence[str]) -> int:
    """Carry out one command line, without the program's name; returns its exit code."""
    if getattr(dedupe, "DISTRIBUTION", None) != DISTRIBUTION:  # its __init__.py was overwritten
        from headline_dedupe import refuse  # noqa: PLC0415 - seldom needed

        refuse()
    try:
        from dedupe.cli.app import execute  # noqa: PLC0415 - Ctrl-C while it loads ends quietly too
    except KeyboardInterrupt:
        return INTERRUPTED
    return execute(argv)


def run() -> NoReturn:
    """Run the whole process, as the console script does."""
    occupy_closed_descriptors()
    exit_on_signals()
    # Its threads are of no use here, and end the process where there is no memory for them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = main(sys.argv[1:])
    drop_unwritable_output()
    if code == INTERRUPTED:
        os._exit(code)  # where the interrupt met an import, Python would still die of the signal
    sys.exit(code)


def occupy_closed_descriptors() -> None:
    """Keep a file opened later from taking the number of a closed standard stream.

    The stand-in refuses the stream's own use (0 cannot be read, 1 and 2 cannot be written),
    so that a closed stream is still an error where it is needed.
    """
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one


def exit_on_signals() -> None:
    """Exit normally on a signal to stop, so that temporary files are removed."""
    hangup = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none
    for number in (signal.SIGTERM, hangup):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has set it to be ignored
            signal.signal(number, lambda got, _frame: sys.exit(128 + got))


def drop_unwritable_output() -> None:
    """Drop what a closed stdout or stderr still buffers: Python would report it at exit."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    run()
