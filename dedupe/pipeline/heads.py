"""Runs of equal texts, and the record that stands for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.bonds import eject
from dedupe.pipeline.case import Case, evidence_among
from dedupe.runs import cut_runs
from dedupe.stories import HOUR
from dedupe.verify import identical_reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_RECORDS = np.zeros(0, dtype=np.int64)


def run_heads(case: Case) -> NDArray[np.int64]:
    """Each record's head: the best by policy of its run of equal texts."""
    counts = np.bincount(case.kinds[case.kinds >= 0], minlength=len(case.description))
    reach = np.zeros(len(counts), dtype=np.int64)
    many = np.flatnonzero(counts > 1)
    evidence = evidence_among(case, np.flatnonzero(case.kinds >= 0))
    reach[many] = identical_reach(evidence, many, case.settings.threshold)
    if case.settings.window is not None:
        np.minimum(reach, case.settings.window, out=reach)
    return best_of(case, eject(case.links, cut_runs(case.kinds, case.times, reach)))


def best_of(case: Case, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best record by policy of each record's run; a record without a run is its own."""
    ranks = case.order.rank(np.zeros(len(runs)))
    held = np.flatnonzero(runs >= 0)
    order = held[np.lexsort((ranks[held], runs[held]))]
    numbers, firsts = np.unique(runs[order], return_index=True)
    heads = np.arange(len(runs))
    heads[held] = order[firsts][np.searchsorted(numbers, runs[held])]
    return heads


def alive_heads(case: Case, leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """The records that lead a story."""
    return np.flatnonzero((leaders == np.arange(len(leaders))) & (case.kinds >= 0))


def stray_copies(
    case: Case, heads: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Copies that stand further from their head's leader than the window allows."""
    if case.settings.window is None:
        return NO_RECORDS
    records = np.arange(len(heads))
    far = case.hours(records, leaders) * HOUR > case.settings.window
    return np.flatnonzero(far & (heads != records))


def split_off(case: Case, heads: NDArray[np.int64], strays: NDArray[np.int64]) -> NDArray[np.int64]:
    """The heads after strays have left their runs; strays of one run stay together."""
    runs = heads.copy()
    runs[strays] += len(heads)
    runs[case.kinds < 0] = -1
    return best_of(case, runs)
