"""Keys to candidate pairs, with hot buckets under control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.hashing import distinct, find, thin
from dedupe.threads import thread_count, workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

HOT = 64
NEIGHBOURS = 8
HALF = 32
LOW = (1 << HALF) - 1
ENOUGH = 1 << 21
COLUMNS_A_PART = 3
PART = 1 << 19


@dataclass(frozen=True, slots=True)
class Family:
    """Keys that meet one another: text ``names[i]`` has those of ``keys[rows[i]]``, 0 is no key.

    Names are below 2**31. Only the keys in one of so many equal ``parts`` of the key space count.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    names: NDArray[np.int64]
    part: int = 0
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Candidates:
    """Distinct candidate pairs, ``count`` of them, as ``left << 32 | right``, ``left < right``.

    ``parts`` gives them once, sorted, a part at a time. ``hot_buckets`` were too full for all
    their pairs; ``crowded`` are their keys, a row each with the number of the family, as they were
    given.
    """

    parts: Iterable[NDArray[np.int64]]
    count: int
    hot_buckets: int
    largest_bucket: int
    crowded: NDArray[np.uint64]

    def codes(self) -> NDArray[np.int64]:
        """All pairs at once."""
        return np.concatenate([np.zeros(0, np.int64), *self.parts])

    def ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lower and the higher text of all pairs."""
        codes = self.codes()
        return codes >> HALF, codes & LOW


@dataclass(frozen=True, slots=True)
class Crowd:
    """Hot buckets to look at again: of some keys, as in ``Candidates.crowded``, those of ``kinds``.

    These are the kinds of which something has come or gone since.
    """

    keys: NDArray[np.uint64]
    kinds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs coded as ``left << 32 | right``, the keys of hot buckets, the size of the largest."""

    pairs: NDArray[np.int64]
    hot: NDArray[np.uint64]
    largest: int


def propose(families: Sequence[Family], jobs: int = 1) -> Candidates:
    """Pair the texts that share a key of a family.

    Texts of a bucket of up to ``HOT`` are all paired; in a fuller one each meets its
    ``NEIGHBOURS`` next ones in the order given (by time, then content). ``jobs`` threads, 0 for
    one a core, share the work; the result does not depend on them.
    """
    tasks = [
        (number, task)
        for number, family in enumerate(families)
        if len(family.names) and family.keys.max(initial=0)
        for task in split(family)
    ]
    threads = thread_count(jobs)
    with workers(threads) as spread:
        shares = [tasks[first::threads] for first in range(threads)]
        found = join(spread(lambda share: join(pair(*task) for task in share), shares))
    crowded = found.hot[np.lexsort(found.hot.T[::-1])]
    return Candidates(cut(found.pairs), len(found.pairs), len(crowded), found.largest, crowded)


