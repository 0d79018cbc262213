"""Fit the first glance to the decision: corpora in, ``data/glance.json`` out.

Run ``python -m dedupe.judge.fit_glance -o GLANCE CORPUS ...`` (or ``make fit``) after the decision
itself is fitted; needs scikit-learn. No label is asked for: the glance learns which candidate pairs
the decision would take up, as they are and with less known of them, and turns away what looks
less like one than all but three in ten thousand of the pairs that pass.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.judge.fit import SEED, export
from dedupe.judge.lessons import open_corpus, without_counts
from dedupe.pipeline.case import evidence_among
from dedupe.pipeline.heads import alive_heads, run_heads
from dedupe.pipeline.proposing import candidates_among, meetings
from dedupe.pipeline.settle import FAR_SHORT
from dedupe.verify import GLANCE, LEAST, glances, verify
from dedupe.verify.glance import BAG
from dedupe.verify.model import VALUE_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case
    from dedupe.verify import Ends, Evidence

HELPS = ("dice", "containment", "shared")
HURTS = ("rest_min", "gap")
TREES = 32
RATE = 0.2
LEAVES = 8
MOST = 1 << 18
"""So many pairs of a corpus are learned from."""
TAKEN_UP = 0.4
"""What a pair must come to at the most for the glance to learn that it is worth a look."""
WORTH = 30.0
LOST = 3e-4
LOW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Sight:
    """What pairs look like at a glance, what they may come to, and whether they pass."""

    rows: NDArray[np.float64]
    hopes: NDArray[np.float64]
    passing: NDArray[np.bool_]

    @property
    def mass(self) -> NDArray[np.float64]:
        """How much each pair counts, all of a sight the same."""
        mass = np.where(self.hopes >= TAKEN_UP, WORTH, 1.0)
        return np.asarray(mass / mass.sum())


def sights_of(case: Case) -> Iterator[Sight]:
    """The candidate pairs of a corpus as they are, undated, uncounted and without their ledes."""
    alive = alive_heads(case, run_heads(case))
    codes = meetings(case, candidates_among(case, alive).codes(), alive)
    if len(codes) > MOST:
        codes = np.sort(np.random.default_rng(SEED).choice(codes, MOST, replace=False))
    evidence = evidence_among(case, alive)
    ends = case.ends(codes >> 32, codes & LOW)
    unknown = np.full(len(ends), np.nan)
    blank = replace(ends, hours=unknown, same_source=unknown)
    for known, seen in (
        (evidence, ends),
        (evidence, blank),
        (without_counts(evidence), ends),
        (replace(evidence, columns=evidence.columns[:1], texts=evidence.texts[:1]), ends),
    ):
        yield sight_of(known, seen)


def sight_of(evidence: Evidence, ends: Ends) -> Sight:
    """What some pairs look like, judged without a glance."""
    verdicts = verify(replace(evidence, floor=LEAST * FAR_SHORT, glanced=False), ends)
    return Sight(glances(evidence, ends), verdicts.hopes, verdicts.scores >= LEAST)


def directions() -> list[int]:
    """Each feature's monotone constraint: 1 helps, -1 hurts, 0 free."""
    bare = [name.removeprefix("lede_") for name in GLANCE]
    return [1 if name in HELPS else -1 if name in HURTS else 0 for name in bare]


def train(sights: Sequence[Sight]) -> Any:  # noqa: ANN401 - scikit-learn ships no types
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
    mass = np.concatenate([sight.mass for sight in sights])
    return booster.fit(
        np.concatenate([sight.rows for sight in sights]),
        np.concatenate([sight.hopes >= TAKEN_UP for sight in sights]),
        sample_weight=mass * len(mass) / mass.sum(),
    )


def cut_of(booster: Any, sights: Sequence[Sight]) -> float:  # noqa: ANN401 - the same
    """The log-odds that all but ``LOST`` of the passing pairs have, every sight counting alike."""
    passing = [sight.rows[sight.passing] for sight in sights if sight.passing.any()]
    odds = np.concatenate([booster.decision_function(rows) for rows in passing])
    mass = np.concatenate([np.full(len(rows), 1 / len(rows)) for rows in passing]) / len(passing)
    order = np.argsort(odds)
    return float(odds[order][np.searchsorted(np.cumsum(mass[order]), LOST)])


def main(arguments: Sequence[str]) -> None:
    """Fit ``-o GLANCE CORPUS ...`` and write the glance."""
    output, *files = arguments[1:]
    found = [sight for path in dict.fromkeys(files) for sight in sights_of(open_corpus(path))]
    sights = [s for s in found if len(s.rows) and not np.isnan(s.rows[:, : len(BAG)]).all()]
    booster = train(sights)
    cut = cut_of(booster, sights)
    held = {**export(booster, GLANCE), "cut": round(cut * VALUE_UNITS)}
    Path(output).write_bytes(orjson.dumps(held) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
