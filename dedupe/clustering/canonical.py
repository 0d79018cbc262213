"""Rank the versions of a story by declared policy: the best one is kept.

Of records of equal content that are within reach in time the best stands for all. The reach of a
content is how far apart in time two records of it are still one story: an equal headline an hour
later is a copy, "Morning briefing" a day later is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, order_positions
from dedupe.models import HOUR, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LAST = np.iinfo(np.int64).max
CENTRAL = "central"
DATED = "dated"
"""The key that a window adds; it is none of the settings'."""
FOREVER = 1 << 60
"""The reach of a content whose records are one story however far apart."""
NEVER = -1
"""The reach of a content whose records are each a story of their own."""
HALF_DAY = 12 * HOUR


@dataclass(frozen=True, slots=True)
class Qualities:
    """What the policy may ask of each record, as columns in input order.

    ``completeness`` is higher for more texts, for whole ones, and for ones without markup.
    ``lengths`` are in characters; ``digests`` are of the record's bytes.
    """

    sources: Sequence[str]
    times: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    completeness: NDArray[np.integer]
    lengths: NDArray[np.integer]
    digests: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class CanonicalOrder:
    """A canonical policy over records: a list of keys, the first that differs decides.

    What no key decides the digest does, so that the order of the input does not matter, and at
    last the order of the input, for equal bytes.
    """

    policy: tuple[str, ...]
    qualities: Qualities

    def ranks(
        self, records: NDArray[np.int64], centrality: NDArray[np.float64] | None = None
    ) -> NDArray[np.int64]:
        """Return the place of some records in the order of preference, 0 the best.

        ``centrality`` is the sum of the scores of each record's accepted pairs, for the key
        ``central``.
        """
        keys = [self.values(key, records, centrality) for key in self.policy]
        ties = (self.qualities.digests[records], records)
        return order_positions(np.lexsort([*reversed(ties), *reversed(keys)]))

    def values(
        self, key: str, records: NDArray[np.int64], centrality: NDArray[np.float64] | None
    ) -> NDArray[np.generic]:
        """Return the values of one key; smaller is better."""
        held = self.qualities
        times = held.times[records]
        if key.startswith("source:"):
            return source_ranks(key.removeprefix("source:"), held.sources, records)
        if key == CENTRAL:
            return np.zeros(len(records)) if centrality is None else -centrality
        if key in ("earliest", "latest"):
            return np.where(times == NO_TIME, LAST, times if key == "earliest" else -times)
        values: dict[str, NDArray[np.generic]] = {
            DATED: times == NO_TIME,
            "not-withdrawn": held.withdrawn[records],
            "most-complete": -held.completeness[records],
            "longest": -held.lengths[records],
            "shortest": held.lengths[records],
            "first": records,
        }
        return values[key]


def source_ranks(
    wanted: str, sources: Sequence[str], records: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the place of records' outlets in a comma-separated list; others come last."""
    positions = {name.strip().casefold(): i for i, name in enumerate(wanted.split(","))}
    last = len(positions)
    own = (sources[record].strip().casefold() for record in records.tolist())
    return np.array([positions.get(source, last) for source in own], np.int64)


def exact_groups(
    contents: NDArray[np.int64],
    times: NDArray[np.int64],
    days_only: NDArray[np.bool_],
    reach: NDArray[np.int64],
    ranks: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return each record's representative: the best by rank of the group that it is in.

    ``contents`` numbers the texts of each record, -1 for none; ``reach`` has the seconds of each
    content. A group holds records within reach of its first; undated ones join the first group.
    """
    own = np.flatnonzero(contents >= 0)
    order = own[np.lexsort((times[own], contents[own]))]
    opens = group_starts(contents[order], times[order], days_only[order], reach)
    groups = np.cumsum(opens) - 1
    best = np.lexsort((ranks[order], groups))
    firsts = order[best[change_mask(groups[best])]]
    representatives = np.arange(len(contents))
    representatives[order] = firsts[groups]
    return representatives


def group_starts(
    contents: NDArray[np.int64],
    times: NDArray[np.int64],
    days_only: NDArray[np.bool_],
    reach: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return whether each record, sorted by content and time, begins a group."""
    opens = change_mask(contents)
    limits = reach[contents]
    opens |= (times != NO_TIME) & ((limits < 0) | (days_only & (limits < HALF_DAY)))
    starts = np.flatnonzero(opens)
    ends = np.append(starts[1:], len(contents))
    firsts = first_dated(times, starts, ends)
    spans = times[ends - 1] - firsts if len(starts) else starts
    late = spans > np.maximum(limits[starts], 0)
    for start, end in zip(starts[late].tolist(), ends[late].tolist(), strict=True):
        split_group(times, start, end, int(limits[start]), opens)
    return opens


def first_dated(
    times: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the time of the first dated record of each group, or its last time."""
    undated = np.concatenate([[0], np.cumsum(times == NO_TIME)])
    first = np.minimum(starts + undated[ends] - undated[starts], ends - 1)
    out: NDArray[np.int64] = times[first]
    return out


def split_group(
    times: NDArray[np.int64], start: int, end: int, limit: int, opens: NDArray[np.bool_]
) -> None:
    """Open a group wherever one outlasts its reach."""
    at = start + int(np.searchsorted(times[start:end], NO_TIME, "right"))
    while at < end:
        at += int(np.searchsorted(times[at:end], times[at] + limit, "right"))
        if at < end:
            opens[at] = True
