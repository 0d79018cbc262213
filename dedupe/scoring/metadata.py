"""Adjust scores by what is known beside the texts: time, outlets and recurrence.

What is not known adds nothing, and nothing adds more than the model's ``most_support``. Closer in
time never counts against a pair, and recurring more never for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import first_places
from dedupe.models import HOUR, NO_TIME
from dedupe.scoring.model import METADATA, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.blocking.look_back import Buckets

HALF_DAY = 12.0
"""Hours that two records count as apart at the least where one date has no time of day."""
DAY = 24 * HOUR
DAYS_A_WEEK = 7
GAP, OUTLET = METADATA.index("gap"), METADATA.index("other_outlet")
SERIES = [METADATA.index("days"), METADATA.index("title_days")]
FEW_DAYS = 2
MOST_OBJECTION = 2.2
REACHES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 36, 48, 72, 96, 168, 336, 720)
"""Hours at which equal texts are judged, to find how far apart they are still one story."""
FOREVER = 1 << 60


@dataclass(frozen=True, slots=True)
class RecordMeta:
    """What is known of records beside their texts, one value a record.

    ``outlets`` are numbers, -1 where none is known. ``days_only`` says that a time is a date alone.
    """

    times: NDArray[np.int64]
    days_only: NDArray[np.bool_]
    outlets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What recurs among the records in play.

    ``stems`` has a row a bucket of rare stems: the days, the weeks and the distinct headlines that
    it holds. ``titles`` has a row a record: the days and the weeks on which its headline appears.
    """

    stems: NDArray[np.int64]
    titles: NDArray[np.int64]


