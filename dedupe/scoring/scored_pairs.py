"""Score packed pairs one slice at a time, and merge the scored pairs of all passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import difference_sorted, find_in_sorted
from dedupe.blocking.lsh import rebatch
from dedupe.pairs import left_of, right_of, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.clustering.fixed_point import PrunedPairs
    from dedupe.clustering.pass_planner import PassPairs
    from dedupe.scoring.pair_context import PairContext
    from dedupe.scoring.score import PairScores

    ContextScorer = Callable[[PairContext, Callable[[float], None]], PairScores]
    """Scores pairs of contents, telling its progress."""
    PairScorer = Callable[
        [NDArray[np.int64], Callable[[float], None]], tuple["ScoredPairs", NDArray[np.int64]]
    ]
    """Scores packed pairs of records; returns the pair keys of the pruned pairs apart."""


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Scored pairs of representatives: sorted pair keys, scores, field similarities."""

    pair_keys: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def __or__(self, other: ScoredPairs) -> ScoredPairs:
        """Both; a pair that was scored twice keeps its better score."""
        held = find_in_sorted(self.pair_keys, other.pair_keys)
        again, fresh = np.flatnonzero(held >= 0), np.flatnonzero(held < 0)
        again = again[other.scores[again] > self.scores[held[again]]]
        scores, parts = self.scores.copy(), self.parts.copy()
        scores[held[again]], parts[held[again]] = other.scores[again], other.parts[again]
        positions = np.searchsorted(self.pair_keys, other.pair_keys[fresh])
        return ScoredPairs(
            np.insert(self.pair_keys, positions, other.pair_keys[fresh]),
            np.insert(scores, positions, other.scores[fresh]),
            np.insert(parts, positions, other.parts[fresh], axis=0),
        )

    @classmethod
    def joined(cls, parts: Sequence[ScoredPairs]) -> ScoredPairs:
        """Several in a row, the pair keys of each after those of the one before."""
        columns = ("pair_keys", "scores", "parts")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> ScoredPairs:
        """Only some pairs, told by a mask or by their places."""
        return ScoredPairs(self.pair_keys[chosen], self.scores[chosen], self.parts[chosen])

    @property
    def left(self) -> NDArray[np.int64]:
        """The lower record of each pair."""
        return left_of(self.pair_keys)

    @property
    def right(self) -> NDArray[np.int64]:
        """The higher record of each pair."""
        return right_of(self.pair_keys)


def count_newly_accepted(scored: ScoredPairs, fresh: ScoredPairs, threshold: float) -> int:
    """How many pairs pass that did not before; one that links keep apart may pass again."""
    passing = fresh.pair_keys[fresh.scores >= threshold]
    before = scored.pair_keys[scored.scores >= threshold]
    return len(difference_sorted(before, passing))


def no_scored_pairs(fields: int) -> ScoredPairs:
    """No pairs yet."""
    return ScoredPairs(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, fields)))


def must_link_pairs(pair_keys: NDArray[np.int64], *known: ScoredPairs) -> ScoredPairs:
    """Pairs that links hold together, those left out that were scored to be pairs themselves."""
    for scored in known:
        pair_keys = np.setdiff1d(pair_keys, scored.pair_keys)
    return ScoredPairs(
        pair_keys, np.ones(len(pair_keys)), np.full((len(pair_keys), known[0].parts.shape[1]), -1.0)
    )


SLICE = 1 << 19


def score_pass(
    backend: Backend,
    pass_pairs: PassPairs,
    scorer: PairScorer,
    pruned: PrunedPairs,
    progress: Callable[[float], None],
) -> ScoredPairs:
    """The scores on all that a pass looks at; the pruned pairs are put aside."""
    found, done = no_scored_pairs(len(backend.settings.field)), 0
    for pair_keys in rebatch(pass_pairs.parts, backend.at_once):
        before, share = done / max(pass_pairs.size, 1), len(pair_keys) / max(pass_pairs.size, 1)
        fresh, far = scorer(pair_keys, partial_progress(progress, before, share))
        found = backend.keep(found | fresh)
        pruned.add(far)
        done += len(pair_keys)
    return found


def score_slices(
    backend: Backend,
    look: ContextScorer,
    floor: float,
    pair_keys: NDArray[np.int64],
    progress: Callable[[float], None],
    size: int = SLICE,
) -> tuple[ScoredPairs, NDArray[np.int64]]:
    """The scores on packed pairs of records, and the pair keys of those below ``floor``, sorted."""
    scored, pruned = [no_scored_pairs(len(backend.settings.field))], [np.zeros(0, np.int64)]
    for part, share in slice_pairs(pair_keys, progress, size):
        pair_scores = look(backend.pair_context(*unpack(part)), share)
        held = pair_scores.upper_bounds >= floor
        scored.append(ScoredPairs(part, pair_scores.scores, pair_scores.parts).where(held))
        pruned.append(part[~held])
    found, rest = ScoredPairs.joined(scored), np.concatenate(pruned)
    rest.sort()
    return found.where(np.argsort(found.pair_keys)), rest


def slice_pairs(
    pair_keys: NDArray[np.int64], progress: Callable[[float], None], size: int
) -> Iterator[tuple[NDArray[np.int64], Callable[[float], None]]]:
    """Codes cut into slices, each with what to tell of its progress."""
    for first in range(0, len(pair_keys), size):
        part = pair_keys[first : first + size]
        yield part, partial_progress(progress, first / len(pair_keys), len(part) / len(pair_keys))


def partial_progress(
    progress: Callable[[float], None], before: float, share: float
) -> Callable[[float], None]:
    """Progress of a part, told as that of the whole."""
    return lambda done: progress(min(before + done * share, 1.0))