def cut(codes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Codes in parts, which bounds what is made of them at a time."""
    return [codes[first : first + PART] for first in range(0, len(codes), PART)]


def heaped(parts: Iterable[NDArray[np.int64]], least: int = PART) -> Iterator[NDArray[np.int64]]:
    """Parts put together until there are so many codes at the least, but for the last."""
    held: list[NDArray[np.int64]] = []
    for part in parts:
        held.append(part)
        if sum(map(len, held)) >= least:
            yield np.concatenate(held)
            held.clear()
    if sum(map(len, held)):
        yield np.concatenate(held)


def hot_keys(crowded: NDArray[np.uint64], number: int) -> NDArray[np.uint64]:
    """The keys of a family's hot buckets, sorted."""
    return np.sort(crowded[crowded[:, 0] == number, 1])


def met_keys(family: Family, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Which of some keys, which are sorted, a text of the family has."""
    places = find(keys, family.keys[family.rows].ravel())
    return keys[distinct(places[places >= 0])]


def among(family: Family, hot: NDArray[np.uint64]) -> Family:
    """What of a family has some keys, which are sorted."""
    if not len(hot):
        return replace(family, rows=family.rows[:0], names=family.names[:0])
    keys = np.where(find(hot, family.keys.ravel()).reshape(family.keys.shape) < 0, 0, family.keys)
    held = np.asarray(keys.any(axis=1))[family.rows]
    return replace(family, keys=keys, rows=family.rows[held], names=family.names[held])


def pair(number: int, family: Family) -> Found:
    """The pairs of one family, which has a number."""
    return of_family(number, compiled_pairs(family) if kernel.available() else plain_pairs(family))


def of_family(number: int, found: Found) -> Found:
    """The same with the number of the family beside each hot key."""
    return replace(found, hot=np.stack([np.full_like(found.hot, number), found.hot], axis=1))


def split(family: Family) -> list[Family]:
    """A family by parts of its keys, so that memory stays flat and threads get even shares."""
    parts = -(-family.keys.shape[1] // COLUMNS_A_PART) if kernel.available() else 1
    return [replace(family, part=part, parts=parts) for part in range(parts)]


def join(results: Iterable[Found]) -> Found:
    """All that was found; thinned from time to time, for families find the same pairs again."""
    held = np.zeros(0, dtype=np.int64)
    hot = [np.zeros((0, 2), dtype=np.uint64)]
    largest = thinned = 0
    for found in results:
        hot.append(found.hot)
        largest = max(largest, found.largest)
        size = len(held)
        held.resize(size + len(found.pairs), refcheck=False)
        held[size:] = found.pairs
        if len(held) > max(ENOUGH, 2 * thinned):
            held = thin(held)
            thinned = len(held)
    return Found(thin(held), np.concatenate(hot), largest)


def compiled_pairs(family: Family) -> Found:
    """The pairs of one family by the kernel."""
    keys = np.ascontiguousarray(family.keys)
    members = np.empty(keys.shape[1] * len(family.names), dtype=np.uint32)
    sizes = np.empty(len(members) // 2, dtype=np.uint32)
    shared = np.empty(len(sizes), dtype=np.uint64)
    part = np.array([family.part, family.parts], dtype=np.uint64)
    taken = keys, family.rows, family.names, part
    sizes = sizes[: kernel.group_keys(*taken, members, sizes, shared)]
    wide = sizes.astype(np.int64)
    hot = wide > HOT
    reach = np.where(hot, NEIGHBOURS, wide - 1)
    pairs = np.empty(int((reach * wide - reach * (reach + 1) // 2).sum()), dtype=np.int64)
    found = kernel.pair_members(members, sizes, pairs)
    largest = int(wide.max()) if len(wide) else int(keys[family.rows].any())
    return Found(pairs[:found], shared[: len(wide)][hot], largest)


def plain_pairs(family: Family) -> Found:
    """The same by numpy."""
    keys = family.keys[family.rows]
    part = (keys >> np.uint64(HALF)) * np.uint64(family.parts) >> np.uint64(HALF)
    places, columns = np.nonzero((keys > 0) & (part == family.part))
    values, owners = keys[places, columns], family.names[places]
    sorting = np.argsort(values, kind="stable")
    return pair_sorted(values[sorting], owners[sorting])


def pair_sorted(values: NDArray[np.uint64], owners: NDArray[np.int64]) -> Found:
    """The pairs of owners of equal values, which come sorted, then in the order given."""
    firsts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    sizes = np.diff(np.append(firsts, len(values)))
    hot = sizes > HOT
    ranks = np.arange(len(values)) - np.repeat(firsts, sizes)
    reach = np.where(hot, NEIGHBOURS, sizes - 1)
    pairs = pair_neighbours(owners, np.minimum(ranks, np.repeat(reach, sizes)))
    return Found(pairs, values[firsts[hot]], int(sizes.max(initial=0)))


def pair_neighbours(owners: NDArray[np.int64], reach: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair each row with the ``reach`` rows before it; coded ``left << 32 | right``."""
    found = [np.zeros(0, dtype=np.int64)]
    rows = np.flatnonzero(reach)
    step = 1
    while len(rows):
        one, other = owners[rows - step], owners[rows]
        pairs = np.minimum(one, other) << HALF | np.maximum(one, other)
        found.append(pairs[one != other])
        step += 1
        rows = rows[reach[rows] >= step]
    return thin(np.concatenate(found))
