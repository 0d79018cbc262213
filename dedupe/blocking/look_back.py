"""Find candidate pairs with a budget: each record looks back at the few before it in a bucket.

Records are in order of time. Those that share a key are a bucket. Duplicates stand next to each
other in time, so a record is paired with the last 16 of each bucket within a week, and with the
last one that shares a MinHash band, however far. That bounds the candidates of a record whatever
the size of the corpus; nothing else limits a bucket. (Bounded buckets: Petrovic, Osborne, Lavrenko
2010, Streaming First Story Detection with Application to Twitter.)
The compiled twin is ``_kernel/blocking/look_back.c``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WEEK = 7 * 24 * 3600
NO_WINDOW = -1
BUCKETS_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a record looks back in a bucket: at so many records, within so many seconds."""

    records: int
    undated: int
    window: int = NO_WINDOW


RARE_REACH = Reach(records=16, undated=32, window=WEEK)
BAND_REACH = Reach(records=1, undated=4)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Records that share a key: bucket ``b`` holds ``members[starts[b] : starts[b + 1]]``, rising.

    ``of`` has a row a record: the bucket of each of its keys, counted from 1; 0 for a key that no
    other record has.
    """

    members: NDArray[np.uint32]
    starts: NDArray[np.int64]
    of: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def members_only(self) -> Buckets:
        """Return the buckets without ``of``, where only their members are asked for."""
        return replace(self, of=np.zeros((0, 0), np.uint32))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate pairs: those of record ``i`` are ``partners[starts[i] : starts[i + 1]]``.

    Each partner stands before its record, and once.
    """

    starts: NDArray[np.int64]
    partners: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.partners)


def group_keys(keys: NDArray[np.uint32]) -> Buckets:
    """Return the buckets of keys that have a row a record and are 0 where there is none."""
    if kernel.available():
        members, starts, of = kernel.group_keys(np.ascontiguousarray(keys))
        return Buckets(
            np.frombuffer(memoryview(members), np.uint32),
            np.frombuffer(memoryview(starts), np.int64),
            np.frombuffer(memoryview(of), np.uint32).reshape(keys.shape),
        )
    return group_plainly(keys)


def group_plainly(keys: NDArray[np.uint32]) -> Buckets:
    """Return the buckets of keys by a dict."""
    found: dict[int, list[int]] = defaultdict(list)
    for record, row in enumerate(keys.tolist()):
        for key in dict.fromkeys(row):
            if key:
                found[key].append(record)
    shared = sorted(key for key, members in found.items() if len(members) > 1)
    number = {key: place for place, key in enumerate(shared, 1)}
    sizes = [len(found[key]) for key in shared]
    members = [record for key in shared for record in found[key]]
    of = [number.get(key, 0) for key in keys.ravel().tolist()]
    return Buckets(
        np.array(members, np.uint32),
        np.cumsum([0, *sizes]),
        np.array(of, np.uint32).reshape(keys.shape),
    )


def find_candidates(
    rare: Buckets,
    bands: Buckets,
    in_play: NDArray[np.bool_],
    before: NDArray[np.bool_],
    times: NDArray[np.int64],
) -> Candidates:
    """Return the new candidate pairs of the records in play.

    ``in_play`` marks the records in play. ``before`` marks those of the pass before: of these, each
    pair that stood as close in a bucket is known. ``times`` rise, undated records first.
    """
    if not kernel.available():
        return find_plainly(rare, bands, in_play, before, times)
    starts = np.zeros(len(in_play) + 1, np.int64)
    limits = [
        limit
        for reach in (RARE_REACH, BAND_REACH)
        for limit in (reach.window, reach.records, reach.undated)
    ]
    partners = kernel.find_candidates(
        rare.members, rare.starts, bands.members, bands.starts, in_play, before, times,
        np.array(limits), starts,
    )  # fmt: skip
    return Candidates(starts, np.frombuffer(memoryview(partners), np.uint32))


def find_plainly(
    rare: Buckets,
    bands: Buckets,
    in_play: NDArray[np.bool_],
    before: NDArray[np.bool_],
    times: NDArray[np.int64],
) -> Candidates:
    """Return the new candidate pairs, bucket by bucket."""
    found: list[set[int]] = [set() for _ in range(len(in_play))]
    for buckets, reach in ((rare, RARE_REACH), (bands, BAND_REACH)):
        for start, end in zip(buckets.starts.tolist(), buckets.starts[1:].tolist(), strict=False):
            members = buckets.members[start:end]
            known = set(look_back(members[before[members]].tolist(), times, reach))
            for record, partner in look_back(members[in_play[members]].tolist(), times, reach):
                if (record, partner) not in known:
                    found[record].add(partner)
    sizes = [len(own) for own in found]
    partners = [partner for own in found for partner in sorted(own)]
    return Candidates(np.cumsum([0, *sizes]), np.array(partners, np.uint32))


def look_back(
    members: Sequence[int], times: NDArray[np.int64], reach: Reach
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of one bucket: each record with the few before it."""
    clock = times[members].tolist()
    for place, record in enumerate(members):
        records = reach.undated if clock[place] == NO_TIME else reach.records
        for back in range(place - 1, max(-1, place - records - 1), -1):
            far = clock[place] - clock[back] > reach.window >= 0
            if clock[back] == NO_TIME or not far:
                yield record, members[back]


def count_cut(buckets: Buckets, times: NDArray[np.int64], reach: Reach) -> int:
    """Return how often a record has more within the window of a bucket than it looks back at.

    >>> starts, members = np.array([0, 20]), np.arange(20, dtype=np.uint32)
    >>> count_cut(Buckets(members, starts, members), np.arange(20), RARE_REACH)
    3
    """
    big = np.flatnonzero(np.diff(buckets.starts) > reach.records + 1)
    parts = np.array_split(big, len(big) // BUCKETS_AT_ONCE + 1)
    return sum(count_cut_of(buckets, part, times, reach) for part in parts)


def count_cut_of(
    buckets: Buckets, chosen: NDArray[np.int64], times: NDArray[np.int64], reach: Reach
) -> int:
    """Return the same count for some buckets."""
    starts = buckets.starts[chosen]
    sizes = buckets.starts[chosen + 1] - starts
    places = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = places + np.repeat(starts, sizes)
    clock = times[buckets.members[at]]
    first = np.where(clock == NO_TIME, reach.undated, reach.records) + 1
    late = np.flatnonzero(places >= first)
    beyond = times[buckets.members[at[late] - first[late]]]
    opening = np.repeat(times[buckets.members[starts]], sizes)[late]
    near = clock[late] - beyond <= reach.window
    return int(np.count_nonzero(near | (opening == NO_TIME)))
