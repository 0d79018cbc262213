"""Arrange the trees of the model by feature, as the kernel evaluates them.

Each threshold of a feature is kept with the leaves of every tree that a greater value rules out;
what is left when all features have spoken begins, in each tree, with the leaf that its questions
lead to. (QuickScorer: Lucchese et al. 2015, A Fast Algorithm to Rank Documents with Additive
Ensembles of Regression Trees.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import unique_sorted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.scoring.model import Forest

    ForestArrays = tuple[
        NDArray[np.float64],
        NDArray[np.int64],
        NDArray[np.uint8],
        NDArray[np.float64],
        NDArray[np.float64],
    ]

MOST_LEAVES = 8
LANES = 32
"""Trees that the kernel looks at side by side, a byte each."""


@dataclass(frozen=True, slots=True)
class QuickScorer:
    """What is left of each tree's leaves, a bit each, for every answer that a feature may give.

    The thresholds of feature ``f`` are ``cuts[firsts[f]:firsts[f + 1]]``, sorted. Its rows of
    ``left`` begin at ``firsts[f] + 2 * f``: one for values above none of them, above one, and so
    on, and at last one for a missing value. ``leaves`` are those of each tree, then some of none.
    """

    cuts: NDArray[np.float64]
    firsts: NDArray[np.int64]
    left: NDArray[np.uint8]
    leaves: NDArray[np.float64]
    base: NDArray[np.float64]

    def arrays(self) -> ForestArrays:
        """Return all of it in the order in which the kernel takes it."""
        return (self.cuts, self.firsts, self.left, self.leaves, self.base)


@dataclass(frozen=True, slots=True)
class TreeCondition:
    """A node of a tree, and the leaves of it that ``no`` rules out, a bit each."""

    node: int
    tree: int
    ruled_out: int


def build_quickscorer(model: Forest) -> QuickScorer:
    """The model's trees by feature; raises ValueError for one of more than ``MOST_LEAVES``."""
    width = -(-max(len(model.roots), 1) // LANES) * LANES
    leaves = np.zeros((width + 1, MOST_LEAVES))
    conditions: list[TreeCondition] = []
    ways = model.features.tolist(), model.yes.tolist(), model.no.tolist()
    for tree, root in enumerate(model.roots.tolist()):
        leaves_reached: list[int] = []
        conditions += walk_tree(ways, tree, root, leaves_reached)
        leaves[tree, : len(leaves_reached)] = model.values[leaves_reached]
    cuts = [unique_sorted(model.thresholds[model.features == f]) for f in range(len(model.names))]
    firsts = np.concatenate([[0], np.cumsum([len(own) for own in cuts])]).astype(np.int64)
    left = np.full((int(firsts[-1]) + 2 * len(cuts), width), 0xFF, dtype=np.uint8)
    rule_out(model, conditions, cuts, firsts, left)
    return QuickScorer(np.concatenate([[], *cuts]), firsts, left, leaves, np.array([model.base]))


def walk_tree(
    ways: tuple[list[int], list[int], list[int]], tree: int, node: int, leaves_reached: list[int]
) -> list[TreeCondition]:
    """Return the questions of a tree from a node on.

    Appends the leaves below the node to ``leaves_reached``, from yes to no.
    """
    features, yes, no = ways
    if features[node] < 0:
        leaves_reached.append(node)
        if len(leaves_reached) > MOST_LEAVES:
            raise ValueError(f"a tree of more than {MOST_LEAVES} leaves")
        return []
    first = len(leaves_reached)
    conditions = walk_tree(ways, tree, yes[node], leaves_reached)
    ruled_out = (1 << len(leaves_reached)) - (1 << first)
    return [
        TreeCondition(node, tree, ruled_out),
        *conditions,
        *walk_tree(ways, tree, no[node], leaves_reached),
    ]


def rule_out(
    model: Forest,
    conditions: Sequence[TreeCondition],
    cuts: Sequence[NDArray[np.float64]],
    firsts: NDArray[np.int64],
    left: NDArray[np.uint8],
) -> None:
    """Clear the leaves that answers rule out: what one threshold does, each higher one does too."""
    nodes = np.array([question.node for question in conditions], dtype=np.int64)
    trees = np.array([question.tree for question in conditions], dtype=np.int64)
    stays = np.array([0xFF - question.ruled_out for question in conditions], dtype=np.uint8)
    features, thresholds = model.features[nodes], model.thresholds[nodes]
    for feature, own in enumerate(cuts):
        rows = left[firsts[feature] + 2 * feature : firsts[feature + 1] + 2 * feature + 2]
        here = features == feature
        above = np.searchsorted(own, thresholds[here]) + 1
        np.bitwise_and.at(rows, (above, trees[here]), stays[here])
        np.bitwise_and.accumulate(rows[:-1], axis=0, out=rows[:-1])
        gone = here & ~model.missing[nodes]
        np.bitwise_and.at(rows, (len(rows) - 1, trees[gone]), stays[gone])
