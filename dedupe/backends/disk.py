"""Run over arrays in files: the same code as in memory, where memory does not hold them.

Large arrays of numpy live in files without names, which the system writes out and reads back as
memory has room; so nothing is left behind, however a run ends. The bytes of the input and all
strings are in files as well.
"""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from dedupe import kernel
from dedupe.backends.spool import Spool, SpooledBatches, SpooledStrings
from dedupe.errors import ScratchError
from dedupe.load import load_corpus
from dedupe.pipeline import Backend, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.config import Settings
    from dedupe.models import Batch, Corpus
    from dedupe.pipeline import Result

LEAST = 1 << 20
"""Bytes of an array that are worth a file."""
WAIT = 0.05
"""Seconds between two looks at how much memory the process takes."""
USED = Path("/proc/self/statm")


class DiskBackend(Backend):
    """Keeps the bytes and the strings of a corpus in files."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool

    def load(self, batches: Iterable[Batch], settings: Settings) -> Corpus:
        """Return the columns of all records."""
        packer, keep = partial(SpooledStrings, self.spool), partial(SpooledBatches, self.spool)
        return load_corpus(batches, len(settings.field), packer, keep)


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
        yield run(batches, settings, progress, DiskBackend(spool))


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
    while USED.exists() and not ended.wait(WAIT):
        _, used, mapped, *_ = map(int, USED.read_text(encoding="ascii").split())
        if used * mmap.PAGESIZE > memory * 3 // 4 and 4 * mapped > used:
            kernel.release_pages()
