"""Assign new records to clusters, with the leaders of the index given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.canonical import CENTRAL, CanonicalOrder
from dedupe.clustering.groups import SCORE_UNITS
from dedupe.index.answers import (
    Answer,
    ClusterRow,
    clusters_of,
    hex_name,
    lone_answer,
    names_of,
)
from dedupe.index.facts import signed
from dedupe.index.matching import IndexMatcher, as_contents
from dedupe.pipeline import canonical_order, cluster_until_stable, corpus_constraints, group_copies
from dedupe.result import CANONICAL, to_clustering, to_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.newcomers import Newcomers
    from dedupe.index.store import Store


@dataclass(frozen=True, slots=True)
class StandingOrder(CanonicalOrder):
    """The canonical policy, where the leaders of an index are central by cluster size.

    ``numbers`` has the number of each record of the index; newcomers come behind them.
    """

    store: Store
    numbers: NDArray[np.int64]

    def values(
        self, key: str, records: NDArray[np.int64], centrality: NDArray[np.float64] | None
    ) -> NDArray[np.generic]:
        """Return the values of one key; smaller is better."""
        found = CanonicalOrder.values(self, key, records, centrality)
        held = np.flatnonzero(records < len(self.numbers))
        if key != CENTRAL or not len(held):
            return found
        numbers = self.numbers[records[held]].tolist()
        clusters = clusters_of(self.store, numbers)
        standing = np.zeros(len(records))
        standing[held] = [SCORE_UNITS * (clusters[number].size - 1) for number in numbers]
        return np.asarray(found, np.float64) - standing


@dataclass(frozen=True, slots=True)
class Placement:
    """The leader of each position: first ``held`` records of the index, then the newcomers.

    ``numbers`` are those of the records of the index; ``scores`` and ``reasons`` are those of each
    record with its leader.
    """

    held: int
    numbers: NDArray[np.int64]
    tops: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: list[str]


def place_records(store: Store, new: Newcomers) -> Placement:
    """Cluster newcomers among themselves and with the leaders of the index."""
    if not new.facts["content"].any():
        alone = np.arange(len(new))
        return Placement(0, alone[:0], alone, np.ones(len(new)), [CANONICAL] * len(new))
    matcher = IndexMatcher(store, new, alone=False)
    corpus, contents, settings = matcher.corpus, as_contents(matcher), store.settings
    constraints = corpus_constraints(corpus, contents, settings)
    plain = canonical_order(corpus, contents, settings)
    order = StandingOrder(plain.policy, plain.qualities, store, matcher.held)
    representatives = group_copies(matcher, constraints, order)
    state = cluster_until_stable(
        corpus, matcher, representatives, constraints, order, lambda _share: None
    )
    found = to_clustering(corpus, contents, state, to_pairs(state, settings))
    return Placement(
        len(matcher.held), matcher.held, found.canonical, found.scores, list(found.reasons)
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """The cluster number of each newcomer, and the answer to it."""

    clusters: NDArray[np.int64]
    answers: list[Answer]


def assign_clusters(
    store: Store,
    new: Newcomers,
    placed: Placement,
    numbers: NDArray[np.int64],
    names: dict[int, int],
) -> Assignment:
    """Write the clusters that newcomers found, join or merge; ``numbers`` are the newcomers'."""
    ids, digests = new.corpus.ids, signed(new.corpus.digests)
    versions = new.facts["version"].tolist()
    hexed = list(map(hex_name, digests))
    shown = [given or own for given, own in zip(ids, hexed, strict=True)]
    answers = list(map(lone_answer, shown, hexed, versions))
    clusters = numbers.copy()
    groups = grouped(placed)
    writer = ClusterWriter(store, placed, groups, numbers, digests, shown)
    for top, members in groups.items():
        row, change = writer.write(top, members, names)
        for position in members:
            record = position - placed.held
            if record < 0:
                continue
            clusters[record] = row.number
            answers[record] = Answer(
                cluster=hex_name(row.name),
                size=row.size,
                canonical=position == top,
                canonical_id=change.canonical_id,
                score=float(placed.scores[position]),
                reason=placed.reasons[position],
                version=versions[record],
                new=True,
                merged=change.merged if position == change.told_by else (),
                canonical_changed=change.former if position == top else None,
                opens=position == change.opened_by and record not in names,
            )
    for record, name in names.items():
        if answers[record].size == 1:
            store.database.execute(
                "INSERT INTO cluster VALUES (?, ?, ?, 1)",
                (int(numbers[record]), name, int(numbers[record])),
            )
            answers[record] = answers[record]._replace(cluster=hex_name(name), opens=False)
    writer.finish()
    return Assignment(clusters, answers)


