"""Fit the decision and write ``dedupe/data/model.json``: ``make fit``.

Two forests are fitted by turns. *Text* learns from the features of titles and ledes, half the time
without knowing what metadata says. *Metadata* learns what time, outlets and recurrence add, with
its share of every pair dropped too. Directions that are known are constraints, so that more in
common never counts against a pair, nor more differences for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np
from edits import edited_pairs
from rows import distant_pairs, has_rows, known_rows, lede_features, title_features
from training_pairs import LANGUAGES, Pair, all_labelled

from dedupe.scoring.features import FEATURES
from dedupe.scoring.model import FORMAT, METADATA, VALUE_UNITS
from dedupe.scoring.score import further_odds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RISING = ("dice", "coverage", "shared", "head", "words_met")
FREE = ("ideographs", "rarest")
"""Features that may count either way; what is in neither list never counts for a pair."""
TEXT_TREES, TEXT_SETTINGS = 200, {
    "objective": "binary", "learning_rate": 0.08, "num_leaves": 8, "min_data_in_leaf": 20,
    "monotone_constraints_method": "intermediate", "feature_fraction": 0.7,
    "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 3, "lambda_l2": 2, "path_smooth": 2,
    "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
METADATA_TREES, METADATA_SETTINGS = 60, {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 6, "min_data_in_leaf": 30,
    "seed": 1, "lambda_l2": 5, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
METADATA_DIRECTIONS = [0 if name == "other_outlet" else -1 for name in METADATA]
MOST_SUPPORT = 0.7
ROUNDS = 2
BARE = 0.5
"""The share of a pair's weight with which it is learned without metadata."""
LEDE_WEIGHT, LEAST_LEDE_DICE, UNDATED_WEIGHT = 0.5, 0.48, 0.4
SHIFT = 0.1
"""Log-odds that every pair gains: with them the held-out sets come closest to their best F1."""
CONTRADICTIONS = (
    "negation", "opposed", "calendar", "places", "swapped", "numbers_min", "question", "reaction",
    "names_min",
)  # fmt: skip
SUPPORTED_WEIGHT = 0.5
"""Invented pairs are learned once more as if metadata spoke for them: a negation still parts."""
UPDATE_WEIGHT, ACCEPTED_UPDATE_WEIGHT = 0.15, 0.05
ACCEPTED = ", accepted"
"""Pairs that an earlier model accepted count one each: they show where it was too sure."""
CLIPPED = 8

WEIGHTS = {
    "reuters_weeks": 350, "reuters_weeks, own": 350, "reuters_2007_news, own": 250,
    "reuters21578, own": 150, "newstoday": 300, "newstoday, own": 300, "uci": 80, "uci, own": 350,
    "zhihu, own": 150, "pairs en": 900, "sentences": 220, "same": 200, "stories en": 250,
}  # fmt: skip
WEIGHTS_BY_KIND = (
    (", own", 130), ("pairs ", 115), ("stories ", 40), ("distant ", 160), ("chance ", 8),
    ("edits ", 60),
)  # fmt: skip
OTHER_WEIGHT, LANGUAGE_FACTOR = 90, 2
"""Labelled pairs of languages other than English are few beside the invented ones."""
FAINT, FAINT_FACTOR, LOW, LOW_FACTOR, UNLIKE, UNLIKE_FACTOR = 0.12, 0.1, 0.32, 4.0, 0.3, 0.5


