"""Compute the figures and the cluster payload of the report page."""

from __future__ import annotations

import base64
import gzip
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.escape import escape_controls
from dedupe.models import DIGITS, NO_TIME
from dedupe.reports.format import cut_and_escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Clustering, Corpus


@dataclass(frozen=True, slots=True)
class ReportData:
    """One run: ``facts`` are those of ``--stats``, without times.

    ``recall`` is the chance that two texts share a band, at evenly spaced similarities from 0 to
    1; ``links`` holds the address of each input that a browser can open.
    """

    title: str
    corpus: Corpus
    clustering: Clustering
    facts: Mapping[str, Any]
    recall: Sequence[float]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClusterGroups:
    """The records of clusters of two or more: those of cluster ``i`` begin at ``starts[i]``.

    The largest cluster comes first; in each the version that is kept, then the others by score.
    """

    records: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    weakest: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)


def group_clusters(clustering: Clustering) -> ClusterGroups:
    """Return the clusters of two or more, in the order of :attr:`Clustering.clusters`."""
    members = np.flatnonzero(clustering.sizes > 1)
    leaders = clustering.canonical[members]
    scores = clustering.scores[members]
    order = np.lexsort((members, -scores, members != leaders, leaders, -clustering.sizes[members]))
    records, leaders = members[order], leaders[order]
    first = np.append(True, leaders[1:] != leaders[:-1])[: len(leaders)]
    starts = np.flatnonzero(first)
    weakest = np.minimum.reduceat(scores[order], starts) if len(starts) else scores
    return ClusterGroups(records, starts, clustering.sizes[records[starts]], weakest)


BINS = 50
SIZE_EDGES = (2, 3, 4, 5, 6, 8, 11, 21, 51, 101, 1001)
MOST_DAYS = 180
MOST_MONTHS = 240
NAMELESS = "not stated"


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line of a table: a name, how many records it has, and how many are duplicates."""

    name: str
    records: int
    duplicates: int


def duplicate_mask(clustering: Clustering) -> NDArray[np.bool_]:
    """Return whether each record is a duplicate: another record is kept for it."""
    return np.asarray(clustering.canonical != np.arange(len(clustering.canonical)))


def score_counts(clustering: Clustering) -> tuple[list[int], int]:
    """Count duplicates by score, in equal steps from 0 to 1; those of score 1 are counted apart."""
    scores = clustering.scores[duplicate_mask(clustering)]
    below = scores[scores < 1]
    counts, _ = np.histogram(below, bins=BINS, range=(0.0, 1.0))
    return counts.tolist(), len(scores) - len(below)


def size_counts(sizes: NDArray[np.int64]) -> list[tuple[str, int, int]]:
    """Count clusters and their records by size: single sizes, then wider and wider steps."""
    counted = []
    ends = (*SIZE_EDGES[1:], int(sizes.max(initial=0)) + 1)
    for low, end in zip(SIZE_EDGES, ends, strict=True):
        inside = sizes[(sizes >= low) & (sizes < max(end, low + 1))]
        if len(inside):
            name = f"{low:,}" if end - low <= 1 else f"{low:,}\u2013{end - 1:,}"
            counted.append((name, len(inside), int(inside.sum())))
    return counted


def count_by_source(corpus: Corpus, clustering: Clustering) -> list[CountRow]:
    """Count the records and duplicates of each outlet, the one with most duplicates first."""
    records = Counter(corpus.sources)
    lost = Counter(
        corpus.sources[position] for position in np.flatnonzero(duplicate_mask(clustering)).tolist()
    )
    rows = [CountRow(name or NAMELESS, count, lost[name]) for name, count in records.items()]
    return sorted(rows, key=lambda row: (-row.duplicates, -row.records, row.name))


def count_by_day(corpus: Corpus, clustering: Clustering) -> list[CountRow]:
    """Count the records and duplicates of each day (UTC); of each month or year for long spans.

    A day between the first and the last has a row though nothing was published on it.
    """
    dated = corpus.times != NO_TIME
    days = corpus.times[dated].astype("datetime64[s]").astype("datetime64[D]")
    for unit, most in (("D", MOST_DAYS), ("M", MOST_MONTHS), ("Y", None)):
        spans = days.astype(f"datetime64[{unit}]")
        reach = int(np.ptp(spans.astype(np.int64))) if len(spans) else 0
        if most is None or reach < most:
            break
    if not len(spans):
        return []
    names = np.arange(spans.min(), spans.max() + 1)
    positions = np.searchsorted(names, spans)
    records = np.bincount(positions, minlength=len(names))
    lost = np.bincount(positions, duplicate_mask(clustering)[dated], minlength=len(names))
    columns = (names.astype(str).tolist(), records.tolist(), lost.astype(int).tolist())
    return [CountRow(*values) for values in zip(*columns, strict=True)]


def time_unit(rows: Sequence[CountRow]) -> str:
    """Return the unit of time of the rows of :func:`count_by_day`, by their names."""
    return {7: "month", 4: "year"}.get(len(rows[0].name), "day") if rows else "day"


LONGEST_SHOWN = 400
"""Characters of a text that the page holds."""


def cluster_payload(report: ReportData, groups: ClusterGroups) -> str:
    """Return the data of the list, in letters that need no escaping in HTML."""
    packed = gzip.compress(orjson.dumps(payload_columns(report, groups)), mtime=0)
    return base64.b64encode(packed).decode()


def payload_columns(report: ReportData, groups: ClusterGroups) -> dict[str, Any]:
    """Return the columns, one value a record in the order of the groups; names by number."""
    corpus, clustering, records = report.corpus, report.clustering, groups.records
    positions = records.tolist()
    paths, path = record_lines(report, records)
    lines = np.concatenate([np.zeros(0, np.int64), *(batch.lines for batch in corpus.batches)])
    sources, source = number_values([corpus.sources[position] for position in positions])
    reasons, reason = number_values([clustering.reasons[position] for position in positions])
    times = corpus.times[records].tolist()
    return {
        "keys": [clustering.keys[position] for position in records[groups.starts].tolist()],
        "sizes": groups.sizes.tolist(),
        "weakest": groups.weakest.round(DIGITS).tolist(),
        "texts": [
            [cut_and_escape(column[position], LONGEST_SHOWN) for position in positions]
            for column in corpus.texts
        ],
        "ids": [escape_controls(clustering.record_ids[position]) for position in positions],
        "scores": clustering.scores[records].round(DIGITS).tolist(),
        "times": [None if time == NO_TIME else time for time in times],
        "lines": lines[records].tolist(),
        "sources": list(map(escape_controls, sources)),
        "source": source,
        "reasons": reasons,
        "reason": reason,
        "paths": list(map(escape_controls, paths)),
        "links": [report.links.get(name, "") for name in paths],
        "path": path,
    }


def record_lines(report: ReportData, records: NDArray[np.int64]) -> tuple[list[str], list[int]]:
    """Return the inputs, and the input of each record by its number."""
    batches = report.corpus.batches
    paths, numbers = number_values([batch.path for batch in batches])
    ends = np.cumsum([len(batch) for batch in batches])
    within = np.searchsorted(ends, records, "right")
    return paths, np.array(numbers, np.int64)[within].tolist()


def number_values(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct values in order of appearance, and each value's number among them."""
    numbers: dict[str, int] = {}
    positions = [numbers.setdefault(value, len(numbers)) for value in values]
    return list(numbers), positions
