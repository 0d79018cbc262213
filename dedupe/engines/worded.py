"""A run whose words are in memory, and whose letters are where they are fetched for few pairs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dedupe.engines.arrow import values_of
from dedupe.pipeline.evidence import evidence_over
from dedupe.pipeline.judging import judge_parts, slices, within
from dedupe.pipeline.outline import Outline
from dedupe.pipeline.register import Holdings
from dedupe.verify import hopes_among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.judging import Judge
    from dedupe.pipeline.register import Counts
    from dedupe.verify import Ends, Evidence, Verdicts
    from dedupe.words import Vocabulary


LOW = 0xFFFFFFFF
SCREENED = 1 << 19
"""So many pairs are screened by their words at a time."""
SCREENING = 0.5
"""The share of the progress that screening makes; the letters of few pairs are read after it."""


@dataclass(frozen=True, slots=True)
class Worded(Outline):
    """A run whose letters are elsewhere; ``zones`` tell for each field where each word stands."""

    LOOKED_AT: ClassVar[int]
    """So many pairs are looked at with all their letters at a time."""

    zones: tuple[NDArray[np.uint8], ...]

    @abstractmethod
    def look(self, evidence: Evidence, ends: Ends, progress: Callable[[float], None]) -> Verdicts:
        """The verdicts on pairs of kinds, for which all their letters are read."""

    def judge(self, counts: Counts, floor: float, *, screened: bool) -> Judge:
        """How pairs of records are judged under some counts."""
        evidence = self.evidence(counts)
        look = partial(self.look, evidence)
        judge = partial(judge_parts, self, look, floor, size=self.LOOKED_AT)
        known = replace(evidence, floor=floor)
        return partial(self.judge_hopeful, known, judge) if screened else judge

    def judge_hopeful(
        self,
        evidence: Evidence,
        judge: Judge,
        codes: NDArray[np.int64],
        progress: Callable[[float], None],
    ) -> tuple[Judged, NDArray[np.int64]]:
        """The verdicts on pairs that have hope by their words, and the codes of the others."""
        hopeful, hopeless = [codes[:0]], [codes[:0]]
        for some, share in slices(codes, within(progress, 0, SCREENING), SCREENED):
            hopes = hopes_among(evidence, self.ends(some >> 32, some & LOW), share)
            alive = hopes >= evidence.floor
            hopeful.append(some[alive])
            hopeless.append(some[~alive])
        judged, far = judge(np.concatenate(hopeful), within(progress, SCREENING, 1 - SCREENING))
        rest = np.concatenate([*hopeless, far])
        rest.sort()
        return judged, rest

    def evidence(self, counts: Counts) -> Evidence:
        """What the decision may look at under some counts, but for letters."""
        none: tuple[dict[int, str], ...] = tuple({} for _ in self.zones)
        return evidence_over(self.settings, self.tally, counts, self.zones, none)


def hold(
    batches: Iterable[pa.RecordBatch], vocabulary: Vocabulary
) -> tuple[Holdings, NDArray[np.uint8]]:
    """The words of some texts in a row, and where each stands in its text.

    Batches have columns ``words``, 64-bit hashes, and ``zones``, bytes; both are blobs.
    """
    sizes, words, zones = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.uint8)]
    for batch in batches:
        hashes, ends = values_of(batch["words"], np.uint64)
        sizes.append(np.diff(ends))
        words.append(vocabulary.ids(hashes))
        zones.append(values_of(batch["zones"], np.uint8)[0])
    ends = np.append(0, np.concatenate(sizes).cumsum())
    return Holdings(ends, np.concatenate(words)), np.concatenate(zones)
