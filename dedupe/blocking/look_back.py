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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WEEK = 7 * 24 * 3600
NO_WINDOW = -1
MEMBERS_AT_ONCE, RECORDS_AT_ONCE = 1 << 17, 1 << 14
NO_KEYS = np.zeros(0, np.uint32)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a record looks back in a bucket: at so many records, within so many seconds."""

    records: int
    undated: int
    window: int = NO_WINDOW

    def limits(self) -> NDArray[np.int64]:
        """Return all of it in the order in which the kernel takes it."""
        return np.array([self.window, self.records, self.undated])


RARE_REACH = Reach(records=16, undated=32, window=WEEK)
BAND_REACH = Reach(records=1, undated=4)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Records that share a key: bucket ``b`` holds ``members[starts[b] : starts[b + 1]]``, rising.

    ``of`` has a row a record: the bucket of each of its keys, counted from 1; 0 for a key that no
    other record has. ``previous`` has the place of the key by which the last record before it is
    in the same bucket, counted from 1 along the rows; 0 for the first. Looking back needs no more
    than it, counting recurring stems all but it.
    """

    members: NDArray[np.uint32]
    starts: NDArray[np.int64]
    of: NDArray[np.uint32]
    previous: NDArray[np.uint32] = field(default_factory=lambda: NO_KEYS.reshape(0, 0))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def touched(self, changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the buckets that hold one of the changed records."""
        touched = np.zeros(len(self) + 1, bool)
        records = np.flatnonzero(changed)
        for start in range(0, len(records), RECORDS_AT_ONCE):
            touched[self.of[records[start : start + RECORDS_AT_ONCE]]] = True
        return touched[1:]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate pairs: those of record ``first + i`` are ``partners[starts[i] : starts[i + 1]]``.

    Each partner stands before its record, and once.
    """

    starts: NDArray[np.int64]
    partners: NDArray[np.uint32]
    first: int = 0

    def __len__(self) -> int:
        return len(self.partners)


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """The keys of records: those of the texts that they have in each field, side by side.

    ``keys`` has a row a text and is 0 for none. ``rows`` has a row a field: the text of each
    record, -1 for none. ``salts`` set the keys of each field apart.
    """

    keys: NDArray[np.uint32]
    rows: NDArray[np.int32]
    salts: NDArray[np.uint32]

    def matrix(self) -> NDArray[np.uint32]:
        """Return the keys with a row a record, 0 where there is none."""
        width = self.keys.shape[1]
        out = np.zeros((self.rows.shape[1], width * len(self.rows)), np.uint32)
        for place, (texts, salt) in enumerate(zip(self.rows, self.salts, strict=True)):
            own = self.keys[texts]
            own[(texts < 0)[:, None] | (own == 0)] = salt
            out[:, place * width : (place + 1) * width] = own ^ salt
        return out


def group_keys(keys: NDArray[np.uint32]) -> Buckets:
    """Return the buckets of keys that have a row a record and are 0 where there is none."""
    rows = np.arange(len(keys), dtype=np.int32)[None]
    return group_records(RecordKeys(np.ascontiguousarray(keys), rows, np.zeros(1, np.uint32)))


def group_records(own: RecordKeys, *, chains_only: bool = False) -> Buckets:
    """Return the buckets of records, or of these no more than is needed to look back."""
    if not kernel.available():
        return group_plainly(own.matrix())
    parts = kernel.group_keys(own.keys, own.rows, own.salts, np.array([chains_only]))
    types = (np.uint32, np.uint32, np.int64, np.uint32)
    previous, *rest = (
        np.frombuffer(memoryview(part), kind) for part, kind in zip(parts, types, strict=False)
    )
    members, starts, of = rest or (NO_KEYS, np.zeros(1, np.int64), NO_KEYS)
    shape = own.rows.shape[1], len(own.rows) * own.keys.shape[1]
    return Buckets(members, starts, of.reshape(-1, shape[1] or 1), previous.reshape(shape))


def sorted_buckets(starts: NDArray[np.int64], count: int) -> Buckets:
    """Return the buckets of ``count`` rows of one key each, those of a bucket in a row."""
    of, previous = np.zeros((2, count), np.uint32)
    own = slice(starts[0], starts[-1])
    of[own] = np.repeat(np.arange(1, len(starts)), np.diff(starts))
    previous[own] = np.arange(starts[0], starts[-1])
    previous[starts[:-1]] = 0
    members = np.arange(count, dtype=np.uint32)
    return Buckets(members, starts, of[:, None], previous[:, None])


def group_plainly(keys: NDArray[np.uint32]) -> Buckets:
    """Return the buckets of keys by a dict."""
    found: dict[int, list[int]] = defaultdict(list)
    previous = np.zeros(keys.shape, np.uint32)
    last: dict[int, int] = {}
    for record, row in enumerate(keys.tolist()):
        for place, key in enumerate(row):
            previous[record, place] = last.get(key, 0) if key else 0
        last.update({key: record * len(row) + place for place, key in enumerate(row, 1)})
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
        previous,
    )


