"""Blocking keys on the workers: rows sorted by key stream through, none is held but the last few.

One such stream finds the candidate pairs of a pass and counts what recurs under each key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.arrays import change_mask, pack, unique_sorted
from dedupe.backends.spark.tables import batch_of, joined, matrix_of, numbers_array
from dedupe.blocking.look_back import (
    BAND_REACH,
    RARE_REACH,
    count_cut,
    find_candidates,
    sorted_buckets,
)
from dedupe.models import NO_TIME
from dedupe.scoring.metadata import DAY, DAYS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

KEYS = "key long, node long, time long, marks long"
"""A node under one of its keys; ``marks`` are the bits below."""
IN_PLAY, BEFORE, FIRST = 1, 2, 4
"""It is in play, was so in the pass before, and is the first in play of its content."""
STREAM = "pair long, key long, days long, weeks long, contents long, size long, cut long"
"""A candidate pair, or what recurs under a key that several nodes have."""
COUNTS = ("key", "days", "weeks", "contents", "size")
BAND = 1 << 32
TITLE = 1 << 33
"""What sets the keys of bands, and the numbers of titles, apart from the keys of rare stems."""
LIMITS = [limit for reach in (RARE_REACH, BAND_REACH) for limit in (reach.records, reach.undated)]
CARRIED = max(LIMITS) + 1


def keys_of(nodes: DataFrame, kinds: str) -> DataFrame:
    """Return rows of ``KEYS`` for nodes with ``marks``, by some kinds of keys."""
    names = ("node", "time", "marks", *kinds.split())
    return nodes.select(*names).mapInArrow(partial(key_rows, kinds), KEYS)


def stream_keys(keys: DataFrame, *, pairs: bool) -> DataFrame:
    """Return rows of ``STREAM`` for rows of ``KEYS``."""
    in_order = keys.repartition("key").sortWithinPartitions("key", "node")
    return in_order.mapInArrow(KeyStream(pairs), STREAM)


def with_counts(nodes: DataFrame, counts: DataFrame) -> DataFrame:
    """Return nodes with what recurs of their keys: of the title only where they are in play.

    ``counts`` has a struct for each key.
    """
    keys = keys_of(nodes, "rare title")
    keys = keys.where((f.col("key") < TITLE) | (f.col("marks").bitwiseAND(IN_PLAY) > 0))
    found = joined(keys.select("key", "node"), counts, "key")
    lists = found.groupBy("node").agg(f.collect_list("count").alias("counts"))
    return joined(nodes, lists, "node", "left")


def key_rows(kinds: str, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``KEYS`` for rows of nodes.

    ``kinds`` are columns of keys, ``title`` among them or not.
    """
    for batch in incoming:
        nodes, times, marks = (numbers_array(batch[name]) for name in ("node", "time", "marks"))
        for name, offset in (("rare", 0), ("bands", BAND), ("title", TITLE)):
            if name not in kinds.split() or not len(nodes):
                continue
            if name == "title":
                rows, keys = np.arange(len(nodes)), numbers_array(batch[name]) + offset
            else:
                rows, keys = distinct_keys(batch[name])
                keys = keys + offset
            columns = {"key": keys, "node": nodes[rows], "time": times[rows], "marks": marks[rows]}
            yield batch_of(KEYS, columns)


