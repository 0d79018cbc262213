"""Leaders and average linkage: the quick code beside slow code that says what is meant."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.clustering.linkage import MIN_SCORED_SHARE, leader_cluster, merge_average_linkage

NODES = 9
UNIT = 16
THRESHOLD = 8


@st.composite
def judged_pairs(draw):
    """A preference of nodes, and distinct judged pairs with scores in sixteenths."""
    ranks = draw(st.permutations(range(NODES)))
    pairs = draw(
        st.dictionaries(
            st.sampled_from(list(combinations(range(NODES), 2))), st.integers(0, UNIT), max_size=36
        )
    )
    return ranks, pairs


def columns(ranks, pairs):
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    scores = np.array(list(pairs.values()), dtype=float) / UNIT
    return np.array(ranks, dtype=np.int64), ends[:, 0], ends[:, 1], scores


def accepted(pairs):
    return {pair: score for pair, score in pairs.items() if score >= THRESHOLD}


def score_of(pairs, left, right):
    return pairs.get((min(left, right), max(left, right)))


def slow_lead(ranks, pairs, apart=()):
    """Each node's leader: the best node that matches no leader leads; others take their best.

    Those that match, but none that their foes left to them, lead after all.
    """
    leading = []
    for node in sorted(range(NODES), key=lambda n: ranks[n]):
        if all(score_of(pairs, node, other) is None for other in leading):
            leading.append(node)
    leaders = list(range(NODES))
    for node in sorted(set(range(NODES)) - set(leading), key=lambda n: ranks[n]):
        matched = [
            other
            for other in leading
            if score_of(pairs, node, other) is not None
            and not any(leaders[n] == other and are_foes(apart, node, n) for n in range(NODES))
        ]
        if matched:
            leaders[node] = max(matched, key=lambda n: (score_of(pairs, node, n), -ranks[n]))
        else:
            leading.append(node)
    return leaders


def are_foes(apart, left, right):
    return (min(left, right), max(left, right)) in apart


def slow_average(pairs, left, right):
    """The mean score of the judged pairs across two groups; None where too few were judged."""
    held = [score_of(pairs, a, b) for a in left for b in right]
    told = [score for score in held if score is not None]
    if not told or len(told) < MIN_SCORED_SHARE * len(held):
        return None
    return Fraction(sum(told), len(told))


def slow_join(ranks, leaders, pairs, apart=()):
    """Join the two groups of the best average, again and again, while it reaches the threshold."""
    groups = {leader: [n for n in range(NODES) if leaders[n] == leader] for leader in leaders}
    while True:
        offers = []
        for left, right in combinations(groups, 2):
            if any(are_foes(apart, a, b) for a in groups[left] for b in groups[right]):
                continue
            mean = slow_average(pairs, groups[left], groups[right])
            if mean is not None and mean >= THRESHOLD:
                low, high = sorted((left, right), key=lambda n: ranks[n])
                offers.append((-mean, ranks[low], ranks[high], low, high))
        if not offers:
            break
        *_, into, gone = min(offers)
        groups[into] += groups.pop(gone)
    return [next(leader for leader, group in groups.items() if n in group) for n in range(NODES)]


@given(judged_pairs())
def test_leaders_equal_those_of_a_loop(judged):
    ranks, pairs = judged
    assert leader_cluster(*columns(ranks, accepted(pairs))).tolist() == slow_lead(
        ranks, accepted(pairs)
    )


@given(judged_pairs())
def test_no_two_leaders_match_and_every_follower_matches_its_leader(judged):
    ranks, pairs = judged[0], accepted(judged[1])
    leaders = leader_cluster(*columns(ranks, pairs)).tolist()
    leading = [node for node in range(NODES) if leaders[node] == node]
    assert all(score_of(pairs, a, b) is None for a, b in combinations(leading, 2))
    for node, leader in enumerate(leaders):
        assert leader in leading
        assert node == leader or score_of(pairs, node, leader) is not None
        assert ranks[leader] <= ranks[node] or node != leader


@given(judged_pairs())
def test_joined_clusters_equal_those_of_a_loop(judged):
    ranks, pairs = judged
    leaders = slow_lead(ranks, accepted(pairs))
    held, *rest = columns(ranks, pairs)
    found = merge_average_linkage(held, np.array(leaders), *rest, THRESHOLD / UNIT)
    assert found.tolist() == slow_join(ranks, leaders, pairs)


FOES = st.sets(st.sampled_from(list(combinations(range(NODES), 2))), min_size=1, max_size=8)


@given(judged_pairs(), FOES)
def test_nodes_that_are_apart_stay_apart_as_in_a_loop(judged, foes):
    ranks, told = judged
    pairs = {pair: score for pair, score in told.items() if pair not in foes}
    apart = np.array(sorted(foes)).T
    leaders = leader_cluster(*columns(ranks, accepted(pairs)), apart)
    assert leaders.tolist() == slow_lead(ranks, accepted(pairs), foes)
    held, *rest = columns(ranks, pairs)
    found = merge_average_linkage(held, leaders, *rest, THRESHOLD / UNIT, apart).tolist()
    assert found == slow_join(ranks, leaders.tolist(), pairs, foes)
    assert all(found[left] != found[right] for left, right in foes)


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_what_joins_a_cluster_inherits_its_foes(threshold):
    pairs = {(0, 1): 0.9, (1, 2): 0.8}
    apart = np.array([[0], [2]])
    ends = np.array(list(pairs))
    scores = np.array(list(pairs.values()))
    found = merge_average_linkage(
        np.arange(3), np.arange(3), ends[:, 0], ends[:, 1], scores, threshold, apart
    )
    assert found.tolist() == [0, 0, 2]


@given(judged_pairs(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_changes_nothing(judged, chance):
    ranks, pairs = judged
    shuffled = dict(chance.sample(list(pairs.items()), len(pairs)))
    outcomes = []
    for told in (pairs, shuffled):
        leaders = leader_cluster(*columns(ranks, accepted(told)))
        held, *rest = columns(ranks, told)
        outcomes.append(merge_average_linkage(held, leaders, *rest, THRESHOLD / UNIT).tolist())
    assert outcomes[0] == outcomes[1]


def joined(leaders, pairs, threshold=0.5):
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    scores = np.array(list(pairs.values()), dtype=float)
    ranks = np.arange(len(leaders))
    return merge_average_linkage(
        ranks, np.array(leaders, dtype=np.int64), ends[:, 0], ends[:, 1], scores, threshold
    ).tolist()


@pytest.mark.parametrize(
    ("leaders", "pairs", "expected"),
    [
        ([0, 0, 2, 2], {(0, 2): 0.9, (1, 3): 0.1}, [0, 0, 0, 0]),
        ([0, 0, 2, 2], {(0, 2): 0.9, (1, 3): 0.05}, [0, 0, 2, 2]),
        ([0, 0, 2, 2], {(0, 2): 0.9}, [0, 0, 2, 2]),
        ([0, 0, 2, 2], {(1, 2): 0.9, (1, 3): 0.9}, [0, 0, 0, 0]),
        ([0, 0, 0, 3], {(0, 3): 0.9}, [0, 0, 0, 0]),
        ([0, 1, 2], {(0, 1): 0.9, (1, 2): 0.6, (0, 2): 0.0}, [0, 0, 2]),
        ([0, 1, 2], {(0, 1): 0.6, (1, 2): 0.9, (0, 2): 0.0}, [0, 1, 1]),
        ([0, 1, 2], {(0, 1): 0.9, (1, 2): 0.9, (0, 2): 0.6}, [0, 0, 0]),
        ([0, 1], {(0, 1): 0.49}, [0, 1]),
        ([0, 1], {}, [0, 1]),
        ([], {}, []),
    ],
)
def test_clusters_join_while_their_average_reaches_the_threshold(leaders, pairs, expected):
    assert joined(leaders, pairs) == expected


def test_a_chain_of_matches_does_not_become_one_cluster():
    ranks = np.arange(6)
    left = np.arange(5)
    scores = np.full(5, 0.9)
    leaders = leader_cluster(ranks, left, left + 1, scores)
    assert leaders.tolist() == [0, 0, 2, 2, 4, 4]
    assert (
        merge_average_linkage(ranks, leaders, left, left + 1, scores, 0.5).tolist()
        == leaders.tolist()
    )
