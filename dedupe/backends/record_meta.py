"""Collect the metadata of all records: ids, sources, times, digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.memory import completeness, text_lengths
from dedupe.clustering.canonical import Qualities
from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.pipeline import batch_digests, check_digests
from dedupe.text.fingerprints import resolve_collisions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.io.string_columns import CodedStrings, PackedStrings
    from dedupe.models import Batch


@dataclass(frozen=True, slots=True)
class RecordMeta:
    """One value a record; ``filled`` and ``lengths`` are as in Qualities."""

    ids: PackedStrings
    sources: CodedStrings
    times: NDArray[np.int64]
    digests: NDArray[np.uint64]
    filled: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def qualities(self, withdrawn: NDArray[np.bool_]) -> Qualities:
        """What the canonical policy may ask of each record."""
        return Qualities(
            self.sources, self.times, withdrawn, self.filled, self.lengths, self.digests
        )


class RecordMetaBuilder:
    """Batches on their way into a Roll."""

    def __init__(self) -> None:
        self._ids, self._sources = StringPacker(), StringCoder()
        self._numbers: list[tuple[NDArray[np.int64], ...]] = []
        self._digests = [np.zeros(0, np.uint64)]
        self._checks = [np.zeros(0, np.uint64)]

    def add(self, batch: Batch) -> None:
        """Take the records of a batch."""
        self._ids.add(batch.ids)
        self._sources.add(batch.sources)
        self._digests.append(batch_digests(batch))
        self._checks.append(check_digests(batch))
        filled = np.sum([completeness(column) for column in batch.texts], axis=0)
        lengths = np.sum([text_lengths(column) for column in batch.texts], axis=0)
        self._numbers.append((batch.times, filled, lengths))

    def record_meta(self) -> RecordMeta:
        """All records so far."""
        none = np.zeros(0, np.int64)
        columns = list(zip(*self._numbers, strict=True)) or [(none,)] * 3
        times, filled, lengths = map(np.concatenate, columns)
        ids, sources = self._ids.packed(), self._sources.coded()
        second = np.concatenate(self._checks)
        marks = resolve_collisions(np.concatenate(self._digests), second.__getitem__)
        return RecordMeta(ids, sources, times, marks, filled, lengths)
