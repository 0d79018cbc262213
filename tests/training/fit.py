"""Fit the decision: labelled pairs of several corpora in, ``data/model.json`` out.

Run ``python tests/training/fit.py -o MODEL CORPUS LABELS [CORPUS LABELS ...]`` (or ``make fit``);
needs scikit-learn. Labels are as :func:`dedupe.io.labels.read_labels` takes them. Monotone
constraints keep the promises that more shared, less left over and nearer in time never count
against a pair.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from training_examples import (
    TrainingSet,
    distant_examples,
    label_pairs,
    labelled_examples,
    open_corpus,
    synthetic_examples,
)

from dedupe.scoring.model import FORMAT, VALUE_UNITS
from dedupe.scoring.pair_context import RETURNS
from dedupe.scoring.score import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend

HELPS = ("dice", "containment", "shared", "ratio", "head")
HURTS = (
    "rest_min",
    "top_min",
    "numbers_both",
    "opposed",
    "order",
    "exchanged",
    "loose_min",
    "gap",
    *RETURNS,
)
TREES = 96
RATE = 0.2
LEAVES = 8
LEAST = 8
SEED = 0


def directions() -> list[int]:
    """Each feature's monotone constraint: 1 helps, -1 hurts, 0 free."""
    bare = [name.removeprefix("lede_") for name in FEATURES]
    return [1 if name in HELPS else -1 if name in HURTS else 0 for name in bare]


def train(examples: TrainingSet, trees: int = TREES) -> Any:
    """Fit a booster of so many small monotone trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a tool's need

    booster = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST,
        monotonic_cst=directions(),
        early_stopping=False,
        random_state=SEED,
    )
    return booster.fit(examples.rows, examples.labels, sample_weight=examples.mass)


def export(booster: Any, names: Sequence[str] = FEATURES) -> dict[str, object]:
    """The booster's trees as the plain arrays of :class:`dedupe.scoring.model.Model`."""
    held: dict[str, list[Any]] = {
        name: [] for name in ("roots", "features", "thresholds", "yes", "no", "missing", "values")
    }
    depth = 0
    for (tree,) in booster._predictors:  # noqa: SLF001 - scikit-learn shows its trees nowhere else
        base = len(held["features"])
        held["roots"].append(base)
        means = node_means(tree.nodes)
        for node, mean in zip(tree.nodes, means, strict=True):
            leaf = bool(node["is_leaf"])
            held["features"].append(-1 if leaf else int(node["feature_idx"]))
            held["thresholds"].append(0.0 if leaf else threshold_of(node))
            held["yes"].append(0 if leaf else base + int(node["left"]))
            held["no"].append(0 if leaf else base + int(node["right"]))
            held["missing"].append(bool(node["missing_go_to_left"]))
            held["values"].append(round(mean * VALUE_UNITS))
        depth = max(depth, int(tree.nodes["depth"].max()))
    base_odds = round(float(booster._baseline_prediction[0][0]) * VALUE_UNITS)  # noqa: SLF001 - the same
    return {"format": FORMAT, "names": names, "base": base_odds, "depth": depth, **held}


def threshold_of(node: Any) -> float:
    """A node's threshold; a split on what is missing has an infinite one, which JSON lacks."""
    return min(round(float(node["num_threshold"]), 6), sys.float_info.max)


def node_means(nodes: NDArray[Any]) -> list[float]:
    """Each node's mean leaf value, weighed by the samples that reached it."""
    means = [float(node["value"]) for node in nodes]
    for position in reversed(range(len(nodes))):
        node = nodes[position]
        if not node["is_leaf"]:
            left, right = int(node["left"]), int(node["right"])
            one, other = float(nodes[left]["count"]), float(nodes[right]["count"])
            means[position] = (means[left] * one + means[right] * other) / (one + other)
    return means


def main(arguments: Sequence[str]) -> None:
    """Fit ``-o MODEL CORPUS LABELS ...`` and write the model."""
    output, *files = arguments[1:]
    cases: dict[str, MemoryBackend] = {}
    examples = []
    for corpus, labels in zip(files[::2], files[1::2], strict=True):
        if corpus not in cases:
            cases[corpus] = open_corpus(corpus)
            examples += [distant_examples(cases[corpus]), synthetic_examples(cases[corpus])]
        examples.append(labelled_examples(cases[corpus], label_pairs(labels)))
    booster = train(sum(examples[1:], examples[0]))
    Path(output).write_bytes(orjson.dumps(export(booster)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
