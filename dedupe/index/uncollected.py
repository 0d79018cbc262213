"""No search for cycles of objects while many are made that are in none."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python's collector rest, if it is on.

    A call makes lists and tuples by the hundred thousand, and it would look through all of them
    again and again. What is in no cycle, as all of them, goes without it.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
