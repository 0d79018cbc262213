"""Run work in threads; no result depends on their number."""

from __future__ import annotations

import os
from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from dedupe.memory import memory_is_limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Done = TypeVar("Done")
WAITING = 2
"""Calls a thread that may wait in the background before the next one has to."""


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


@contextmanager
def background(
    jobs: int,
) -> Iterator[Callable[[Callable[[Task], Done], Task], Callable[[], Done]]]:
    """A way to call functions in threads meanwhile; of one job they are called at once.

    It takes a call and its task, and returns what waits for the result, or raises what the call
    did. It waits itself where many calls have not ended, lest their tasks fill the memory.
    """
    count = thread_count(jobs)
    if count == 1:
        yield call_at_once
        return
    from concurrent.futures import Future, ThreadPoolExecutor, wait  # noqa: PLC0415 - as above

    calls: deque[Future[Any]] = deque()

    def start(call: Callable[[Task], Done], task: Task) -> Callable[[], Done]:
        if len(calls) >= WAITING * count:
            wait([calls.popleft()])
        calls.append(pool.submit(copy_context().run, call, task))
        return calls[-1].result

    with ThreadPoolExecutor(count) as pool:
        try:
            yield start
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def call_at_once(call: Callable[[Task], Done], task: Task) -> Callable[[], Done]:
    """Return what returns the result of a call."""
    done = call(task)
    return lambda: done
