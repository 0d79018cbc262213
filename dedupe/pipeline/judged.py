"""What a round finds out, and what all rounds come to: judged pairs of run heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged pairs of run heads: sorted ``low << 32 | high`` codes, scores, field similarities."""

    codes: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def __or__(self, other: Judged) -> Judged:
        """Both; a pair that was judged twice keeps its better score."""
        places = np.minimum(np.searchsorted(self.codes, other.codes), max(len(self.codes) - 1, 0))
        again = np.zeros(len(other.codes), dtype=bool)
        if len(self.codes):
            again = self.codes[places] == other.codes
        better = again.copy()
        better[again] = other.scores[again] > self.scores[places[again]]
        stays = np.ones(len(self.codes), dtype=bool)
        stays[places[better]] = False
        comes = better | ~again
        codes = np.concatenate([self.codes[stays], other.codes[comes]])
        order = np.argsort(codes, kind="stable")
        scores = np.concatenate([self.scores[stays], other.scores[comes]])[order]
        parts = np.concatenate([self.parts[stays], other.parts[comes]])[order]
        return Judged(codes[order], scores, parts)

    def where(self, mask: NDArray[np.bool_]) -> Judged:
        """Only some pairs."""
        return Judged(self.codes[mask], self.scores[mask], self.parts[mask])

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
    ``judged`` all pairs that were looked at, accepted or not.
    """

    heads: NDArray[np.int64]
    leaders: NDArray[np.int64]
    judged: Judged
    accepted: Judged
    distant: Judged
    linked: Judged
    effort: dict[str, int]


def passes_anew(judged: Judged, fresh: Judged, threshold: float) -> bool:
    """Whether a pair passes that did not before; one that links keep apart may pass again."""
    passing = fresh.codes[fresh.scores >= threshold]
    before = judged.codes[judged.scores >= threshold]
    return len(np.setdiff1d(passing, before, assume_unique=True)) > 0


def nothing_judged(fields: int) -> Judged:
    """No pairs yet."""
    return Judged(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, fields)))


def by_hand(codes: NDArray[np.int64], *known: Judged) -> Judged:
    """Pairs that links hold together, those left out that were judged to be pairs themselves."""
    for judged in known:
        codes = np.setdiff1d(codes, judged.codes)
    return Judged(codes, np.ones(len(codes)), np.full((len(codes), known[0].parts.shape[1]), -1.0))
