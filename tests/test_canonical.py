"""The canonical policy as a table: which of a few records each key prefers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.clustering.canonical import Qualities, policy_order
from dedupe.config import DEFAULT_KEEP
from dedupe.config_values import KEEP_KEYS
from dedupe.models import NO_TIME

SOURCES = ["ap", "Reuters", "", "Daily Mirror"]


def held(count: int = 4, **changed):
    """Qualities that tell no two records apart but by their digests, with some changed.

    Beside them how central the records are.
    """
    same = {
        "sources": SOURCES[:count],
        "times": [0] * count,
        "withdrawn": [False] * count,
        "filled": [1] * count,
        "lengths": [20] * count,
        "centrality": [0.0] * count,
        "digests": [9, 8, 7, 6][:count],
    } | changed
    qualities = Qualities(
        sources=same["sources"],
        times=np.array(same["times"], dtype=np.int64),
        withdrawn=np.array(same["withdrawn"]),
        filled=np.array(same["filled"]),
        lengths=np.array(same["lengths"]),
        digests=np.array(same["digests"], dtype=np.uint64),
    )
    return qualities, np.array(same["centrality"])


def ranks(policy, qualities, centrality):
    return policy_order(policy, qualities).rank(centrality)


def best_first(policy, qualities) -> list[int]:
    return np.argsort(ranks(policy, *qualities)).tolist()


POLICIES = {
    "digest alone": ((), {}, [3, 2, 1, 0]),
    "input order for equal bytes": ((), {"digests": [5, 5, 5, 5]}, [0, 1, 2, 3]),
    "not withdrawn": (("not-withdrawn",), {"withdrawn": [True, False, True, False]}, [3, 1, 2, 0]),
    "most complete": (("most-complete",), {"filled": [1, 2, 0, 2]}, [3, 1, 0, 2]),
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
    "by default a withdrawn record comes last, however full": (
        DEFAULT_KEEP,
        {"withdrawn": [True, False, False, False], "filled": [2, 1, 1, 1], "lengths": [9, 1, 2, 3]},
        [3, 2, 1, 0],
    ),
}


@pytest.mark.parametrize(("policy", "changed", "order"), POLICIES.values(), ids=POLICIES)
def test_policy(policy, changed, order):
    assert best_first(policy, held(**changed)) == order


@pytest.mark.parametrize("key", KEEP_KEYS)
def test_every_declared_key_is_known(key):
    assert sorted(ranks((key,), *held()).tolist()) == [0, 1, 2, 3]


NUMBERS = st.lists(st.integers(0, 2), min_size=4, max_size=4)


@given(
    st.lists(st.sampled_from(sorted({*KEEP_KEYS, "source:ap"} - {"first"})), max_size=4),
    *([NUMBERS] * 3),
    st.permutations(range(4)),
)
def test_the_order_of_the_input_does_not_decide(policy, times, filled, lengths, order):
    given_order = held(times=times, filled=filled, lengths=lengths)
    moved = held(
        **{
            name: [values[i] for i in order]
            for name, values in {
                "times": times,
                "filled": filled,
                "lengths": lengths,
                "sources": SOURCES,
                "digests": [9, 8, 7, 6],
            }.items()
        }
    )
    assert best_first(policy, given_order) == [order[i] for i in best_first(policy, moved)]
