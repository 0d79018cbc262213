"""Pairs of records that somebody put together or apart, whatever the decision says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.errors import LinksError
from dedupe.pipeline.records import find_pairs
from dedupe.reading.labels import DIFFERENT, DUPLICATE, UPDATE, read_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.reading.labels import Label
    from dedupe.settings import Settings
    from dedupe.stories import Corpus

NO_ENDS = np.zeros((2, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of record positions, two rows of ends each: in one cluster always, or never."""

    must: NDArray[np.int64]
    cannot: NDArray[np.int64]


NO_LINKS = Links(NO_ENDS, NO_ENDS)


def links_of(corpus: Corpus, settings: Settings) -> Links:
    """Read the links of a run; without a file there are none.

    Raises InputError for a row that cannot be read and a record that is not there, and LinksError
    where records that cannot be together are put together by other labels.
    """
    if settings.links is None:
        return NO_LINKS
    labels = read_labels(settings.links, settings.max_ratio)
    ends = np.stack(find_pairs(corpus, labels, settings.links))
    apart = (DIFFERENT, UPDATE) if settings.updates == "split" else (DIFFERENT,)
    must, cannot = (
        np.flatnonzero([label.label in told for label in labels]) for told in ((DUPLICATE,), apart)
    )
    links = Links(ends[:, must], ends[:, cannot])
    groups = components(links.must, len(corpus))
    clashing = np.flatnonzero(groups[links.cannot[0]] == groups[links.cannot[1]])
    if len(clashing):
        clash = labels[int(cannot[clashing[0]])]
        told = [labels[place] for place in must.tolist()]
        raise conflict(settings.links, clash, told, links.must, links.cannot[:, clashing[0]])
    return links


def components(ends: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The component of each of so many nodes that pairs hold together: its lowest node.

    Disjoint sets with path halving: Tarjan and van Leeuwen 1984.
    """
    parents: dict[int, int] = {}

    def top(node: int) -> int:
        while (above := parents.get(node, node)) != node:
            parents[node] = parents.get(above, above)
            node = parents[node]
        return node

    for one, other in ends.T.tolist():
        low, high = sorted((top(one), top(other)))
        parents[high] = low
    found = np.arange(count)
    for node in np.unique(ends).tolist():
        found[node] = top(node)
    return found


def conflict(
    path: str,
    clash: Label,
    told: Sequence[Label],
    must: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> LinksError:
    """The error of two records that are apart, and together by way of others."""
    way = [told[place] for place in shortest_way(must, int(ends[0]), int(ends[1]))]
    names = " and ".join(map(repr, (clash.a, clash.b)))
    chain = ", ".join(f"{label.a!r} = {label.b!r} (line {label.line})" for label in way)
    reason = f"{names} are {clash.label} here, and one story by {chain or 'being one record'}"
    return LinksError(path, clash.line, reason, tuple(label.line for label in way))


def shortest_way(must: NDArray[np.int64], start: int, goal: int) -> list[int]:
    """The places of the pairs that lead from one record to another, the fewest that do."""
    came: dict[int, tuple[int, int]] = {start: (start, -1)}
    queue = [start]
    for node in queue:
        for place in np.flatnonzero((must == node).any(axis=0)).tolist():
            other = int(must[:, place].sum()) - node
            if other not in came:
                came[other] = (node, place)
                queue.append(other)
    way: list[int] = []
    while goal != start:
        goal, place = came[goal]
        way.insert(0, place)
    return way