def grouped(placed: Placement) -> dict[int, list[int]]:
    """Return the members of each leader that has any, itself among them, in rising order."""
    tops = placed.tops
    followed = np.zeros(len(tops), bool)
    followed[tops[tops != np.arange(len(tops))]] = True
    members: dict[int, list[int]] = {}
    own = np.flatnonzero(followed[tops])
    for position, top in zip(own.tolist(), tops[own].tolist(), strict=True):
        members.setdefault(top, []).append(position)
    return members


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a cluster: ``merged`` names the clusters that went into it.

    ``told_by`` is the position of the record that brought them, ``opened_by`` that of the record
    that founded the cluster, -1 for none. ``former`` is the id of the canonical version before.
    """

    canonical_id: str
    merged: tuple[str, ...]
    told_by: int
    opened_by: int
    former: str | None


class ClusterWriter:
    """Writes clusters of several records, given by positions as in :class:`Placement`.

    The rows of ``write`` are in the file after ``finish``.
    """

    def __init__(
        self,
        store: Store,
        placed: Placement,
        groups: dict[int, list[int]],
        numbers: NDArray[np.int64],
        digests: Sequence[int],
        shown: Sequence[str],
    ) -> None:
        self.database = store.database
        self.rows: list[ClusterRow] = []
        self.placed, self.digests, self.shown = placed, digests, shown
        self.numbers = np.concatenate([placed.numbers, numbers])
        held = [at for members in groups.values() for at in members if at < placed.held]
        own = self.numbers[held].tolist() if held else []
        self.clusters = clusters_of(store, own) if own else {}
        self.names = names_of(store, own) if own else {}

    def name_of(self, position: int) -> str:
        """Return the id of a record."""
        if position < self.placed.held:
            return self.names[int(self.numbers[position])]
        return self.shown[position - self.placed.held]

    def write(
        self, top: int, members: Sequence[int], names: dict[int, int]
    ) -> tuple[ClusterRow, Change]:
        """Write one cluster; its number is that of its oldest cluster, else of its first record."""
        held = self.placed.held
        old = sorted(self.clusters[int(self.numbers[at])] for at in members if at < held)
        fresh = [at for at in members if at >= held]
        if old:
            number, name = old[0].number, old[0].name
        else:
            number = int(self.numbers[fresh[0]])
            name = names.get(fresh[0] - held, self.digests[fresh[0] - held])
        size = sum(row.size for row in old) + len(fresh)
        row = ClusterRow(number, name, int(self.numbers[top]), size)
        self.rows.append(row)
        for gone in old[1:]:
            self.absorb(number, gone.number)
        former = old[0].canonical if old and old[0].canonical != row.canonical else None
        change = Change(
            canonical_id=self.name_of(top),
            merged=tuple(hex_name(gone.name) for gone in old[1:]),
            told_by=top if top >= held else fresh[0] if fresh else -1,
            opened_by=-1 if old else fresh[0],
            former=None if former is None else self.names[former],
        )
        return row, change

    def absorb(self, into: int, gone: int) -> None:
        """Move the records of a cluster into another."""
        for query in (
            "UPDATE record SET cluster = ?1 WHERE cluster = ?2 AND cluster <> number",
            "UPDATE record SET cluster = ?1 WHERE number = ?2 AND cluster = ?2",
            "DELETE FROM cluster WHERE number = ?2 AND number <> ?1",
        ):
            self.database.execute(query, (into, gone))

    def finish(self) -> None:
        """Write the clusters, and the scores of records of the index that lead no more."""
        self.database.executemany("INSERT OR REPLACE INTO cluster VALUES (?, ?, ?, ?)", self.rows)
        placed = self.placed
        gone = np.flatnonzero(placed.tops[: placed.held] != np.arange(placed.held)).tolist()
        self.database.executemany(
            "UPDATE record SET score = ?, reason = ? WHERE number = ?",
            [(float(placed.scores[at]), placed.reasons[at], int(self.numbers[at])) for at in gone],
        )