def gap_hours(
    meta: RecordMeta, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the hours between records, NaN where a time is missing."""
    one, other = meta.times[left], meta.times[right]
    unknown = (one == NO_TIME) | (other == NO_TIME)
    hours = np.abs(one - np.where(unknown, 0, other)) / HOUR
    coarse = meta.days_only[left] | meta.days_only[right]
    hours = np.where(coarse, np.maximum(hours, HALF_DAY), hours)
    return np.where(unknown, np.nan, hours)


def metadata_rows(
    meta: RecordMeta,
    recurrence: Recurrence,
    buckets: Buckets,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return what is known of pairs in the order of ``METADATA``, NaN where it is not known."""
    out = np.full((len(left), len(METADATA)), np.nan)
    hours = gap_hours(meta, left, right)
    dated = ~np.isnan(hours)
    out[:, 0] = np.log1p(hours)
    one, other = meta.outlets[left], meta.outlets[right]
    out[(one >= 0) & (other >= 0) & (one != other), 1] = 1
    stems = shared_minima(buckets.of, recurrence.stems, left, right)
    shared = stems[:, 0] > 0
    with np.errstate(divide="ignore"):
        bits = np.log2(stems)
    out[:, 2:4] = np.where((dated & shared)[:, None], bits[:, :2], np.nan)
    titles = np.maximum(recurrence.titles[left], recurrence.titles[right])
    out[dated, 4:6] = np.log2(titles[dated])
    out[:, 6] = np.maximum(np.where(shared, bits[:, 2], 1), 1)
    return out


def adjustments(
    model: Model,
    meta: RecordMeta,
    recurrence: Recurrence,
    buckets: Buckets,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    equal: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return what metadata adds to the log-odds of pairs.

    Pairs of ``equal`` content are judged as if their outlets were not known: a copy is a copy,
    whoever publishes it.
    """
    if not kernel.available():
        rows = metadata_rows(meta, recurrence, buckets, left, right)
        rows[equal, OUTLET] = np.nan
        return support(model, rows)
    out = np.empty(len(left))
    kernel.adjust_pairs(
        *model.counting_scorer.arrays(), np.array([MOST_OBJECTION, model.most_support]),
        meta.times, meta.days_only, np.ascontiguousarray(meta.outlets, np.int64),
        np.ascontiguousarray(recurrence.titles), buckets.of, recurrence.stems,
        np.ascontiguousarray(left), np.ascontiguousarray(right), equal, out,
    )  # fmt: skip
    return out


def support(model: Model, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what rows of metadata add to the log-odds.

    Time apart alone, without a series of which it would be another edition, does not part two
    records that say the same at length.
    """
    odds = model.metadata.log_odds(rows)
    series = (np.nan_to_num(rows[:, SERIES]) > np.log2(FEW_DAYS)).any(axis=1)
    odds = np.where(series, odds, np.maximum(odds, -MOST_OBJECTION))
    return np.minimum(odds, model.most_support)


def reach_seconds(
    model: Model,
    meta: RecordMeta,
    recurrence: Recurrence,
    buckets: Buckets,
    nodes: NDArray[np.int64],
    needed: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return how many seconds apart two records like each node get the log-odds needed, else -1.

    Closer in time never counts against a pair, so a search by halves over ``REACHES`` finds it.
    """
    rows = metadata_rows(meta, recurrence, buckets, nodes, nodes)
    rows[:, OUTLET] = np.nan
    low, high = np.full(len(nodes), -1), np.full(len(nodes), len(REACHES) - 1)
    while (low < high).any():
        middle = (low + high + 1) // 2
        rows[:, GAP] = np.log1p(np.take(REACHES, middle.clip(0)))
        passes = support(model, rows) >= needed
        low, high = np.where(passes, middle, low), np.where(passes, high, middle - 1)
    hours = np.take(REACHES, low.clip(0))
    reach = np.where(low == len(REACHES) - 1, FOREVER, hours * HOUR)
    return np.where(low < 0, -1, reach).astype(np.int64)


def shared_minima(
    of: NDArray[np.uint32],
    counts: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the least counts over the buckets that both records of each pair are in, else 0."""
    out = np.zeros((len(left), counts.shape[1]), np.int64)
    if kernel.available():
        left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        kernel.shared_minima(of, counts, left, right, out)
        return out
    for at, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        shared = sorted(set(of[one].tolist()) & set(of[other].tolist()) - {0})
        if shared:
            out[at] = counts[np.array(shared) - 1].min(axis=0)
    return out


def count_stems(
    buckets: Buckets,
    contents: NDArray[np.int64],
    times: NDArray[np.int64],
    in_play: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    out: NDArray[np.int64],
) -> None:
    """Count the days, weeks and distinct contents of the wanted buckets into ``out``.

    Only records in play count. They stand in order of time, undated ones first.
    """
    days = np.where(times == NO_TIME, -1, times // DAY)
    first = first_of_content(contents, in_play)
    if kernel.available():
        kernel.count_stems(buckets.members, buckets.starts, wanted, in_play, days, first, out)
        return
    for bucket in np.flatnonzero(wanted).tolist():
        members = buckets.members[buckets.starts[bucket] : buckets.starts[bucket + 1]]
        remaining = members[in_play[members]]
        own = days[remaining][days[remaining] >= 0]
        counts = (
            len(set(own.tolist())),
            len(set((own // DAYS_A_WEEK).tolist())),
            first[remaining].sum(),
        )
        out[bucket] = np.maximum(counts, 1)


def first_of_content(contents: NDArray[np.int64], in_play: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether each record is the first in play of its content."""
    remaining = np.flatnonzero(in_play)
    firsts = first_places(contents[remaining], int(contents.max(initial=-1)) + 1)
    out = np.zeros(len(contents), bool)
    out[remaining[firsts[firsts >= 0]]] = True
    return out


def count_titles(
    titles: NDArray[np.integer], times: NDArray[np.int64], in_play: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the days and the weeks on which each record's headline appears, at least 1.

    ``titles`` numbers the headlines.
    """
    out = np.ones((len(titles), 2), np.int64)
    count = int(titles.max(initial=-1)) + 1
    remaining = np.flatnonzero(in_play & (times != NO_TIME))
    again = remaining[np.bincount(titles[remaining], minlength=count)[titles[remaining]] > 1]
    order = again[np.lexsort((times[again], titles[again]))]
    own = titles[order]
    for column, length in enumerate((DAY, DAY * DAYS_A_WEEK)):
        periods = times[order] // length
        opens = np.ones(len(order), bool)
        opens[1:] = (own[1:] != own[:-1]) | (periods[1:] != periods[:-1])
        counts = np.bincount(own[opens], minlength=count)
        out[order, column] = counts[own]
    return out