@dataclass(frozen=True, slots=True)
class LookBack:
    """The records in play of one pass, which look back along the chains of their keys.

    ``rare`` and ``bands`` are ``Buckets.previous``. ``in_play`` marks the records in play.
    ``before`` marks those of the pass before: of these, each pair that stood as close in a bucket
    is known. ``times`` rise, undated records first. ``changed`` has a bit for each place of both
    kinds of keys that may hold a new pair; see :func:`changed_places`.
    """

    rare: NDArray[np.uint32]
    bands: NDArray[np.uint32]
    in_play: NDArray[np.bool_]
    before: NDArray[np.bool_]
    times: NDArray[np.int64]
    changed: tuple[NDArray[np.uint8], NDArray[np.uint8]]

    def candidates(self, first: int, last: int) -> Candidates:
        """Return the new candidate pairs of some records with those before them."""
        if not kernel.available():
            return self.candidates_plainly(first, last)
        starts = np.zeros(last - first + 1, np.int64)
        rare, bands = self.changed
        partners = kernel.find_candidates(
            self.rare, rare, RARE_REACH.limits(), self.bands, bands, BAND_REACH.limits(),
            self.in_play, self.before, self.times, np.array([first, last]), starts,
        )  # fmt: skip
        return Candidates(starts, np.frombuffer(memoryview(partners), np.uint32), first)

    def candidates_plainly(self, first: int, last: int) -> Candidates:
        """Return the same candidate pairs, key by key."""
        found: list[set[int]] = []
        for record in range(first, last):
            found.append(set())
            for chains, reach in ((self.rare, RARE_REACH), (self.bands, BAND_REACH)):
                for key in range(chains.shape[1]):
                    chain = list(walk_back(chains, record, key))
                    before = self.look_back(record, chain, self.before, reach)
                    found[-1] |= self.look_back(record, chain, self.in_play, reach) - before
        starts = np.cumsum([0, *map(len, found)])
        partners = [partner for own in found for partner in sorted(own)]
        return Candidates(starts, np.array(partners, np.uint32), first)

    def look_back(
        self, record: int, chain: Sequence[int], marked: NDArray[np.bool_], reach: Reach
    ) -> set[int]:
        """Return the marked records of a chain that a record reaches, if it is marked itself."""
        time = int(self.times[record])
        records = reach.undated if time == NO_TIME else reach.records
        near = [partner for partner in chain if marked[partner]][:records] if marked[record] else ()
        then = {partner: int(self.times[partner]) for partner in near}
        return {
            partner
            for partner in near
            if reach.window < 0 or then[partner] == NO_TIME or time - then[partner] <= reach.window
        }


def walk_back(chains: NDArray[np.uint32], record: int, key: int) -> Iterator[int]:
    """Yield the records before one that share a key with it, the last first."""
    at = int(chains[record, key])
    while at:
        yield (at - 1) // chains.shape[1]
        at = int(chains.reshape(-1)[at - 1])


def changed_places(previous: NDArray[np.uint32], changed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the places of keys from which a changed record is reached, or which are its own.

    They are bits, the lowest of each byte first.
    """
    out = np.full(-(-previous.size // 8), 0xFF if changed.all() else 0, np.uint8)
    if changed.all():
        return out
    if kernel.available():
        kernel.mark_changed(previous, changed, out)
        return out
    marked = np.repeat(changed, previous.shape[1])
    chains = previous.reshape(-1)
    for place in np.flatnonzero(chains).tolist():
        marked[place] |= marked[chains[place] - 1]
    return np.packbits(marked, bitorder="little")


def find_candidates(
    rare: Buckets,
    bands: Buckets,
    in_play: NDArray[np.bool_],
    before: NDArray[np.bool_],
    times: NDArray[np.int64],
) -> Candidates:
    """Return the new candidate pairs of all records in play."""
    return look_back(rare, bands, in_play, before, times).candidates(0, len(in_play))


def look_back(
    rare: Buckets,
    bands: Buckets,
    in_play: NDArray[np.bool_],
    before: NDArray[np.bool_],
    times: NDArray[np.int64],
) -> LookBack:
    """Return the records of a pass, which look back."""
    chains = rare.previous, bands.previous
    changed = in_play != before if before.any() else np.ones(len(before), bool)
    rare_changed, band_changed = (changed_places(own, changed) for own in chains)
    return LookBack(*chains, in_play, before, times, (rare_changed, band_changed))


def count_cut(buckets: Buckets, times: NDArray[np.int64], reach: Reach) -> int:
    """Return how often a record has more within the window of a bucket than it looks back at.

    >>> starts, members = np.array([0, 20]), np.arange(20, dtype=np.uint32)
    >>> count_cut(Buckets(members, starts, members, members), np.arange(20), RARE_REACH)
    3
    """
    sizes = np.diff(buckets.starts)
    big = np.flatnonzero(sizes > reach.records + 1)
    parts = np.split(big, np.flatnonzero(np.diff(sizes[big].cumsum() // MEMBERS_AT_ONCE)) + 1)
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
