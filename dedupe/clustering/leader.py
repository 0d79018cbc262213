"""Cluster accepted pairs around leaders, without chaining.

In the order of the canonical policy the best node leads unless it matches a leader chosen before
it, and every other joins the leader that it matches best; so no two leaders match each other.
(Leader clustering: Hartigan 1975, Clustering Algorithms, chapter 3; the order by policy and the
choice of the best leader are ours.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
