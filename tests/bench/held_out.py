"""What models say of labelled pairs that they have not seen: the decision alone, set by set.

The pairs of each fold are judged by a model that was fitted without them, and those of a language
set by one that has seen no pair of that set.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from fit import TrainingSet, all_pairs, fit, support, text_odds, training_set
from scoring import score
from training_pairs import CORPORA, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from training_pairs import Pair


def fold_of(pair: Pair, folds: int) -> int:
    """Return the fold of a pair: that of all pairs of its group."""
    return int.from_bytes(blake2b(pair.group.encode(), digest_size=4).digest()) % folds


def held_out_odds(
    told: TrainingSet, pairs: Sequence[Pair], folds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log-odds of pairs by models without them: by text alone, and with metadata."""
    text, known = np.zeros(len(pairs)), np.zeros(len(pairs))
    languages = np.array([pair.corpus if pair.corpus in LANGUAGES else "" for pair in pairs])
    fold = np.array([fold_of(pair, folds) for pair in pairs])
    parts = [(languages == "") & (fold == number) for number in range(folds)]
    for part in [*parts, *(languages == name for name in LANGUAGES)]:
        fitted, asked = fit(told.where(~part)), told.where(part)
        text[part] = text_odds(fitted.text, asked)
        known[part] = text[part] + support(fitted.metadata, asked.known)
    return text, known


def print_held_out(data: Path, folds: int) -> None:
    """Print a row a set."""
    pairs = all_pairs(data)
    text, known = held_out_odds(training_set(data, pairs), pairs, folds)
    print(
        f"\n| decision alone, held out ({folds} folds) | by text | with metadata |\n|---|---|---|"
    )
    for name in (*CORPORA, *LANGUAGES):
        own = [
            at
            for at, p in enumerate(pairs)
            if p.corpus == name and p.source in (name, f"{name}, own")
        ]
        asked = [at for at in own if pairs[at].label != "U"]
        figures = [score([(pairs[at].label == "D", bool(odds[at] >= 0)) for at in asked])
                   for odds in (text, known)]  # fmt: skip
        print(f"| {name} | F1 {figures[0].f1:.3f} | F1 {figures[1].f1:.3f} |", flush=True)
