"""The decision: a small sum of monotone trees, kept as data, whose every step can be shown.

Each tree is a handful of questions to one feature each; a pair's log-odds are the sum of the leaf
values. The file is made by ``python -m t:tests.training.fit`` (gradient boosting: Friedman 2001,
Greedy function approximation; monotone constraints as in scikit-learn's
HistGradientBoostingClassifier).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe import kernel
from dedupe.scoring.quickscorer import QuickScorer, build_quickscorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 2
VALUE_UNITS = 1 << 20
"""Values are whole numbers of this unit, so that a sum of them does not depend on its order."""


@dataclass(frozen=True)
class Model:
    """Trees as parallel node arrays; ``roots[t]`` is the first node of tree ``t``.

    A node asks whether ``features[feature] <= threshold`` and goes to ``yes`` or ``no``; a missing
    value goes to ``yes`` where ``missing`` is true. A leaf has feature -1. ``values`` holds each
    node's mean log-odds within its tree, so that the steps down a path add up to its leaf. The
    nodes of a tree stand together, each before those that it leads to.
    """

    names: tuple[str, ...]
    base: float
    roots: NDArray[np.int64]
    features: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    missing: NDArray[np.bool_]
    values: NDArray[np.float64]
    depth: int

    def log_odds(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-odds of each row of features being a duplicate."""
        total = np.full(len(rows), self.base)
        if kernel.available():
            kernel.log_odds(*self.forest.arrays(), np.ascontiguousarray(rows), total)
            return total
        picks = np.arange(len(rows))
        for root in self.roots.tolist():
            nodes = np.full(len(rows), root)
            for _ in range(self.depth):
                nodes = self.step(rows, picks, nodes)
            total += self.values[nodes]
        return total

    @cached_property
    def forest(self) -> QuickScorer:
        """The trees as the kernel takes them."""
        return build_quickscorer(self)

    def step(
        self, rows: NDArray[np.float64], picks: NDArray[np.int64], nodes: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Where each row goes from its node; a leaf keeps it."""
        feature = self.features[nodes]
        value = rows[picks, feature]
        below = (value <= self.thresholds[nodes]) | (np.isnan(value) & self.missing[nodes])
        return np.where(feature < 0, nodes, np.where(below, self.yes[nodes], self.no[nodes]))


def read_model(data: bytes) -> Model:
    """The model of a file's bytes; raises ValueError for another format."""
    held = orjson.loads(data)
    if held.get("format") != FORMAT:
        raise ValueError(f"a model of format {held.get('format')}, not {FORMAT}")
    return Model(
        names=tuple(held["names"]),
        base=held["base"] / VALUE_UNITS,
        roots=np.array(held["roots"], dtype=np.int64),
        features=np.array(held["features"], dtype=np.int64),
        thresholds=np.array(held["thresholds"], dtype=np.float64),
        yes=np.array(held["yes"], dtype=np.int64),
        no=np.array(held["no"], dtype=np.int64),
        missing=np.array(held["missing"], dtype=bool),
        values=np.array(held["values"]) / VALUE_UNITS,
        depth=held["depth"],
    )


@cache
def shipped_model() -> Model:
    """The model that comes with the package."""
    return read_model((files("dedupe") / "data" / "model.json").read_bytes())


def to_probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))
