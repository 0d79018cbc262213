"""Cluster nodes by accepted pairs: leaders first, then average linkage, under constraints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import components, unique_sorted
from dedupe.clustering.linkage import AverageLinkage, leader_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.clustering.linkage import Score

    Rank = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]
    """Ranks some nodes by the policy, given how central each is."""

SCORE_UNITS = 1 << 20
LEAST_FOLLOWERS, LEAST_COHESION = 4, 0.4
"""A leader of so many is a hub if their mean score with one another is below the second."""
HUB_SAMPLE, MOST_HUB_PASSES = 12, 8


@dataclass(frozen=True, slots=True)
class AcceptedPairs:
    """Accepted pairs of nodes and their scores, one a pair."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> AcceptedPairs:
        """Return some of the pairs."""
        return AcceptedPairs(self.left[chosen], self.right[chosen], self.scores[chosen])

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How nodes are clustered.

    ``groups`` has the node that stands for each node: nodes that labels hold together have one.
    ``sizes`` counts the records of each node, ``pinned`` nodes always lead, and ``apart`` has two
    rows, the ends of pairs of nodes that may never be together. ``average`` says whether clusters
    are joined by average linkage.
    """

    groups: NDArray[np.int64]
    sizes: NDArray[np.int64]
    pinned: NDArray[np.bool_]
    apart: NDArray[np.int64]
    threshold: float
    average: bool


def cluster_nodes(
    grouping: Grouping,
    leaders: NDArray[np.int64],
    pairs: AcceptedPairs,
    rank: Rank,
    score: Score,
) -> NDArray[np.int64]:
    """Return each node's leader after pairs of nodes in play were accepted."""
    grouping = keep_apart(grouping, leaders)
    left, right = grouping.groups[pairs.left], grouping.groups[pairs.right]
    apart = left != right
    own = AcceptedPairs(left[apart], right[apart], pairs.scores[apart])
    nodes = unique_sorted(np.concatenate([own.left, own.right]))
    out = leaders.copy()
    linked = unique_sorted(np.concatenate([pairs.left, pairs.right]))
    out[linked] = grouping.groups[linked]
    out = out[leaders]
    out[nodes] = cluster_component(grouping, nodes, own, rank, score)
    return out[out]


def keep_apart(grouping: Grouping, leaders: NDArray[np.int64]) -> Grouping:
    """Return the grouping with cannot-links moved to the leaders, and those leaders pinned."""
    apart = leaders[grouping.apart]
    pinned = grouping.pinned.copy()
    pinned[apart] = True
    return replace(grouping, apart=apart, pinned=pinned)


def cluster_component(
    grouping: Grouping,
    nodes: NDArray[np.int64],
    pairs: AcceptedPairs,
    rank: Rank,
    score: Score,
) -> NDArray[np.int64]:
    """Return the leaders of nodes that pairs connect."""
    left, right = np.searchsorted(nodes, pairs.left), np.searchsorted(nodes, pairs.right)
    ranks = rank(nodes, centrality(grouping.sizes[nodes], left, right, pairs.scores))
    leaders, left, right = lead_without_hubs(
        grouping, nodes, left, right, pairs.scores, ranks, score
    )
    joins = np.ones(len(left), bool)
    if not grouping.average:  # then only pinned leaders may be joined
        pinned = grouping.pinned[nodes]
        joins = pinned[leaders[left]] & pinned[leaders[right]]
    if joins.any():
        own = left[joins], right[joins]
        leaders = join_clusters(grouping, nodes, leaders, *own, ranks, score)
    return nodes[leaders]


