"""Group records of equal content within reach in time, and choose their representatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.constraints import split_conflicts
from dedupe.models import HOUR, NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.backends.base import Backend


def exact_groups(
    content_ids: NDArray[np.int64], times: NDArray[np.int64], reach: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Cut the records of each content, sorted by time, into runs within reach in time.

    Returns each record's run, -1 for a record of kind -1, which has no text. Undated records of
    a kind are a run of their own; a negative reach keeps all apart.
    """
    order = np.lexsort((times, content_ids))
    order = order[content_ids[order] >= 0]
    kind, time = content_ids[order], times[order]
    opens = np.append(True, kind[1:] != kind[:-1])[: len(kind)]
    limit = reach[kind]
    opens |= np.append(True, (time[1:] == NO_TIME) != (time[:-1] == NO_TIME))[: len(kind)]
    opens |= limit < 0
    opens |= late_group_starts(time, opens, limit)
    of = np.full(len(content_ids), -1)
    of[order] = np.cumsum(opens) - 1
    return of


def late_group_starts(
    time: NDArray[np.int64], opens: NDArray[np.bool_], limit: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Where a run outlasts its reach and a new one starts, time after time."""
    starts = np.flatnonzero(opens)
    sizes = np.diff(np.append(starts, len(time)))
    spans = time[starts + sizes - 1] - time[starts] if len(starts) else starts
    late = np.zeros(len(time), dtype=bool)
    for start in np.flatnonzero(spans > np.maximum(limit[starts], 0)).tolist():
        at, stop = int(starts[start]), int(starts[start] + sizes[start])
        reach = int(limit[at])
        while (at := at + int(np.searchsorted(time[at:stop], time[at] + reach, "right"))) < stop:
            late[at] = True
    return late


NO_RECORDS = np.zeros(0, dtype=np.int64)


def exact_group_representatives(backend: Backend) -> NDArray[np.int64]:
    """Each record's representative: the best by policy of its run of equal texts."""
    counts = np.bincount(
        backend.content_ids[backend.content_ids >= 0], minlength=backend.content_count
    )
    reach = np.zeros(len(counts), dtype=np.int64)
    many = np.flatnonzero(counts > 1)
    reach[many] = backend.max_exact_gap(many)
    if backend.settings.window is not None:
        np.minimum(reach, backend.settings.window, out=reach)
    return best_of_groups_in(
        backend,
        split_conflicts(backend.links, exact_groups(backend.content_ids, backend.times, reach)),
    )


def best_of_groups_in(backend: Backend, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best record by policy of each record's run; a record without a run is its own."""
    ranks = backend.order.rank(np.zeros(len(runs)))
    held = np.flatnonzero(runs >= 0)
    order = held[np.lexsort((ranks[held], runs[held]))]
    numbers, firsts = np.unique(runs[order], return_index=True)
    representatives = np.arange(len(runs))
    representatives[held] = order[firsts][np.searchsorted(numbers, runs[held])]
    return representatives


def find_survivors(backend: Backend, leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """The records that lead a story."""
    return np.flatnonzero((leaders == np.arange(len(leaders))) & (backend.content_ids >= 0))


def stray_copies(
    backend: Backend, representatives: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Copies that stand further from their representative's leader than the window allows."""
    if backend.settings.window is None:
        return NO_RECORDS
    records = np.arange(len(representatives))
    far = backend.hours(records, leaders) * HOUR > backend.settings.window
    return np.flatnonzero(far & (representatives != records))


def split_strays(
    backend: Backend, representatives: NDArray[np.int64], strays: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The representatives after strays have left their runs; strays of one run stay together."""
    runs = representatives.copy()
    runs[strays] += len(representatives)
    runs[backend.content_ids < 0] = -1
    return best_of_groups_in(backend, runs)
