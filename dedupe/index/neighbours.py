"""Find the records of an index that newcomers may match, and what recurs in their buckets.

The newcomers of one lane are compared with one another, too: ``add`` has one lane, and ``match`` a
lane for each record, so that it is answered as if it came alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, concat_ranges, find_in_sorted, unique_sorted
from dedupe.blocking.look_back import BAND_REACH, RARE_REACH, Buckets
from dedupe.index.facts import LEADS
from dedupe.index.newcomers import title_codes
from dedupe.index.postings import KEY_BITS, TITLE
from dedupe.matching import EXHAUSTIVE
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.index.newcomers import Newcomers
    from dedupe.index.store import Store

LANE = np.uint64(34)
"""A lane stands above a key code of 34 bits, or above the number of a record."""
CODE = np.uint64((1 << 34) - 1)
SAME_TEXT_REACH = 2
"""So many records of equal texts before and after a newcomer may be its copies."""
CLOCK_BITS = np.uint64(39)
FARTHEST = 1 << 38
"""No date is so many seconds before or after 1970: the years 1 to 9999."""
ALWAYS = 1 << 40
"""A window that holds every time, in seconds."""
REACHES = np.array([RARE_REACH.undated, BAND_REACH.undated, SAME_TEXT_REACH])
WINDOWS = np.array([RARE_REACH.window, ALWAYS, ALWAYS])
"""How far a newcomer looks before and behind it in a bucket, by kind of key."""
DENSE = 8
"""A table serves where it has at most so many rows a look-up."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Records of the index in buckets: bucket ``buckets[i]`` holds record ``numbers[i]``.

    They stand in order of bucket, then of time, undated ones first.
    """

    buckets: NDArray[np.int64]
    numbers: NDArray[np.int64]
    times: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> Hits:
        """Return some of the hits."""
        return Hits(self.buckets[chosen], self.numbers[chosen], self.times[chosen])


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The buckets that newcomers are in, and the records of the index beside them.

    Bucket ``i`` has ``kinds[i]`` and ``lanes[i]``; newcomer ``owners[j]`` is in bucket ``of[j]``,
    which rises. ``hits`` are all records in play in the buckets. ``near`` are those that may match,
    by lane and number, sorted and distinct.
    """

    kinds: NDArray[np.int64]
    lanes: NDArray[np.uint64]
    owners: NDArray[np.int64]
    of: NDArray[np.int64]
    hits: Hits
    near: NDArray[np.uint64]


def find_neighbours(store: Store, new: Newcomers, lanes: NDArray[np.uint64]) -> Neighbours:
    """Look up the keys and headlines of newcomers; ``lanes`` has the lane of each."""
    titled = np.flatnonzero(new.facts["content"])
    owners = np.concatenate([new.owners, titled])
    codes = np.concatenate([new.codes, title_codes(new.facts["title"][titled])])
    codes |= lanes[owners] << LANE
    order = np.argsort(codes, kind="stable")
    owners, codes = owners[order], codes[order]
    opens = change_mask(codes)
    of, codes = np.cumsum(opens) - 1, codes[opens]
    hits = look_up(store, codes)
    kinds = (codes >> np.uint64(KEY_BITS)).astype(np.int64) & 3
    title = kinds[hits.buckets] == TITLE
    found = hits
    if title.any():
        content = store.facts.of(hits.numbers[title])["content"]
        title[title] = ~np.isin(content, new.facts["content"])
        found = hits.where(~title)
    found = found.where(nearest(found, kinds, of, new.facts["time"][owners]))
    near = lane_numbers(codes >> LANE, found)
    if store.facts.leads <= EXHAUSTIVE:
        leaders = store.facts.with_flag(LEADS).astype(np.uint64)
        near = np.append(near, (unique_sorted(lanes)[:, None] << LANE | leaders).ravel())
    return Neighbours(kinds, codes >> LANE, owners, of, hits, number_distinct(near)[0])


def look_up(store: Store, laned: NDArray[np.uint64]) -> Hits:
    """Return the records in play that have each of some sorted key codes with their lanes."""
    several = len(laned) > 0 and laned[-1] > CODE
    codes, place = np.unique(laned & CODE, return_inverse=True) if several else (laned, laned)
    positions, numbers = store.find(codes)
    leads = store.facts.flagged(numbers, LEADS)
    positions, numbers = positions[leads], numbers[leads]
    times = store.facts.times(numbers)
    order = np.argsort(time_keys(positions, times), kind="stable")
    if not several:
        return Hits(positions, numbers[order], times[order])
    starts = positions.searchsorted(np.arange(len(codes) + 1))
    sizes = (starts[1:] - starts[:-1])[place]
    order = order[concat_ranges(starts[:-1][place], sizes)]
    return Hits(np.repeat(np.arange(len(laned)), sizes), numbers[order], times[order])


