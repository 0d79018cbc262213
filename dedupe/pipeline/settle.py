"""Runs to leaders, round by round, until the survivors hold no duplicate among themselves.

Word counts shift a little when duplicates go, and with them a verdict or two. So the survivors
are judged again under counts of their own, and what is found joins the accepted pairs, until a
round finds nothing: then a second run on the output of the first finds nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Candidates, propose
from dedupe.canonical import rank
from dedupe.cluster import lead
from dedupe.pipeline.case import Case, evidence_among, open_case, policy, qualities
from dedupe.pipeline.expand import Nodes, expand
from dedupe.runs import cut_runs
from dedupe.stories import HOUR
from dedupe.verify import identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description
    from dedupe.settings import Settings
    from dedupe.stories import Corpus

FAR_SHORT = 0.25


@dataclass(frozen=True, slots=True)
class Accepted:
    """Accepted pairs of records, by position, with each pair's score and field similarities."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)

    def __add__(self, other: Accepted) -> Accepted:
        return Accepted(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.parts, other.parts]),
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """Each record's run head and leader, the accepted pairs of heads, and what it took."""

    heads: NDArray[np.int64]
    leaders: NDArray[np.int64]
    accepted: Accepted
    effort: dict[str, int]


def settle(
    corpus: Corpus,
    description: Description,
    settings: Settings,
    progress: Callable[[float], None],
) -> Settled:
    """Find every record's leader; ``progress`` is told the share of a round's pairs judged."""
    case = open_case(corpus, description, settings)
    heads = run_heads(case)
    leaders = heads
    accepted = no_pairs(len(corpus.texts))
    effort = dict.fromkeys(("rounds", "candidate_pairs", "hot_buckets", "largest_bucket"), 0)
    found: Candidates | None = None
    hopeless = np.zeros(0, dtype=np.int64)
    while True:
        alive = alive_heads(case, leaders)
        if found is None or found.hot_buckets:
            found = candidates_among(case, alive)
            note(effort, found)
        fresh, hopeless = judge(case, found, alive, hopeless, progress)
        effort["rounds"] += 1
        if not len(fresh):
            strays = stray_copies(case, heads, leaders)
            if not len(strays):
                return Settled(heads, leaders, accepted, effort)
            heads = split_off(case, heads, strays)
        accepted += fresh
        leaders = lead_heads(case, heads, accepted)


def no_pairs(fields: int) -> Accepted:
    """No accepted pairs yet."""
    none = np.zeros(0, dtype=np.int64)
    return Accepted(none, none, np.zeros(0), np.zeros((0, fields)))


def note(effort: dict[str, int], found: Candidates) -> None:
    """Keep the largest figures of all rounds."""
    for name, value in (
        ("candidate_pairs", len(found.left)),
        ("hot_buckets", found.hot_buckets),
        ("largest_bucket", found.largest_bucket),
    ):
        effort[name] = max(effort[name], value)


def alive_heads(case: Case, leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """The records that lead a story."""
    return np.flatnonzero((leaders == np.arange(len(leaders))) & (case.kinds >= 0))


def run_heads(case: Case) -> NDArray[np.int64]:
    """Each record's head: the best by policy of its run of equal texts."""
    counts = np.bincount(case.kinds[case.kinds >= 0], minlength=len(case.description))
    reach = np.zeros(len(counts), dtype=np.int64)
    many = np.flatnonzero(counts > 1)
    evidence = evidence_among(case, np.flatnonzero(case.kinds >= 0))
    reach[many] = identical_reach(evidence, many, case.settings.threshold)
    if case.settings.window is not None:
        np.minimum(reach, case.settings.window, out=reach)
    return best_of(case, cut_runs(case.kinds, case.times, reach))


def best_of(case: Case, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best record by policy of each record's run; a record without a run is its own."""
    ranks = rank(policy(case.settings), qualities(case, np.zeros(len(runs))))
    held = np.flatnonzero(runs >= 0)
    order = held[np.lexsort((ranks[held], runs[held]))]
    numbers, firsts = np.unique(runs[order], return_index=True)
    heads = np.arange(len(runs))
    heads[held] = order[firsts][np.searchsorted(numbers, runs[held])]
    return heads


def candidates_among(case: Case, alive: NDArray[np.int64]) -> Candidates:
    """Candidate pairs of the kinds that are alive, over the keys of every field."""
    description = case.description
    by_time = alive[np.lexsort((case.times[alive], case.kinds[alive]))]
    kinds, firsts = np.unique(case.kinds[by_time], return_index=True)
    order = np.lexsort((kinds, case.times[by_time[firsts]]))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    families = (
        family[rows[kinds]]
        for view, rows in zip(description.views, description.view_rows, strict=True)
        for family in (*view.bands.T[:, :, None], view.anchors)
    )
    found = propose(families, places)
    return Candidates(
        kinds[found.left], kinds[found.right], found.hot_buckets, found.largest_bucket
    )


def judge(
    case: Case,
    found: Candidates,
    alive: NDArray[np.int64],
    hopeless: NDArray[np.int64],
    progress: Callable[[float], None],
) -> tuple[Accepted, NDArray[np.int64]]:
    """The pairs of living heads that pass, under counts over the living.

    Pairs that fell far short before, the sorted codes in ``hopeless``, are not judged again: no
    shift of counts carries a pair from a quarter of the threshold over it. Returns the accepted
    pairs, and the hopeless ones with those added that fell as short now.
    """
    nodes = Nodes.of(alive, case.kinds[alive], case.times[alive])
    codes = np.setdiff1d(expand(nodes, found.left, found.right), hopeless, assume_unique=True)
    left, right = codes >> 32, codes & 0xFFFFFFFF
    hours = case.hours(left, right)
    if case.settings.window is not None:
        near = ~(hours * HOUR > case.settings.window)
        codes, left, right, hours = codes[near], left[near], right[near], hours[near]
    verdicts = verify(
        evidence_among(case, alive),
        case.kinds[left],
        case.kinds[right],
        hours,
        case.same_source(left, right),
        progress,
    )
    scores = verdicts.scores
    good = scores >= case.settings.threshold
    far = codes[scores < case.settings.threshold * FAR_SHORT]
    accepted = Accepted(left[good], right[good], scores[good], verdicts.parts[good])
    return accepted, np.union1d(hopeless, far)


def lead_heads(case: Case, heads: NDArray[np.int64], accepted: Accepted) -> NDArray[np.int64]:
    """Each record's leader by the accepted pairs of run heads."""
    sizes = np.bincount(heads, minlength=len(heads))
    centrality = np.zeros(len(heads))
    np.add.at(centrality, accepted.left, accepted.scores * sizes[accepted.right])
    np.add.at(centrality, accepted.right, accepted.scores * sizes[accepted.left])
    ranks = rank(policy(case.settings), qualities(case, centrality))
    return lead(ranks, accepted.left, accepted.right, accepted.scores)[heads]


def stray_copies(
    case: Case, heads: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Copies that stand further from their head's leader than the window allows."""
    if case.settings.window is None:
        return np.zeros(0, dtype=np.int64)
    records = np.arange(len(heads))
    return np.flatnonzero(case.hours(records, leaders) * HOUR > case.settings.window)


def split_off(
    case: Case, heads: NDArray[np.int64], strays: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The heads after strays have left their runs; strays of one run stay together."""
    runs = heads.copy()
    runs[strays] += len(heads)
    runs[case.kinds < 0] = -1
    return best_of(case, runs)
