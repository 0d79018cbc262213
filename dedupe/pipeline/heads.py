"""Runs of equal texts, and the record that stands for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.bonds import eject
from dedupe.runs import cut_runs
from dedupe.stories import HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.outline import Outline

NO_RECORDS = np.zeros(0, dtype=np.int64)


def run_heads(outline: Outline) -> NDArray[np.int64]:
    """Each record's head: the best by policy of its run of equal texts."""
    counts = np.bincount(outline.kinds[outline.kinds >= 0], minlength=outline.kind_count)
    reach = np.zeros(len(counts), dtype=np.int64)
    many = np.flatnonzero(counts > 1)
    reach[many] = outline.reach(many)
    if outline.settings.window is not None:
        np.minimum(reach, outline.settings.window, out=reach)
    return best_of(outline, eject(outline.links, cut_runs(outline.kinds, outline.times, reach)))


def best_of(outline: Outline, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best record by policy of each record's run; a record without a run is its own."""
    ranks = outline.order.rank(np.zeros(len(runs)))
    held = np.flatnonzero(runs >= 0)
    order = held[np.lexsort((ranks[held], runs[held]))]
    numbers, firsts = np.unique(runs[order], return_index=True)
    heads = np.arange(len(runs))
    heads[held] = order[firsts][np.searchsorted(numbers, runs[held])]
    return heads


def alive_heads(outline: Outline, leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """The records that lead a story."""
    return np.flatnonzero((leaders == np.arange(len(leaders))) & (outline.kinds >= 0))


def stray_copies(
    outline: Outline, heads: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Copies that stand further from their head's leader than the window allows."""
    if outline.settings.window is None:
        return NO_RECORDS
    records = np.arange(len(heads))
    far = outline.hours(records, leaders) * HOUR > outline.settings.window
    return np.flatnonzero(far & (heads != records))


def split_off(
    outline: Outline, heads: NDArray[np.int64], strays: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The heads after strays have left their runs; strays of one run stay together."""
    runs = heads.copy()
    runs[strays] += len(heads)
    runs[outline.kinds < 0] = -1
    return best_of(outline, runs)
