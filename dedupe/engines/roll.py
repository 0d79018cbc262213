"""The few numbers of each record that stay in memory whatever happens to its texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.canonical import Qualities
from dedupe.columns import Coding, Packing
from dedupe.pipeline.case import lengths_of, whole_texts
from dedupe.pipeline.collisions import resolved
from dedupe.pipeline.gather import checks, digests

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.columns import Coded, Packed
    from dedupe.stories import Batch


@dataclass(frozen=True, slots=True)
class Roll:
    """One value a record; ``filled`` and ``lengths`` are as in Qualities."""

    ids: Packed
    sources: Coded
    times: NDArray[np.int64]
    digests: NDArray[np.uint64]
    filled: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def qualities(self, withdrawn: NDArray[np.bool_]) -> Qualities:
        """What the canonical policy may ask of each record."""
        return Qualities(
            self.sources, self.times, withdrawn, self.filled, self.lengths, self.digests
        )


class Call:
    """Batches on their way into a Roll."""

    def __init__(self) -> None:
        self._ids, self._sources = Packing(), Coding()
        self._numbers: list[tuple[NDArray[np.int64], ...]] = []
        self._digests = [np.zeros(0, np.uint64)]
        self._checks = [np.zeros(0, np.uint64)]

    def add(self, batch: Batch) -> None:
        """Take the records of a batch."""
        self._ids.add(batch.ids)
        self._sources.add(batch.sources)
        self._digests.append(digests(batch))
        self._checks.append(checks(batch))
        filled = np.sum([whole_texts(column) for column in batch.texts], axis=0)
        lengths = np.sum([lengths_of(column) for column in batch.texts], axis=0)
        self._numbers.append((batch.times, filled, lengths))

    def roll(self) -> Roll:
        """All records so far."""
        none = np.zeros(0, np.int64)
        columns = list(zip(*self._numbers, strict=True)) or [(none,)] * 3
        times, filled, lengths = map(np.concatenate, columns)
        ids, sources = self._ids.packed(), self._sources.coded()
        second = np.concatenate(self._checks)
        marks = resolved(np.concatenate(self._digests), second.__getitem__)
        return Roll(ids, sources, times, marks, filled, lengths)
