"""Run work in threads; no result depends on their number."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from dedupe.memory import memory_is_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Done = TypeVar("Done")


def thread_count(jobs: int) -> int:
    """Return the number of threads; 0 means one per core, or one where memory is limited.

    A thread that finds no memory for itself ends the process in the C library, past every handler.
    """
    return jobs or (1 if memory_is_limited() else os.cpu_count() or 1)


@contextmanager
def thread_map(
    jobs: int,
) -> Iterator[Callable[[Callable[[Task], Done], Iterable[Task]], Iterable[Done]]]:
    """Yield a ``map`` whose calls are shared among threads; results are in order.

    What a call raises is raised where its result is asked for, and the block ends without the rest.
    """
    count = thread_count(jobs)
    if count == 1:
        yield map
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not for --help

    with ThreadPoolExecutor(count) as pool:
        context = copy_context()  # in which numpy may take arrays from files
        try:
            yield lambda call, tasks: pool.map(lambda task: context.copy().run(call, task), tasks)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
