"""On how many days and in how many weeks things stand: headlines, and rare words that meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 86_400
WEEK = 7
NO_DAY = -(1 << 30)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which records show which of ``count`` things on which days, sorted by thing, then day."""

    things: NDArray[np.int32]
    days: NDArray[np.int32]
    records: NDArray[np.int32]
    count: int

    def spans(self, alive: NDArray[np.bool_]) -> NDArray[np.float64]:
        """For each thing log2 of its days and of its weeks among living records; 0 for none.

        A story told again and again in three or four days stands in one week, wherever weeks
        begin; a series returns in many.
        """
        counts = np.zeros((self.count, 2), dtype=np.int64)
        if kernel.available():
            kernel.count_spans(self.things, self.days, self.records, alive, counts)
        else:
            self.count_plainly(alive, counts)
        return np.log2(np.maximum(counts, 1))

    def count_plainly(self, alive: NDArray[np.bool_], out: NDArray[np.int64]) -> None:
        """Count by numpy."""
        held = alive[self.records]
        things, days = self.things[held], self.days[held].astype(np.int64)
        weeks = [self.runs(things, (days + shift) // WEEK) for shift in (0, WEEK // 2)]
        out[:, 0] = self.runs(things, days)
        out[:, 1] = np.minimum(*weeks)

    def runs(self, things: NDArray[np.int32], spans: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many distinct spans each thing has."""
        is_new = (np.diff(things, prepend=-1) != 0) | (np.diff(spans, prepend=NO_DAY) != 0)
        return np.bincount(things[is_new], minlength=self.count)


def calendar_of(
    numbers: NDArray[np.int32], kinds: NDArray[np.int64], times: NDArray[np.int64]
) -> Calendar:
    """The calendar of records, given as each one's kind, -1 for none, and time.

    ``numbers`` has a row of things for each kind, -1 for no thing.
    """
    held = np.flatnonzero(kinds >= 0)
    rows = numbers[kinds[held]]
    places, columns = np.nonzero(rows >= 0)
    things, records = rows[places, columns], held[places]
    days = np.where(times == NO_TIME, NO_DAY, times // DAY).clip(NO_DAY, -NO_DAY)[records]
    order = np.argsort(things.astype(np.int64) << 32 | (days - NO_DAY))
    return Calendar(
        things[order],
        days[order].astype(np.int32),
        records[order].astype(np.int32),
        int(numbers.max(initial=-1)) + 1,
    )
