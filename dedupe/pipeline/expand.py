"""Pairs of kinds to pairs of runs: each run meets the runs of the other kind nearest in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct, ranges, thin
from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 16
TIME_BITS = 38
LOW = 0xFFFFFFFF
SLICE = 1 << 20


@dataclass(frozen=True, slots=True)
class Nodes:
    """The runs in play: each one's number, kind and time, sorted by kind, then time.

    Those of kind ``k`` stand from ``starts[k]`` to ``starts[k + 1]``; ``base`` is the first time.
    """

    runs: NDArray[np.int64]
    kinds: NDArray[np.int64]
    times: NDArray[np.int64]
    starts: NDArray[np.int64]
    base: int

    @classmethod
    def of(
        cls, runs: NDArray[np.int64], kinds: NDArray[np.int64], times: NDArray[np.int64]
    ) -> Nodes:
        """Sort runs, given with the kind and time of each; those of one time stay in order."""
        order = np.lexsort((times, kinds))
        runs, kinds, times = runs[order], kinds[order], times[order]
        starts = np.searchsorted(kinds, np.arange(int(kinds.max(initial=-1)) + 2))
        base = times.min(where=times != NO_TIME, initial=np.iinfo(np.int64).max)
        return cls(runs, kinds, times, starts, int(base))

    def sizes(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many runs each of some kinds has; no kind may be beyond the last in play."""
        return self.starts[kinds + 1] - self.starts[kinds]

    def clock(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The times of some nodes as small numbers from 1 on, 0 for none."""
        times = self.times[places]
        since = np.where(times == NO_TIME, 0, times - np.where(times == NO_TIME, 0, self.base) + 1)
        return since.clip(0, (1 << TIME_BITS) - 1)


def expand(nodes: Nodes, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of runs to verify for coded candidate pairs of two kinds.

    Two kinds with few runs meet run by run; with more, each run of the kind that has fewer meets
    the nearest run before and after it. Returns distinct sorted ``low << 32 | high`` run numbers.
    """
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(codes), SLICE):
        some = codes[first : first + SLICE]
        found.append(coded(nodes, *meetings(nodes, some >> 32, some & LOW)))
    return thin(np.concatenate(found))


def neighbours(nodes: Nodes) -> NDArray[np.int64]:
    """The pairs of runs of one kind that follow one another in time, coded in the same way."""
    beside = np.flatnonzero(nodes.kinds[1:] == nodes.kinds[:-1])
    return thin(coded(nodes, beside, beside + 1))


def sampled(nodes: Nodes, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The coded pairs of kinds in play of which not all runs meet."""
    return codes[are_many(nodes.sizes(codes >> 32), nodes.sizes(codes & LOW))]


def coded(nodes: Nodes, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of nodes as codes of their runs."""
    one, other = nodes.runs[left], nodes.runs[right]
    return np.minimum(one, other) << 32 | np.maximum(one, other)


def meetings(
    nodes: Nodes, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of nodes for some pairs of kinds."""
    inside = np.maximum(left, right) < len(nodes.starts) - 1
    left, right = left[inside], right[inside]
    ours, theirs = nodes.sizes(left), nodes.sizes(right)
    alone = (ours == 1) & (theirs == 1)
    pairs = [(nodes.starts[left[alone]], nodes.starts[right[alone]])]
    swap = (ours > theirs)[~alone]
    left, right = left[~alone], right[~alone]
    few, many = np.where(swap, right, left), np.where(swap, left, right)
    full = ~are_many(nodes.sizes(few), nodes.sizes(many))
    pairs.append(cross(nodes, few[full], many[full]))
    pairs.append(near(nodes, few[~full], many[~full]))
    one, other = map(np.concatenate, zip(*pairs, strict=True))
    return one, other


def are_many(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether two kinds have too many runs, so many each, for all of them to meet."""
    return one * other > FEW


def cross(
    nodes: Nodes, few: NDArray[np.int64], many: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one kind with every node of the other, as places among the nodes."""
    sizes = nodes.sizes(few)
    ours = ranges(nodes.starts[few], sizes)
    partners = np.repeat(many, sizes)
    theirs = nodes.sizes(partners)
    return np.repeat(ours, theirs), ranges(nodes.starts[partners], theirs)


def near(
    nodes: Nodes, few: NDArray[np.int64], many: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one kind with the nearest in time of the other, before and after it."""
    sizes = nodes.sizes(few)
    ours = ranges(nodes.starts[few], sizes)
    partners = np.repeat(many, sizes)
    kinds = distinct(many)
    places = ranges(nodes.starts[kinds], nodes.sizes(kinds))
    keys = nodes.kinds[places] << TIME_BITS | nodes.clock(places)
    after = np.searchsorted(keys, partners << TIME_BITS | nodes.clock(ours))
    low, high = nodes.starts[partners], nodes.starts[partners + 1] - 1
    after += low - np.searchsorted(keys, partners << TIME_BITS)
    chosen = np.concatenate([np.clip(after - 1, low, high), np.clip(after, low, high)])
    return np.concatenate([ours, ours]), chosen
