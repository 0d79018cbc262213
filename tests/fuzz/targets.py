"""What is fuzzed, by name: each a function that takes any bytes, with its seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dedupe.errors import DedupeError, StoreError
from fuzz.reading import BOTH_WAYS, READERS
from fuzz.settings import WAYS_IN
from fuzz.stores import STORES
from fuzz.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20
MOST = {"kernel": 1 << 14, "cluster": 1 << 12, "index": 1 << 10}
"""Where three computations, or a file of SQLite's, are compared: the most bytes of one input."""


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` may raise ``refusals`` and nothing else; ``most`` is in bytes.

    ``passes`` tells how often it goes through its input.
    """

    run: Callable[[bytes], None]
    seeds: list[bytes]
    most: int
    refusals: tuple[type[Exception], ...]
    passes: int = 1


TARGETS = {
    name: Target(
        run,
        seeds,
        MOST.get(name, MIB),
        (StoreError,) if name in STORES else (DedupeError, click.UsageError),
        2 if name in BOTH_WAYS else 1,
    )
    for name, (run, seeds) in (READERS | TEXTS | WAYS_IN | STORES).items()
}
