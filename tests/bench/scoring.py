"""The labelled corpora, and how a clustering of a whole corpus is scored by labelled pairs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LABELLED = {
    "reuters_weeks": "reuters",
    "newstoday": "newstoday",
    "reuters21578": "reuters21578",
    "uci": "uci",
}
MISSING = "is not there; give the folder of the labelled corpora"


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a yes or no answers "is it a duplicate?", each 0 to 1."""

    precision: float
    recall: float
    f1: float

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}, recall {self.recall:.3f}, f1 {self.f1:.3f}"


def score(answers: Iterable[tuple[bool, bool]]) -> Figures:
    """The figures of (truth, said) answers; 0 where there is nothing to divide by."""
    told = list(answers)
    right = sum(truth and said for truth, said in told)
    true, said = sum(truth for truth, _ in told), sum(said for _, said in told)
    return Figures(right / (said or 1), right / (true or 1), 2 * right / ((true + said) or 1))


def told_pairs(path: Path) -> list[tuple[str, str, bool]]:
    """The labelled pairs of a file that say yes or no; updates are neither."""
    with path.open(newline="") as file:
        rows = [(row["a"], row["b"], row["label"]) for row in csv.DictReader(file)]
    return [(a, b, label == "D") for a, b, label in rows if label != "U"]
