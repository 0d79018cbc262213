"""Accepted pairs to clusters that have names: who leads, who follows, what merged.

Leaders are chosen as a batch run chooses them, with the canonical records of the index among the
newcomers. What follows an old leader keeps following it, also into another cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import distinct_sorted
from dedupe.backends.memory import canonical_policy, canonical_qualities
from dedupe.clustering.canonical import policy_order
from dedupe.clustering.linkage import SCORE_UNITS, leader_cluster
from dedupe.clustering.result import CANONICAL, EXACT, reason_of
from dedupe.index.match import corpus_part
from dedupe.index.text_cache import WITHDRAWN
from dedupe.models import HOUR, NO_TIME

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.clustering.canonical import Order
    from dedupe.index.match import MatchResult
    from dedupe.index.row_queries import LeaderRow


@dataclass(frozen=True, slots=True)
class ClusterUpdate:
    """One cluster that newcomers joined or opened, by records of the case: old ones come first.

    ``number`` and ``name`` are those of the oldest cluster in it, else its first newcomer's row
    and digest; ``absorbed`` are the numbers and names of the other clusters.
    """

    number: int
    name: int
    top: int
    old: tuple[int, ...]
    fresh: tuple[int, ...]
    size: int
    absorbed: tuple[tuple[int, int], ...] = ()
    former: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Each record's leader, and the score and reason that joined it."""

    tops: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: list[str]
    gains: NDArray[np.int64]


def assign(database: sqlite3.Connection, matches: MatchResult) -> tuple[MatchResult, Assignment]:
    """Choose each record's leader; gives back the pairs that the window allows after all."""
    while True:
        positions = choose_leaders(matches)
        stray = leaders_beyond(database, matches, positions)
        if not stray.any():
            return matches, positions
        kept = ~stray
        matches = replace(
            matches,
            left=matches.left[kept],
            right=matches.right[kept],
            scores=matches.scores[kept],
            parts=matches.parts[kept],
        )


def choose_leaders(matches: MatchResult) -> Assignment:
    """Each record's leader by the accepted pairs."""
    left, right, count = matches.left, matches.right, len(matches.corpus)
    gains = np.zeros(count, np.int64)
    scores, reasons = np.ones(count), [CANONICAL] * count
    if not len(left):
        return Assignment(np.arange(count), scores, reasons, gains)
    units = np.rint(matches.scores * SCORE_UNITS).astype(np.int64)
    np.add.at(gains, left, units)
    np.add.at(gains, right, units)
    old = np.zeros(count, np.int64)
    old[: len(matches.leaders.seqs)] = matches.leaders.weights
    paired = distinct_sorted(np.concatenate([left, right]))
    ranks = np.zeros(count, np.int64)
    ranks[paired] = order_among(matches, paired).rank((gains + old)[paired].astype(float))
    tops = leader_cluster(ranks, left, right, matches.scores)
    names = [field.name for field in matches.settings.field]
    alike = matches.alike(left, right)
    for one, other in ((left, right), (right, left)):
        for pair in np.flatnonzero((tops[one] == other) & (tops[one] != one)).tolist():
            record = int(one[pair])
            scores[record] = matches.scores[pair]
            told = EXACT if alike[pair] else reason_of(names, matches.parts[pair].tolist())
            reasons[record] = told
    return Assignment(tops, scores, reasons, gains)


def order_among(matches: MatchResult, records: NDArray[np.int64]) -> Order:
    """Some records by the canonical policy."""
    withdrawn = matches.of(WITHDRAWN)[records] > 0
    return policy_order(
        canonical_policy(matches.settings),
        canonical_qualities(corpus_part(matches.corpus, records), withdrawn),
    )


def leaders_beyond(
    database: sqlite3.Connection, matches: MatchResult, positions: Assignment
) -> NDArray[np.bool_]:
    """The pairs by which a cluster would follow a newcomer that is too far from one of it."""
    window, times = matches.settings.window, matches.corpus.times
    gone = np.zeros(len(matches.left), dtype=bool)
    if window is None:
        return gone
    old = len(matches.leaders.seqs)
    for leader in np.flatnonzero(positions.tops[:old] != np.arange(old)).tolist():
        top = int(positions.tops[leader])
        number = int(matches.leaders.numbers[leader])
        held = database.execute(
            "SELECT time FROM facts WHERE cluster = ?1 AND cluster <> seq"
            " UNION ALL SELECT time FROM facts WHERE seq = ?1 AND cluster = ?1",
            (number,),
        )
        dates = [row[0] for row in held if row[0] is not None]
        when = int(times[top])
        if when != NO_TIME and any(abs(when - date) > window // HOUR * HOUR for date in dates):
            gone |= (matches.left == leader) & (matches.right == top)
    return gone


def groups_of(matches: MatchResult, positions: Assignment, first: int) -> list[ClusterUpdate]:
    """The clusters of several records that newcomers, whose rows begin with ``first``, are in."""
    old, tops = len(matches.leaders.seqs), positions.tops
    followed = np.zeros(len(tops), dtype=bool)
    followed[tops[tops != np.arange(len(tops))]] = True
    grouped = np.flatnonzero(followed[tops])
    members: dict[int, list[int]] = {}
    for record, top in zip(grouped.tolist(), tops[grouped].tolist(), strict=True):
        members.setdefault(top, []).append(record)
    digests = matches.corpus.digests
    return [
        cluster_update(matches.leaders, top, held)
        if held[0] < old
        else ClusterUpdate(
            first + held[0] - old, int(digests[held[0]]), top, (), tuple(held), len(held)
        )
        for top, held in members.items()
        if held[-1] >= old
    ]


def single_groups(
    positions: Assignment, groups: Sequence[ClusterUpdate], old: int
) -> NDArray[np.int64]:
    """The newcomers that are a cluster of their own."""
    lone = np.ones(len(positions.tops), dtype=bool)
    lone[:old] = False
    for group in groups:
        lone[list(group.fresh)] = False
    return np.flatnonzero(lone)


def cluster_update(leaders: LeaderRow, top: int, members: list[int]) -> ClusterUpdate:
    """One cluster that old ones are in; its records come in order."""
    held = len(leaders.seqs)
    old = tuple(record for record in members if record < held)
    fresh = tuple(record for record in members if record >= held)
    by_age = sorted(old, key=lambda record: int(leaders.numbers[record]))
    clusters = [(int(leaders.numbers[r]), int(leaders.names[r])) for r in by_age]
    return ClusterUpdate(
        number=clusters[0][0],
        name=clusters[0][1],
        top=top,
        old=old,
        fresh=fresh,
        size=sum(int(leaders.sizes[record]) for record in old) + len(fresh),
        absorbed=tuple(clusters[1:]),
        former=by_age[0] if by_age[0] != top else None,
    )
