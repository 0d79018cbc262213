"""A corpus opened for evaluation clusters as a run does, and knows every pair that was compared."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import labelled
import numpy as np
import pytest

from dedupe import kernel
from dedupe.arrays import pack_ordered
from dedupe.config import Settings
from dedupe.evaluation.explain import explain
from dedupe.evaluation.field_comparison import compare_field
from dedupe.evaluation.open_corpus import OpenCorpus, accepted_keys, contains, open_corpus
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.models import Batch

STORIES = labelled.lines(labelled.stories())
COPIES = STORIES + STORIES.replace(b'"id": "', b'"id": "again-')


def batches(data: bytes, settings: Settings) -> Iterable[Batch]:
    return read(["-"], settings, ReadStats(), stdin=BytesIO(data))


def quiet(_stage: str, _share: float) -> None:
    """Show no progress."""


def opened(data: bytes, settings: Settings | None = None) -> OpenCorpus:
    chosen = settings or Settings()
    return open_corpus(batches(data, chosen), chosen, quiet)


@pytest.fixture(params=["kernel", "plain"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kernel.PURE, "0" if request.param == "kernel" else "1")


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("options", [{}, {"linkage": "leader"}, {"updates": "split"}])
def test_it_clusters_as_a_run(options: dict[str, str]):
    settings = Settings(**options)
    found = opened(COPIES, settings).cluster(quiet)
    assert (
        found.leaders.tolist()
        == run(batches(COPIES, settings), settings).clustering.canonical.tolist()
    )


def test_every_accepted_pair_was_compared():
    corpus = opened(COPIES)
    accepted = accepted_keys(corpus.cluster(quiet))
    assert len(accepted) >= 30
    assert contains(corpus.matcher.candidates, accepted).all()


def test_copies_share_a_key_of_one_node():
    corpus = opened(COPIES)
    left, right = np.arange(60), np.arange(60, 120)
    keys = corpus.representative_keys(left, right)
    assert (keys >> 32 == keys & 0xFFFFFFFF).all()


def test_a_record_without_text_has_no_key_and_no_score():
    corpus = opened(STORIES + b'{"id": "none", "title": "..."}\n')
    ends = np.array([0]), np.array([60])
    assert corpus.representative_keys(*ends).tolist() == [-1]
    assert corpus.scores(*ends).tolist() == [0]
    assert corpus.scores_within_limits(*ends).tolist() == [0]


def test_scores_obey_the_window_and_versions_but_no_label():
    left, right = np.array([0]), np.array([1])
    free = opened(STORIES).scores_within_limits(left, right)[0]
    assert free > 0.5
    split = opened(STORIES, Settings(updates="split"))
    assert split.scores_within_limits(left, right)[0] == 0, "one of them is UPDATE 1"
    late = STORIES.replace(b"2026-03-01T08:00:00Z", b"2026-02-01T08:00:00Z", 1)
    assert opened(late).scores_within_limits(left, right)[0] > 0
    assert opened(late, Settings(window=3600)).scores_within_limits(left, right)[0] == 0
    barred = opened(STORIES)
    apart = replace(barred.constraints, apart=pack_ordered(left, right))
    assert replace(barred, constraints=apart).scores_within_limits(left, right)[0] == free


@pytest.mark.usefixtures("_both_ways")
def test_an_explanation_is_the_same_without_the_kernel():
    corpus = opened(STORIES)
    found = explain(corpus.corpus, 0, 1, Settings(), quiet)
    assert found.joins
    assert found.breakdown.score == pytest.approx(0.9, abs=0.1)
    assert compare_field(corpus, 0, 0, 1) == found.comparisons[0]
    assert found.comparisons[0].keys > 0
