"""The index against the batch run, and what it answers as stories come."""

from __future__ import annotations

import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import CORPORA, lines, shipped, story, told_alike
from hypothesis import given, settings
from hypothesis import strategies as st
from indexes import batch, filled, held
from readers import read_bytes

from dedupe.backends.memory import build_memory_backend
from dedupe.clustering.pass_planner import candidates_of
from dedupe.config import Settings
from dedupe.errors import InputError, SettingsError, StoreError
from dedupe.index import match, text_keys
from dedupe.index.index import Index
from dedupe.load import load_corpus
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=15)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.create(str(tmp_path / "a.index")) as made:
        yield made


def cut(stories, places):
    """Stories in parts, cut at some places."""
    ends = sorted({0, len(stories), *(place % (len(stories) + 1) for place in places)})
    return [stories[left:right] for left, right in pairwise(ends)]


@FEW
@given(
    CORPORA,
    st.lists(st.integers(0, 14), max_size=4),
    st.randoms(use_true_random=False),
    st.sampled_from(({}, {"linkage": "leader"}, {"window": "2d"}, {"updates": "split"})),
)
def test_compact_gives_the_clusters_of_the_batch_run(stories, places, chance, told):
    shuffled = chance.sample(stories, len(stories))
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder, "a.index"), cut(shuffled, places), **told) as made,
    ):
        assert made.check() == []
        made.compact()
        assert made.check() == []
        got = held(made)
    assert got == batch(stories, **told)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_shipped_stories_fall_into_their_groups_as_they_come(size: int, tmp_path: Path):
    stories = shipped()
    parts = [stories[i : i + size] for i in range(0, len(stories), size)]
    with filled(tmp_path / "a.index", parts) as made:
        groups = {ids for _, ids in held(made)}
    assert groups == told_alike(story["id"] for story in stories)


def looked_at(index: Index, parts) -> set[tuple[str, str]]:
    """The pairs of ids that share a key by what the index finds, each part against those before."""
    pairs = set()
    for part in parts:
        corpus = index.corpus_of(part)
        with index.store.writing():
            told = text_keys.preprocess_records(corpus, index.store.marks, 1)
            keys = text_keys.keys_of(told)
            owners, places = np.nonzero(keys)
            wanted, numbers = np.unique(
                text_keys.short_keys(keys[owners, places]), return_inverse=True
            )
            found = index.store.look_up(wanted)
            for owner, number in zip(owners.tolist(), numbers.tolist(), strict=True):
                rows = found.rows[found.starts[number] : found.starts[number + 1]]
                ids = index.store.records(np.unique(rows)).ids
                pairs |= {(corpus.ids[owner], other) for other in ids}
            one, other = match.pairs_among(keys, told, 1)
            pairs |= {
                (corpus.ids[a], corpus.ids[b])
                for a, b in zip(one.tolist(), other.tolist(), strict=True)
            }
        index.add(part)
    return {tuple(sorted(pair)) for pair in pairs if pair[0] != pair[1]}


@FEW
@given(CORPORA, st.lists(st.integers(0, 14), max_size=4))
def test_every_pair_that_a_batch_run_looks_at_is_looked_at(stories, places):
    corpus = load_corpus(read_bytes(lines(stories)), 2)
    case = build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), Settings())
    alive = np.flatnonzero(case.content_ids >= 0)
    found = candidates_of(case, alive)
    kinds = [np.flatnonzero(case.content_ids == k).tolist() for k in range(len(case.description))]
    wanted = {
        tuple(sorted((corpus.ids[a], corpus.ids[b])))
        for left, right in zip(*(ends.tolist() for ends in found.left_right()), strict=True)
        for a in kinds[left]
        for b in kinds[right]
    }
    with tempfile.TemporaryDirectory() as folder, Index.create(folder + "/a.index") as made:
        assert wanted <= looked_at(made, cut(stories, places))


def test_what_is_fed_twice_changes_nothing_and_is_told(index: Index):
    stories = list(shipped())
    first = index.add(stories)
    before = list(index.export())
    again = index.add(stories)
    assert [answer.new for answer in first] == [True] * len(stories)
    assert [answer.new for answer in again] == [False] * len(stories)
    assert [(a.cluster, a.size, a.canonical_id, a.score) for a in again] == [
        (a.cluster, a.size, a.canonical_id, pytest.approx(a.score, abs=1e-6)) for a in first
    ]
    assert list(index.export()) == before


