"""What rounds after the first look at: no less than all that could come out otherwise."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import Story, lines, story
from readers import joined, read_bytes

from dedupe.backends.memory import MemoryBackend, build_memory_backend
from dedupe.blocking import expand, lsh
from dedupe.clustering import fixed_point
from dedupe.clustering.exact import NO_RECORDS
from dedupe.clustering.fixed_point import PrunedPairsInMemory
from dedupe.clustering.pass_planner import PassPlanner, PassState, new_candidates
from dedupe.config import Settings
from dedupe.scoring.scored_pairs import no_scored_pairs
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.scoring.corpus_stats import StatsSnapshot


WORDS = [
    a + b
    for a in ("har", "mil", "tor", "ves", "quo", "dor")
    for b in ("bu", "lek", "dan", "min", "ost")
]


class Forgetful(PassPlanner):
    """Asks all hot buckets again, and judges all pairs again, in every whole round."""

    def begin(self, alive: NDArray[np.int64]) -> StatsSnapshot:
        if self.state is not None:
            self.state = replace(self.state, survivors=NO_RECORDS)
        return super().begin(alive)


def retold(seed: int) -> list[Story]:
    """A few hundred headlines, most of them others with a word or two exchanged."""
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret
    titles = [[chance.choice(WORDS) for _ in range(7)] for _ in range(12)]
    while len(titles) < 240:
        title = list(chance.choice(titles))
        for _ in range(chance.choice((0, 0, 1, 1, 2))):
            title[chance.randrange(7)] = chance.choice(WORDS)
        titles.append(title)
    return [
        story(
            i,
            " ".join(words).capitalize(),
            "",
            f"Paper {chance.randrange(9)}",
            chance.choice((9, 99, 999)) * chance.randrange(9),
        )
        for i, words in enumerate(titles)
    ]


def case_of(stories: list[Story]) -> MemoryBackend:
    """The case of some records."""
    corpus = joined(read_bytes(lines(stories)))
    return build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), Settings())


@pytest.mark.parametrize("seed", range(12))
def test_no_round_misses_what_may_have_changed(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lsh, "compiled_pairs", lsh.plain_pairs)
    monkeypatch.setattr(lsh, "MAX_BUCKET", 6)
    monkeypatch.setattr(lsh, "NEIGHBOURS", 2)
    monkeypatch.setattr(expand, "FEW", 1)
    monkeypatch.setattr(fixed_point, "MIN_NEW_PAIRS", 3)
    case = case_of(retold(seed))
    found = fixed_point.cluster_until_stable(case, lambda _: None)
    monkeypatch.setattr(fixed_point, "PassPlanner", Forgetful)
    expected = fixed_point.cluster_until_stable(case, lambda _: None)
    assert found.effort["rounds"] == expected.effort["rounds"] > 3
    assert np.array_equal(found.leaders, expected.leaders)
    assert np.array_equal(found.pruned.pair_keys(), expected.pruned.pair_keys())
    assert np.array_equal(found.scored.pair_keys, expected.scored.pair_keys)
    assert np.array_equal(found.scored.scores, expected.scored.scores)


@pytest.mark.parametrize("seed", range(3))
def test_a_kind_changes_when_anything_that_is_counted_of_it_does(seed: int):
    case = case_of(retold(seed))
    register, ids, anchors = (
        case.corpus_stats,
        case.corpus_stats.held[0].words,
        case.corpus_stats.rare_pairs,
    )
    before = case.counts(np.arange(len(case)))
    changes = set()
    for gone in range(0, len(case), 7):
        after = case.counts(np.delete(np.arange(len(case)), gone))
        weights, recurrence, meetings = (
            np.flatnonzero((left != right).reshape(len(left), -1).any(axis=1))
            for left, right in (
                (before.weights[0], after.weights[0]),
                (before.recurrence, after.recurrence),
                (before.pair_returns, after.pair_returns),
            )
        )
        found = register.changed(before, after)
        for kind, row in enumerate(register.rows[0].tolist()):
            view = case.description.views[0]
            causes = [
                np.isin(ids[view.offsets[row] : view.offsets[row + 1]], weights).any(),
                np.isin(register.headlines[kind], recurrence).any(),
                np.isin(anchors[kind], meetings).any(),
            ]
            assert found[kind] == any(causes)
            changes.add(tuple(map(bool, causes)))
    assert {False, True} == {any(causes) for causes in changes}
    assert all(any(causes[i] for causes in changes) for i in range(3))


def test_a_head_that_comes_back_is_looked_at_again():
    case = case_of(retold(1))
    agenda = PassPlanner(case)
    everyone = np.arange(len(case))
    for alive in (everyone, everyone[1:], everyone):
        agenda.counts = None  # nothing is counted otherwise
        agenda.begin(alive)
        stale = agenda.stale.copy()
        lot = agenda.all_pairs(
            no_scored_pairs(len(case.settings.field)), PrunedPairsInMemory(), alive
        )
        assert len(np.concatenate(list(lot.parts))) > 0
    assert np.flatnonzero(stale).tolist() == [case.content_ids[0]]


def test_texts_with_many_runs_meet_anew_when_a_run_of_theirs_has_gone():
    case = case_of(retold(1))
    everyone = np.arange(len(case))
    left, right = case.content_ids[:2]
    code = np.array([min(left, right) << 32 | max(left, right)])
    standing = PassState(np.zeros((0, 2), np.uint64), code, everyone)
    assert new_candidates(case, standing, everyone).pair_keys().tolist() == []
    assert new_candidates(case, standing, everyone[2:]).pair_keys().tolist() == code.tolist()
