"""Pairs of contents to pairs of runs: each run meets the runs of the other kind nearest in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges, distinct_sorted, unique_sorted
from dedupe.models import NO_TIME
from dedupe.pairs import left_of, pack_ordered, right_of, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 16
TIME_BITS = 38
SLICE = 1 << 20


@dataclass(frozen=True, slots=True)
class RecordGroups:
    """The runs in play: each one's number, kind and time, sorted by content, then time.

    Those of kind ``k`` stand from ``starts[k]`` to ``starts[k + 1]``; ``base`` is the first time.
    """

    runs: NDArray[np.int64]
    content_ids: NDArray[np.int64]
    times: NDArray[np.int64]
    starts: NDArray[np.int64]
    base: int

    @classmethod
    def of(
        cls, runs: NDArray[np.int64], content_ids: NDArray[np.int64], times: NDArray[np.int64]
    ) -> RecordGroups:
        """Sort runs, given with the kind and time of each; those of one time stay in order."""
        order = np.lexsort((times, content_ids))
        runs, content_ids, times = runs[order], content_ids[order], times[order]
        starts = np.searchsorted(content_ids, np.arange(int(content_ids.max(initial=-1)) + 2))
        base = times.min(where=times != NO_TIME, initial=np.iinfo(np.int64).max)
        return cls(runs, content_ids, times, starts, int(base))

    def sizes(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many runs each of some contents has; no kind may be beyond the last in play."""
        return self.starts[content_ids + 1] - self.starts[content_ids]

    def clock(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The times of some nodes as small numbers from 1 on, 0 for none."""
        times = self.times[positions]
        since = np.where(times == NO_TIME, 0, times - np.where(times == NO_TIME, 0, self.base) + 1)
        return since.clip(0, (1 << TIME_BITS) - 1)


def expand_to_records(nodes: RecordGroups, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of runs to verify for packed candidate pairs of two contents.

    Two contents with few runs meet run by run; with more, each run of the kind that has fewer meets
    the nearest run before and after it. Returns distinct sorted ``pack(low, high)`` run numbers.
    """
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(pair_keys), SLICE):
        some = pair_keys[first : first + SLICE]
        found.append(pack_records(nodes, *pairs_between(nodes, *unpack(some))))
    return unique_sorted(np.concatenate(found))


def time_neighbours(nodes: RecordGroups) -> NDArray[np.int64]:
    """The pairs of runs of one content that follow one another in time, coded in the same way."""
    beside = np.flatnonzero(nodes.content_ids[1:] == nodes.content_ids[:-1])
    return unique_sorted(pack_records(nodes, beside, beside + 1))


def sampled_pairs(nodes: RecordGroups, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The packed pairs of contents in play of which not all runs meet."""
    return pair_keys[
        are_too_many(nodes.sizes(left_of(pair_keys)), nodes.sizes(right_of(pair_keys)))
    ]


def pack_records(
    nodes: RecordGroups, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pairs of nodes as pair keys of their runs."""
    one, other = nodes.runs[left], nodes.runs[right]
    return pack_ordered(one, other)


def pairs_between(
    nodes: RecordGroups, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of nodes for some pairs of contents."""
    inside = np.maximum(left, right) < len(nodes.starts) - 1
    left, right = left[inside], right[inside]
    ours, theirs = nodes.sizes(left), nodes.sizes(right)
    alone = (ours == 1) & (theirs == 1)
    pairs = [(nodes.starts[left[alone]], nodes.starts[right[alone]])]
    swap = (ours > theirs)[~alone]
    left, right = left[~alone], right[~alone]
    few, many = np.where(swap, right, left), np.where(swap, left, right)
    full = ~are_too_many(nodes.sizes(few), nodes.sizes(many))
    pairs.append(all_pairs_between(nodes, few[full], many[full]))
    pairs.append(nearest_in_time(nodes, few[~full], many[~full]))
    one, other = map(np.concatenate, zip(*pairs, strict=True))
    return one, other


def are_too_many(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether two contents have too many runs, so many each, for all of them to meet."""
    return left * right > FEW


def all_pairs_between(
    nodes: RecordGroups, few: NDArray[np.int64], many: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one content with every node of the other, as places among the nodes."""
    sizes = nodes.sizes(few)
    left = concat_ranges(nodes.starts[few], sizes)
    partners = np.repeat(many, sizes)
    right = nodes.sizes(partners)
    return np.repeat(left, right), concat_ranges(nodes.starts[partners], right)


def nearest_in_time(
    nodes: RecordGroups, few: NDArray[np.int64], many: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one content with the nearest in time of the other, before and after it."""
    sizes = nodes.sizes(few)
    ours = concat_ranges(nodes.starts[few], sizes)
    partners = np.repeat(many, sizes)
    content_ids = distinct_sorted(many)
    positions = concat_ranges(nodes.starts[content_ids], nodes.sizes(content_ids))
    keys = nodes.content_ids[positions] << TIME_BITS | nodes.clock(positions)
    after = np.searchsorted(keys, partners << TIME_BITS | nodes.clock(ours))
    low, high = nodes.starts[partners], nodes.starts[partners + 1] - 1
    after += low - np.searchsorted(keys, partners << TIME_BITS)
    chosen = np.concatenate([np.clip(after - 1, low, high), np.clip(after, low, high)])
    return np.concatenate([ours, ours]), chosen
