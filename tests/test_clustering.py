"""Exact groups, leaders, average linkage and the canonical policy, each beside a slow loop."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.arrays import order_positions
from dedupe.clustering.canonical import (
    FOREVER,
    NEVER,
    CanonicalOrder,
    Qualities,
    exact_groups,
)
from dedupe.clustering.groups import AcceptedPairs, Grouping, centrality, cluster_nodes
from dedupe.clustering.linkage import leader_cluster
from dedupe.config import DEFAULT_KEEP
from dedupe.config_values import KEEP_KEYS
from dedupe.models import HOUR, NO_TIME

NODES = 9
UNIT = 16
HALF = 8
EVERY = list(combinations(range(NODES), 2))


@st.composite
def scored(draw):
    """Draw a preference of nodes, the score of every pair in sixteenths, and pinned nodes."""
    ranks = draw(st.permutations(range(NODES)))
    scores = draw(st.lists(st.integers(0, UNIT), min_size=len(EVERY), max_size=len(EVERY)))
    pinned = draw(st.lists(st.booleans(), min_size=NODES, max_size=NODES))
    few = draw(st.booleans())
    return ranks, dict(zip(EVERY, scores, strict=True)), [p and few for p in pinned]


def accepted_of(scores):
    return {pair: score for pair, score in scores.items() if score >= HALF}


def score_of(scores, one, other):
    return scores.get((min(one, other), max(one, other)))


def slow_leaders(ranks, accepted, pinned):
    """The best node that matches no leader leads; every other takes the leader it matches best."""
    leading = []
    for node in sorted(range(NODES), key=lambda n: (not pinned[n], ranks[n])):
        if pinned[node] or all(score_of(accepted, node, other) is None for other in leading):
            leading.append(node)
    leaders = []
    for node in range(NODES):
        matched = [other for other in leading if score_of(accepted, node, other) is not None]
        best = max(matched, key=lambda n: (score_of(accepted, node, n), -ranks[n]), default=node)
        leaders.append(node if node in leading else best)
    return leaders


def slow_without_hubs(ranks, scores, pinned):
    """Drop the pairs of leaders whose four or more followers score below 0.4 on average."""
    accepted = accepted_of(scores)
    while True:
        leaders = slow_leaders(ranks, accepted, pinned)
        hubs = set()
        for leader in set(leaders):
            own = [n for n in range(NODES) if leaders[n] == leader != n]
            pairs = [score_of(scores, *pair) for pair in combinations(own, 2)]
            if len(own) >= 4 and Fraction(sum(pairs), len(pairs) * UNIT) < Fraction(2, 5):
                hubs.add(leader)
        if not hubs:
            return leaders, accepted
        accepted = {pair: score for pair, score in accepted.items() if not hubs & {*pair}}


def slow_join(ranks, leaders, scores, accepted):
    """Join the two connected clusters of the best average, while it reaches a half."""
    groups = {leader: [n for n in range(NODES) if leaders[n] == leader] for leader in leaders}
    while True:
        offers = []
        for left, right in combinations(groups, 2):
            across = [(a, b) for a in groups[left] for b in groups[right]]
            mean = Fraction(sum(score_of(scores, a, b) for a, b in across), len(across))
            if mean >= HALF and any(score_of(accepted, a, b) is not None for a, b in across):
                low, high = sorted((left, right), key=lambda n: ranks[n])
                offers.append((-mean, ranks[low], ranks[high], low, high))
        if not offers:
            break
        *_, into, gone = min(offers)
        groups[into] += groups.pop(gone)
    return [next(leader for leader, group in groups.items() if n in group) for n in range(NODES)]


def pair_columns(accepted):
    ends = np.array(list(accepted), np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1], np.array(list(accepted.values()), float) / UNIT


def grouping_of(pinned, *, average: bool, apart=(), groups=None) -> Grouping:
    return Grouping(
        groups=np.arange(NODES) if groups is None else np.array(groups),
        sizes=np.ones(NODES, np.int64),
        pinned=np.array(pinned, bool),
        apart=np.array(apart, np.int64).reshape(-1, 2).T,
        threshold=HALF / UNIT,
        average=average,
    )


def clustered(ranks, scores, grouping, accepted=None):
    """Return the leaders that the package finds."""
    table = np.zeros((NODES, NODES))
    for (one, other), score in scores.items():
        table[one, other] = table[other, one] = score / UNIT
    pairs = AcceptedPairs(*pair_columns(accepted_of(scores) if accepted is None else accepted))
    own = np.array(ranks)
    return cluster_nodes(
        grouping,
        np.arange(NODES),
        pairs,
        lambda nodes, _central: np.argsort(np.argsort(own[nodes])),
        lambda left, right: table[left, right],
    ).tolist()


@given(scored())
def test_leaders_equal_those_of_a_loop(drawn):
    ranks, scores, pinned = drawn
    columns = pair_columns(accepted_of(scores))
    found = leader_cluster(np.array(ranks), *columns, np.array(pinned, bool))
    assert found.tolist() == slow_leaders(ranks, accepted_of(scores), pinned)


@given(scored())
def test_no_two_leaders_match_and_every_follower_matches_its_leader(drawn):
    ranks, scores, _ = drawn
    leaders = clustered(ranks, scores, grouping_of([False] * NODES, average=False))
    accepted = accepted_of(scores)
    for one, other in combinations(sorted(set(leaders)), 2):
        assert score_of(accepted, one, other) is None
    for node, leader in enumerate(leaders):
        assert node == leader or score_of(accepted, node, leader) is not None


@given(scored())
def test_joined_clusters_equal_those_of_a_loop(drawn):
    ranks, scores, _ = drawn
    found = clustered(ranks, scores, grouping_of([False] * NODES, average=True))
    alone, accepted = slow_without_hubs(ranks, scores, [False] * NODES)
    assert found == slow_join(ranks, alone, scores, accepted)


@given(scored(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_changes_nothing(drawn, chance):
    ranks, scores, _ = drawn
    pairs = list(accepted_of(scores).items())
    grouping = grouping_of([False] * NODES, average=True)
    shuffled = dict(chance.sample(pairs, len(pairs)))
    assert clustered(ranks, scores, grouping) == clustered(ranks, scores, grouping, shuffled)


@given(scored(), st.lists(st.sampled_from(EVERY), max_size=4, unique=True))
def test_nodes_that_are_apart_stay_apart(drawn, apart):
    ranks, scores, _ = drawn
    pinned = [any(node in pair for pair in apart) for node in range(NODES)]
    accepted = {pair: score for pair, score in accepted_of(scores).items() if pair not in apart}
    for average in (False, True):
        grouping = grouping_of(pinned, average=average, apart=apart)
        leaders = clustered(ranks, scores, grouping, accepted)
        assert all(leaders[one] != leaders[other] for one, other in apart)


@given(scored(), st.integers(1, NODES - 1))
def test_nodes_that_labels_hold_together_have_one_leader(drawn, count):
    ranks, scores, _ = drawn
    held = [0] * count + list(range(count, NODES))
    accepted = accepted_of(scores) | {(0, node): UNIT for node in range(1, count)}
    grouping = grouping_of([False] * NODES, average=True, groups=held)
    leaders = clustered(ranks, scores, grouping, accepted)
    assert len({leaders[node] for node in range(count)}) == 1


MEANS = {
    "both pairs agree": ({(0, 2): 9, (0, 3): 9, (1, 2): 9, (1, 3): 9}, 1),
    "on average below": ({(0, 2): 9, (0, 3): 2, (1, 2): 2, (1, 3): 2}, 2),
    "on average just at it": ({(0, 2): 16, (0, 3): 5, (1, 2): 6, (1, 3): 5}, 1),
}


@pytest.mark.parametrize(("across", "clusters"), MEANS.values(), ids=MEANS)
def test_clusters_join_by_their_average(across, clusters: int):
    scores = dict.fromkeys(EVERY, 0) | {(0, 1): 16, (2, 3): 16} | across
    # Node 1 and 3 lead: the accepted pair of 0 and 2 connects the two clusters.
    ranks = [5, 0, 6, 1, 2, 3, 4, 7, 8]
    leaders = clustered(ranks, scores, grouping_of([False] * NODES, average=True))
    assert len(set(leaders[:4])) == clusters


def test_a_chain_of_matches_does_not_become_one_cluster():
    scores = dict.fromkeys(EVERY, 0) | {(node, node + 1): 9 for node in range(NODES - 1)}
    for average in (False, True):
        leaders = clustered(range(NODES), scores, grouping_of([False] * NODES, average=average))
        assert max(map(leaders.count, leaders)) <= 3


def test_what_followed_a_leader_follows_it_to_the_next():
    pairs = AcceptedPairs(np.array([1]), np.array([3]), np.array([0.9]))
    grouping = grouping_of([False] * NODES, average=False)
    before = np.array([1, 1, 2, 3, 3, *range(5, NODES)])
    found = cluster_nodes(
        grouping,
        before,
        pairs,
        lambda nodes, _: order_positions(np.argsort(-nodes)),
        lambda a, _: a * 0.0,
    )
    assert found.tolist() == [3, 3, 2, 3, 3, *range(5, NODES)]


def test_centrality_counts_the_records_at_the_other_end():
    sizes = np.array([1, 3, 1])
    found = centrality(sizes, np.array([0, 1]), np.array([1, 2]), np.array([0.5, 1.0]))
    assert (found / found[2]).round(6).tolist() == [0.5, 0.5, 1.0]


DAY = 24 * HOUR
TIMES = st.one_of(
    st.just(NO_TIME), st.integers(0, 30).map(lambda t: t * HOUR), st.integers(0, 10**10)
)
RECORDS = st.lists(st.tuples(st.integers(-1, 2), TIMES, st.booleans()), max_size=20)
REACHES = st.lists(st.sampled_from((NEVER, 0, HOUR, 5 * HOUR, 12 * HOUR, 2 * DAY, FOREVER)),
                   min_size=3, max_size=3)  # fmt: skip


def slow_groups(contents, times, days, reach):
    """Each group of records: within reach of its first dated one; undated join the first."""
    groups = []
    for content in sorted({c for c in contents if c >= 0}):
        own = sorted((times[i], i) for i, c in enumerate(contents) if c == content)
        undated = [i for time, i in own if time == NO_TIME]
        current, first = undated, None
        for time, i in own:
            if time == NO_TIME:
                continue
            alone = reach[content] < 0 or (days[i] and reach[content] < 12 * HOUR)
            joins = not alone and (first is None or time - first <= reach[content])
            if current and not joins:
                groups.append(current)
                current = []
            current.append(i)
            first = time if first is None or not joins else first
        groups += [current] if current else []
    return {frozenset(group) for group in groups}


def fast_groups(contents, times, days, reach, ranks=None):
    own = np.array(contents, np.int64)
    best = np.arange(len(own)) if ranks is None else np.array(ranks)
    found = exact_groups(
        own, np.array(times, np.int64), np.array(days, bool), np.array(reach, np.int64), best
    )
    groups: dict[int, set[int]] = {}
    for record, leader in enumerate(found.tolist()):
        if contents[record] >= 0:
            groups.setdefault(leader, set()).add(record)
        else:
            assert leader == record
    assert all(min(group, key=best.__getitem__) == leader for leader, group in groups.items())
    return {frozenset(group) for group in groups.values()}


@given(RECORDS, REACHES, st.randoms(use_true_random=False))
def test_exact_groups_equal_those_of_a_loop(records, reach, chance):
    contents, times, days = ([row[part] for row in records] for part in range(3))
    # A record that has a date alone stands at midnight.
    times = [t - t % DAY if day and t != NO_TIME else t for t, day in zip(times, days, strict=True)]
    ranks = chance.sample(range(len(records)), len(records))
    expected = slow_groups(contents, times, days, reach)
    assert fast_groups(contents, times, days, reach, ranks) == expected


@pytest.mark.parametrize(
    ("times", "reach", "groups"),
    [
        ([0, 5, 10], 10, [{0, 1, 2}]),
        ([0, 5, 11], 10, [{0, 1}, {2}]),
        ([11, 0, 5], 10, [{1, 2}, {0}]),
        ([0, 10, 20, 30], 10, [{0, 1}, {2, 3}]),
        ([0, 0, 1], 0, [{0, 1}, {2}]),
        ([0, 0], NEVER, [{0}, {1}]),
        ([NO_TIME, 0, NO_TIME, 1], 5, [{0, 1, 2, 3}]),
        ([NO_TIME, 0, 9], 5, [{0, 1}, {2}]),
        ([-50, -45], 10, [{0, 1}]),
        ([0, 10**9], FOREVER, [{0, 1}]),
        ([], 10, []),
    ],
)
def test_a_group_lasts_no_longer_than_its_reach(times, reach, groups):
    found = fast_groups([0] * len(times), times, [False] * len(times), [reach])
    assert found == set(map(frozenset, groups))


def test_a_date_alone_may_be_half_a_day_away():
    days = [True, True]
    assert len(fast_groups([0, 0], [0, 0], days, [11 * HOUR])) == 2
    assert len(fast_groups([0, 0], [0, 0], days, [12 * HOUR])) == 1


SOURCES = ["ap", "Reuters", "", "Daily Mirror"]


def held(**changed):
    """Qualities of four records that only their digests tell apart, with some changed."""
    same = {
        "times": [0] * 4,
        "withdrawn": [False] * 4,
        "completeness": [1] * 4,
        "lengths": [20] * 4,
        "centrality": [0.0] * 4,
        "digests": [9, 8, 7, 6],
        "sources": SOURCES,
    } | changed
    qualities = Qualities(
        sources=same["sources"],
        times=np.array(same["times"], np.int64),
        withdrawn=np.array(same["withdrawn"]),
        completeness=np.array(same["completeness"]),
        lengths=np.array(same["lengths"]),
        digests=np.array(same["digests"], np.uint64),
    )
    return qualities, np.array(same["centrality"])


def best_first(policy, qualities, centrality) -> list[int]:
    ranks = CanonicalOrder(tuple(policy), qualities).ranks(np.arange(4), centrality)
    return np.argsort(ranks).tolist()


POLICIES = {
    "digest alone": ((), {}, [3, 2, 1, 0]),
    "input order for equal bytes": ((), {"digests": [5, 5, 5, 5]}, [0, 1, 2, 3]),
    "not withdrawn": (("not-withdrawn",), {"withdrawn": [True, False, True, False]}, [3, 1, 2, 0]),
    "most complete": (("most-complete",), {"completeness": [1, 2, 0, 2]}, [3, 1, 0, 2]),
    "central": (("central",), {"centrality": [0.5, 2.0, 1.0, 0.0]}, [1, 2, 0, 3]),
    "longest": (("longest",), {"lengths": [5, 9, 7, 1]}, [1, 2, 0, 3]),
    "shortest": (("shortest",), {"lengths": [5, 9, 7, 1]}, [3, 0, 2, 1]),
    "earliest, undated last": (("earliest",), {"times": [30, NO_TIME, -10, 20]}, [2, 3, 0, 1]),
    "latest, undated last": (("latest",), {"times": [30, NO_TIME, -10, 20]}, [0, 3, 2, 1]),
    "first": (("first",), {}, [0, 1, 2, 3]),
    "sources in order, any case": (("source:reuters, DAILY mirror",), {}, [1, 3, 2, 0]),
    "no source is no source": (("source:ap",), {}, [0, 3, 2, 1]),
    "the first key decides": (
        ("longest", "earliest"),
        {"lengths": [9, 9, 5, 5], "times": [2, 1, 0, 0]},
        [1, 0, 3, 2],
    ),
    "by default a withdrawn record comes last, however complete": (
        DEFAULT_KEEP,
        {
            "withdrawn": [True, False, False, False],
            "completeness": [2, 1, 1, 1],
            "lengths": [9, 1, 2, 3],
        },
        [3, 2, 1, 0],
    ),
}


@pytest.mark.parametrize(("policy", "changed", "order"), POLICIES.values(), ids=POLICIES)
def test_policy(policy, changed, order):
    assert best_first(policy, *held(**changed)) == order


@pytest.mark.parametrize("key", KEEP_KEYS)
def test_every_declared_key_is_known(key: str):
    assert sorted(best_first((key,), *held())) == [0, 1, 2, 3]


NUMBERS = st.lists(st.integers(0, 2), min_size=4, max_size=4)


@given(
    st.lists(st.sampled_from(sorted({*KEEP_KEYS, "source:ap"} - {"first"})), max_size=4),
    *([NUMBERS] * 3),
    st.permutations(range(4)),
)
def test_the_order_of_the_input_does_not_decide(policy, times, completeness, lengths, order):
    columns = {
        "times": times, "completeness": completeness, "lengths": lengths, "sources": SOURCES,
        "digests": [9, 8, 7, 6],
    }  # fmt: skip
    moved = {name: [values[i] for i in order] for name, values in columns.items()}
    found = best_first(policy, *held(**moved))
    assert best_first(policy, *held(**columns)) == [order[i] for i in found]
