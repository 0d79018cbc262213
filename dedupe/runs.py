"""Equal texts to runs: copies near enough in time to be one story told again.

A headline that returns day after day ("Morning Briefing") is as many stories as it has days, so
equal texts are cut by time, and only each run goes on to be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cut_runs(
    kinds: NDArray[np.int64], times: NDArray[np.int64], reach: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Cut the records of each kind, sorted by time, into runs of at most ``reach[kind]`` seconds.

    Returns each record's run, -1 for a record of kind -1, which has no text. Undated records of
    a kind are a run of their own; a negative reach keeps all apart.
    """
    order = np.lexsort((times, kinds))
    order = order[kinds[order] >= 0]
    kind, time = kinds[order], times[order]
    opens = np.append(True, kind[1:] != kind[:-1])[: len(kind)]
    limit = reach[kind]
    opens |= np.append(True, (time[1:] == NO_TIME) != (time[:-1] == NO_TIME))[: len(kind)]
    opens |= limit < 0
    opens |= late_starts(time, opens, limit)
    of = np.full(len(kinds), -1)
    of[order] = np.cumsum(opens) - 1
    return of


def late_starts(
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