def distinct_keys(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each key of each row once: the rows, and their keys."""
    width = len(column[0].as_py()) // 4
    keys = matrix_of(column, np.uint32, width).astype(np.int64)
    rows, columns = np.nonzero(keys)
    found = unique_sorted(rows << 32 | keys[rows, columns])
    return found >> 32, found & 0xFFFFFFFF


@dataclass
class KeyCount:
    """Counts what recurs under each key: the days, weeks and contents of the records in play.

    The last key of a batch may go on in the next: ``open`` is what ``COUNTS`` has of it so far,
    ``last`` its last day and week.
    """

    open: NDArray[np.int64] = field(default_factory=lambda: np.zeros((len(COUNTS), 0), np.int64))
    last: tuple[int, int] = (-1, -1)

    def add(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take in rows; return the counts of the keys that are complete, shape (counts, keys)."""
        keys, _, times, marks = rows
        goes_on = self.open.shape[1] > 0 and self.open[0, 0] == keys[0]
        starts = np.flatnonzero(change_mask(keys))
        group = np.cumsum(change_mask(keys)) - 1
        out = np.zeros((len(COUNTS), len(starts)), np.int64)
        out[0] = keys[starts]
        dated = np.flatnonzero(((marks & IN_PLAY) > 0) & (times != NO_TIME))
        days = times[dated] // DAY
        for row, periods, last in ((1, days, 0), (2, days // DAYS_A_WEEK, 1)):
            new = change_mask(group[dated]) | change_mask(periods)
            if goes_on and len(dated) and group[dated[0]] == 0:
                new[0] = periods[0] != self.last[last]
            out[row] = np.bincount(group[dated][new], minlength=len(starts))
        out[3] = np.bincount(group[(marks & FIRST) > 0], minlength=len(starts))
        out[4] = np.bincount(group, minlength=len(starts))
        if goes_on:
            out[1:, 0] += self.open[1:, 0]
            done = out
        else:
            done = np.concatenate([self.open, out], axis=1)
        if len(dated) and group[dated[-1]] == len(starts) - 1:
            self.last = int(days[-1]), int(days[-1] // DAYS_A_WEEK)
        elif not (goes_on and len(starts) == 1):
            self.last = (NO_TIME, NO_TIME)
        self.open = done[:, -1:]
        return done[:, :-1]


@dataclass
class KeyStream:
    """Goes through rows of ``KEYS`` sorted by key and node; returns rows of ``STREAM``.

    With ``pairs`` it finds the candidate pairs, else it counts how often a record has more in a
    bucket than it looks back at. Of a key that goes on in the next batch it carries on as many
    rows as one looks back, and the counts so far.
    """

    pairs: bool
    carried: NDArray[np.int64] = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    count: KeyCount = field(default_factory=KeyCount)

    def __call__(self, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is found in each batch."""
        for batch in incoming:
            names = ("key", "node", "time", "marks")
            rows = np.stack([numbers_array(batch[name]) for name in names])
            if not rows.shape[1]:
                continue
            yield count_rows(self.count.add(rows))
            yield self.find(rows) if self.pairs else self.cut(rows)
        yield count_rows(self.count.open)

    def find(self, rows: NDArray[np.int64]) -> pa.RecordBatch:
        """Return the candidate pairs of a batch."""
        wanted = (rows[0] < TITLE) & ((rows[3] & (IN_PLAY | BEFORE)) > 0)
        start = self.carried.shape[1]
        rows = np.concatenate([self.carried, rows[:, wanted]], axis=1)
        found = pairs_of_keys(rows, start) if rows.shape[1] > start else np.zeros(0, np.int64)
        last = rows[:, rows[0] == rows[0, -1]] if rows.shape[1] else rows
        playing = np.flatnonzero(last[3] & IN_PLAY)
        self.carried = last[:, playing[-CARRIED] :] if len(playing) > CARRIED else last
        return batch_of(STREAM, {"pair": found})

    def cut(self, rows: NDArray[np.int64]) -> pa.RecordBatch:
        """Return how often a record of a batch has more in a bucket than it looks back at.

        The first row of a bucket is carried on too: it says whether the bucket has undated records.
        """
        held, rows = self.carried, rows[:, rows[0] < BAND]
        if not rows.shape[1]:
            return batch_of(STREAM, {"cut": []})
        rows = np.concatenate([held, rows], axis=1)
        last = rows[:, rows[0] == rows[0, -1]]
        self.carried = np.concatenate([last[:, :1], last[:, 1:][:, -CARRIED:]], axis=1)
        return batch_of(STREAM, {"cut": [look_backs_cut(rows) - look_backs_cut(held)]})


def pairs_of_keys(rows: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Return the candidate pairs whose later row stands at ``start`` or after it."""
    keys, nodes, times, marks = rows
    count = len(keys)
    bounds = np.append(np.flatnonzero(change_mask(keys)), count)
    rare = int(np.searchsorted(keys[bounds[:-1]], BAND))
    found = find_candidates(
        sorted_buckets(bounds[: rare + 1], count),
        sorted_buckets(bounds[rare:], count),
        (marks & IN_PLAY) > 0,
        (marks & BEFORE) > 0,
        np.ascontiguousarray(times),
    )
    later = np.repeat(np.arange(count), np.diff(found.starts))
    fresh = later >= start
    return pack(nodes[found.partners[fresh]], nodes[later[fresh]])


def look_backs_cut(rows: NDArray[np.int64]) -> int:
    """Return how often one of the rows has more in its bucket than it looks back at."""
    count = rows.shape[1]
    bounds = np.append(np.flatnonzero(change_mask(rows[0])), count)
    return count_cut(sorted_buckets(bounds, count), rows[2], RARE_REACH)


def count_rows(counts: NDArray[np.int64]) -> pa.RecordBatch:
    """Return the counts of stems and titles that several nodes have; each is at least 1."""
    shared = counts[:, (counts[4] > 1) & ((counts[0] < BAND) | (counts[0] >= TITLE))]
    shared[1:4] = np.maximum(shared[1:4], 1)
    return batch_of(STREAM, dict(zip(COUNTS, shared, strict=True)))
