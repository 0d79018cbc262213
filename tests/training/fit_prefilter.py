"""Fit the first pre-filter to the decision: corpora in, ``data/prefilter.json`` out.

Run ``python tests/training/fit_prefilter.py -o PREFILTER CORPUS ...`` (or ``make fit``) after the
decision itself is fitted; needs scikit-learn. No label is asked for: the pre-filter learns which
candidate pairs the decision would take up, as they are and with less known of them, and turns away
what looks less like one than all but three in ten thousand of the pairs that pass.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from fit import SEED, export
from training_examples import open_corpus, without_counts

from dedupe.backends.memory import scoring_context_of
from dedupe.clustering.exact import exact_group_representatives, find_survivors
from dedupe.clustering.fixed_point import PRUNING_SHARE
from dedupe.clustering.pass_planner import candidates_of, record_pairs
from dedupe.scoring.model import VALUE_UNITS
from dedupe.scoring.prefilter import BAG, MIN_THRESHOLD, PREFILTER_FEATURES, prefilter_rows
from dedupe.scoring.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.scoring.pair_context import PairContext, ScoringContext

HELPS = ("dice", "containment", "shared")
HURTS = ("rest_min", "gap")
TREES = 32
RATE = 0.2
LEAVES = 8
MOST = 1 << 18
"""So many pairs of a corpus are learned from."""
TAKEN_UP = 0.4
"""What a pair must come to at the most for the pre-filter to learn that it is worth a look."""
WORTH = 30.0
LOST = 3e-4
LOW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PrefilterRows:
    """What pairs look like at the pre-filter, what they may come to, and whether they pass."""

    rows: NDArray[np.float64]
    upper_bounds: NDArray[np.float64]
    passing: NDArray[np.bool_]

    @property
    def mass(self) -> NDArray[np.float64]:
        """How much each pair counts, all of a sight the same."""
        mass = np.where(self.upper_bounds >= TAKEN_UP, WORTH, 1.0)
        return np.asarray(mass / mass.sum())


def corpus_rows(backend: MemoryBackend) -> Iterator[PrefilterRows]:
    """The candidate pairs of a corpus as they are, undated, uncounted and without their ledes."""
    survivors = find_survivors(backend, exact_group_representatives(backend))
    codes = record_pairs(backend, candidates_of(backend, survivors).pair_keys(), survivors)
    if len(codes) > MOST:
        codes = np.sort(np.random.default_rng(SEED).choice(codes, MOST, replace=False))
    scoring_context = scoring_context_of(backend, survivors)
    pair_context = backend.pair_context(codes >> 32, codes & LOW)
    unknown = np.full(len(pair_context), np.nan)
    blank = replace(pair_context, hours=unknown, same_source=unknown)
    for known, seen in (
        (scoring_context, pair_context),
        (scoring_context, blank),
        (without_counts(scoring_context), pair_context),
        (
            replace(
                scoring_context,
                columns=scoring_context.columns[:1],
                texts=scoring_context.texts[:1],
            ),
            pair_context,
        ),
    ):
        yield rows_for_prefilter(known, seen)


def rows_for_prefilter(scoring_context: ScoringContext, pair_context: PairContext) -> PrefilterRows:
    """What some pairs look like, scored without the pre-filter."""
    pair_scores = score_pairs(
        replace(scoring_context, floor=MIN_THRESHOLD * PRUNING_SHARE, use_prefilter=False),
        pair_context,
    )
    return PrefilterRows(
        prefilter_rows(scoring_context, pair_context),
        pair_scores.upper_bounds,
        pair_scores.scores >= MIN_THRESHOLD,
    )


def directions() -> list[int]:
    """Each feature's monotone constraint: 1 helps, -1 hurts, 0 free."""
    bare = [name.removeprefix("lede_") for name in PREFILTER_FEATURES]
    return [1 if name in HELPS else -1 if name in HURTS else 0 for name in bare]


def train(comparisons: Sequence[PrefilterRows]) -> Any:
    """A fitted booster of small monotone trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a tool's need

    booster = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        monotonic_cst=directions(),
        early_stopping=False,
        random_state=SEED,
    )
    mass = np.concatenate([comparison.mass for comparison in comparisons])
    return booster.fit(
        np.concatenate([comparison.rows for comparison in comparisons]),
        np.concatenate([comparison.upper_bounds >= TAKEN_UP for comparison in comparisons]),
        sample_weight=mass * len(mass) / mass.sum(),
    )


def cut_of(booster: Any, comparisons: Sequence[PrefilterRows]) -> float:
    """The log-odds that all but ``LOST`` of the passing pairs have, every sight counting alike."""
    passing = [
        comparison.rows[comparison.passing]
        for comparison in comparisons
        if comparison.passing.any()
    ]
    odds = np.concatenate([booster.decision_function(rows) for rows in passing])
    mass = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in passing]) / len(passing)
    order = np.argsort(odds)
    return float(odds[order][np.searchsorted(np.cumsum(mass[order]), LOST)])


def main(arguments: Sequence[str]) -> None:
    """Fit ``-o PREFILTER CORPUS ...`` and write the pre-filter."""
    output, *files = arguments[1:]
    found = [
        comparison for path in dict.fromkeys(files) for comparison in corpus_rows(open_corpus(path))
    ]
    comparisons = [s for s in found if len(s.rows) and not np.isnan(s.rows[:, : len(BAG)]).all()]
    booster = train(comparisons)
    cut = cut_of(booster, comparisons)
    held = {**export(booster, PREFILTER_FEATURES), "cut": round(cut * VALUE_UNITS)}
    Path(output).write_bytes(orjson.dumps(held) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
