"""Find candidate pairs: contents that share a blocking key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import distinct_sorted, find_positions, unique_sorted
from dedupe.pairs import pack_ordered, unpack
from dedupe.parallel import thread_count, thread_map

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

MAX_BUCKET = 64
NEIGHBOURS = 8
HALF = 32
ROWS_PER_PART = 1 << 21
COLUMNS_A_PART = 3
PART = 1 << 19


@dataclass(frozen=True, slots=True)
class BlockingTable:
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
    """Distinct candidate pairs, ``count`` of them, as ``pack(left, right)``, ``left < right``.

    ``parts`` gives them once, sorted, a part at a time. ``oversized_buckets`` were too full for all
    their pairs; ``oversized_keys`` are their keys, a row each with the number of the family, as
    they were given.
    """

    parts: Iterable[NDArray[np.int64]]
    count: int
    oversized_buckets: int
    largest_bucket: int
    oversized_keys: NDArray[np.uint64]

    def pair_keys(self) -> NDArray[np.int64]:
        """All pairs at once."""
        return np.concatenate([np.zeros(0, np.int64), *self.parts])

    def left_right(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lower and the higher text of all pairs."""
        return unpack(self.pair_keys())


@dataclass(frozen=True, slots=True)
class OversizedBuckets:
    """Oversized buckets to pair again: some of ``Candidates.oversized_keys``, for ``content_ids``.

    These are the contents of which something has come or gone since.
    """

    keys: NDArray[np.uint64]
    content_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TablePairs:
    """Packed pairs, the keys of oversized buckets, and the size of the largest bucket."""

    pairs: NDArray[np.int64]
    bucket_keys: NDArray[np.uint64]
    largest: int


def candidate_pairs(blocking_tables: Sequence[BlockingTable], jobs: int = 1) -> Candidates:
    """Pair the texts that share a key of a family.

    Texts of a bucket of up to ``MAX_BUCKET`` are all paired; in a fuller one each meets its
    ``NEIGHBOURS`` next ones in the order given (by time, then content). ``jobs`` threads, 0 for
    one a core, share the work; the result does not depend on them.
    """
    tasks = [
        (number, task)
        for number, table in enumerate(blocking_tables)
        if len(table.names) and table.keys.max(initial=0)
        for task in split_table(table)
    ]
    threads = thread_count(jobs)
    with thread_map(threads) as spread:
        shares = [tasks[first::threads] for first in range(threads)]
        found = join_tables(
            spread(lambda share: join_tables(pair_table(*task) for task in share), shares)
        )
    oversized_keys = found.bucket_keys[np.lexsort(found.bucket_keys.T[::-1])]
    return Candidates(
        split_parts(found.pairs),
        len(found.pairs),
        len(oversized_keys),
        found.largest,
        oversized_keys,
    )


