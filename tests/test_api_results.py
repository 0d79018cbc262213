"""What a program gets: clusters by number and record, another threshold, pairs, findings."""

from __future__ import annotations

import json
import pickle
from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from commandline import FIXTURES
from commandline import dedupe as command
from headlines import some_invented
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import InputError, Pair, SettingsError, check, cluster, pairs, unique
from dedupe.io.annotate import annotation_rows
from dedupe.reports.text import render_text

FERRY = "Ferry tolls at Pell Point to rise in June"
AGAIN = "UPDATE 1-Ferry tolls at Pell Point to rise in June"
LAMP = "Old lighthouse stays lit"
DEMO = [json.loads(line) for line in (FIXTURES / "demo.jsonl").read_text("utf-8").splitlines()]


def same_result(one, other):
    """Return whether two clusterings agree in all that they say."""
    columns = ("canonical", "scores", "sizes", "versions", "labels")
    return (
        all((getattr(one, name) == getattr(other, name)).all() for name in columns)
        and one.reasons == other.reasons
        and one.stats == other.stats
        and one.clusters == other.clusters
    )


def test_a_clustering_is_a_sequence_of_clusters():
    found = cluster([LAMP, FERRY, "Ice on the river", AGAIN, FERRY], keep="first")
    assert len(found) == 3
    assert [each.members for each in found] == [(1, 3, 4), (0,), (2,)]
    assert found[0] == found.clusters[0]
    assert found[-1].members == (2,)
    assert found[1:] == found.clusters[1:]
    assert (found[0].canonical, len(found[0])) == (1, 3)
    for wrong in (3, -4):
        with pytest.raises(IndexError, match="there are 3 clusters"):
            found[wrong]


def test_labels_number_the_cluster_of_each_record():
    found = cluster(DEMO)
    assert found.labels.dtype == np.int64
    for position, label in enumerate(found.labels.tolist()):
        assert position in found[label].members
        assert found.cluster_of(position) == found[label]
        assert found.canonical[position] == found[label].canonical
        assert found.sizes[position] == len(found[label])
    assert found.cluster_of(-1) == found.cluster_of(len(DEMO) - 1)
    with pytest.raises(IndexError, match=f"there are {len(DEMO)} records"):
        found.cluster_of(len(DEMO))


@given(st.lists(st.integers(0, 8), max_size=30))
def test_the_order_of_clusters_is_by_size_then_by_canonical(numbers):
    found = cluster([{"id": "x", "title": f"{LAMP} {number}0{number}"} for number in numbers])
    members = defaultdict(list)
    for position, leader in enumerate(found.canonical.tolist()):
        members[leader].append(position)
    wanted = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    assert [(each.canonical, list(each.members)) for each in found] == wanted
    assert [each.id for each in found] == [found.keys[leader] for leader, _ in wanted]


def test_columns_are_those_of_the_annotation():
    found = cluster(DEMO)
    rows = annotation_rows(found, 0, len(DEMO))
    for name, column in found.columns().items():
        assert column.values == [row.get(name) for row in rows]


def test_dicts_and_strings_become_a_frame():
    found = cluster([{"title": FERRY, "n": 1}, AGAIN, {"title": LAMP, "n": "two", 3: [4]}])
    wanted = {"title": [FERRY, AGAIN, LAMP], "n": ["1", None, "two"], "3": [None, None, [4]]}
    assert found.to_arrow().select(list(wanted)).to_pydict() == wanted
    assert found.to_polars().select(list(wanted)).to_dict(as_series=False) == wanted
    assert found.to_pandas()["title"].tolist() == wanted["title"]
    assert found.to_pandas()["dedupe_size"].tolist() == found.sizes.tolist()
    with pytest.raises(TypeError, match="no frame was clustered; call to_pandas"):
        found.to_frame()


def test_an_iterator_is_gone_but_its_ids_and_clusters_are_there():
    found = cluster(iter([{"id": "a", "title": FERRY}, {"id": "b", "title": LAMP}]))
    assert found.to_polars()["id"].to_list() == ["a", "b"]
    assert found.to_arrow()["cluster"].to_pylist() == list(found.keys)
    assert unique(iter([LAMP, LAMP])) == [LAMP]


def test_how_a_clustering_is_shown():
    found = cluster([FERRY, "<b>Ferry</b> tolls at Pell Point to rise in June", LAMP], keep="first")
    assert (
        repr(found) == "<Clustering of 3 records, 2 clusters, 1 of two or more, the largest of 2>"
    )
    shown = cluster(["<i>x & y</i> " + FERRY * 4] * 2)._repr_html_()
    assert "&lt;i&gt;x &amp; y" in shown
    assert "<i>" not in shown
    assert "\u2026</td>" in shown
    assert shown.count("<tr>") == 2
    assert repr(cluster(["a"])) == "<Clustering of 1 record, 1 cluster, 0 of two or more>"
    assert repr(cluster([])) == "<Clustering of 0 records, 0 clusters, 0 of two or more>"
    assert "<table>" not in cluster([LAMP])._repr_html_()


THRESHOLDS = (0, 0.05, 0.3, 0.5, 0.7, 0.9, 1)


