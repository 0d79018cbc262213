"""Where gold pairs were lost, against looking at each, and which pairs are called wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.clustering.fixed_point import ClusteringState, PrunedPairsInMemory
from dedupe.evaluation.error_analysis import (
    CAUSES,
    Losses,
    error_candidates,
    losses_of_clusters,
    losses_of_pairs,
    pair_outcomes,
)
from dedupe.evaluation.gold import GoldPairs
from dedupe.scoring.scored_pairs import ScoredPairs

THRESHOLD = 0.5


@st.composite
def settled_runs(draw):
    """Records in runs, some pairs of run heads judged, and any clustering of the runs."""
    count = draw(st.integers(2, 14))
    numbers = st.integers(0, count - 1)
    heads = np.array([draw(st.integers(0, i)) for i in range(count)])
    heads = heads[heads]
    while (heads != heads[heads]).any():
        heads = heads[heads]
    lead = {head: draw(st.sampled_from(sorted({*heads.tolist()}))) for head in heads.tolist()}
    leaders = np.array([lead[head] for head in heads.tolist()])
    groups = np.array([draw(st.integers(-1, 3)) for _ in range(count)])
    ends = draw(st.sets(st.tuples(numbers, numbers), max_size=20))
    pairs = sorted({tuple(sorted((int(heads[a]), int(heads[b])))) for a, b in ends})
    codes = np.array([a << 32 | b for a, b in pairs if a != b], dtype=np.int64)
    scores = np.array([draw(st.sampled_from((0.1, 0.5, 0.9))) for _ in codes])
    hopeless = np.array([draw(st.booleans()) for _ in codes], dtype=bool)
    scores[hopeless] = 0
    judged = ScoredPairs(codes, scores, np.zeros((len(codes), 1)))
    close = judged.where(~hopeless)
    return ClusteringState(
        heads, leaders, close, PrunedPairsInMemory(codes[hopeless]), close, close, close, {}
    ), groups


def slow_fate(settled: ClusteringState, left: int, right: int) -> str:
    scores = dict(
        zip(settled.scored.pair_keys.tolist(), settled.scored.scores.tolist(), strict=True)
    )
    scores |= dict.fromkeys(settled.pruned.pair_keys().tolist(), 0.0)
    low, high = sorted((int(settled.representatives[left]), int(settled.representatives[right])))
    if settled.leaders[left] == settled.leaders[right]:
        return "found"
    if low << 32 | high not in scores:
        return "never compared"
    accepted = scores[low << 32 | high] >= THRESHOLD
    return "accepted but put apart" if accepted else "scored below the threshold"


@given(settled_runs())
def test_lost_gold_pairs_are_those_of_looking_at_each(case):
    settled, groups = case
    golden = [
        (a, b)
        for a, b in combinations(range(len(groups)), 2)
        if groups[a] == groups[b] and groups[a] >= 0
    ]
    told = [slow_fate(settled, a, b) for a, b in golden]
    expected = Losses(*(told.count(cause) for cause in CAUSES))
    found = losses_of_clusters(settled, THRESHOLD, groups, expected.found, len(golden))
    assert found == expected
    left, right = np.array(golden, dtype=np.int64).reshape(-1, 2).T
    assert [CAUSES[f] for f in pair_outcomes(settled, THRESHOLD, left, right)] == told
    every = np.ones(len(left), dtype=bool)
    assert losses_of_pairs(settled, THRESHOLD, GoldPairs(left, right, every, ~every)) == expected


def test_suspects_of_labelled_pairs_leave_updates_out():
    told = np.array(list("DDNNU"))
    gold = GoldPairs(np.arange(5), np.arange(5) + 5, told == "D", told == "U")
    found = np.array([0, 1, 2, 3, 4, 0, 6, 2, 8, 4])
    suspects = error_candidates(gold, found)
    assert suspects.left.tolist() == [1, 2]
    assert suspects.merged.tolist() == [False, True]