def lead_without_hubs(
    grouping: Grouping,
    nodes: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    ranks: NDArray[np.int64],
    score: Score,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the leaders by accepted pairs, and the pairs without those of hubs.

    A hub matches many that do not match one another: "Volunteers honoured in each state" and one
    headline a state. It leads none, and the others are clustered by the pairs that are left.
    """
    pinned = grouping.pinned[nodes]
    for _ in range(MOST_HUB_PASSES):
        leaders = leader_cluster(ranks, left, right, scores, pinned)
        if not grouping.average:
            break
        hubs = find_hubs(leaders, ranks, lambda a, b: score(nodes[a], nodes[b]))
        if not len(hubs):
            break
        kept = ~(np.isin(left, hubs) | np.isin(right, hubs))
        left, right, scores = left[kept], right[kept], scores[kept]
    return leaders, left, right


def find_hubs(
    leaders: NDArray[np.int64], ranks: NDArray[np.int64], score: Score
) -> NDArray[np.int64]:
    """Return the leaders of several followers whose scores with one another are low on average."""
    followers = np.flatnonzero(leaders != np.arange(len(leaders)))
    large = np.bincount(leaders[followers], minlength=len(leaders)) >= LEAST_FOLLOWERS
    followers = followers[large[leaders[followers]]]
    order = followers[np.lexsort((ranks[followers], leaders[followers]))]
    if not len(order):
        return order
    centres, starts = np.unique(leaders[order], return_index=True)
    samples = [group[:HUB_SAMPLE] for group in np.split(order, starts[1:])]
    ends = [np.triu_indices(len(own), 1) for own in samples]
    pairs = zip(samples, ends, strict=True)
    left, right = np.concatenate([[own[one], own[other]] for own, (one, other) in pairs], axis=1)
    sizes = np.array([len(one) for one, _ in ends])
    sums = np.add.reduceat(score(left, right), np.cumsum(sizes) - sizes)
    return centres[sums < LEAST_COHESION * sizes]


def centrality(
    sizes: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return each node's sum of pair scores, each times the number of records at the other end."""
    units = np.rint(scores * SCORE_UNITS)
    sums = [
        np.bincount(own, units * sizes[other], len(sizes))
        for own, other in ((left, right), (right, left))
    ]
    return np.add(*sums)


def join_clusters(
    grouping: Grouping,
    nodes: NDArray[np.int64],
    leaders: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    ranks: NDArray[np.int64],
    score: Score,
) -> NDArray[np.int64]:
    """Return the leaders after clusters that accepted pairs connect were joined by average."""
    one, other = leaders[left], leaders[right]
    across = one != other
    if not across.any():
        return leaders
    touching = list(zip(one[across].tolist(), other[across].tolist(), strict=True))
    wanted = unique_sorted(np.concatenate([one[across], other[across]]))
    linkage = AverageLinkage(
        members_by_leader(leaders, wanted, ranks),
        dict(enumerate(ranks.tolist())),
        lambda a, b: score(nodes[a], nodes[b]),
        grouping.threshold,
        clusters_apart(grouping.apart, nodes, leaders),
    )
    parents = linkage.join(touching)
    roots = np.arange(len(leaders))
    for child in parents:
        root = child
        while root in parents:
            root = parents[root]
        roots[child] = root
    return roots[leaders]


def members_by_leader(
    leaders: NDArray[np.int64], wanted: NDArray[np.int64], ranks: NDArray[np.int64]
) -> dict[int, list[int]]:
    """Return the members of some clusters, the best first."""
    members: dict[int, list[int]] = {leader: [] for leader in wanted.tolist()}
    own = np.flatnonzero(np.isin(leaders, wanted))
    own = own[np.argsort(ranks[own])]
    for node, leader in zip(own.tolist(), leaders[own].tolist(), strict=True):
        members[leader].append(node)
    return members


def clusters_apart(
    apart: NDArray[np.int64], nodes: NDArray[np.int64], leaders: NDArray[np.int64]
) -> dict[int, set[int]]:
    """Return, for each cluster, those that it may never be joined with."""
    out: dict[int, set[int]] = {}
    ends = np.searchsorted(nodes, apart).clip(0, max(len(nodes) - 1, 0))
    known = (nodes[ends] == apart).all(axis=0) if len(nodes) else np.zeros(apart.shape[1], bool)
    for one, other in leaders[ends[:, known]].T.tolist():
        out.setdefault(one, set()).add(other)
        out.setdefault(other, set()).add(one)
    return out


def connected(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the component of each node, named by its lowest node; ``count`` is that of nodes."""
    if not kernel.available():
        return components(np.stack([left, right]), count)
    labels = np.arange(count)
    kernel.connect(np.ascontiguousarray(left), np.ascontiguousarray(right), labels)
    return labels


def label_groups(own: NDArray[np.int64], representatives: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the component of each node: representatives of records of one group are connected."""
    order = np.argsort(own, kind="stable")
    same = np.flatnonzero(own[order][1:] == own[order][:-1])
    left, right = representatives[order[same]], representatives[order[same + 1]]
    return connected(len(own), left, right)


def linked_pairs(groups: NDArray[np.int64]) -> AcceptedPairs:
    """Return the pairs that labels hold together: each node with the one that stands for it."""
    linked = np.flatnonzero(groups != np.arange(len(groups)))
    left, right = np.minimum(linked, groups[linked]), np.maximum(linked, groups[linked])
    return AcceptedPairs(left, right, np.ones(len(linked)))


def join_pairs(before: AcceptedPairs, fresh: AcceptedPairs) -> AcceptedPairs:
    """Return the pairs of two passes."""
    return AcceptedPairs(
        np.concatenate([before.left, fresh.left]),
        np.concatenate([before.right, fresh.right]),
        np.concatenate([before.scores, fresh.scores]),
    )
