"""What links and versions demand of run heads: which are one node, and which never meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct, ranges
from dedupe.pipeline.links import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.links import Links
    from dedupe.pipeline.outline import Outline


@dataclass(frozen=True, slots=True)
class Bonds:
    """The group of each record's head: heads that links hold together have one group.

    ``apart`` are the sorted codes of groups that links keep apart; ``versions`` gives the version
    of each group, a number of its own where links hold several versions together, and is None
    where versions may meet.
    """

    groups: NDArray[np.int64]
    apart: NDArray[np.int64]
    versions: NDArray[np.int64] | None

    def __bool__(self) -> bool:
        """Whether anything is kept apart."""
        return len(self.apart) > 0 or self.versions is not None

    def permitted(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The coded pairs of heads that may be in one cluster."""
        return codes[~self.part(codes >> 32, codes & 0xFFFFFFFF)]

    def part(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether two heads may never be in one cluster."""
        parted = np.zeros(len(left), dtype=bool)
        one, other = self.groups[left], self.groups[right]
        if len(self.apart):
            parted |= np.isin(codes_of(one, other), self.apart)
        if self.versions is not None:
            parted |= (one != other) & (self.versions[one] != self.versions[other])
        return parted


def codes_of(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs as ``low << 32 | high``."""
    return np.minimum(one, other) << 32 | np.maximum(one, other)


def bonds_of(outline: Outline, heads: NDArray[np.int64]) -> Bonds:
    """What is demanded of the heads of some runs."""
    groups = components(heads[outline.links.must], len(heads))[heads]
    apart = distinct(codes_of(*groups[outline.links.cannot]))
    split = outline.settings.updates == "split"
    return Bonds(groups, apart, group_versions(outline, groups) if split else None)


def group_versions(outline: Outline, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The version that all records of each group state, else a negative number of its own."""
    versions = outline.versions
    lowest = versions[groups].copy()
    highest = lowest.copy()
    np.minimum.at(lowest, groups, versions)
    np.maximum.at(highest, groups, versions)
    return np.where(lowest == highest, lowest, -1 - np.arange(len(groups)))


def best_of_groups(
    bonds: Bonds, heads: NDArray[np.int64], ranks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The best head of each head's group; a record that is no head stands for itself."""
    if np.array_equal(bonds.groups, heads):
        return np.arange(len(heads))
    own = np.flatnonzero(heads == np.arange(len(heads)))
    order = own[np.argsort(-ranks[own])]
    best = np.arange(len(heads))
    best[bonds.groups[order]] = order
    found = np.arange(len(heads))
    found[own] = best[bonds.groups[own]]
    return found


def eject(links: Links, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The runs after equal texts that links keep apart have left them.

    Where runs and links together would hold together what links keep apart, every record that a
    link names leaves its run.
    """
    count = len(runs)
    nodes = np.where(runs < 0, count + np.arange(count), runs)
    groups = components(nodes[links.must], 2 * count)[nodes]
    clash = groups[links.cannot[0]] == groups[links.cannot[1]]
    named = np.unique(np.concatenate([links.must.ravel(), links.cannot.ravel()]))
    gone = named[np.isin(groups[named], groups[links.cannot[0][clash]]) & (runs[named] >= 0)]
    parted = runs.copy()
    parted[gone] = count + gone
    return parted


def kin(outline: Outline, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of living heads that links keep apart from some record, with all of their own kind."""
    named = np.intersect1d(outline.links.cannot, alive)
    order = alive[np.argsort(outline.kinds[alive], kind="stable")]
    kinds = outline.kinds[order]
    starts = np.searchsorted(kinds, outline.kinds[named])
    sizes = np.searchsorted(kinds, outline.kinds[named], side="right") - starts
    ours, theirs = np.repeat(named, sizes), order[ranges(starts, sizes)]
    codes = codes_of(ours, theirs)
    return distinct(codes[ours != theirs])
