"""What every round asks of a run: a few numbers a record, and what only its texts can tell.

The numbers are held here whatever holds the texts: memory, a database, or many machines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.candidates import PART
from dedupe.pipeline.hopeless import HeldHopeless
from dedupe.stories import HOUR, NO_TIME
from dedupe.verify import Ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.candidates import Candidates, Crowd
    from dedupe.canonical import Order
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.judging import Judge
    from dedupe.pipeline.links import Links
    from dedupe.pipeline.register import Counts, Register
    from dedupe.settings import Settings

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class Outline(ABC):
    """One run's facts that no round changes, one value a record.

    ``kinds`` numbers the distinct combinations of texts, below ``kind_count``, -1 for a record
    without any; ``versions`` is what the first text's tags state, 0 for nothing; ``writers``
    numbers the outlets, -1 for none. ``given`` has a row a field: whether the record has it.
    ``tally`` tells what is counted of their words.
    """

    settings: Settings
    links: Links
    order: Order
    times: NDArray[np.int64]
    digests: NDArray[np.uint64]
    writers: NDArray[np.int64]
    kinds: NDArray[np.int64]
    kind_count: int
    versions: NDArray[np.int64]
    given: NDArray[np.bool_]
    tally: Register

    @abstractmethod
    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds, given in order of time, over the keys of every field.

        Where a crowd is given, only its keys count. See :func:`dedupe.candidates.propose`.
        """

    @abstractmethod
    def judge(self, counts: Counts, floor: float, *, screened: bool) -> Judge:
        """How pairs of records are judged under some counts.

        The hopeless are those that cannot come to ``floor``. ``screened`` tells them by their words
        first, which pays where they are most.
        """

    @abstractmethod
    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story.

        See :func:`dedupe.verify.identical_reach`.
        """

    @property
    def at_once(self) -> int:
        """So many pairs are judged at a time at the least, where there are as many."""
        return PART

    def keep(self, held: Held) -> Held:
        """The same for longer than a step, out of memory where there is a place; not to be changed.

        ``held`` is an array, or a tuple or dataclass of such.
        """
        return held

    def hopeless(self) -> Hopeless:
        """A place for the pairs that are put aside."""
        return HeldHopeless()

    def __len__(self) -> int:
        return len(self.times)

    def counts(self, records: NDArray[np.int64]) -> Counts:
        """What recurs among some records."""
        counted = np.zeros(len(self), dtype=bool)
        counted[records] = True
        return self.tally.count(self.kinds, counted)

    def hours(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """The hours between records, NaN where a time is missing."""
        one, other = self.times[left], self.times[right]
        undated = (one == NO_TIME) | (other == NO_TIME)
        return np.where(undated, np.nan, np.abs(one.astype(float) - other) / HOUR)

    def same_source(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 where one outlet wrote both records, 0 where two did, NaN where one is unknown."""
        one, other = self.writers[left], self.writers[right]
        return np.where((one < 0) | (other < 0), np.nan, (one == other).astype(float))

    def ends(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Ends:
        """Pairs of records as the decision sees them: their kinds, how far apart and whose."""
        apart, shared = self.hours(left, right), self.same_source(left, right)
        return Ends(self.kinds[left], self.kinds[right], apart, shared)
