"""What a round finds out, and what all rounds come to: judged pairs of run heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import find_sorted, outside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.hopeless import Hopeless


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged pairs of run heads: sorted ``low << 32 | high`` codes, scores, field similarities."""

    codes: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def __or__(self, other: Judged) -> Judged:
        """Both; a pair that was judged twice keeps its better score."""
        held = find_sorted(self.codes, other.codes)
        again, fresh = np.flatnonzero(held >= 0), np.flatnonzero(held < 0)
        again = again[other.scores[again] > self.scores[held[again]]]
        scores, parts = self.scores.copy(), self.parts.copy()
        scores[held[again]], parts[held[again]] = other.scores[again], other.parts[again]
        places = np.searchsorted(self.codes, other.codes[fresh])
        return Judged(
            np.insert(self.codes, places, other.codes[fresh]),
            np.insert(scores, places, other.scores[fresh]),
            np.insert(parts, places, other.parts[fresh], axis=0),
        )

    @classmethod
    def joined(cls, parts: Sequence[Judged]) -> Judged:
        """Several in a row, the codes of each after those of the one before."""
        columns = ("codes", "scores", "parts")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Judged:
        """Only some pairs, told by a mask or by their places."""
        return Judged(self.codes[chosen], self.scores[chosen], self.parts[chosen])

    @property
    def left(self) -> NDArray[np.int64]:
        """The lower record of each pair."""
        return self.codes >> 32

    @property
    def right(self) -> NDArray[np.int64]:
        """The higher record of each pair."""
        return self.codes & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Settled:
    """Each record's run head and leader, the accepted pairs of heads, and what it took.

    ``distant`` holds the pairs of heads and leaders that joined by their clusters' average or by
    links and were not accepted themselves; ``linked`` the pairs that links alone hold together;
    ``judged`` all pairs that were looked at closely, accepted or not, and ``hopeless`` those that
    were not worth it.
    """

    heads: NDArray[np.int64]
    leaders: NDArray[np.int64]
    judged: Judged
    hopeless: Hopeless
    accepted: Judged
    distant: Judged
    linked: Judged
    effort: dict[str, int]

    def all_judged(self) -> Judged:
        """All pairs that were looked at, the hopeless with a score of 0 and no similarities."""
        codes = outside(self.judged.codes, self.hopeless.codes())
        parts = np.full((len(codes), self.judged.parts.shape[1]), -1.0)
        return self.judged | Judged(codes, np.zeros(len(codes)), parts)


def passes_anew(judged: Judged, fresh: Judged, threshold: float) -> int:
    """How many pairs pass that did not before; one that links keep apart may pass again."""
    passing = fresh.codes[fresh.scores >= threshold]
    before = judged.codes[judged.scores >= threshold]
    return len(outside(before, passing))


def nothing_judged(fields: int) -> Judged:
    """No pairs yet."""
    return Judged(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, fields)))


def by_hand(codes: NDArray[np.int64], *known: Judged) -> Judged:
    """Pairs that links hold together, those left out that were judged to be pairs themselves."""
    for judged in known:
        codes = np.setdiff1d(codes, judged.codes)
    return Judged(codes, np.ones(len(codes)), np.full((len(codes), known[0].parts.shape[1]), -1.0))
