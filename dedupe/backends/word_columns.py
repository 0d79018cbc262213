"""A backend whose words are in memory and whose letters are fetched for few pairs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dedupe.backends.arrow import values_of
from dedupe.backends.base import Backend
from dedupe.pairs import unpack
from dedupe.scoring.corpus_stats import WordColumn, scoring_context_over
from dedupe.scoring.score import upper_bounds_of
from dedupe.scoring.scored_pairs import partial_progress, score_slices, slice_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.scoring.corpus_stats import StatsSnapshot
    from dedupe.scoring.pair_context import PairContext, ScoringContext
    from dedupe.scoring.score import PairScores
    from dedupe.scoring.scored_pairs import PairScorer, ScoredPairs
    from dedupe.text.vocabulary import Vocabulary


PREFILTER_SLICE = 1 << 19
"""So many pairs are pre-filtered by their words at a time."""
PREFILTER_PROGRESS = 0.5
"""The share of the progress that screening makes; the letters of few pairs are read after it."""


@dataclass(frozen=True, slots=True)
class WordColumnBackend(Backend):
    """A run whose letters are elsewhere; ``zones`` tell for each field where each word stands."""

    LOOKED_AT: ClassVar[int]
    """So many pairs are looked at with all their letters at a time."""

    zones: tuple[NDArray[np.uint8], ...]

    @abstractmethod
    def look(
        self,
        scoring_context: ScoringContext,
        pair_context: PairContext,
        progress: Callable[[float], None],
    ) -> PairScores:
        """The scores on pairs of contents, for which all their letters are read."""

    def scorer(self, counts: StatsSnapshot, floor: float, *, prefilter: bool) -> PairScorer:
        """How pairs of records are scored under some counts."""
        scoring_context = self.scoring_context(counts)
        look = partial(self.look, scoring_context)
        scorer = partial(score_slices, self, look, floor, size=self.LOOKED_AT)
        known = replace(scoring_context, floor=floor)
        return partial(self.score_plausible, known, scorer) if prefilter else scorer

    def score_plausible(
        self,
        scoring_context: ScoringContext,
        scorer: PairScorer,
        pair_keys: NDArray[np.int64],
        progress: Callable[[float], None],
    ) -> tuple[ScoredPairs, NDArray[np.int64]]:
        """The scores on pairs that have hope by their words, and the pair keys of the others."""
        plausible, pruned = [pair_keys[:0]], [pair_keys[:0]]
        for some, share in slice_pairs(
            pair_keys, partial_progress(progress, 0, PREFILTER_PROGRESS), PREFILTER_SLICE
        ):
            upper_bounds = upper_bounds_of(scoring_context, self.pair_context(*unpack(some)), share)
            survivors = upper_bounds >= scoring_context.floor
            plausible.append(some[survivors])
            pruned.append(some[~survivors])
        scored, far = scorer(
            np.concatenate(plausible),
            partial_progress(progress, PREFILTER_PROGRESS, 1 - PREFILTER_PROGRESS),
        )
        rest = np.concatenate([*pruned, far])
        rest.sort()
        return scored, rest

    def scoring_context(self, counts: StatsSnapshot) -> ScoringContext:
        """What the decision may look at under some counts, but for letters."""
        none: tuple[dict[int, str], ...] = tuple({} for _ in self.zones)
        return scoring_context_over(self.settings, self.corpus_stats, counts, self.zones, none)


def load_words(
    batches: Iterable[pa.RecordBatch], vocabulary: Vocabulary
) -> tuple[WordColumn, NDArray[np.uint8]]:
    """The words of some texts in a row, and where each stands in its text.

    Batches have columns ``words``, 64-bit hashes, and ``zones``, bytes; both are blobs.
    """
    sizes, words, zones = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.uint8)]
    for batch in batches:
        hashes, pair_context = values_of(batch["words"], np.uint64)
        sizes.append(np.diff(pair_context))
        words.append(vocabulary.ids(hashes))
        zones.append(values_of(batch["zones"], np.uint8)[0])
    pair_context = np.append(0, np.concatenate(sizes).cumsum())
    return WordColumn(pair_context, np.concatenate(words)), np.concatenate(zones)
