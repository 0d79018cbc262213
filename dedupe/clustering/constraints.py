"""Apply what labels and settings demand: pairs that belong together, and pairs that never do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import NO_PAIRS, components, pack_ordered, unique_sorted

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_GROUPS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is demanded of records.

    ``groups`` has one number a record: records of one number belong together. ``apart`` are the
    sorted pair keys of groups that may never be in one cluster. ``versions`` has the version of
    each record where versions are kept apart, else None. ``window`` is in seconds.
    """

    groups: NDArray[np.int64]
    apart: NDArray[np.int64]
    versions: NDArray[np.integer] | None = None
    window: int | None = None

    def pinned(self, records: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether records must lead: those that are kept apart from others.

        A record that leads is never dropped, so that the constraint can be seen in the output.
        """
        ends = np.concatenate([self.apart >> 32, self.apart & 0xFFFFFFFF])
        return np.isin(self.groups[records], ends)

    def permitted(
        self, left: NDArray[np.int64], right: NDArray[np.int64], times: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return whether two records may be in one cluster."""
        allowed = np.ones(len(left), dtype=bool)
        together = self.groups[left] == self.groups[right]
        if len(self.apart):
            allowed &= ~np.isin(pack_ordered(self.groups[left], self.groups[right]), self.apart)
        if self.versions is not None:
            allowed &= together | (self.versions[left] == self.versions[right])
        if self.window is not None:
            allowed &= together | (gap_seconds(times, left, right) <= self.window)
        return allowed


def gap_seconds(
    times: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the seconds between records, 0 where a time is missing."""
    lowest = np.iinfo(np.int64).min
    one, other = times[left], times[right]
    known = (one != lowest) & (other != lowest)
    return np.where(known, np.abs(one.astype(float) - other), 0.0)


def build_constraints(
    count: int,
    must: NDArray[np.int64] = NO_PAIRS,
    cannot: NDArray[np.int64] = NO_PAIRS,
    versions: NDArray[np.integer] | None = None,
    window: int | None = None,
) -> Constraints:
    """Return the constraints over so many records; ``must`` and ``cannot`` are two rows of ends."""
    groups = components(must, count)
    apart = unique_sorted(pack_ordered(*groups[cannot])) if cannot.size else NO_GROUPS
    return Constraints(groups, apart, versions, window)
