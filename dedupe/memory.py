"""What memory the process may take, and what it gives back."""

from __future__ import annotations

import mmap

from dedupe import kernel

LEAST = 128 << 20
"""Bytes that loading what a run needs takes of a limit."""


def memory_is_limited() -> bool:
    """Whether the process has a limit on its memory (``ulimit -v``)."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def check_memory() -> None:
    """Raise MemoryError where a limit leaves no room to begin; libraries would end the process."""
    if memory_is_limited():
        try:
            mmap.mmap(-1, LEAST).close()  # takes addresses, and touches none
        except OSError as error:
            raise MemoryError from error


def release_memory() -> None:
    """Give back to the system what a step took and freed, so that no two steps add up."""
    if kernel.available():
        kernel.trim_heap()
