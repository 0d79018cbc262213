"""Find the records of an index that newcomers may match, and what recurs in their buckets.

The newcomers of one lane are compared with one another, too: ``add`` has one lane, and ``match`` a
lane for each record, so that it is answered as if it came alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges, find_in_sorted
from dedupe.blocking.look_back import BAND_REACH, RARE_REACH, Buckets
from dedupe.index.facts import LEADS
from dedupe.index.newcomers import title_codes
from dedupe.index.postings import BAND, KEY_BITS, RARE
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


@dataclass(frozen=True, slots=True)
class Hits:
    """Records of the index in buckets: bucket ``buckets[i]`` holds record ``numbers[i]``."""

    buckets: NDArray[np.int64]
    numbers: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> Hits:
        """Return some of the hits."""
        return Hits(self.buckets[chosen], self.numbers[chosen])


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The buckets that newcomers are in, and the records of the index beside them.

    Bucket ``i`` has ``kinds[i]`` and ``lanes[i]``; newcomer ``owners[j]`` is in bucket ``of[j]``.
    ``hits`` are all records in play in the buckets. ``near`` are those that may match, by lane and
    number, sorted and distinct. ``titles`` are the key codes of the headlines of newcomers, with
    their lanes, and ``title_hits`` the records in play that have them.
    """

    kinds: NDArray[np.int64]
    lanes: NDArray[np.uint64]
    owners: NDArray[np.int64]
    of: NDArray[np.int64]
    hits: Hits
    near: NDArray[np.uint64]
    titles: NDArray[np.uint64]
    title_hits: Hits


def find_neighbours(store: Store, new: Newcomers, lanes: NDArray[np.uint64]) -> Neighbours:
    """Look up the keys of newcomers; ``lanes`` has the lane of each."""
    laned = lanes[new.owners] << LANE | new.codes
    codes, of = np.unique(laned, return_inverse=True)
    hits = look_up(store, codes)
    kinds = (codes >> np.uint64(KEY_BITS)).astype(np.int64) & 3
    beside = []
    for kind, reach in ((RARE, RARE_REACH), (BAND, BAND_REACH)):
        own = kinds[of] == kind
        found = hits.where((kinds == kind)[hits.buckets])
        limits = reach.undated, reach.window
        beside.append(nearest(store, new, found, new.owners[own], of[own], *limits))
    near = [lane_numbers(codes >> LANE, found) for found in beside]
    titled, title_hits, equal = same_texts(store, new, lanes)
    near.append(lane_numbers(titled >> LANE, equal))
    if store.facts.leads <= EXHAUSTIVE:
        leaders = store.facts.with_flag(LEADS)
        distinct = np.unique(lanes)
        near.append(
            np.repeat(distinct, len(leaders)) << LANE
            | np.tile(leaders, len(distinct)).astype(np.uint64)
        )
    return Neighbours(
        kinds,
        codes >> LANE,
        new.owners,
        of,
        hits,
        np.unique(np.concatenate(near)),
        titled,
        title_hits,
    )


def look_up(store: Store, laned: NDArray[np.uint64]) -> Hits:
    """Return the records in play that have each of some sorted key codes with their lanes."""
    codes, place = np.unique(laned & CODE, return_inverse=True)
    positions, numbers = store.find(codes)
    leads = store.facts.flagged(numbers, LEADS)
    positions, numbers = positions[leads], numbers[leads]
    starts = np.searchsorted(positions, np.arange(len(codes) + 1))
    sizes = (starts[1:] - starts[:-1])[place]
    found = numbers[concat_ranges(starts[:-1][place], sizes)]
    return Hits(np.repeat(np.arange(len(laned)), sizes), found)


def lane_numbers(lanes: NDArray[np.uint64], hits: Hits) -> NDArray[np.uint64]:
    """Return the records of hits with the lanes of their buckets."""
    return lanes[hits.buckets] << LANE | hits.numbers.astype(np.uint64)


def nearest(
    store: Store,
    new: Newcomers,
    hits: Hits,
    owners: NDArray[np.int64],
    of: NDArray[np.int64],
    reach: int,
    window: int = -1,
) -> Hits:
    """Return the hits next in time to the newcomers in their buckets.

    Of each newcomer these are ``reach`` before it and as many after it, none further away than
    ``window`` seconds unless that is negative or one is undated.
    """
    times, own = store.facts.of(hits.numbers)["time"], new.facts["time"][owners]
    _, rank = np.unique(np.concatenate([times, own]), return_inverse=True)
    keys = hits.buckets << 32 | rank[: len(times)]
    order = np.argsort(keys, kind="stable")
    keys, times = keys[order], times[order]
    wanted = of << 32 | rank[len(times) :]
    middle = np.searchsorted(keys, wanted, "right")
    low = np.maximum(middle - reach, np.searchsorted(keys, of << 32))
    high = np.minimum(middle + reach, np.searchsorted(keys, (of + 1) << 32))
    places = concat_ranges(low, high - low)
    if window >= 0:
        one, other = times[places], np.repeat(own, high - low)
        dated = (one != NO_TIME) & (other != NO_TIME)
        near = np.abs(np.where(dated, one - np.where(dated, other, 0), 0)) <= window
        places = places[near]
    chosen = np.zeros(len(times), bool)
    chosen[order[places]] = True
    return hits.where(chosen)


def same_texts(
    store: Store, new: Newcomers, lanes: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], Hits, Hits]:
    """Look up the headlines of newcomers.

    Returns their sorted key codes with lanes, the records in play that have them, and those whose
    texts equal a newcomer's, the ones next to it in time.
    """
    owners = np.flatnonzero(new.facts["content"])
    laned = lanes[owners] << LANE | title_codes(new.facts["title"][owners])
    codes, of = np.unique(laned, return_inverse=True)
    hits = look_up(store, codes)
    contents = np.unique(new.facts["content"][owners])
    held = store.facts.of(hits.numbers)["content"]
    equal = hits.where(find_in_sorted(contents, held) >= 0)
    return codes, hits, nearest(store, new, equal, owners, of, SAME_TEXT_REACH)


def make_buckets(
    buckets: NDArray[np.int64], members: NDArray[np.int64], count: int, nodes: int
) -> Buckets:
    """Return so many buckets from pairs of a bucket and a member; ``of`` has a row a node.

    Members that are no node have no row.
    """
    keys = np.sort(buckets << 32 | members)
    members = keys & 0xFFFFFFFF
    starts = np.searchsorted(keys, np.arange(count + 1) << 32)
    inside = np.flatnonzero(members < nodes)
    inside = inside[np.argsort(members[inside], kind="stable")]
    owners = members[inside]
    column = np.arange(len(owners)) - np.searchsorted(owners, owners)
    of = np.zeros((nodes, int(column.max(initial=0)) + 1), np.uint32)
    of[owners, column] = (keys[inside] >> 32) + 1
    return Buckets(members.astype(np.uint32), starts, of)