@pytest.mark.parametrize("given", [{}, {"linkage": "leader"}, {"window": "2d"}], ids=str)
def test_another_threshold_gives_what_a_new_run_gives(given):
    found = cluster(DEMO, **given)
    for threshold in THRESHOLDS:
        assert same_result(found.at(threshold), cluster(DEMO, threshold=threshold, **given))


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from(some_invented(40)), min_size=2, max_size=30),
    st.sampled_from(THRESHOLDS),
    st.sampled_from(THRESHOLDS),
)
def test_another_threshold_of_any_records_gives_what_a_new_run_gives(texts, first, second):
    found = cluster(texts, threshold=first).at(second)
    assert same_result(found, cluster(texts, threshold=second))
    assert same_result(found.at(first), cluster(texts, threshold=first))


def test_another_threshold_keeps_the_frame_and_is_checked():
    frame = pl.DataFrame({"title": [FERRY, AGAIN, LAMP]})
    found = cluster(frame, into="mine").at(0.99)
    assert found.to_frame().columns[:2] == ["title", "mine_cluster"]
    with pytest.raises(SettingsError, match="threshold: must be between 0 and 1, got 2"):
        found.at(2)


def test_a_clustering_goes_through_a_file_without_its_texts():
    found = cluster(DEMO)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert same_result(again, found)
    assert again.to_polars().equals(found.to_polars())
    with pytest.raises(TypeError, match=r"has lost its texts; call cluster\(\) again"):
        again.at(0.9)


def test_pairs_are_those_of_the_command_line(tmp_path):
    done = command("pairs", str(FIXTURES / "demo.jsonl"), folder=tmp_path)
    told = [json.loads(line) for line in done.out.splitlines()]
    found = pairs(DEMO)
    assert len(found) == len(told) > 3
    assert [
        (each.left + 1, each.right + 1, round(each.score, 4), each.reason) for each in found
    ] == ([(pair["a_line"], pair["b_line"], pair["score"], pair["reason"]) for pair in told])
    assert found[0] == next(iter(found))
    assert type(found[0]) is Pair
    rows = found.to_arrow().to_pylist()
    assert [tuple(row.values()) for row in rows] == list(found)
    assert found.to_polars().to_dicts() == found.to_pandas().to_dict("records") == rows
    assert repr(found) == f"<Pairs: {len(told)}>"


def test_pairs_are_a_sequence():
    found = pairs(DEMO)
    every = list(found)
    assert len(every) > 2
    assert (found[0], found[-1], found[1:], found[:0]) == (every[0], every[-1], every[1:], [])
    with pytest.raises(IndexError, match=f"there are {len(every)} pairs, got {len(every)}"):
        found[len(every)]


def test_findings_are_those_of_the_command_line(tmp_path):
    lines = (FIXTURES / "demo.jsonl").read_text("utf-8")
    (tmp_path / "stories").write_text(lines, "utf-8")
    done = command("check", "--from", "jsonl", "stories", folder=tmp_path)
    found = check(DEMO)
    assert "".join(render_text(found)) == done.out.decode()
    assert (found.passed, done.code) == (False, 1)
    for each in found.found:
        assert DEMO[each.duplicate.position]["title"] == each.duplicate.text


def test_a_check_has_limits_and_an_archive():
    assert check([LAMP, FERRY]).passed
    assert check([LAMP, FERRY, FERRY], max_duplicates=1).passed
    assert not check([LAMP, FERRY, FERRY], max_rate=0.2).passed
    assert not check([FERRY, FERRY, FERRY], max_cluster=2).passed
    found = check(pl.DataFrame({"title": [LAMP, FERRY]}), against=[AGAIN, AGAIN])
    ((duplicate, original),) = [(each.duplicate, each.original) for each in found.found]
    assert (duplicate.path, duplicate.position) == ("stories", 1)
    assert original.path == "against"
    assert (found.records, found.corpus) == (2, 2)


@pytest.mark.parametrize(
    "limit",
    [{"max_rate": 5}, {"max_rate": "50%"}, {"max_duplicates": -1}, {"max_duplicates": "x"},
     {"max_cluster": 2.5}, {"max_rate": float("nan")}],
    ids=str,
)  # fmt: skip
def test_a_limit_out_of_range_is_refused(limit: dict[str, object]):
    (name,) = limit
    with pytest.raises(SettingsError, match=rf"check\(\): {name}: must be a "):
        check([LAMP], **limit)


def test_an_archive_is_named_where_it_cannot_be_read():
    with pytest.raises(InputError, match=r"^against\[1\]: expected a dict"):
        check([FERRY], against=[LAMP, 12])


def test_progress_counts_records_by_stage():
    calls = []
    cluster(DEMO, progress=lambda *call: calls.append(call))
    stages = [stage for stage, _, _ in calls]
    assert list(dict.fromkeys(stages)) == ["reading", "preparing", "matching"]
    assert all(0 <= done <= total == len(DEMO) for _, done, total in calls)
    last = {stage: done for stage, done, _ in calls}
    assert last == dict.fromkeys(last, len(DEMO))


def test_progress_of_an_iterator_knows_no_end_until_it_is_read():
    calls = []
    cluster((each for each in DEMO), progress=lambda *call: calls.append(call))
    assert calls[-1] == ("matching", len(DEMO), len(DEMO))
    assert ("reading", len(DEMO), None) in calls
    calls.clear()
    check((each for each in DEMO), against=DEMO[:3], progress=lambda *call: calls.append(call))
    assert calls[:2] == [("reading", 3, None), ("reading", len(DEMO) + 3, None)]


def test_what_progress_raises_ends_the_run():
    def stop(stage: str, _done: int, _total: int | None) -> None:
        if stage == "preparing":
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError):
        cluster(DEMO, progress=stop)
