"""The DuckDB backend: texts and blocking keys are in a database on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.backends.duckdb_blocking import disk_candidate_pairs
from dedupe.backends.scratch import PrunedPairsOnDisk, fetch_letters
from dedupe.backends.word_columns import WordColumnBackend
from dedupe.scoring.score import max_exact_gap, score_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.backends.mmap_arrays import MappedArrays
    from dedupe.backends.scratch import ScratchDatabase
    from dedupe.blocking.lsh import Candidates, OversizedBuckets
    from dedupe.clustering.fixed_point import PrunedPairs
    from dedupe.scoring.corpus_stats import StatsSnapshot
    from dedupe.scoring.pair_context import PairContext, ScoringContext
    from dedupe.scoring.score import PairScores

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class DiskBackend(WordColumnBackend):
    """A run whose keys, letters and pruned pairs are in a database, and its numbers in files."""

    LOOKED_AT = 1 << 16

    scratch: ScratchDatabase
    pages: MappedArrays
    bands: tuple[int, ...]

    def keep(self, held: Held) -> Held:
        """The same in files; what of them is in memory is given back."""
        kept = self.pages.keep(held)
        self.pages.give_back()
        return kept

    def pruned(self) -> PrunedPairs:
        """A place for the pairs that are put aside."""
        return PrunedPairsOnDisk(self.scratch)

    def candidate_pairs(
        self, content_ids: NDArray[np.int64], oversized: OversizedBuckets | None = None
    ) -> Candidates:
        """Candidate pairs among some contents."""
        return disk_candidate_pairs(self.scratch, self.bands, content_ids, oversized)

    def counts(self, records: NDArray[np.int64]) -> StatsSnapshot:
        """What recurs among some records."""
        return self.keep(WordColumnBackend.counts(self, records))

    def scoring_context(self, counts: StatsSnapshot) -> ScoringContext:
        """What the decision may look at under some counts, but for letters."""
        return self.keep(WordColumnBackend.scoring_context(self, counts))

    def look(
        self,
        scoring_context: ScoringContext,
        pair_context: PairContext,
        progress: Callable[[float], None],
    ) -> PairScores:
        """The scores on pairs of contents."""
        content_ids = np.unique(np.concatenate([pair_context.left, pair_context.right]))
        return score_pairs(self.with_letters(scoring_context, content_ids), pair_context, progress)

    def max_exact_gap(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each content are still one story."""
        scoring_context = self.scoring_context(self.counts(np.flatnonzero(self.content_ids >= 0)))
        step = self.LOOKED_AT
        cuts = [content_ids[first : first + step] for first in range(0, len(content_ids), step)]
        reached = [
            max_exact_gap(self.with_letters(scoring_context, some), some, self.settings.threshold)
            for some in cuts
        ]
        return np.concatenate([np.zeros(0, np.int64), *reached])

    def with_letters(
        self, scoring_context: ScoringContext, content_ids: NDArray[np.int64]
    ) -> ScoringContext:
        """The same with the letters of some contents."""
        numbers = self.settings.numbers
        letters = [
            fetch_letters(self.scratch, field, content_ids, numbers) for field in self.fields
        ]
        return replace(scoring_context, texts=tuple(letters))

    @property
    def fields(self) -> range:
        """The fields by number."""
        return range(len(self.zones))
