"""The index against the batch run, and what it answers as stories come."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import CORPORA, shipped, story, told_alike
from hypothesis import given, settings
from hypothesis import strategies as st
from indexes import batch, filled, held

from dedupe.api import cluster
from dedupe.arrays import pack
from dedupe.config import Settings
from dedupe.errors import InputError, SettingsError, StoreError
from dedupe.index.index import Index
from dedupe.index.matching import IndexMatcher
from dedupe.index.newcomers import prepare_newcomers
from dedupe.matching import Matcher, node_order
from dedupe.pipeline import record_meta
from dedupe.preprocess import preprocess
from dedupe.scoring.metadata import shared_minima

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWS = Path(os.environ.get("DEDUPE_NEWS", "/tmp/nt.jsonl"))  # noqa: S108 - only read
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


@FEW
@given(
    CORPORA, st.sampled_from(({}, {"linkage": "leader"}, {"window": "2d"}, {"updates": "split"}))
)
def test_one_add_into_an_empty_index_gives_the_clusters_of_the_batch_run(stories, told):
    with Index(":memory:", **told) as made:
        made.add(stories)
        assert held(made) == batch(stories, **told)


def scores_of(index: Index) -> dict[str, tuple[float, str]]:
    """The score and reason of each story."""
    groups = index.export()
    return {s["id"]: (s["score"], s["reason"]) for group in groups for s in group["stories"]}


def test_scores_and_reasons_are_those_of_the_batch_run(index: Index):
    stories = shipped()
    found = cluster(stories)
    wanted = {
        name: (round(score, 4), reason)
        for name, score, reason in zip(
            found.record_ids, found.scores.tolist(), found.reasons, strict=True
        )
    }
    index.add(stories)
    assert scores_of(index) == wanted
    index.remove(ids=[story["id"] for story in stories])
    for record in stories:
        index.add([record])
    index.compact()
    assert scores_of(index) == wanted


@pytest.mark.skipif(not NEWS.exists(), reason="the corpus is no part of the project")
def test_compact_gives_the_batch_run_on_real_news(index: Index):
    with NEWS.open(encoding="utf-8") as file:
        stories = [json.loads(line) for line, _ in zip(file, range(3000), strict=False)]
    for part in cut(stories, range(0, 3000, 700)):
        index.add(part)
    assert index.check() == []
    index.compact()
    assert index.check() == []
    assert held(index) == batch(stories)


@FEW
@given(CORPORA, st.integers(0, 14))
def test_what_recurs_is_counted_from_the_postings_as_the_core_counts_it(stories, place):
    """A matcher over newcomers and the index counts like one over all records in play."""
    first, second = stories[: place % len(stories)], stories[place % len(stories) :]
    with Index(":memory:", threshold=1.0) as index:
        index.add(first)
        new = prepare_newcomers(index.store, index.corpus_of(second), new=False)
        if not new.facts["content"].any():
            return
        with index.store.reading():
            got = IndexMatcher(index.store, new, alone=False)
            got.learn_titles(np.arange(len(got.records)))
        everything = np.ones(len(got.records), bool)
        got.recurrence = got.count(everything, np.ones(len(got.rare), bool))
        leaders = {group["canonical_id"] for group in index.export()}
        kept = [story for story in first if story["id"] in leaders]
        corpus = index.corpus_of([*kept, *second])
    contents = preprocess(corpus, 1, 1)
    nodes = node_order(np.flatnonzero(contents.ids >= 0), corpus.times, corpus.digests)
    whole = Matcher(nodes, contents, record_meta(corpus), Settings())
    place_of = {digest: node for node, digest in enumerate(corpus.digests[nodes].tolist())}
    own = [place_of[digest] for digest in got.corpus.digests[got.records].tolist()]
    newcomers = np.flatnonzero(got.new)
    left, right = (ends.ravel() for ends in np.meshgrid(newcomers, np.arange(len(own))))
    own = np.array(own)
    assert shared_minima(got.rare.of, got.recurrence.stems, left, right).tolist() == (
        shared_minima(whole.rare.of, whole.recurrence.stems, own[left], own[right]).tolist()
    )
    assert got.recurrence.titles.tolist() == whole.recurrence.titles[own].tolist()


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


def test_an_edited_story_takes_the_place_of_its_earlier_version(index: Index):
    record = story(1, "Herring return to Tasker Bay", "", "Northern Wire", 0)
    other = story(2, "Zellwick Quarries wins harbour dredging contract", "", "Gazette", 1)
    first, _ = index.add([record, other])
    edited = record | {"title": "Herring return to Tasker Bay after nine years"}
    (again,) = index.add([edited])
    assert (again.new, again.opens, again.cluster, len(index)) == (True, False, first.cluster, 2)
    assert {text["title"] for group in index.export() for text in group["stories"]} == {
        edited["title"], other["title"],
    }  # fmt: skip
    assert index.check() == []
    one, two = index.add([record, edited])
    assert (one.new, two.new, len(index)) == (True, True, 2)
    assert index.check() == []
    index.compact()
    assert held(index) == batch([edited, other])


def test_an_edited_version_of_a_canonical_story_stays_in_its_cluster(index: Index):
    lead = story(1, "Herring return to Tasker Bay", "They swam past the mole.", "Wire", 0)
    follower = story(2, "UPDATE 1-Herring return to Tasker Bay", "", "Gazette", 1)
    first, second = index.add([lead, follower])
    (again,) = index.add([lead | {"lede": "They swam past the old mole at dawn."}])
    assert (again.cluster, again.size) == (first.cluster, 2)
    assert first.cluster == second.cluster
    assert index.check() == []


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


def test_compact_keeps_the_id_of_a_cluster_whose_first_record_is_gone(index: Index):
    stories = [story(n, "Herring return to Tasker Bay", "", "Northern Wire", n) for n in (1, 2, 3)]
    first, *_ = index.add(stories)
    index.add([stories[0] | {"title": "UPDATE 1-Herring return to Tasker Bay"}])
    index.remove(ids=["2"])
    index.compact()
    assert [group["cluster"] for group in index.export()] == [first.cluster]
    assert index.check() == []


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
        patch.setattr(IndexMatcher, "pairs_at_threshold", all_with_newcomer)
        (third,) = index.add([both])
    assert third.cluster == left.cluster
    assert third.merged == (right.cluster,)
    assert third.canonical_changed == "1"
    assert third.size == 3
    assert third.row()["merged"] == [right.cluster]
    assert index.check() == []
    assert held(index) == {("3", frozenset("123"))}


def all_with_newcomer(matcher: IndexMatcher, in_play) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a newcomer passes."""
    left, right = np.triu_indices(len(matcher.records), 1)
    own = (matcher.new[left] | matcher.new[right]) & in_play[left] & in_play[right]
    return pack(left[own], right[own]), np.full(int(own.sum()), 0.9)


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
    answers = index.add([*(story(n, "!!!", "", "", n) for n in (1, 2)), {"id": "x"}, {"id": "y"}])
    assert [answer.size for answer in answers] == [1, 1, 1, 1]
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


