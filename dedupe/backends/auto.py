"""Run in memory while the input fits into the memory limit, and on disk beyond it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.errors import ScratchError
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.config import Settings
    from dedupe.models import Batch
    from dedupe.pipeline import Result

MEMORY_PER_BYTE = 16
"""Bytes of memory that a byte of input takes, as measured on headlines of 150 to 300 bytes."""
FREE_MEMORY_SHARE = 2
"""Without a limit a run in memory may take one part in so many of what is free."""
LIBRARIES = ("duckdb", "pyarrow")
MISSING = "more memory than --memory allows needs an extra: pip install 'headline-dedupe[duckdb]'"
FREE = Path("/proc/meminfo")
LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


@contextmanager
def run_within_memory(
    batches: Iterable[Batch],
    settings: Settings,
    memory: int | None = None,
    folder: str | None = None,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Iterator[Result]:
    """A run that takes to the disk, in ``folder``, what would not fit into ``memory`` bytes.

    The result is the same, and there until the block ends; past memory its corpus has no texts.
    Without ``memory`` the limit is a share of what is free. Raises ScratchError where the disk will
    not do or what it takes is not installed, and what :func:`dedupe.pipeline.run` raises.
    """
    limit = memory or free_memory() // FREE_MEMORY_SHARE
    coming = iter(batches)
    held: list[Batch] = []
    size = 0
    for batch in coming:
        held.append(batch)
        size += len(batch.data)
        if size * MEMORY_PER_BYTE > limit and (memory or is_installed()):
            break
    else:
        yield run(release_batches(held, coming), settings, progress)
        return
    if not is_installed():
        raise ScratchError(MISSING)
    from dedupe.backends.disk import run_on_disk  # noqa: PLC0415 - an extra

    where = folder or tempfile.gettempdir()
    with run_on_disk(release_batches(held, coming), settings, limit, where, progress) as result:
        yield result


def release_batches(held: list[Batch], coming: Iterator[Batch]) -> Iterator[Batch]:
    """What is held, given up one by one, then the rest."""
    held.reverse()
    while held:
        yield held.pop()
    yield from coming


def is_installed() -> bool:
    """Whether there is what a run on disk takes."""
    return all(find_spec(name) for name in LIBRARIES)


def free_memory() -> int:
    """The bytes of memory that are free to take; as many as can be where the system tells none."""
    known = [1 << 62]
    if FREE.exists():
        rows = (line.split() for line in FREE.read_text(encoding="ascii").splitlines())
        known += [int(row[1]) << 10 for row in rows if row[0] == "MemAvailable:"]
    if LIMIT.exists() and USED.exists():
        most = LIMIT.read_text(encoding="ascii").strip()
        known += [int(most) - int(USED.read_text(encoding="ascii"))] if most.isdigit() else []
    return max(min(known), 1)
