"""Runs to leaders, round by round, until the survivors hold no duplicate among themselves.

Word counts shift a little when duplicates go, and with them a verdict or two. So the survivors
are judged again under counts of their own, and what is found joins the accepted pairs, until a
whole round finds nothing: then a second run on the output of the first finds nothing either.
Rounds between look only at pairs that nearly passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Candidates, propose
from dedupe.canonical import rank
from dedupe.hashing import distinct
from dedupe.linkage import SCORE_UNITS, join, lead
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
NO_RECORDS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged pairs of run heads: sorted ``low << 32 | high`` codes, scores, field similarities."""

    codes: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def __or__(self, other: Judged) -> Judged:
        """Both; a pair that was judged twice keeps its better score."""
        places = np.minimum(np.searchsorted(self.codes, other.codes), max(len(self.codes) - 1, 0))
        again = np.zeros(len(other.codes), dtype=bool)
        if len(self.codes):
            again = self.codes[places] == other.codes
        better = again.copy()
        better[again] = other.scores[again] > self.scores[places[again]]
        stays = np.ones(len(self.codes), dtype=bool)
        stays[places[better]] = False
        comes = better | ~again
        codes = np.concatenate([self.codes[stays], other.codes[comes]])
        order = np.argsort(codes, kind="stable")
        scores = np.concatenate([self.scores[stays], other.scores[comes]])[order]
        parts = np.concatenate([self.parts[stays], other.parts[comes]])[order]
        return Judged(codes[order], scores, parts)

    def where(self, mask: NDArray[np.bool_]) -> Judged:
        """Only some pairs."""
        return Judged(self.codes[mask], self.scores[mask], self.parts[mask])

    @property
    def left(self) -> NDArray[np.int64]:
        """The lower record of each pair."""
        return self.codes >> 32

    @property
    def right(self) -> NDArray[np.int64]:
        """The higher record of each pair."""
        return self.codes & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Settled:
    """Each record's run head and leader, the accepted pairs of heads, and what it took.

    ``distant`` holds the pairs of heads and leaders that joined by their clusters' average and
    were not accepted themselves; ``judged`` all pairs that were looked at, accepted or not.
    """

    heads: NDArray[np.int64]
    leaders: NDArray[np.int64]
    judged: Judged
    accepted: Judged
    distant: Judged
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
    judged = nothing_judged(len(corpus.texts))
    effort = dict.fromkeys(("rounds", "candidate_pairs", "hot_buckets", "largest_bucket"), 0)
    hopeless = np.zeros(0, dtype=np.int64)
    whole = True
    while True:
        alive = alive_heads(case, leaders)
        if whole:
            found = candidates_among(case, alive)
            note(effort, found)
            codes = np.setdiff1d(meetings(case, found, alive), hopeless, assume_unique=True)
        else:
            codes = near_misses(judged, hopeless, alive)
        fresh, hopes = judge(case, codes, alive, progress)
        judged |= fresh
        far = codes[hopes < settings.threshold * FAR_SHORT]
        hopeless = distinct(np.concatenate([hopeless, far]))
        effort["rounds"] += 1
        passed = bool((fresh.scores >= settings.threshold).any())
        strays = stray_copies(case, heads, leaders) if whole and not passed else NO_RECORDS
        if whole and not passed and not len(strays):
            return close(case, heads, leaders, judged, effort)
        heads = split_off(case, heads, strays) if len(strays) else heads
        leaders = lead_heads(case, heads, judged)
        whole = not passed


def nothing_judged(fields: int) -> Judged:
    """No pairs yet."""
    return Judged(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, fields)))


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


def meetings(case: Case, found: Candidates, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """The candidate pairs of living heads within the window, as codes."""
    nodes = Nodes.of(alive, case.kinds[alive], case.times[alive])
    codes = expand(nodes, found.left, found.right)
    if case.settings.window is None:
        return codes
    hours = case.hours(codes >> 32, codes & 0xFFFFFFFF)
    return codes[~(hours * HOUR > case.settings.window)]


def near_misses(
    judged: Judged, hopeless: NDArray[np.int64], alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pairs of the living that were judged before and were not hopeless.

    The hopeless fell far short even if nothing recurred: what is left is a shift of word counts,
    and that carries no pair from a quarter of the threshold over it.
    """
    codes = np.setdiff1d(judged.codes, hopeless, assume_unique=True)
    highest = max(int(alive.max(initial=0)), int((codes & 0xFFFFFFFF).max(initial=0)))
    lives = np.zeros(highest + 1, dtype=bool)
    lives[alive] = True
    return np.asarray(codes[lives[codes >> 32] & lives[codes & 0xFFFFFFFF]])


def judge(
    case: Case,
    codes: NDArray[np.int64],
    alive: NDArray[np.int64],
    progress: Callable[[float], None],
) -> tuple[Judged, NDArray[np.float64]]:
    """The verdicts on coded pairs of records under counts over the living, and their hopes."""
    left, right = codes >> 32, codes & 0xFFFFFFFF
    verdicts = verify(
        evidence_among(case, alive),
        case.kinds[left],
        case.kinds[right],
        case.hours(left, right),
        case.same_source(left, right),
        progress,
    )
    return Judged(codes, verdicts.scores, verdicts.parts), verdicts.hopes


def lead_heads(case: Case, heads: NDArray[np.int64], judged: Judged) -> NDArray[np.int64]:
    """Each record's leader by the judged pairs of run heads."""
    accepting = case.settings.threshold
    accepted = judged.where(judged.scores >= accepting)
    sizes = np.bincount(heads, minlength=len(heads))
    centrality = np.zeros(len(heads))
    units = np.rint(accepted.scores * SCORE_UNITS)
    np.add.at(centrality, accepted.left, units * sizes[accepted.right])
    np.add.at(centrality, accepted.right, units * sizes[accepted.left])
    ranks = rank(policy(case.settings), qualities(case, centrality))
    leaders = lead(ranks, accepted.left, accepted.right, accepted.scores)
    if case.settings.linkage == "average" and case.settings.window is None:
        leaders = join(ranks, leaders, judged.left, judged.right, judged.scores, accepting)
    return leaders[heads]


def close(
    case: Case,
    heads: NDArray[np.int64],
    leaders: NDArray[np.int64],
    judged: Judged,
    effort: dict[str, int],
) -> Settled:
    """The result, with a verdict on each head and leader that were not accepted as a pair."""
    accepted = judged.where(judged.scores >= case.settings.threshold)
    members = np.flatnonzero((heads == np.arange(len(heads))) & (leaders != heads))
    ends = np.stack([members, leaders[members]])
    codes = np.setdiff1d(ends.min(axis=0) << 32 | ends.max(axis=0), accepted.codes)
    distant, _ = judge(case, codes, alive_heads(case, leaders), lambda _: None)
    return Settled(heads, leaders, judged, accepted, distant, effort)


def stray_copies(
    case: Case, heads: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Copies that stand further from their head's leader than the window allows."""
    if case.settings.window is None:
        return np.zeros(0, dtype=np.int64)
    records = np.arange(len(heads))
    return np.flatnonzero(case.hours(records, leaders) * HOUR > case.settings.window)


def split_off(case: Case, heads: NDArray[np.int64], strays: NDArray[np.int64]) -> NDArray[np.int64]:
    """The heads after strays have left their runs; strays of one run stay together."""
    runs = heads.copy()
    runs[strays] += len(heads)
    runs[case.kinds < 0] = -1
    return best_of(case, runs)
