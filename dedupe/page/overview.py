"""What the page is made from, and the duplicates in the order in which it shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Clustering, Corpus


@dataclass(frozen=True, slots=True)
class Overview:
    """One run: ``facts`` is what ``--stats`` tells of it, without times.

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
class Groups:
    """The records of clusters of two or more: those of cluster ``i`` begin at ``starts[i]``.

    The largest cluster comes first; in each the version that is kept, then the others by score.
    """

    records: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    weakest: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts)


def groups_of(clustering: Clustering) -> Groups:
    """The clusters of two or more, in the order of :attr:`Clustering.clusters`."""
    members = np.flatnonzero(clustering.sizes > 1)
    leaders = clustering.canonical[members]
    scores = clustering.scores[members]
    order = np.lexsort((members, -scores, members != leaders, leaders, -clustering.sizes[members]))
    records, leaders = members[order], leaders[order]
    first = np.append(True, leaders[1:] != leaders[:-1])[: len(leaders)]
    starts = np.flatnonzero(first)
    weakest = np.minimum.reduceat(scores[order], starts) if len(starts) else scores
    return Groups(records, starts, clustering.sizes[records[starts]], weakest)
