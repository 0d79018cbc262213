"""The counts behind the plots and tables of the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Clustering, Corpus

BINS = 50
SIZE_EDGES = (2, 3, 4, 5, 6, 8, 11, 21, 51, 101, 1001)
MOST_DAYS = 180
MOST_MONTHS = 240
NAMELESS = "not stated"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a name, how many records it has, and how many are duplicates."""

    name: str
    records: int
    duplicates: int


def duplicated(clustering: Clustering) -> NDArray[np.bool_]:
    """Which records are duplicates: those that another one is kept for."""
    return np.asarray(clustering.canonical != np.arange(len(clustering.canonical)))


def score_counts(clustering: Clustering) -> tuple[list[int], int]:
    """Duplicates by score, in equal steps from 0 to 1, and those of score 1, left out of them."""
    scores = clustering.scores[duplicated(clustering)]
    below = scores[scores < 1]
    counts, _ = np.histogram(below, bins=BINS, range=(0.0, 1.0))
    return counts.tolist(), len(scores) - len(below)


def size_counts(sizes: NDArray[np.int64]) -> list[tuple[str, int, int]]:
    """Clusters and their records by size: each size on its own, then in wider and wider steps."""
    counted = []
    ends = (*SIZE_EDGES[1:], int(sizes.max(initial=0)) + 1)
    for low, end in zip(SIZE_EDGES, ends, strict=True):
        inside = sizes[(sizes >= low) & (sizes < max(end, low + 1))]
        if len(inside):
            name = f"{low:,}" if end - low <= 1 else f"{low:,}\u2013{end - 1:,}"
            counted.append((name, len(inside), int(inside.sum())))
    return counted


def by_source(corpus: Corpus, clustering: Clustering) -> list[Row]:
    """Records and duplicates of each outlet, the one with most duplicates first."""
    records = Counter(corpus.sources)
    lost = Counter(
        corpus.sources[place] for place in np.flatnonzero(duplicated(clustering)).tolist()
    )
    rows = [Row(name or NAMELESS, count, lost[name]) for name, count in records.items()]
    return sorted(rows, key=lambda row: (-row.duplicates, -row.records, row.name))


def by_day(corpus: Corpus, clustering: Clustering) -> list[Row]:
    """Records and duplicates of each day (UTC), of each month or year where days are too many.

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
    places = np.searchsorted(names, spans)
    records = np.bincount(places, minlength=len(names))
    lost = np.bincount(places, duplicated(clustering)[dated], minlength=len(names))
    columns = (names.astype(str).tolist(), records.tolist(), lost.astype(int).tolist())
    return [Row(*values) for values in zip(*columns, strict=True)]


def unit_of(rows: Sequence[Row]) -> str:
    """What the rows of :func:`by_day` stand for, by how their names are written."""
    return {7: "month", 4: "year"}.get(len(rows[0].name), "day") if rows else "day"
