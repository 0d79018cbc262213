"""Read must-link and cannot-link constraints, and apply them to representatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges, distinct_sorted
from dedupe.errors import LinksError
from dedupe.io.labels import DIFFERENT, DUPLICATE, UPDATE, read_labels
from dedupe.io.record_ids import find_pairs
from dedupe.io.same import same_links
from dedupe.pairs import pack_ordered, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.config import Settings
    from dedupe.io.labels import Label
    from dedupe.models import Corpus

NO_PAIRS = np.zeros((2, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LabelConstraints:
    """Pairs of record positions, two rows of ends each: in one cluster always, or never."""

    must: NDArray[np.int64]
    cannot: NDArray[np.int64]


NO_CONSTRAINTS = LabelConstraints(NO_PAIRS, NO_PAIRS)


def read_constraints(corpus: Corpus, settings: Settings) -> LabelConstraints:
    """Read the links of a run: those of its file, and records of one id or url by ``--same``.

    Labels win: a record that they keep apart from another is joined to none by its id or url.

    Raises InputError for a row that cannot be read and a record that is not there, and LinksError
    where records that cannot be together are put together by other labels.
    """
    links = read_label_links(corpus, settings)
    if not settings.same:
        return links
    groups = components(links.must, len(corpus))
    fixed = np.isin(groups, groups[links.cannot])
    must = np.concatenate([links.must, same_links(corpus, settings.same, fixed)], axis=1)
    return LabelConstraints(must, links.cannot)


def read_label_links(corpus: Corpus, settings: Settings) -> LabelConstraints:
    """Read the links of a file of labels; raises as :func:`read_constraints`."""
    if settings.links is None:
        return NO_CONSTRAINTS
    labels = read_labels(settings.links, settings.max_ratio)
    ends = np.stack(find_pairs(corpus, labels, settings.links))
    apart = (DIFFERENT, UPDATE) if settings.updates == "split" else (DIFFERENT,)
    must, cannot = (
        np.flatnonzero([label.label in told for label in labels]) for told in ((DUPLICATE,), apart)
    )
    links = LabelConstraints(ends[:, must], ends[:, cannot])
    groups = components(links.must, len(corpus))
    clashing = np.flatnonzero(groups[links.cannot[0]] == groups[links.cannot[1]])
    if len(clashing):
        clash = labels[int(cannot[clashing[0]])]
        told = [labels[position] for position in must.tolist()]
        raise constraint_error(
            settings.links, clash, told, links.must, links.cannot[:, clashing[0]]
        )
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

    for left, right in ends.T.tolist():
        low, high = sorted((top(left), top(right)))
        parents[high] = low
    found = np.arange(count)
    for node in np.unique(ends).tolist():
        found[node] = top(node)
    return found


def constraint_error(
    path: str,
    clash: Label,
    told: Sequence[Label],
    must: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> LinksError:
    """The error of two records that are apart, and together by way of others."""
    way = [told[position] for position in shortest_path(must, int(ends[0]), int(ends[1]))]
    names = " and ".join(map(repr, (clash.a, clash.b)))
    chain = ", ".join(f"{label.a!r} = {label.b!r} (line {label.line})" for label in way)
    reason = f"{names} are {clash.label} here, and one story by {chain or 'being one record'}"
    return LinksError(path, clash.line, reason, tuple(label.line for label in way))


def shortest_path(must: NDArray[np.int64], start: int, goal: int) -> list[int]:
    """The places of the pairs that lead from one record to another, the fewest that do."""
    came: dict[int, tuple[int, int]] = {start: (start, -1)}
    queue = [start]
    for node in queue:
        for position in np.flatnonzero((must == node).any(axis=0)).tolist():
            other = int(must[:, position].sum()) - node
            if other not in came:
                came[other] = (node, position)
                queue.append(other)
    way: list[int] = []
    while goal != start:
        goal, position = came[goal]
        way.insert(0, position)
    return way


@dataclass(frozen=True, slots=True)
class Constraints:
    """The group of each representative: representatives under a must-link share a group.

    ``apart`` are the sorted pair keys of groups that links keep apart; ``versions`` gives the
    version of each group, a number of its own where links hold several versions together, and is
    None where versions may meet.
    """

    groups: NDArray[np.int64]
    apart: NDArray[np.int64]
    versions: NDArray[np.int64] | None

    def __bool__(self) -> bool:
        """Whether anything is kept apart."""
        return len(self.apart) > 0 or self.versions is not None

    def permitted(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The packed pairs of representatives that may be in one cluster."""
        return pair_keys[~self.part(*unpack(pair_keys))]

    def part(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether two representatives may never be in one cluster."""
        parted = np.zeros(len(left), dtype=bool)
        one, other = self.groups[left], self.groups[right]
        if len(self.apart):
            parted |= np.isin(pack_ordered(one, other), self.apart)
        if self.versions is not None:
            parted |= (one != other) & (self.versions[one] != self.versions[other])
        return parted


def build_constraints(backend: Backend, representatives: NDArray[np.int64]) -> Constraints:
    """What is demanded of the representatives of some runs."""
    groups = components(representatives[backend.links.must], len(representatives))[representatives]
    apart = distinct_sorted(pack_ordered(*groups[backend.links.cannot]))
    split = backend.settings.updates == "split"
    return Constraints(groups, apart, group_versions(backend, groups) if split else None)


def group_versions(backend: Backend, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The version that all records of each group state, else a negative number of its own."""
    versions = backend.versions
    lowest = versions[groups].copy()
    highest = lowest.copy()
    np.minimum.at(lowest, groups, versions)
    np.maximum.at(highest, groups, versions)
    return np.where(lowest == highest, lowest, -1 - np.arange(len(groups)))


def best_of_groups(
    constraints: Constraints, representatives: NDArray[np.int64], ranks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The best representative of each group; another record stands for itself."""
    if np.array_equal(constraints.groups, representatives):
        return np.arange(len(representatives))
    own = np.flatnonzero(representatives == np.arange(len(representatives)))
    order = own[np.argsort(-ranks[own])]
    best = np.arange(len(representatives))
    best[constraints.groups[order]] = order
    found = np.arange(len(representatives))
    found[own] = best[constraints.groups[own]]
    return found


def split_conflicts(links: LabelConstraints, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The runs after equal texts that links keep apart have left them.

    Where runs and links together would hold together what links keep apart, every record that a
    link names leaves its run.
    """
    count = len(runs)
    nodes = np.where(runs < 0, count + np.arange(count), runs)
    groups = components(nodes[links.must], 2 * count)[nodes]
    clash = groups[links.cannot[0]] == groups[links.cannot[1]]
    named = np.unique(np.concatenate([links.must.ravel(), links.cannot.ravel()]))
    gone = named[np.isin(groups[named], groups[links.cannot[0][clash]]) & (runs[named] >= 0)]
    parted = runs.copy()
    parted[gone] = count + gone
    return parted


def cannot_link_pairs(backend: Backend, survivors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of survivors that links keep apart from some record, with all of their own kind."""
    named = np.intersect1d(backend.links.cannot, survivors)
    order = survivors[np.argsort(backend.content_ids[survivors], kind="stable")]
    content_ids = backend.content_ids[order]
    starts = np.searchsorted(content_ids, backend.content_ids[named])
    sizes = np.searchsorted(content_ids, backend.content_ids[named], side="right") - starts
    left, right = np.repeat(named, sizes), order[concat_ranges(starts, sizes)]
    pair_keys = pack_ordered(left, right)
    return distinct_sorted(pair_keys[left != right])
