"""Count on how many days and in how many weeks headlines and rare-word pairs occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.models import NO_TIME
from dedupe.pairs import pack, right_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 86_400
WEEK = 7
NO_DAY = -(1 << 30)
VALUES_PER_STEP = 1 << 19
"""So many things are put into a calendar at a time."""


@dataclass(frozen=True, slots=True)
class ActiveDays:
    """On which days which records show things: thing ``i`` those from ``starts[i]`` on.

    They are sorted by day; ``days`` has a value a record.
    """

    starts: NDArray[np.int64]
    records: NDArray[np.int32]
    days: NDArray[np.int32]

    @property
    def count(self) -> int:
        """How many things there are."""
        return len(self.starts) - 1

    def spans(self, survivors: NDArray[np.bool_]) -> NDArray[np.float64]:
        """For each thing log2 of its days and of its weeks among surviving records; 0 for none.

        A story told again and again in three or four days stands in one week, wherever weeks
        begin; a series returns in many.
        """
        counts = np.zeros((self.count, 2), dtype=np.int64)
        if kernel.available():
            kernel.count_spans(self.starts, self.records, self.days, survivors, counts)
        else:
            self.count_plainly(survivors, counts)
        return np.log2(np.maximum(counts, 1, out=counts))

    def count_plainly(self, survivors: NDArray[np.bool_], out: NDArray[np.int64]) -> None:
        """Count by numpy."""
        held = survivors[self.records]
        values = np.repeat(np.arange(self.count), np.diff(self.starts))[held]
        days = self.days[self.records[held]].astype(np.int64)
        weeks = [self.runs(values, (days + shift) // WEEK) for shift in (0, WEEK // 2)]
        out[:, 0] = self.runs(values, days)
        out[:, 1] = np.minimum(*weeks)

    def runs(self, values: NDArray[np.int64], spans: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many distinct spans each thing has."""
        is_new = (np.diff(values, prepend=-1) != 0) | (np.diff(spans, prepend=NO_DAY) != 0)
        return np.bincount(values[is_new], minlength=self.count)


def days_of(times: NDArray[np.int64]) -> NDArray[np.int32]:
    """The day of each time; all that have none share one."""
    days = np.where(times == NO_TIME, NO_DAY, times // DAY)
    return days.clip(NO_DAY, -NO_DAY).astype(np.int32)


def build_active_days(
    numbers: NDArray[np.int32], content_ids: NDArray[np.int64], times: NDArray[np.int64]
) -> ActiveDays:
    """The calendar of records, given as each one's kind, -1 for none, and time.

    ``numbers`` has a row of things for each content, -1 for no thing.
    """
    days = days_of(times)
    by_day = np.argsort(days, kind="stable").astype(np.int32)
    by_day = by_day[content_ids[by_day] >= 0]
    shown = content_ids[by_day].astype(np.int32)
    count = int(numbers.max(initial=-1)) + 1
    starts = np.zeros(count + 1, np.int64)
    records = np.empty(sum(int((column[shown] >= 0).sum()) for column in numbers.T), np.int32)
    for low in range(0, count, VALUES_PER_STEP):
        high, before = min(low + VALUES_PER_STEP, count), starts[low]
        packed = value_record_pairs(numbers, shown, low)
        starts[low : high + 1] = before + np.searchsorted(packed, pack(np.arange(low, high + 1), 0))
        records[before : before + len(packed)] = by_day.take(right_of(packed))
    return ActiveDays(starts, records, days)


def value_record_pairs(
    numbers: NDArray[np.int32], content_ids: NDArray[np.int32], first: int
) -> NDArray[np.int64]:
    """``VALUES_PER_STEP`` values from ``first`` on, each packed with a record that shows it.

    They are sorted; the records are given by their contents.
    """
    found = [np.zeros(0, np.int64)]
    for column in numbers.T:
        values = column[content_ids]
        positions = np.flatnonzero((values >= first) & (values < first + VALUES_PER_STEP))
        found.append(pack(values[positions].astype(np.int64), positions))
    packed = np.concatenate(found)
    packed.sort()
    return packed
