"""Run in memory while the input fits into the memory limit, and on disk beyond it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.backends.disk import run_on_disk
from dedupe.pipeline import run
from dedupe.preprocess import prepare_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.config import Settings
    from dedupe.models import Batch
    from dedupe.pipeline import Result

MEMORY_PER_BYTE = 16
"""Bytes of memory that a byte of input takes, as measured on headlines of 150 to 300 bytes."""
FREE_MEMORY_SHARE = 2
"""Without a limit a run in memory may take half of what is free."""
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
    """Run in memory, or in files of ``folder`` if the input needs more than ``memory`` bytes.

    The result is the same, and valid until the block ends. Without ``memory`` the limit is a share
    of what is free. Raises ScratchError if the folder cannot be used or is full, and what
    :func:`dedupe.pipeline.run` raises.
    """
    limit = memory or free_memory() // FREE_MEMORY_SHARE
    coming = prepare_ahead(batches, settings)
    held: list[Batch] = []
    size = 0
    for batch in coming:
        held.append(batch)
        size += len(batch.data)
        if size * MEMORY_PER_BYTE > limit:
            break
    else:
        yield run(release_batches(held, coming), settings, progress)
        return
    where = folder or tempfile.gettempdir()
    with run_on_disk(release_batches(held, coming), settings, limit, where, progress) as result:
        yield result


def release_batches(held: list[Batch], coming: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the batches held, each given up as it goes, then the rest."""
    held.reverse()
    while held:
        yield held.pop()
    yield from coming


def free_memory() -> int:
    """Return the bytes of memory that are free; 2**62 where the system does not say."""
    known = [1 << 62]
    if FREE.exists():
        rows = (line.split() for line in FREE.read_text(encoding="ascii").splitlines())
        known += [int(row[1]) << 10 for row in rows if row[0] == "MemAvailable:"]
    if LIMIT.exists() and USED.exists():
        most = LIMIT.read_text(encoding="ascii").strip()
        known += [int(most) - int(USED.read_text(encoding="ascii"))] if most.isdigit() else []
    return max(min(known), 1)