def lane_numbers(lanes: NDArray[np.uint64], hits: Hits) -> NDArray[np.uint64]:
    """Return the records of hits with the lanes of their buckets."""
    return lanes[hits.buckets] << LANE | hits.numbers.astype(np.uint64)


def time_keys(buckets: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return numbers in the order of buckets, then of times, undated ones first."""
    clock = np.minimum(np.maximum(times, -FARTHEST), FARTHEST - 1) + FARTHEST
    return buckets.astype(np.uint64) << CLOCK_BITS | clock.astype(np.uint64)


def nearest(
    hits: Hits, kinds: NDArray[np.int64], of: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which hits are next in time to the newcomers in their buckets.

    A newcomer is in bucket ``of[j]`` at ``times[j]``. ``REACHES`` and ``WINDOWS`` say how many
    records before and after it are near, and within how many seconds unless one is undated.
    """
    sizes = np.bincount(hits.buckets, minlength=len(kinds))
    met = sizes[of] > 0
    of, times = of[met], times[met]
    reach, window = REACHES[kinds[of]], WINDOWS[kinds[of]]
    window[times == NO_TIME] = ALWAYS
    opens = (np.cumsum(sizes) - sizes)[of]
    keys = time_keys(hits.buckets, hits.times)
    middle = keys.searchsorted(time_keys(of, times), "right")
    low = np.maximum(middle - reach, opens)
    high = np.minimum(middle + reach, opens + sizes[of])
    clock = np.maximum(times, -FARTHEST)
    early = keys.searchsorted(time_keys(of, clock - window))
    late = keys.searchsorted(time_keys(of, clock + window), "right")
    near = is_covered(len(keys), np.maximum(low, early), np.minimum(high, late))
    undated = hits.times == NO_TIME
    if undated.any():
        dated = opens + np.bincount(hits.buckets[undated], minlength=len(kinds))[of]
        near |= is_covered(len(keys), low, np.minimum(high, dated))
    return near


def is_covered(count: int, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of so many positions are in one of the ranges from ``low`` to below ``high``."""
    opens = np.bincount(low, minlength=count + 1)
    closes = np.bincount(np.maximum(low, high), minlength=count + 1)
    return (opens - closes).cumsum()[:count] > 0


def number_distinct(values: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the distinct values, sorted, and the position of each value among them."""
    low, span = span_of(values)
    if span > DENSE * len(values):
        distinct, positions = np.unique(values, return_inverse=True)
        return distinct, positions
    there = np.zeros(span, bool)
    there[values - low] = True
    positions = np.cumsum(there) - 1
    return np.flatnonzero(there).astype(np.uint64) + low, positions[values - low]


def find_positions(held: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return what :func:`find_in_sorted` does, by a table where that is faster."""
    low, span = span_of(held)
    if span > DENSE * len(wanted):
        return find_in_sorted(held, wanted)
    table = np.full(span + 1, -1)
    table[held - low] = np.arange(len(held))
    return np.asarray(table[np.minimum(wanted - low, np.uint64(span))])


def span_of(values: NDArray[np.uint64]) -> tuple[np.uint64, int]:
    """Return the least value, and how many there are from it to the greatest."""
    low = values.min(initial=values[0] if len(values) else 0)
    return low, int(values.max(initial=low)) - int(low) + 1


def make_buckets(
    buckets: NDArray[np.int64], members: NDArray[np.int64], count: int, nodes: int
) -> Buckets:
    """Return so many buckets from pairs of a bucket and a node; ``of`` has a row a node."""
    keys = unique_sorted(buckets << 32 | members)
    buckets, members = keys >> 32, keys & 0xFFFFFFFF
    starts = keys.searchsorted(np.arange(count + 1) << 32)
    order = np.argsort(members, kind="stable")
    owners = members[order]
    column = np.empty(len(order), np.int64)
    column[order] = np.arange(len(owners)) - owners.searchsorted(owners)
    of, previous = np.zeros((2, nodes, int(column.max(initial=0)) + 1), np.uint32)
    of[members, column] = buckets + 1
    places = members * of.shape[1] + column
    same = np.flatnonzero(buckets[1:] == buckets[:-1])
    previous.reshape(-1)[places[same + 1]] = places[same] + 1
    return Buckets(members.astype(np.uint32), starts, of, previous)


def count_buckets(
    buckets: NDArray[np.int64], members: NDArray[np.int64], times: NDArray[np.int64], count: int
) -> Buckets:
    """Return so many buckets whose members stand in order of time; ``of`` is not known."""
    order = np.argsort(time_keys(buckets, times), kind="stable")
    starts = np.append(0, np.cumsum(np.bincount(buckets, minlength=count)))
    return Buckets(members[order].astype(np.uint32), starts, np.zeros((0, 0), np.uint32))