def split_parts(pair_keys: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Codes in parts, which bounds what is made of them at a time."""
    return [pair_keys[first : first + PART] for first in range(0, len(pair_keys), PART)]


def rebatch(parts: Iterable[NDArray[np.int64]], least: int = PART) -> Iterator[NDArray[np.int64]]:
    """Parts put together until there are so many pair keys at the least, but for the last."""
    held: list[NDArray[np.int64]] = []
    for part in parts:
        held.append(part)
        if sum(map(len, held)) >= least:
            yield np.concatenate(held)
            held.clear()
    if sum(map(len, held)):
        yield np.concatenate(held)


def keys_of_oversized(oversized_keys: NDArray[np.uint64], number: int) -> NDArray[np.uint64]:
    """The keys of a family's oversized buckets, sorted."""
    return np.sort(oversized_keys[oversized_keys[:, 0] == number, 1])


def shared_keys(table: BlockingTable, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Which of some keys, which are sorted, a text of the family has."""
    positions = find_positions(keys, table.keys[table.rows].ravel())
    return keys[distinct_sorted(positions[positions >= 0])]


def rows_with_keys(table: BlockingTable, bucket_keys: NDArray[np.uint64]) -> BlockingTable:
    """What of a family has some keys, which are sorted."""
    if not len(bucket_keys):
        return replace(table, rows=table.rows[:0], names=table.names[:0])
    keys = np.where(
        find_positions(bucket_keys, table.keys.ravel()).reshape(table.keys.shape) < 0, 0, table.keys
    )
    held = np.asarray(keys.any(axis=1))[table.rows]
    return replace(table, keys=keys, rows=table.rows[held], names=table.names[held])


def pair_table(number: int, table: BlockingTable) -> TablePairs:
    """The pairs of one family, which has a number."""
    return with_table_number(
        number, compiled_pairs(table) if kernel.available() else plain_pairs(table)
    )


def with_table_number(number: int, found: TablePairs) -> TablePairs:
    """The same with the number of the family beside each hot key."""
    return replace(
        found,
        bucket_keys=np.stack([np.full_like(found.bucket_keys, number), found.bucket_keys], axis=1),
    )


def split_table(table: BlockingTable) -> list[BlockingTable]:
    """A family by parts of its keys, so that memory stays flat and threads get even shares."""
    parts = -(-table.keys.shape[1] // COLUMNS_A_PART) if kernel.available() else 1
    return [replace(table, part=part, parts=parts) for part in range(parts)]


def join_tables(results: Iterable[TablePairs]) -> TablePairs:
    """All that was found; thinned from time to time, for families find the same pairs again."""
    held = np.zeros(0, dtype=np.int64)
    bucket_keys = [np.zeros((0, 2), dtype=np.uint64)]
    largest = thinned = 0
    for found in results:
        bucket_keys.append(found.bucket_keys)
        largest = max(largest, found.largest)
        size = len(held)
        held.resize(size + len(found.pairs), refcheck=False)
        held[size:] = found.pairs
        if len(held) > max(ROWS_PER_PART, 2 * thinned):
            held = unique_sorted(held)
            thinned = len(held)
    return TablePairs(unique_sorted(held), np.concatenate(bucket_keys), largest)


def compiled_pairs(table: BlockingTable) -> TablePairs:
    """The pairs of one family by the kernel."""
    keys = np.ascontiguousarray(table.keys)
    members = np.empty(keys.shape[1] * len(table.names), dtype=np.uint32)
    sizes = np.empty(len(members) // 2, dtype=np.uint32)
    shared = np.empty(len(sizes), dtype=np.uint64)
    part = np.array([table.part, table.parts], dtype=np.uint64)
    taken = keys, table.rows, table.names, part
    sizes = sizes[: kernel.group_keys(*taken, members, sizes, shared)]
    wide = sizes.astype(np.int64)
    bucket_keys = wide > MAX_BUCKET
    reach = np.where(bucket_keys, NEIGHBOURS, wide - 1)
    pairs = np.empty(int((reach * wide - reach * (reach + 1) // 2).sum()), dtype=np.int64)
    found = kernel.pair_members(members, sizes, pairs)
    largest = int(wide.max()) if len(wide) else int(keys[table.rows].any())
    return TablePairs(pairs[:found], shared[: len(wide)][bucket_keys], largest)


def plain_pairs(table: BlockingTable) -> TablePairs:
    """The same by numpy."""
    keys = table.keys[table.rows]
    part = (keys >> np.uint64(HALF)) * np.uint64(table.parts) >> np.uint64(HALF)
    positions, columns = np.nonzero((keys > 0) & (part == table.part))
    values, owners = keys[positions, columns], table.names[positions]
    sorting = np.argsort(values, kind="stable")
    return pair_sorted(values[sorting], owners[sorting])


def pair_sorted(values: NDArray[np.uint64], owners: NDArray[np.int64]) -> TablePairs:
    """The pairs of owners of equal values, which come sorted, then in the order given."""
    firsts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    sizes = np.diff(np.append(firsts, len(values)))
    bucket_keys = sizes > MAX_BUCKET
    ranks = np.arange(len(values)) - np.repeat(firsts, sizes)
    reach = np.where(bucket_keys, NEIGHBOURS, sizes - 1)
    pairs = pair_neighbours(owners, np.minimum(ranks, np.repeat(reach, sizes)))
    return TablePairs(pairs, values[firsts[bucket_keys]], int(sizes.max(initial=0)))


def pair_neighbours(owners: NDArray[np.int64], reach: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair each row with the ``reach`` rows before it; coded ``pack(left, right)``."""
    found = [np.zeros(0, dtype=np.int64)]
    rows = np.flatnonzero(reach)
    step = 1
    while len(rows):
        left, right = owners[rows - step], owners[rows]
        pairs = pack_ordered(left, right)
        found.append(pairs[left != right])
        step += 1
        rows = rows[reach[rows] >= step]
    return unique_sorted(np.concatenate(found))
