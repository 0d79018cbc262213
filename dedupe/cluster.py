"""Accepted pairs to clusters that do not chain: leaders, in the order of the canonical policy.

The best node by policy leads unless it matches a leader that was chosen before it; every other
joins the leader that it matches best. So each member matches its leader directly, and no two
leaders match each other. (Leader clustering: Hartigan 1975, Clustering Algorithms, chapter 3; the
order by policy and the reassignment to the best leader are ours.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lead(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Each node's leader. ``ranks`` gives every node's preference, distinct, 0 the best.

    Raises nothing; nodes without pairs lead themselves.
    """
    followers = np.concatenate([left, right])
    others = np.concatenate([right, left])
    order = np.lexsort((ranks[others], -np.concatenate([scores, scores]), followers))
    followers, others = followers[order], others[order]
    starts = np.searchsorted(followers, np.arange(len(ranks)))
    stops = np.searchsorted(followers, np.arange(len(ranks)), side="right")
    leads = choose_leaders(ranks, starts, stops, others)
    eligible = leads[others] & ~leads[followers]
    members, firsts = np.unique(followers[eligible], return_index=True)
    leaders = np.arange(len(ranks))
    leaders[members] = others[eligible][firsts]
    return leaders


def choose_leaders(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether each node leads: it does unless a better one that leads is its neighbour."""
    leads = np.ones(len(ranks), dtype=bool)
    paired = np.flatnonzero(stops > starts)
    for node in paired[np.argsort(ranks[paired])].tolist():
        if leads[node]:
            leads[others[starts[node] : stops[node]]] = False
    return leads
