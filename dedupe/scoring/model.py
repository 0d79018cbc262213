"""The decision as data: sums of small monotone trees, whose every step can be shown.

``data/model.json`` holds two forests. *Text* scores a pair by its texts alone; *metadata* adjusts
that by time, outlet and recurrence. Both give log-odds. The file is made by ``make fit`` (gradient
boosting: Friedman 2001, Greedy function approximation; with monotone constraints).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe import kernel
from dedupe.models import HOUR
from dedupe.scoring.features import FEATURES
from dedupe.scoring.quickscorer import QuickScorer, build_quickscorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

FORMAT = 3
MOST_COUNT = 2.0**50
"""Whole numbers up to here are exact as floats, and so are their halves."""
VALUE_UNITS = 1 << 20
"""Values are whole numbers of this unit, so that a sum of them does not depend on its order."""

METADATA = (
    "gap",  # log(1 + hours between the two)
    "other_outlet",  # 1 where two outlets wrote them; missing where it is one, or unknown
    "days",  # log2 of the days on which the rarest two words that both share meet in a headline
    "weeks",  # the same of weeks
    "title_days",  # log2 of the days on which the more frequent headline of the two appears
    "title_weeks",  # the same of weeks
    "headlines",  # log2 of the distinct headlines in which the rarest two shared words meet
)


@dataclass(frozen=True)
class Forest:
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
        """Return the log-odds of rows of features; shape (n, len(names)) to (n,)."""
        if kernel.available():
            out = np.empty(len(rows))
            kernel.log_odds(*self.scorer.arrays(), np.ascontiguousarray(rows), out)
            return out
        total = np.full(len(rows), self.base)
        for root in self.roots.tolist():
            nodes = np.full(len(rows), root)
            for _ in range(self.depth):
                nodes = self.step(rows, nodes)
            total += self.values[nodes]
        return total

    @cached_property
    def scorer(self) -> QuickScorer:
        """The trees as the kernel takes them."""
        return build_quickscorer(self)

    def step(self, rows: NDArray[np.float64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where each row goes from its node; a leaf keeps it."""
        feature = self.features[nodes]
        value = rows[np.arange(len(rows)), feature]
        below = (value <= self.thresholds[nodes]) | (np.isnan(value) & self.missing[nodes])
        return np.where(feature < 0, nodes, np.where(below, self.yes[nodes], self.no[nodes]))


@dataclass(frozen=True)
class Model:
    """The two forests; ``most_support`` caps what metadata may add, in log-odds."""

    text: Forest
    metadata: Forest
    most_support: float

    @cached_property
    def counting_scorer(self) -> QuickScorer:
        """The trees over metadata with cuts in seconds and counts, as the kernel takes them.

        A logarithm is at most a cut where its seconds or its count are at most the greatest whole
        number whose logarithm is.
        """
        scorer = self.metadata.scorer
        cuts = scorer.cuts.copy()
        bounds = zip(METADATA, scorer.firsts, scorer.firsts[1:], strict=False)
        for name, first, last in bounds:
            if name != "other_outlet":
                value = log_gap if name == "gap" else np.log2
                cuts[first:last] = greatest_below(value, scorer.cuts[first:last])
        return replace(scorer, cuts=cuts)


def log_gap(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of a gap in ``METADATA``."""
    return np.asarray(np.log1p(seconds / HOUR))


def greatest_below(
    value: Callable[[NDArray[np.float64]], NDArray[np.float64]], cuts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the greatest whole number whose value is at most each cut, 0 where there is none."""
    low, high = np.zeros(len(cuts)), np.full(len(cuts), MOST_COUNT)
    while (low < high).any():
        middle = np.ceil((low + high) / 2)
        below = value(middle) <= cuts
        low, high = np.where(below, middle, low), np.where(below, high, middle - 1)
    return low


def read_forest(held: Mapping[str, Any]) -> Forest:
    """Return a forest as it was read from JSON."""
    return Forest(
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


def read_model(data: bytes) -> Model:
    """Return the model of a file's bytes; raise ValueError for another format."""
    held = orjson.loads(data)
    if held.get("format") != FORMAT:
        raise ValueError(f"a model of format {held.get('format')}, not {FORMAT}")
    model = Model(read_forest(held["text"]), read_forest(held["metadata"]), held["most_support"])
    if model.text.names != FEATURES or model.metadata.names != METADATA:
        raise ValueError("a model of other features")
    return model


@cache
def shipped_model() -> Model:
    """Return the model that comes with the package."""
    return read_model((files("dedupe") / "data" / "model.json").read_bytes())


def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function, 0 to 1."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-log_odds)))


def log_odds_of(probability: float) -> float:
    """Return the log-odds of a probability; infinite at 0 and 1."""
    if probability <= 0:
        return -np.inf
    return np.inf if probability >= 1 else float(np.log(probability / (1 - probability)))