def test_what_is_there_already_is_left_alone_and_the_error_says_what_to_do(tmp_path: Path):
    path = tmp_path / "a.index"
    filled(path, [shipped()]).close()
    with pytest.raises(StoreError, match=r"File exists; add to this index .* or delete it"):
        Index.create(path)
    with Index(os.fsencode(path)) as index:
        assert len(index) == len(shipped())
    other = tmp_path / "notes.txt"
    other.write_text("Herring")
    for taken in (other, tmp_path):
        with pytest.raises(StoreError, match="File exists and is not an index; give another name"):
            Index.create(taken)
    assert other.read_text() == "Herring"


def test_a_bad_story_is_named_and_none_is_taken_in(index: Index):
    with pytest.raises(InputError, match=r"stories\[1\]: title: expected a string"):
        index.add(["Herring return", {"id": "x", "title": ["Herring", "return"]}])
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


def test_one_story_in_the_place_of_several_is_refused(index: Index):
    for one in ({"title": "Herring return"}, "Herring return", b"Herring return"):
        with pytest.raises(TypeError, match="expected an iterable of records, got one"):
            index.add(one)
        with pytest.raises(TypeError, match="put it into a list"):
            index.match(one)
    assert len(index) == 0


def test_a_closed_index_says_so(tmp_path: Path):
    for made in (Index(":memory:"), Index.create(tmp_path / "a.index")):
        made.add(["Herring return to Tasker Bay"])
        assert len(made) == 1
        made.close()
        for call in (made.stats, made.check, made.compact, lambda made=made: made.add(["x"])):
            with pytest.raises(StoreError, match="the index is closed"):
                call()


def test_an_index_in_memory_does_what_one_in_a_file_does(tmp_path: Path):
    with (
        Index(":memory:", threshold=0.6) as made,
        filled(tmp_path / "b.index", [shipped()]) as other,
    ):
        assert made.settings.threshold == 0.6
        made.add(shipped())
        made.compact()
        assert made.check() == []
        assert made.remove(before="2026-03-03") > 0
        assert made.stats()["path"] == ":memory:"
        with pytest.raises(StoreError, match="threshold"):
            other.merge(made)
        with pytest.raises(StoreError, match="into itself"):
            made.merge(made)
    with Index() as made, Index(tmp_path / "b.index") as other:
        assert made.merge(other) == len(shipped()) == len(made)


def test_a_path_opens_an_index(tmp_path: Path):
    path = tmp_path / "a.index"
    Index.create(path, threshold=0.6).close()
    for opened in (Index(path), Index.open(path), Index(str(path))):
        with opened:
            assert opened.settings.threshold == 0.6
    with pytest.raises(StoreError, match="No such file"):
        Index(tmp_path / "b.index")


def test_an_index_is_not_written_while_its_export_is_read(index: Index):
    index.add(shipped())
    groups = index.export()
    next(groups)
    with pytest.raises(StoreError, match="while an export of it is read"):
        index.add(["Herring return to Tasker Bay"])
    groups.close()
    assert len(index.add(["Herring return to Tasker Bay"])) == 1


def test_records_come_in_any_parts_and_leave_in_any_order(index: Index):
    """What is derived from the records stays what they make."""
    stories = list(shipped())
    for part in cut(stories, (1, 2, 9, 20)):
        index.add(part)
        index.remove(ids=[part[0]["id"]])
        index.add(part)
        assert index.check() == []
    index.remove(ids=[story["id"] for story in stories[:30]])
    assert (len(index), index.check()) == (9, [])
    index.remove(ids=[story["id"] for story in stories])
    assert (len(index), index.check(), list(index.export())) == (0, [], [])
    index.add(stories)
    assert held(index) == batch(stories)
