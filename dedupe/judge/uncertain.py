"""The pairs whose label would tell most: near the threshold, of every score, of many stories.

The order is a function of the records' content and the settings alone, so that a session that was
left goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.records import names_of
from dedupe.pipeline.settle import settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.judge.scoring import Progress
    from dedupe.pipeline.case import Case
    from dedupe.pipeline.judged import Judged

FLOOR = 0.02
BAND = 0.1
MOST = 20_000
"""More pairs than anybody labels."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair worth a label: both positions, both names, and the score."""

    left: int
    right: int
    a: str
    b: str
    score: float

    @property
    def pair(self) -> tuple[str, str]:
        """The two names in the order of :attr:`dedupe.reading.labels.Label.pair`."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


def doubts(case: Case, progress: Progress) -> list[Doubt]:
    """The pairs of a corpus in the order in which to ask about them."""
    corpus, settings = case.corpus, case.settings
    settled = settle(case, lambda done: progress("matching", done))
    pairs = settled.judged
    pairs = pairs.where(pairs.scores >= min(FLOOR, settings.threshold / 2))
    order = asking_order(pairs, corpus.digests, settings.threshold)[:MOST]
    order = spread(order, pairs, settled.leaders)
    names = names_of(corpus)
    left, right = pairs.left[order].tolist(), pairs.right[order].tolist()
    scores = pairs.scores[order].tolist()
    return [
        Doubt(one, other, names[one], names[other], score)
        for one, other, score in zip(left, right, scores, strict=True)
    ]


def asking_order(pairs: Judged, digests: NDArray[np.uint64], threshold: float) -> NDArray[np.int64]:
    """The pairs by score bands around the threshold, in turn, the nearer bands more often.

    The k-th pair of the d-th band away from the threshold comes in turn (k + 1) * (d + 1); within
    a band chance decides, by the digests of the records.
    """
    bands = np.floor((pairs.scores - threshold) / BAND).astype(np.int64)
    # The bands -1 and 0 both touch the threshold.
    away = np.where(bands < 0, -1 - bands, bands)
    draw = lots(digests[pairs.left], digests[pairs.right])
    order = np.lexsort((draw, bands))
    _, firsts = np.unique(bands[order], return_index=True)
    sizes = np.diff(np.append(firsts, len(order)))
    turns = np.empty(len(order), dtype=np.int64)
    turns[order] = np.arange(len(order)) - np.repeat(firsts, sizes)
    return np.lexsort((draw, away, (turns + 1) * (away + 1)))


def lots(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each pair that looks drawn by lot and is the same on every run."""
    return stirred(stirred(one) + stirred(other))


def stirred(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers with their bits mixed (Fibonacci hashing, twice)."""
    mixed = numbers * GOLDEN
    mixed ^= mixed >> np.uint64(29)
    return np.asarray(mixed * GOLDEN)


def spread(
    order: NDArray[np.int64], pairs: Judged, leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The same pairs in rounds, each of which asks about a story once."""
    asked: dict[int, int] = {}
    rounds = []
    ours, theirs = leaders[pairs.left[order]].tolist(), leaders[pairs.right[order]].tolist()
    for one, other in zip(ours, theirs, strict=True):
        turn = max(asked.get(one, 0), asked.get(other, 0))
        asked[one] = asked[other] = turn + 1
        rounds.append(turn)
    return order[np.argsort(np.array(rounds, dtype=np.int64), kind="stable")]
