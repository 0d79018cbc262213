"""The interface of a backend: a few numbers per record, and the operations that need its texts.

The numbers are held here wherever the texts are: in memory, in a database, or on many machines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.blocking.lsh import PART
from dedupe.clustering.fixed_point import PrunedPairsInMemory
from dedupe.models import HOUR, NO_TIME
from dedupe.scoring.pair_context import PairContext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.blocking.lsh import Candidates, OversizedBuckets
    from dedupe.clustering.canonical import Order
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.clustering.fixed_point import PrunedPairs
    from dedupe.config import Settings
    from dedupe.scoring.corpus_stats import CorpusStats, StatsSnapshot
    from dedupe.scoring.scored_pairs import PairScorer

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Backend(ABC):
    """One run's facts that no pass changes, one value a record.

    ``content_ids`` numbers the distinct combinations of texts, below ``content_count``, -1 for a
    record without any; ``versions`` is what the first text's tags state, 0 for nothing; ``writers``
    numbers the outlets, -1 for none. ``present`` has a row a field: whether the record has it.
    ``corpus_stats`` tells what is counted of their words.
    """

    settings: Settings
    links: LabelConstraints
    order: Order
    times: NDArray[np.int64]
    digests: NDArray[np.uint64]
    writers: NDArray[np.int64]
    content_ids: NDArray[np.int64]
    content_count: int
    versions: NDArray[np.int64]
    present: NDArray[np.bool_]
    corpus_stats: CorpusStats

    @abstractmethod
    def candidate_pairs(
        self, content_ids: NDArray[np.int64], oversized: OversizedBuckets | None = None
    ) -> Candidates:
        """Candidate pairs among some contents, in order of time, over the keys of every field.

        Where an oversized bucket is given, only its keys count. See
        :func:`dedupe.blocking.lsh.candidate_pairs`.
        """

    @abstractmethod
    def scorer(self, counts: StatsSnapshot, floor: float, *, prefilter: bool) -> PairScorer:
        """How pairs of records are scored under some counts.

        The pruned pairs are those that cannot come to ``floor``. ``prefilter`` tells them by their
        words first, which pays where they are most.
        """

    @abstractmethod
    def max_exact_gap(self, content_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each content are still one story.

        See :func:`dedupe.scoring.score.max_exact_gap`.
        """

    @property
    def at_once(self) -> int:
        """So many pairs are scored at a time at the least, where there are as many."""
        return PART

    def keep(self, held: Value) -> Value:
        """The same for longer than a step, out of memory where there is a place; not to be changed.

        ``held`` is an array, or a tuple or dataclass of such.
        """
        return held

    def pruned(self) -> PrunedPairs:
        """A place for the pairs that are put aside."""
        return PrunedPairsInMemory()

    def __len__(self) -> int:
        return len(self.times)

    def counts(self, records: NDArray[np.int64]) -> StatsSnapshot:
        """What recurs among some records."""
        counted = np.zeros(len(self), dtype=bool)
        counted[records] = True
        return self.corpus_stats.count(self.content_ids, counted)

    def hours(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """The hours between records, NaN where a time is missing."""
        one, other = self.times[left], self.times[right]
        undated = (one == NO_TIME) | (other == NO_TIME)
        return np.where(undated, np.nan, np.abs(one.astype(float) - other) / HOUR)

    def same_source(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 where one outlet wrote both records, 0 where two did, NaN where one is unknown."""
        one, other = self.writers[left], self.writers[right]
        return np.where((one < 0) | (other < 0), np.nan, (one == other).astype(float))

    def pair_context(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> PairContext:
        """Pairs of records as the decision sees them: their contents, how far apart and whose."""
        apart, shared = self.hours(left, right), self.same_source(left, right)
        return PairContext(self.content_ids[left], self.content_ids[right], apart, shared)
