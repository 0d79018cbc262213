"""What a run takes of the machine: threads, on whose number no result depends, and memory."""

from __future__ import annotations

import mmap
import os
from collections import deque
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from dedupe import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    import numpy as np
    from numpy.typing import NDArray

Task = TypeVar("Task")
Done = TypeVar("Done")
WAITING = 2
"""Calls per thread that may wait in the background before the next call blocks."""

PAIRS_AT_ONCE = 1 << 14
"""The number of pairs in a batch."""

LEAST = 128 << 20
"""The bytes of a memory limit that loading the libraries of a run takes."""


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
    with cancelled_pool(count) as pool:
        context = copy_context()  # in which numpy may take arrays from files
        yield lambda call, tasks: pool.map(lambda task: context.copy().run(call, task), tasks)


@contextmanager
def background(
    jobs: int,
) -> Iterator[Callable[[Callable[[Task], Done], Task], Callable[[], Done]]]:
    """Yield a way to call functions in background threads; with one job they are called at once.

    It takes a call and its task, and returns what waits for the result, or raises what the call
    did. It waits itself where many calls have not ended, lest their tasks fill the memory.
    """
    count = thread_count(jobs)
    if count == 1:
        yield call_at_once
        return
    waiting: deque[Future[Any]] = deque()
    with ExitStack() as ended:
        pool: list[ThreadPoolExecutor] = []

        def start(call: Callable[[Task], Done], task: Task) -> Callable[[], Done]:
            if not pool:  # small inputs need no threads
                pool.append(ended.enter_context(cancelled_pool(count)))
            if len(waiting) >= WAITING * count:
                waiting.popleft().exception()
            waiting.append(pool[0].submit(copy_context().run, call, task))
            return waiting[-1].result

        yield start


@contextmanager
def cancelled_pool(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a thread pool whose waiting calls are cancelled when the block raises."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not for --help

    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def call_at_once(call: Callable[[Task], Done], task: Task) -> Callable[[], Done]:
    """Call a function, and return a function that returns its result."""
    done = call(task)
    return lambda: done


def map_slices(
    jobs: int,
    call: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the rows that a call computes for pairs, a batch of pairs at a time."""
    import numpy as np  # noqa: PLC0415 - the command line loads this module for its help

    if len(left) <= PAIRS_AT_ONCE:
        return call(left, right)
    slices = [slice(at, at + PAIRS_AT_ONCE) for at in range(0, len(left), PAIRS_AT_ONCE)]
    with thread_map(jobs) as spread:
        return np.concatenate([*spread(lambda part: call(left[part], right[part]), slices)])


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
    """Return freed memory to the system, so that the peaks of two steps do not add up."""
    if kernel.available():
        kernel.trim_heap()
