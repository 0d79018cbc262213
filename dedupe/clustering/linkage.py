"""Cluster accepted pairs around leaders, without chaining, and join what matches on average.

Leaders: in the order of the canonical policy the best node leads unless it matches a leader chosen
before it, and every other joins the leader that it matches best; so no two leaders match each
other. (Leader clustering: Hartigan 1975, Clustering Algorithms, chapter 3; the order by policy and
the choice of the best leader are ours.)

Average linkage: two clusters that an accepted pair connects join when the scores of all pairs
across them reach the threshold on average; of very large ones the best members speak for the rest.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Score = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]
    """Scores any pairs of nodes, 0 to 1."""

SPOKESMEN = 24
"""Of a cluster the best so many members are compared."""
SCORE_UNITS = 1 << 20
"""Scores are summed as whole numbers of this unit, so that no sum depends on its order."""


def leader_cluster(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    pinned: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return each node's leader; a node without pairs leads itself.

    ``ranks`` gives every node's place in the order of preference, 0 the best. ``pinned`` nodes
    always lead.
    """
    leaders = np.arange(len(ranks))
    if kernel.available():
        left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        kernel.lead(ranks, left, right, scores, pinned, leaders)
        return leaders
    paired = np.zeros(len(ranks), dtype=bool)
    paired[left] = paired[right] = True
    nodes = np.flatnonzero(paired)
    own = np.cumsum(paired) - 1
    leaders[nodes] = nodes[lead_paired(ranks[nodes], own[left], own[right], scores, pinned[nodes])]
    return leaders


def lead_paired(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    pinned: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the leaders of nodes that all have a pair."""
    followers = np.concatenate([left, right])
    others = np.concatenate([right, left])
    order = np.lexsort((ranks[others], -np.concatenate([scores, scores]), followers))
    followers, others = followers[order], others[order]
    starts = np.searchsorted(followers, np.arange(len(ranks) + 1))
    leads = choose_leaders(ranks, starts, others, pinned)
    eligible = leads[others] & ~leads[followers]
    members, firsts = np.unique(followers[eligible], return_index=True)
    leaders = np.arange(len(ranks))
    leaders[members] = others[eligible][firsts]
    return leaders


def choose_leaders(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    others: NDArray[np.int64],
    pinned: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return whether each node leads: it does unless a better one that leads is its neighbour."""
    leads = [True] * len(ranks)
    bounds, neighbours, fixed = starts.tolist(), others.tolist(), pinned.tolist()
    for node in np.lexsort((ranks, ~pinned)).tolist():
        if leads[node]:
            for other in neighbours[bounds[node] : bounds[node + 1]]:
                leads[other] = fixed[other]
    return np.array(leads, dtype=bool)


class AverageLinkage:
    """Clusters on their way to being joined.

    ``members`` lists the nodes of each cluster by its leader, the best first; ``apart`` holds the
    clusters that each may never be one with.
    """

    def __init__(
        self,
        members: dict[int, list[int]],
        ranks: dict[int, int],
        score: Score,
        threshold: float,
        apart: dict[int, set[int]],
    ) -> None:
        self.members = members
        self.ranks = ranks
        self.score = score
        self.threshold = threshold
        self.apart = apart
        self.sums: dict[tuple[int, int], tuple[int, int]] = {}
        self.neighbours: dict[int, set[int]] = {}
        self.parents: dict[int, int] = {}
        self.queue: list[tuple[float, int, int, int, int]] = []

    def join(self, touching: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Join clusters, the closest first; return the cluster that each joined one went into.

        ``touching`` are the pairs of clusters that an accepted pair connects.
        """
        pairs = sorted({(min(a, b), max(a, b)) for a, b in touching if self.may_join(a, b)})
        for a, b in pairs:
            self.neighbours.setdefault(a, set()).add(b)
            self.neighbours.setdefault(b, set()).add(a)
        self.measure(pairs)
        for pair in pairs:
            self.offer(*pair)
        while self.queue:
            mean, _, _, a, b = heapq.heappop(self.queue)
            gone = a in self.parents or b in self.parents
            if not gone and -mean == self.average(a, b) and self.may_join(a, b):
                self.merge(a, b)
        return self.parents

    def may_join(self, a: int, b: int) -> bool:
        """Return whether two clusters may be one."""
        return b not in self.apart.get(a, ())

    def measure(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Score all pairs across some clusters."""
        left, right, sizes = [], [], []
        for a, b in pairs:
            ours, theirs = self.members[a][:SPOKESMEN], self.members[b][:SPOKESMEN]
            left += [one for one in ours for _ in theirs]
            right += theirs * len(ours)
            sizes.append(len(ours) * len(theirs))
        scores = self.score(np.array(left, np.int64), np.array(right, np.int64))
        units = np.rint(scores * SCORE_UNITS).astype(np.int64)
        ends = np.cumsum([0, *sizes])
        totals = np.concatenate([[0], np.cumsum(units)])
        for pair, start, end in zip(pairs, ends.tolist(), ends[1:].tolist(), strict=False):
            self.sums[pair] = int(totals[end] - totals[start]), end - start

    def average(self, a: int, b: int) -> float:
        """Return the average score across two clusters."""
        total, count = self.sums[min(a, b), max(a, b)]
        return total / SCORE_UNITS / count

    def offer(self, a: int, b: int) -> None:
        """Queue two clusters that may be joined."""
        mean = self.average(a, b)
        if mean >= self.threshold:
            low, high = sorted((self.ranks[a], self.ranks[b]))
            heapq.heappush(self.queue, (-mean, low, high, a, b))

    def merge(self, a: int, b: int) -> None:
        """Join two clusters under the better leader."""
        into, gone = (a, b) if self.ranks[a] < self.ranks[b] else (b, a)
        self.parents[gone] = into
        united = [*self.members[into], *self.members.pop(gone)]
        self.members[into] = sorted(united, key=self.ranks.__getitem__)
        around = (self.neighbours.pop(gone) | self.neighbours[into]) - {into, gone}
        for third in around:
            self.neighbours[third].discard(gone)
            self.neighbours[third].add(into)
        self.neighbours[into] = around
        for other in self.apart.pop(gone, ()):
            self.apart[other].discard(gone)
            self.apart[other].add(into)
            self.apart.setdefault(into, set()).add(other)
        pairs = [
            (min(into, third), max(into, third))
            for third in sorted(around)
            if self.may_join(into, third)
        ]
        self.measure(pairs)
        for pair in pairs:
            self.offer(*pair)
