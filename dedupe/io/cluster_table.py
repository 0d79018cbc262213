"""Write the clusters of two or more as a flat table for spreadsheets: a row a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.io.csv_write import DIALECTS, csv_row
from dedupe.io.pairs import RecordLocations
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.models import Clustering, Corpus

DIGITS = 4
COLUMNS = ("cluster", "size", "canonical", "score", "reason", "id", "date", "source")
PLACE = ("file", "line")


def write_cluster_table(
    corpus: Corpus, clustering: Clustering, settings: Settings, kind: str = "csv"
) -> Iterator[bytes]:
    """Yield a table of all records in clusters of two or more, the canonical one of each first.

    Clusters are numbered from 1 in the order of their first records. The columns are those of
    ``COLUMNS``, the compared fields, and the file and line.
    """
    dialect = DIALECTS[kind]
    names = [field.name for field in settings.field]
    yield csv_row([*COLUMNS, *names, *PLACE], dialect)
    places = RecordLocations(corpus)
    order, numbers = cluster_order(clustering)
    for position, number in zip(order.tolist(), numbers.tolist(), strict=True):
        canonical = clustering.canonical[position] == position
        cells = [
            number,
            clustering.sizes[position],
            "yes" if canonical else "no",
            round(float(clustering.scores[position]), DIGITS),
            clustering.reasons[position],
            clustering.record_ids[position],
            date_text(int(corpus.times[position])),
            corpus.sources[position],
            *(texts[position] for texts in corpus.texts),
            places.path(position),
            places.lines[position],
        ]
        yield csv_row(map(cell, cells), dialect)


def cell(value: object) -> str:
    """Return a value as a cell; bytes of a file's name that are no UTF-8 are shown by escapes."""
    return str(value).encode(errors="backslashreplace").decode()


def cluster_order(clustering: Clustering) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the records of clusters of two or more, cluster by cluster, and the clusters' numbers.

    Of each cluster the canonical record comes first, then the others in input order.
    """
    canonical = clustering.canonical
    members = np.flatnonzero(np.asarray(clustering.sizes) > 1)
    leaders, firsts, inverse = np.unique(canonical[members], return_index=True, return_inverse=True)
    ranks = np.empty(len(leaders), np.int64)
    ranks[np.argsort(firsts)] = np.arange(1, len(leaders) + 1)
    numbers = ranks[inverse]
    order = np.lexsort((members, canonical[members] != members, numbers))
    return members[order], numbers[order]


def date_text(seconds: int) -> str:
    """Return a time as spreadsheets read it, ``""`` for none.

    >>> date_text(0)
    '1970-01-01 00:00:00'
    """
    if seconds == NO_TIME:
        return ""
    return str(np.datetime64(seconds, "s")).replace("T", " ")
