"""What rounds ask of a run on disk: texts, keys and pairs in a database, numbers in files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.engines.aside import SpilledHopeless, fetch_letters
from dedupe.engines.meet import meet
from dedupe.engines.worded import Worded
from dedupe.verify import identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates, Crowd
    from dedupe.engines.pages import Pages
    from dedupe.engines.spill import Spill
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.register import Counts
    from dedupe.verify import Ends, Evidence, Verdicts

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class Spilled(Worded):
    """A run whose keys, letters and hopeless pairs are in a database, and its numbers in files."""

    LOOKED_AT = 1 << 16

    spill: Spill
    pages: Pages
    bands: tuple[int, ...]

    def keep(self, held: Held) -> Held:
        """The same in files; what of them is in memory is given back."""
        kept = self.pages.keep(held)
        self.pages.give_back()
        return kept

    def hopeless(self) -> Hopeless:
        """A place for the pairs that are put aside."""
        return SpilledHopeless(self.spill)

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        return meet(self.spill, self.bands, kinds, crowd)

    def counts(self, records: NDArray[np.int64]) -> Counts:
        """What recurs among some records."""
        return self.keep(Worded.counts(self, records))

    def evidence(self, counts: Counts) -> Evidence:
        """What the decision may look at under some counts, but for letters."""
        return self.keep(Worded.evidence(self, counts))

    def look(self, evidence: Evidence, ends: Ends, progress: Callable[[float], None]) -> Verdicts:
        """The verdicts on pairs of kinds."""
        kinds = np.unique(np.concatenate([ends.left, ends.right]))
        return verify(self.with_letters(evidence, kinds), ends, progress)

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        evidence = self.evidence(self.counts(np.flatnonzero(self.kinds >= 0)))
        step = self.LOOKED_AT
        cuts = [kinds[first : first + step] for first in range(0, len(kinds), step)]
        reached = [
            identical_reach(self.with_letters(evidence, some), some, self.settings.threshold)
            for some in cuts
        ]
        return np.concatenate([np.zeros(0, np.int64), *reached])

    def with_letters(self, evidence: Evidence, kinds: NDArray[np.int64]) -> Evidence:
        """The same with the letters of some kinds."""
        numbers = self.settings.numbers
        letters = [fetch_letters(self.spill, field, kinds, numbers) for field in self.fields]
        return replace(evidence, texts=tuple(letters))

    @property
    def fields(self) -> range:
        """The fields by number."""
        return range(len(self.zones))
