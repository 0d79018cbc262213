"""What rounds after the first look at: no less than all that could come out otherwise."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import Story, lines, story
from readers import joined, read_bytes

from dedupe.pipeline.case import Case, open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.heads import NO_RECORDS
from dedupe.pipeline.hopeless import HeldHopeless
from dedupe.pipeline.judged import nothing_judged
from dedupe.pipeline.proposing import Agenda, Standing, new_candidates
from dedupe.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.register import Counts

settle = import_module("dedupe.pipeline.settle")
candidates = import_module("dedupe.candidates")
expand = import_module("dedupe.pipeline.expand")

WORDS = [
    a + b
    for a in ("har", "mil", "tor", "ves", "quo", "dor")
    for b in ("bu", "lek", "dan", "min", "ost")
]


class Forgetful(Agenda):
    """Asks all hot buckets again, and judges all pairs again, in every whole round."""

    def begin(self, alive: NDArray[np.int64]) -> Counts:
        if self.standing is not None:
            self.standing = replace(self.standing, alive=NO_RECORDS)
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


def case_of(stories: list[Story]) -> Case:
    """The case of some records."""
    corpus = joined(read_bytes(lines(stories)))
    return open_case(corpus, describe(corpus, 1, 1, lambda _: None), Settings())


@pytest.mark.parametrize("seed", range(12))
def test_no_round_misses_what_may_have_changed(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(candidates, "compiled_pairs", candidates.plain_pairs)
    monkeypatch.setattr(candidates, "HOT", 6)
    monkeypatch.setattr(candidates, "NEIGHBOURS", 2)
    monkeypatch.setattr(expand, "FEW", 1)
    monkeypatch.setattr(settle, "WORTHWHILE", 3)
    case = case_of(retold(seed))
    found = settle.settle(case, lambda _: None)
    monkeypatch.setattr(settle, "Agenda", Forgetful)
    expected = settle.settle(case, lambda _: None)
    assert found.effort["rounds"] == expected.effort["rounds"] > 3
    assert np.array_equal(found.leaders, expected.leaders)
    assert np.array_equal(found.hopeless.codes(), expected.hopeless.codes())
    assert np.array_equal(found.judged.codes, expected.judged.codes)
    assert np.array_equal(found.judged.scores, expected.judged.scores)


@pytest.mark.parametrize("seed", range(3))
def test_a_kind_changes_when_anything_that_is_counted_of_it_does(seed: int):
    case = case_of(retold(seed))
    register, ids, anchors = case.tally, case.tally.held[0].words, case.tally.anchors
    before = case.counts(np.arange(len(case)))
    changes = set()
    for gone in range(0, len(case), 7):
        after = case.counts(np.delete(np.arange(len(case)), gone))
        weights, recurrence, meetings = (
            np.flatnonzero((one != other).reshape(len(one), -1).any(axis=1))
            for one, other in (
                (before.weights[0], after.weights[0]),
                (before.recurrence, after.recurrence),
                (before.meetings, after.meetings),
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
    agenda = Agenda(case)
    everyone = np.arange(len(case))
    for alive in (everyone, everyone[1:], everyone):
        agenda.counts = None  # nothing is counted otherwise
        agenda.begin(alive)
        stale = agenda.stale.copy()
        lot = agenda.all_pairs(nothing_judged(len(case.settings.field)), HeldHopeless(), alive)
        assert len(np.concatenate(list(lot.parts))) > 0
    assert np.flatnonzero(stale).tolist() == [case.kinds[0]]


def test_texts_with_many_runs_meet_anew_when_a_run_of_theirs_has_gone():
    case = case_of(retold(1))
    everyone = np.arange(len(case))
    left, right = case.kinds[:2]
    code = np.array([min(left, right) << 32 | max(left, right)])
    standing = Standing(np.zeros((0, 2), np.uint64), code, everyone)
    assert new_candidates(case, standing, everyone).codes().tolist() == []
    assert new_candidates(case, standing, everyone[2:]).codes().tolist() == code.tolist()
