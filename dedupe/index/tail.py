"""The keys of the stories that have come since the last segment, in memory, from their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 4096
"""So many rows become a segment."""


class Tail:
    """Rows from ``first`` on; ``next`` is the first that it does not hold."""

    def __init__(self, first: int) -> None:
        self.first = self.next = first
        self._rows: dict[int, list[int]] = {}
        self._held: list[tuple[NDArray[np.int64], NDArray[np.uint32]]] = []

    def __len__(self) -> int:
        return self.next - self.first

    def add(self, keys: NDArray[np.uint32], seqs: NDArray[np.int64], following: int) -> None:
        """Take postings of rows below ``following``."""
        self._held.append((seqs, keys))
        rows = self._rows
        for key, seq in zip(keys.tolist(), seqs.tolist(), strict=True):
            rows.setdefault(key, []).append(seq)
        self.next = following

    def find(self, keys: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of each key that is held, once for each row, and the rows."""
        owners: list[int] = []
        found: list[int] = []
        if self._rows:
            for number, key in enumerate(keys.tolist()):
                rows = self._rows.get(key)
                if rows:
                    owners += [number] * len(rows)
                    found += rows
        return np.array(owners, np.int64), np.array(found, np.int64)

    def postings(self) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """All keys and their rows."""
        seqs = [np.zeros(0, np.int64), *(held[0] for held in self._held)]
        keys = [np.zeros(0, np.uint32), *(held[1] for held in self._held)]
        return np.concatenate(keys), np.concatenate(seqs)