@dataclass(frozen=True)
class TrainingSet:
    """Pairs as rows: features of titles and of ledes, metadata, truth, weight and corpus.

    Invented pairs have no corpus.
    """

    titles: NDArray[np.float64]
    ledes: NDArray[np.float64]
    known: NDArray[np.float64]
    truth: NDArray[np.bool_]
    weights: NDArray[np.float64]
    corpora: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> TrainingSet:
        """Return some of the pairs."""
        return TrainingSet(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Fitted:
    """The two forests."""

    text: lightgbm.Booster
    metadata: lightgbm.Booster


def weight_of_set(source: str) -> float:
    """Return what all pairs of a set weigh together."""
    kinds = (weight for part, weight in WEIGHTS_BY_KIND if part in source)
    weight = WEIGHTS.get(source) or next(kinds, OTHER_WEIGHT)
    return weight * (LANGUAGE_FACTOR if source.partition(",")[0] in LANGUAGES else 1)


def pair_weights(pairs: Sequence[Pair], titles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of pairs: each set counts by its weight, whatever its size."""
    dice = np.nan_to_num(titles[:, FEATURES.index("dice")])
    raw = np.ones(len(pairs))
    totals: dict[str, float] = defaultdict(float)
    for at, pair in enumerate(pairs):
        accepted = pair.source.endswith(ACCEPTED)
        update = ACCEPTED_UPDATE_WEIGHT if accepted else UPDATE_WEIGHT
        raw[at] = update if pair.label == "U" else 1.0
        raw[at] *= FAINT_FACTOR if pair.label == "D" and dice[at] < FAINT else 1.0
        totals[pair.source] += raw[at]
    sizes = Counter(pair.source for pair in pairs)
    wanted = {
        source: size if source.endswith(ACCEPTED) else weight_of_set(source)
        for source, size in sizes.items()
    }
    out = np.array(
        [own * wanted[p.source] / totals[p.source] for own, p in zip(raw, pairs, strict=True)]
    )
    for at, pair in enumerate(pairs):
        if pair.source.startswith("distant") and dice[at] < LOW:
            out[at] *= LOW_FACTOR
        if pair.label == "D" and dice[at] < UNLIKE and pair.corpus:
            out[at] *= UNLIKE_FACTOR
    return out


def training_set(data: Path, pairs: Sequence[Pair]) -> TrainingSet:
    """Return pairs as rows."""
    titles = title_features(pairs)
    return TrainingSet(
        titles=titles,
        ledes=lede_features(pairs),
        known=known_rows(data, pairs),
        truth=np.array([pair.label == "D" for pair in pairs]),
        weights=pair_weights(pairs, titles),
        corpora=np.array([pair.corpus for pair in pairs]),
    )


def combined(titles: NDArray[np.float64], ledes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of titles with those of ledes, as :mod:`dedupe.scoring.score` does."""
    out = titles.copy()
    known = ~np.isnan(ledes)
    out[known] += further_odds(ledes[known])
    return out


def direction(name: str) -> int:
    """Return 1 for a feature that never counts against a pair, -1 for never for it, else 0."""
    return 1 if name in RISING else 0 if name in FREE else -1


def fit_text(told: TrainingSet, offsets: NDArray[np.float64]) -> lightgbm.Booster:
    """Return the forest of texts; ``offsets`` is what metadata adds to each pair."""
    has_ledes = has_rows(told.ledes)
    informed = np.where(is_informed(told.known), 1 - BARE, 0)
    rows = np.concatenate([told.titles, told.titles, told.ledes[has_ledes]])
    truth = np.concatenate([told.truth, told.truth, told.truth[has_ledes]])
    invented = np.array([not corpus for corpus in told.corpora])
    rows = np.concatenate([rows, told.titles[invented]])
    truth = np.concatenate([truth, told.truth[invented]])
    bare = np.zeros(len(told.truth) + has_ledes.sum())
    supported = np.full(invented.sum(), MOST_SUPPORT)
    weights = np.concatenate(
        [
            told.weights * informed,
            told.weights * (1 - informed),
            told.weights[has_ledes] * LEDE_WEIGHT * is_plain(told)[has_ledes],
            told.weights[invented] * SUPPORTED_WEIGHT,
        ]
    )
    used = weights > 0
    start = np.concatenate([offsets, bare, supported])
    start[is_contradicted(rows)] = MOST_SUPPORT
    data = lightgbm.Dataset(rows[used], truth[used], weight=weights[used], init_score=start[used])
    settings = {**TEXT_SETTINGS, "monotone_constraints": [direction(name) for name in FEATURES]}
    return lightgbm.train(settings, data, TEXT_TREES)


def is_plain(told: TrainingSet) -> NDArray[np.bool_]:
    """Return whether the ledes of a pair may be learned by its label.

    Duplicates by their titles can have ledes that share little, which says nothing of such texts.
    """
    alike = np.nan_to_num(told.ledes[:, FEATURES.index("dice")]) >= LEAST_LEDE_DICE
    out: NDArray[np.bool_] = ~told.truth | alike
    return out


def is_contradicted(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether a word or a number of one text speaks against the other.

    Such pairs are learned as if all metadata spoke for them, so that none of it joins them.
    """
    against = [FEATURES.index(name) for name in CONTRADICTIONS]
    out: NDArray[np.bool_] = (rows[:, against] > 0).any(axis=1)
    return out


def is_informed(known: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether anything is known of each pair beside its texts."""
    out: NDArray[np.bool_] = ~np.isnan(known[:, 0]) | (known[:, -1] > 1)
    return out


def undated(known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of metadata of which the recurrence of headlines alone is known."""
    out = np.full_like(known, np.nan)
    out[:, -1] = known[:, -1]
    return out


def fit_metadata(told: TrainingSet, odds: NDArray[np.float64]) -> lightgbm.Booster:
    """Return the forest of metadata, on top of the log-odds of the texts."""
    rows = np.concatenate([told.known, undated(told.known)])
    weights = np.concatenate(
        [told.weights, told.weights * UNDATED_WEIGHT * (told.known[:, -1] > 1)]
    )
    used = weights > 0
    start = np.clip(np.concatenate([odds, odds]), -CLIPPED, CLIPPED)[used]
    truth = np.concatenate([told.truth, told.truth])[used]
    data = lightgbm.Dataset(rows[used], truth, weight=weights[used], init_score=start)
    settings = {**METADATA_SETTINGS, "monotone_constraints": METADATA_DIRECTIONS}
    return lightgbm.train(settings, data, METADATA_TREES)


def text_odds(booster: lightgbm.Booster, told: TrainingSet) -> NDArray[np.float64]:
    """Return the log-odds of pairs by their texts."""
    ledes = np.full(len(told.truth), np.nan)
    known = has_rows(told.ledes)
    if known.any():
        ledes[known] = booster.predict(told.ledes[known], raw_score=True)
    return combined(booster.predict(told.titles, raw_score=True), ledes)


def support(booster: lightgbm.Booster, known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what metadata adds: nothing where nothing is known, and never more than the cap."""
    neutral = np.full((1, known.shape[1]), np.nan)
    neutral[0, -1] = 1
    base = booster.predict(neutral, raw_score=True)[0]
    return np.minimum(booster.predict(known, raw_score=True) - base, MOST_SUPPORT)


def fit(told: TrainingSet) -> Fitted:
    """Return the forests, fitted by turns."""
    own = told.where(has_rows(told.titles))
    offsets = np.zeros(len(own.truth))
    for _ in range(ROUNDS):
        text = fit_text(own, offsets)
        metadata = fit_metadata(own, text_odds(text, own))
        offsets = support(metadata, own.known)
    return Fitted(text, metadata)


def export_forest(booster: lightgbm.Booster, names: Sequence[str]) -> dict[str, Any]:
    """Return a forest as :class:`dedupe.scoring.model.Forest` reads it; its base is 0."""
    columns = ("features", "thresholds", "yes", "no", "missing", "values")
    out: dict[str, Any] = {"names": list(names), "base": 0, "depth": 0, "roots": []}
    out |= {name: [] for name in columns}

    def add(node: dict[str, Any], depth: int) -> tuple[int, int]:
        """Add a node and all below it; return its number and how many pairs came to it."""
        at = len(out["features"])
        for name in columns:
            out[name].append(0)
        if "split_feature" not in node:
            out["depth"] = max(out["depth"], depth)
            out["features"][at] = -1
            out["values"][at] = round(node["leaf_value"] * VALUE_UNITS)
            return at, node.get("leaf_count") or 1
        yes, left = add(node["left_child"], depth + 1)
        no, right = add(node["right_child"], depth + 1)
        mean = (out["values"][yes] * left + out["values"][no] * right) / (left + right)
        row = node["split_feature"], float(node["threshold"]), yes, no, bool(node["default_left"])
        for name, value in zip(columns, (*row, round(mean)), strict=True):
            out[name][at] = value
        return at, left + right

    for tree in booster.dump_model()["tree_info"]:
        root, _ = add(tree["tree_structure"], 0)
        out["roots"].append(root)
    return out


def neutral_sum(forest: dict[str, Any]) -> int:
    """Return the sum of the leaves that a pair reaches of which nothing is known."""
    total = 0
    for root in forest["roots"]:
        node = root
        while (feature := forest["features"][node]) >= 0:
            is_last = feature == len(METADATA) - 1
            goes = forest["thresholds"][node] >= 1 if is_last else forest["missing"][node]
            node = forest["yes"][node] if goes else forest["no"][node]
        total += forest["values"][node]
    return total


def export(fitted: Fitted) -> dict[str, Any]:
    """Return the model as it is written; unknown metadata is exactly neutral."""
    metadata = export_forest(fitted.metadata, METADATA)
    metadata["base"] = -neutral_sum(metadata)
    text = export_forest(fitted.text, FEATURES)
    text["base"] += round(SHIFT * VALUE_UNITS)
    return {"format": FORMAT, "text": text, "metadata": metadata, "most_support": MOST_SUPPORT}


def all_pairs(data: Path) -> list[Pair]:
    """Return all that the model learns from."""
    return [*all_labelled(data), *edited_pairs(data), *distant_pairs(data)]


def main() -> None:
    """Fit, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder of the labelled corpora")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    pairs = all_pairs(given.data)
    sys.stderr.write(
        f"{len(pairs)} pairs, {sum(p.label == 'D' for p in pairs)} of them duplicates\n"
    )
    model = export(fit(training_set(given.data, pairs)))
    given.output.write_text(json.dumps(model, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