def test_one_story_twice_in_one_call_is_one(index: Index):
    record = story(1, "Herring return to Tasker Bay", "", "Northern Wire", 0)
    left, right = index.add([record, record])
    assert (left.new, right.new) == (True, False)
    assert (right.cluster, right.size) == (left.cluster, 1)
    (changed,) = index.add([record | {"title": "Herring return to Tasker Bay again"}])
    assert changed.new


def test_a_cluster_keeps_its_id_and_a_new_canonical_version_is_told(index: Index):
    (first,) = index.add([story(1, "Herring return to Tasker Bay", "", "Northern Wire", 0)])
    fuller = story(2, "Herring return to Tasker Bay", "They swam past the mole.", "Tidewater", 1)
    (second,) = index.add([fuller])
    assert (second.cluster, second.size) == (first.cluster, 2)
    assert (second.canonical, second.canonical_changed) == (True, "1")
    assert second.row()["canonical_changed"] == "1"
    (third,) = index.add([story(3, "UPDATE 1-Herring return to Tasker Bay", "", "Gazette", 2)])
    assert (third.cluster, third.size, third.canonical_id) == (first.cluster, 3, "2")
    index.compact()
    assert {group["cluster"] for group in index.export()} == {first.cluster}


HALVES = (
    "Mayor Anselm Droste opens rebuilt Odlin Bay footbridge",
    "Zellwick Quarries wins harbour dredging contract",
)


def test_when_clusters_merge_the_older_survives_and_it_is_told(index: Index):
    leads = [story(n, title, "", "Northern Wire", n) for n, title in enumerate(HALVES, 1)]
    left, right = index.add(leads)
    assert left.cluster != right.cluster
    both = story(3, HALVES[1], "A lede that both lack makes this one fuller.", "Gazette", 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "candidates", lambda *_: (np.zeros(2, np.int64), np.array([1, 2])))
        patch.setattr(match, "accepted_pairs", all_of)
        (third,) = index.add([both])
    assert third.cluster == left.cluster
    assert third.merged == (right.cluster,)
    assert third.canonical_changed == "1"
    assert third.size == 3
    assert third.row()["merged"] == [right.cluster]
    assert index.check() == []
    assert held(index) == {("3", frozenset("123"))}


def all_of(_store, _case, pairs, *_) -> match.Accepted:
    """Every pair passes."""
    count = len(pairs[0])
    return match.Accepted(*pairs, np.full(count, 0.9), np.full((count, 2), 0.9))


def test_match_tells_and_changes_nothing(index: Index):
    index.add(shipped())
    before = list(index.export())
    known, near, far = index.match(
        [
            shipped()[0],
            shipped()[0] | {"id": "new"},
            {"id": "far", "title": "Zellwick Quarries wins harbour dredging contract"},
        ]
    )
    assert (known.new, near.new, far.new) == (False, True, True)
    assert known.cluster == near.cluster
    assert (near.canonical, far.canonical, far.size) == (False, True, 1)
    assert list(index.export()) == before


def test_a_story_without_words_is_a_cluster_of_its_own(index: Index):
    answers = index.add([story(n, "!!!", "", "", n) for n in (1, 2)])
    assert [answer.size for answer in answers] == [1, 1]
    assert index.check() == []


def test_other_settings_are_refused_with_the_difference(tmp_path: Path):
    path = str(tmp_path / "a.index")
    Index.create(path, threshold=0.7, keep=["latest"]).close()
    with Index.open(path, jobs=1, threshold=0.7) as index:
        assert (index.settings.threshold, index.settings.jobs) == (0.7, 1)
        assert index.settings.keep == ("latest",)
    with pytest.raises(StoreError, match=r"threshold is 0\.7 here, not 0\.6"):
        Index.open(path, threshold=0.6)
    with pytest.raises(SettingsError, match="treshold"):
        Index.open(path, treshold=0.6)
    with (
        filled(tmp_path / "b.index", []) as other,
        Index.open(path) as index,
        pytest.raises(StoreError, match="threshold is"),
    ):
        index.merge(other)
    with pytest.raises(StoreError, match="File exists"):
        Index.create(path)
    with pytest.raises(StoreError, match="links"):
        Index.create(str(tmp_path / "c.index"), links="labels.csv")


def test_a_bad_story_is_named_and_none_is_taken_in(index: Index):
    with pytest.raises(InputError, match=r"stories\[1\]: no text"):
        index.add(["Herring return", {"id": "x"}])
    assert index.stats()["stories"] == 0


def test_threads_share_an_index(index: Index):
    stories = list(shipped())
    errors = []

    def feed(part) -> None:
        try:
            for record in part:
                index.add([record])
                index.match([record])
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=feed, args=(stories[n::3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert index.check() == []
    index.compact()
    assert held(index) == batch(stories)
