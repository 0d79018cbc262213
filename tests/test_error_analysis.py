"""Where gold pairs were lost, against looking at each, and which pairs are called wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.arrays import pack_ordered
from dedupe.evaluation.evaluate import (
    CAUSES,
    Losses,
    PairTrace,
    error_candidates,
    losses_of_clusters,
)
from dedupe.evaluation.gold import GoldPairs


@st.composite
def traced_runs(draw):
    """Records with representatives, any clustering of these, pairs that were compared, and gold."""
    count = draw(st.integers(2, 14))
    own = np.array([draw(st.integers(0, i)) for i in range(count)])
    while (own != own[own]).any():
        own = own[own]
    heads = sorted(set(own.tolist()))
    lead = {head: draw(st.sampled_from(heads)) for head in heads}
    leaders = np.array([lead[head] for head in own.tolist()])
    groups = np.array([draw(st.integers(-1, 3)) for _ in range(count)])
    ends = draw(st.sets(st.tuples(st.sampled_from(heads), st.sampled_from(heads)), max_size=20))
    compared = sorted({(min(pair) << 32) + max(pair) for pair in ends if pair[0] != pair[1]})
    accepted = [key for key in compared if draw(st.booleans())]
    trace = PairTrace(np.array(compared, np.int64), np.array(accepted, np.int64))
    return trace, own, leaders, groups


def slow_outcome(trace: PairTrace, own, leaders, left: int, right: int) -> str:
    key = int(pack_ordered(own[[left]], own[[right]])[0])
    if leaders[left] == leaders[right]:
        return "found"
    if key not in trace.compared.tolist():
        return "never compared"
    if key in trace.accepted.tolist():
        return "accepted but put apart"
    return "scored below the threshold"


@given(traced_runs())
def test_lost_gold_pairs_are_those_of_looking_at_each(run):
    trace, own, leaders, groups = run
    golden = [
        (a, b)
        for a, b in combinations(range(len(groups)), 2)
        if groups[a] == groups[b] and groups[a] >= 0
    ]
    causes = [slow_outcome(trace, own, leaders, a, b) for a, b in golden]
    expected = Losses(*(causes.count(cause) for cause in CAUSES))
    assert expected.pairs == len(golden)
    found = losses_of_clusters(trace, own, leaders, groups, expected.found, len(golden))
    assert found == expected
    left, right = np.array(golden, dtype=np.int64).reshape(-1, 2).T
    outcomes = trace.outcomes(pack_ordered(own[left], own[right]), leaders[left] == leaders[right])
    assert [CAUSES[outcome] for outcome in outcomes] == causes
    assert Losses.of(outcomes) == expected


def test_recall_is_lost_before_and_after_comparison():
    told = Losses(found=5, never=1, below=3, apart=1).as_json()
    assert (told["lost_before_comparison"], told["lost_after_comparison"]) == (0.1, 0.4)


def test_wrong_labelled_pairs_leave_updates_out():
    told = np.array(list("DDNNU"))
    gold = GoldPairs(np.arange(5), np.arange(5) + 5, told == "D", told == "U")
    found = np.array([0, 1, 2, 3, 4, 0, 6, 2, 8, 4])
    wrong = error_candidates(gold, found)
    assert wrong.left.tolist() == [1, 2]
    assert wrong.merged.tolist() == [False, True]
