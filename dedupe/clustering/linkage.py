"""Cluster scored pairs without chaining: leaders first, then average linkage.

First leaders: in the order of the canonical policy the best node leads unless it matches a leader
chosen before it, and every other joins the leader that it matches best; so no two leaders match
each other. (Leader clustering: Hartigan 1975, Clustering Algorithms, chapter 3; the order by policy
and the choice of the best leader are ours.) Then average linkage: two such clusters join while
the scored pairs across them score the threshold on average.

Pairs of nodes that may never be together are given as ``apart``, two rows of ends. They are not
among the scored pairs of :func:`leader_cluster`.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from dedupe.pairs import pack_ordered, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray


MIN_SCORED_SHARE = 0.3
"""The share of the pairs across two clusters that must have been scored for them to join."""
SCORE_UNITS = 1 << 20
"""Scores are summed as whole numbers of this unit, so that no sum depends on its order."""
NONE_APART = np.zeros((2, 0), dtype=np.int64)
NEVER = (-np.inf, 1 << 60)
"""The sum and count across two clusters that may never be one: no other pair brings it up."""


def leader_cluster(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    apart: NDArray[np.int64] = NONE_APART,
) -> NDArray[np.int64]:
    """Each node's leader. ``ranks`` gives every node's preference, distinct, 0 the best.

    Raises nothing; nodes without pairs lead themselves. Of two nodes that are ``apart`` and match
    one leader best, the worse goes to the next it matches, or leads.
    """
    paired = np.zeros(len(ranks), dtype=bool)
    for ends in (left, right, *apart):
        paired[ends] = True
    nodes = np.flatnonzero(paired)
    own = np.cumsum(paired) - 1
    leaders = np.arange(len(ranks))
    leaders[nodes] = nodes[
        leader_cluster_pairs(ranks[nodes], own[left], own[right], scores, own[apart])
    ]
    return leaders


def leader_cluster_pairs(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    apart: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The same for nodes of which few have no pair."""
    followers = np.concatenate([left, right])
    others = np.concatenate([right, left])
    order = np.lexsort((ranks[others], -np.concatenate([scores, scores]), followers))
    followers, others = followers[order], others[order]
    starts = np.searchsorted(followers, np.arange(len(ranks)))
    ends = np.searchsorted(followers, np.arange(len(ranks)), side="right")
    is_leader = choose_leaders(ranks, starts, ends, others)
    if apart.size:
        return choose_permitted_leaders(ranks, starts, ends, others, is_leader, apart)
    eligible = is_leader[others] & ~is_leader[followers]
    members, firsts = np.unique(followers[eligible], return_index=True)
    leaders = np.arange(len(ranks))
    leaders[members] = others[eligible][firsts]
    return leaders


