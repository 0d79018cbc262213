"""Run work in threads; no result depends on their number."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.memory import memory_is_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

Task = TypeVar("Task")
Done = TypeVar("Done")

PAIRS_AT_ONCE = 1 << 14
"""So many pairs are looked at together."""


def thread_count(jobs: int) -> int:
    """So many threads as are asked for; for 0 one a core, but one where memory is limited.

    A thread that finds no memory for itself ends the process in the C library, past every handler.
    """
    return jobs or (1 if memory_is_limited() else os.cpu_count() or 1)


@contextmanager
def thread_map(
    jobs: int,
) -> Iterator[Callable[[Callable[[Task], Done], Iterable[Task]], Iterable[Done]]]:
    """A ``map`` whose calls are shared among threads, results in order; of one job a plain one.

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


def map_slices(
    jobs: int,
    call: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return what a call finds of pairs, a row a pair, some pairs at a time."""
    if len(left) <= PAIRS_AT_ONCE:
        return call(left, right)
    slices = [slice(at, at + PAIRS_AT_ONCE) for at in range(0, len(left), PAIRS_AT_ONCE)]
    with thread_map(jobs) as spread:
        return np.concatenate([*spread(lambda part: call(left[part], right[part]), slices)])
