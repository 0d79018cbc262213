"""Run in memory while the input fits into the memory limit, and over arrays in files beyond it.

The code is the same. Large arrays of numpy live in files without names, which the system writes
out and reads back as memory has room; so nothing is left behind, however a run ends. The bytes of
the input and all strings are in files as well.
"""

from __future__ import annotations

import mmap
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from dedupe import kernel
from dedupe.backends.spool import Spool, SpooledBatches, SpooledStrings
from dedupe.errors import ScratchError
from dedupe.load import load_corpus
from dedupe.pipeline import run
from dedupe.preprocess import prepare_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.config import Settings
    from dedupe.models import Batch, Corpus
    from dedupe.pipeline import Result

LEAST = 1 << 20
"""Bytes of an array that are worth a file."""
WAIT = 0.05
"""Seconds between two looks at how much memory the process takes."""
RESIDENT = Path("/proc/self/statm")
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


@contextmanager
def run_on_disk(
    batches: Iterable[Batch],
    settings: Settings,
    memory: int,
    folder: str,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Iterator[Result]:
    """Run as :func:`dedupe.pipeline.run` does, with what is large in files until the block ends.

    ``memory`` is in bytes; what a single step needs at once can exceed it. Raises ScratchError
    where ``folder`` is missing or full, and what ``run`` raises. Without the compiled kernel only
    bytes and strings are in files.
    """
    with Spool(folder) as spool, mapped_arrays(folder, memory):
        yield run(batches, settings, progress, partial(load_on_disk, spool))


def load_on_disk(spool: Spool, batches: Iterable[Batch], settings: Settings) -> Corpus:
    """Return the columns of all records, their bytes and strings in files."""
    packer, keep = partial(SpooledStrings, spool), partial(SpooledBatches, spool)
    return load_corpus(batches, len(settings.field), packer, keep)


@contextmanager
def mapped_arrays(folder: str, memory: int) -> Iterator[None]:
    """Have numpy take its large arrays from files while the block lasts."""
    if not kernel.available():
        yield
        return
    ended = Event()
    watch = Thread(target=release_above, args=(memory, ended), daemon=True)
    kernel.map_arrays(folder, LEAST)
    try:
        watch.start()
        yield
    except MemoryError as error:
        reason = kernel.mapping_trouble()
        if not reason:
            raise
        raise ScratchError(f"{folder}: {reason}") from error
    finally:
        kernel.map_arrays("", 0)
        ended.set()
        watch.join()


def release_above(memory: int, ended: Event) -> None:
    """Give mapped pages back to the system when the process takes three quarters of ``memory``.

    A page that is used again is read again, mostly from what the system still holds of it.
    """
    while RESIDENT.exists() and not ended.wait(WAIT):
        _, used, mapped, *_ = map(int, RESIDENT.read_text(encoding="ascii").split())
        if used * mmap.PAGESIZE > memory * 3 // 4 and 4 * mapped > used:
            kernel.release_pages()
