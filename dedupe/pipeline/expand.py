"""Pairs of kinds to pairs of runs: each run meets the runs of the other kind nearest in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import ranges, thin
from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 16
TIME_BITS = 38
LOW = 0xFFFFFFFF
SLICE = 1 << 20


@dataclass(frozen=True, slots=True)
class Nodes:
    """The runs in play: each one's number, kind and time, sorted by kind, then time."""

    runs: NDArray[np.int64]
    kinds: NDArray[np.int64]
    times: NDArray[np.int64]

    @classmethod
    def of(
        cls, runs: NDArray[np.int64], kinds: NDArray[np.int64], times: NDArray[np.int64]
    ) -> Nodes:
        """Sort runs, given with the kind and time of each; those of one time stay in order."""
        order = np.lexsort((times, kinds))
        return cls(runs[order], kinds[order], times[order])


def expand(nodes: Nodes, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of runs to verify for coded candidate pairs of two kinds.

    Two kinds with few runs meet run by run; with more, each run of the kind that has fewer meets
    the nearest run before and after it. Returns distinct sorted ``low << 32 | high`` run numbers.
    """
    starts = np.searchsorted(nodes.kinds, np.arange(int(nodes.kinds.max(initial=-1)) + 2))
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(codes), SLICE):
        some = codes[first : first + SLICE]
        found.append(coded(nodes, *meetings(nodes, starts, some >> 32, some & LOW)))
    return thin(np.concatenate(found))


def neighbours(nodes: Nodes) -> NDArray[np.int64]:
    """The pairs of runs of one kind that follow one another in time, coded in the same way."""
    beside = np.flatnonzero(nodes.kinds[1:] == nodes.kinds[:-1])
    return thin(coded(nodes, beside, beside + 1))


def coded(nodes: Nodes, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of nodes as codes of their runs."""
    one, other = nodes.runs[left], nodes.runs[right]
    return np.minimum(one, other) << 32 | np.maximum(one, other)


def meetings(
    nodes: Nodes,
    starts: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of nodes for some pairs of kinds."""
    sizes = np.diff(starts)
    inside = np.maximum(left, right) < len(sizes)
    left, right = left[inside], right[inside]
    alone = (sizes[left] == 1) & (sizes[right] == 1)
    pairs = [(starts[left[alone]], starts[right[alone]])]
    left, right = left[~alone], right[~alone]
    swap = sizes[left] > sizes[right]
    few, many = np.where(swap, right, left), np.where(swap, left, right)
    full = ~are_many(sizes[few], sizes[many])
    pairs.append(cross(starts, sizes, few[full], many[full]))
    pairs.append(near(nodes, starts, sizes, few[~full], many[~full]))
    one, other = map(np.concatenate, zip(*pairs, strict=True))
    return one, other


def are_many(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether two kinds have too many runs, so many each, for all of them to meet."""
    return one * other > FEW


def cross(
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    few: NDArray[np.int64],
    many: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one kind with every node of the other, as places among the nodes."""
    ours = ranges(starts[few], sizes[few])
    partners = np.repeat(many, sizes[few])
    return np.repeat(ours, sizes[partners]), ranges(starts[partners], sizes[partners])


def near(
    nodes: Nodes,
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    few: NDArray[np.int64],
    many: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every node of one kind with the nearest in time of the other, before and after it."""
    if not len(few):
        return few, many
    dated = nodes.times != NO_TIME
    base = nodes.times[dated].min(initial=0) if dated.any() else 0
    clock = np.where(dated, nodes.times - np.where(dated, base, NO_TIME) + 1, 0)
    clock = clock.clip(0, (1 << TIME_BITS) - 1)
    keys = nodes.kinds << TIME_BITS | clock
    ours = ranges(starts[few], sizes[few])
    partners = np.repeat(many, sizes[few])
    after = np.searchsorted(keys, partners << TIME_BITS | clock[ours])
    low, high = starts[partners], starts[partners] + sizes[partners] - 1
    chosen = np.concatenate([np.clip(after - 1, low, high), np.clip(after, low, high)])
    return np.concatenate([ours, ours]), chosen