def choose_leaders(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether each node leads: it does unless a better one that leads is its neighbour."""
    is_leader = np.ones(len(ranks), dtype=bool)
    paired = np.flatnonzero(ends > starts)
    for node in paired[np.argsort(ranks[paired])].tolist():
        if is_leader[node]:
            is_leader[others[starts[node] : ends[node]]] = False
    return is_leader


def choose_permitted_leaders(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    others: NDArray[np.int64],
    is_leader: NDArray[np.bool_],
    apart: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Each node's leader where some nodes are apart; in order of rank, one after another."""
    cannot_link = cannot_link_map(apart)
    followed: dict[int, set[int]] = defaultdict(set)
    leaders = np.arange(len(ranks))
    following = np.flatnonzero((ends > starts) & ~is_leader)
    for node in following[np.argsort(ranks[following])].tolist():
        for other in others[starts[node] : ends[node]].tolist():
            if is_leader[other] and cannot_link[node].isdisjoint(followed[other]):
                leaders[node] = other
                followed[other].add(node)
                break
        else:
            is_leader[node] = True
    return leaders


def cannot_link_map(apart: NDArray[np.int64]) -> dict[int, set[int]]:
    """The nodes that each node is apart from."""
    cannot_link: dict[int, set[int]] = defaultdict(set)
    for left, right in apart.T.tolist():
        cannot_link[left].add(right)
        cannot_link[right].add(left)
    return cannot_link


def merge_average_linkage(
    ranks: NDArray[np.int64],
    leaders: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    threshold: float,
    apart: NDArray[np.int64] = NONE_APART,
) -> NDArray[np.int64]:
    """Each node's leader after clusters have joined by average linkage, best average first.

    ``left``, ``right`` and ``scores`` are all scored pairs, those below the threshold too.
    """
    sums = cross_sums(leaders, left, right, scores, threshold)
    for one, other in leaders[apart].T.tolist():
        sums[one][other] = sums[other][one] = NEVER
    counts = np.bincount(leaders)
    sizes = {cluster: int(counts[cluster]) for cluster in sums}
    parents = merge_greedily(sums, sizes, ranks, threshold)
    roots = np.arange(len(leaders))
    for child in parents:
        roots[child] = find_root(parents, child)
    return roots[leaders]


def cross_sums(
    leaders: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    threshold: float,
) -> dict[int, dict[int, tuple[float, int]]]:
    """For clusters that an accepted pair touches: the sum and count of the pairs across them."""
    one, other = leaders[left], leaders[right]
    across = one != other
    touched = np.zeros(len(leaders), dtype=bool)
    passing = across & (scores >= threshold)
    touched[one[passing]] = touched[other[passing]] = True
    held = across & touched[one] & touched[other]
    pair_keys = pack_ordered(one[held], other[held])
    values, inverse = np.unique(pair_keys, return_inverse=True)
    totals = np.bincount(inverse, weights=np.rint(scores[held] * SCORE_UNITS)).tolist()
    counts = np.bincount(inverse).tolist()
    sums: dict[int, dict[int, tuple[float, int]]] = defaultdict(dict)
    for (a, b), total, count in zip(
        zip(*(ids.tolist() for ids in unpack(values)), strict=True), totals, counts, strict=True
    ):
        sums[a][b] = sums[b][a] = (total, count)
    return sums


def merge_greedily(
    sums: dict[int, dict[int, tuple[float, int]]],
    sizes: dict[int, int],
    ranks: NDArray[np.int64],
    threshold: float,
) -> dict[int, int]:
    """Merge the closest clusters first; returns the cluster that each merged one went into."""

    def average(a: int, b: int) -> float:
        total, count = sums[a][b]
        return (
            total / SCORE_UNITS / count if count >= MIN_SCORED_SHARE * sizes[a] * sizes[b] else 0.0
        )

    def offer(a: int, b: int) -> None:
        mean = average(a, b)
        if mean >= threshold:
            low, high = sorted((int(ranks[a]), int(ranks[b])))
            heapq.heappush(queue, (-mean, low, high, a, b))

    parents: dict[int, int] = {}
    queue: list[tuple[float, int, int, int, int]] = []
    for a, row in sums.items():
        for b in row:
            if a < b:
                offer(a, b)
    while queue:
        mean, _, _, a, b = heapq.heappop(queue)
        if a in parents or b in parents or -mean != average(a, b):
            continue
        into, gone = (a, b) if ranks[a] < ranks[b] else (b, a)
        parents[gone] = into
        sizes[into] += sizes[gone]
        for third in absorb_cluster(sums, into, gone):
            offer(into, third)
    return parents


def absorb_cluster(
    sums: dict[int, dict[int, tuple[float, int]]], into: int, gone: int
) -> list[int]:
    """Add one cluster's sums to another's; returns the neighbours of the union."""
    del sums[into][gone]
    for third, (total, count) in sums.pop(gone).items():
        if third == into:
            continue
        del sums[third][gone]
        old_total, old_count = sums[into].get(third, (0.0, 0))
        sums[into][third] = sums[third][into] = (old_total + total, old_count + count)
    return list(sums[into])


def find_root(parents: dict[int, int], child: int) -> int:
    """The cluster that a merged one ended up in."""
    while child in parents:
        child = parents[child]
    return child
