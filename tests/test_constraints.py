"""Labels that overrule the decision: what must be together is, what cannot be is not."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import dedupe
from corpora import CORPORA, canonical_of, lines, partition, run_of, story
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernels import bits, needs_kernel

from dedupe import kernel
from dedupe.arrays import components
from dedupe.errors import InputError, LinksError

if TYPE_CHECKING:
    from pathlib import Path

LAMP = "Old lamp at Pell Point stays lit"
TOLLS = "Ferry tolls rise by ten pence in June"
STORIES = [
    story(1, LAMP, "", "Northern Wire", 0),
    story(2, f"{LAMP}, council says", "", "Evening Ledger", 1),
    story(3, LAMP, "", "Tidewater Post", 2),
    story(4, TOLLS, "", "Northern Wire", 3),
    story(5, "Herring return to Tasker Bay", "", "Evening Ledger", 400),
    {"id": "6", "title": "", "lede": ""},
]


def links_file(folder: Path, *labels: str) -> str:
    """Labels as ``a b label`` in a file."""
    path = folder / "links.csv"
    rows = [",".join(label.split()) for label in labels]
    path.write_text("\n".join(["a,b,label", *rows]) + "\n")
    return str(path)


def clusters(folder: Path, *labels: str, **told: object) -> set[frozenset[str]]:
    return partition(run_of(STORIES, links=links_file(folder, *labels), **told))


def groups(*names: str) -> set[frozenset[str]]:
    return {frozenset(name) for name in names}


CASES = {
    "no labels": ([], groups("123", "4", "5", "6")),
    "two stories made one": (["4 5 D"], groups("123", "45", "6")),
    "by way of a third": (["4 5 D", "5 1 D"], groups("12345", "6")),
    "a label that agrees": (["1 2 D"], groups("123", "4", "5", "6")),
    "a record without text": (["6 4 D"], groups("123", "46", "5")),
    "one that differs put apart": (["2 1 N", "2 3 N"], groups("13", "2", "4", "5", "6")),
    "a label on one that comes along": (["5 3 D"], groups("1235", "4", "6")),
    "an update counts for nothing": (["1 3 U"], groups("123", "4", "5", "6")),
    "what differs anyway": (["4 5 N"], groups("123", "4", "5", "6")),
    "a duplicate of one that is absent": (["1 9 D"], groups("123", "4", "5", "6")),
    "together by way of one that is absent": (["4 9 D", "9 5 D"], groups("123", "45", "6")),
    "apart by way of one that is absent": (
        ["2 9 D", "9 1 N", "9 3 N"],
        groups("13", "2", "4", "5", "6"),
    ),
    "together here, apart there": (["4 5 D", "1 2 N", "2 3 N"], groups("13", "2", "45", "6")),
}


@pytest.mark.parametrize("linkage", ["average", "leader"])
@pytest.mark.parametrize(("labels", "expected"), CASES.values(), ids=CASES)
def test_labels_overrule_the_decision(labels, expected, linkage: str, tmp_path: Path):
    assert clusters(tmp_path, *labels, linkage=linkage) == expected


def test_equal_texts_are_put_apart_and_a_third_goes_with_one_of_them(tmp_path: Path):
    found = clusters(tmp_path, "1 3 N")
    assert len(found) == 5
    assert not any({"1", "3"} <= group for group in found)
    (lamp,) = [group for group in found if "2" in group]
    assert len(lamp) == 2


def test_an_update_is_put_apart_where_versions_are_split(tmp_path: Path):
    found = clusters(tmp_path, "1 3 U", updates="split")
    assert not any({"1", "3"} <= group for group in found)


def test_a_link_reaches_further_than_the_window(tmp_path: Path):
    assert frozenset("45") in clusters(tmp_path, "4 5 D", window=3600)


def test_what_a_link_alone_joins_says_so(tmp_path: Path):
    result = run_of(STORIES, links=links_file(tmp_path, "4 5 D", "1 2 D", "6 4 D"))
    told = dict(zip(result.corpus.ids, result.clustering.reasons, strict=True))
    scores = dict(zip(result.corpus.ids, result.clustering.scores.tolist(), strict=True))
    joined = {"4", "5", "6"} - {name for name, why in told.items() if why == "canonical"}
    assert len(joined) == 2
    assert {told[name] for name in joined} == {"linked"}
    assert {scores[name] for name in joined} == {1.0}
    assert all(not told[name].startswith("linked") for name in "123")
    pairs = result.pairs
    listed = [
        (result.corpus.ids[left], result.corpus.ids[right])
        for left, right, why in zip(
            pairs.left.tolist(), pairs.right.tolist(), pairs.reasons, strict=True
        )
        if why == "linked"
    ]
    assert len(listed) == 2
    assert {name for pair in listed for name in pair} == {"4", "5", "6"}


def test_a_record_without_text_leads_none_that_has_some(tmp_path: Path):
    path = links_file(tmp_path, "6 4 D")
    result = run_of(STORIES, links=path, keep=("shortest",))
    (led,) = [c.canonical for c in result.clustering if len(c.members) == 2]
    assert result.corpus.ids[led] == "4"


REFUSED = {
    "no known record": (["8 9 D"], 2, "no record has the id '8', nor any other that the file"),
    "unknown label": (["1 2 maybe"], 2, "the label 'maybe' is not"),
    "two labels": (["1 2 D", "2 1 N"], 3, "'2' and '1' are N here and D on line 2"),
    "a way round": (
        ["1 2 D", "2 4 D", "4 5 D", "5 1 N"],
        5,
        "'5' and '1' are N here, and one story by '4' = '5' (line 4), '2' = '4' (line 3), ",
    ),
}


@pytest.mark.parametrize(("labels", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses(labels, line: int, reason: str, tmp_path: Path):
    with pytest.raises(InputError) as caught:
        clusters(tmp_path, *labels)
    assert caught.value.line == line
    assert caught.value.reason.startswith(reason)


def test_a_conflict_names_the_lines_of_all_its_labels(tmp_path: Path):
    with pytest.raises(LinksError) as caught:
        clusters(tmp_path, "4 5 N", "1 4 D", "2 3 D", "5 1 D")
    assert (caught.value.line, caught.value.others) == (2, (3, 5))


def test_an_id_of_two_records_links_none(tmp_path: Path):
    path = links_file(tmp_path, "1 2 D")
    with pytest.raises(InputError, match="more than one record has the id '1'"):
        run_of([*STORIES, STORIES[0]], links=path)


@st.composite
def linked_corpora(draw):
    """Records, and labels of them that do not contradict one another."""
    stories = draw(CORPORA)
    assume(len(stories) > 1)
    teams = draw(st.lists(st.integers(0, 3), min_size=len(stories), max_size=len(stories)))
    pairs = draw(st.sets(st.sampled_from(list(combinations(range(len(stories)), 2))), max_size=8))
    return stories, [(a, b, "D" if teams[a] == teams[b] else "N") for a, b in sorted(pairs)]


def written(folder: Path, labels) -> str:
    return links_file(folder, *(f"{a} {b} {label}" for a, b, label in labels))


SWITCHES = st.fixed_dictionaries(
    {
        "linkage": st.sampled_from(("average", "leader")),
        "threshold": st.sampled_from((0.0, 0.3, 0.5)),
        "window": st.sampled_from((None, None, 0, 86_400)),
        "updates": st.sampled_from(("merge", "split")),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("links")


@settings(max_examples=60)
@given(linked_corpora(), SWITCHES, st.randoms(use_true_random=False))
def test_labels_hold_whatever_the_records_and_their_order(folder, linked, told, chance):
    stories, labels = linked
    path = written(folder, labels)
    result = run_of(stories, links=path, **told)
    found = partition(result)
    for a, b, label in labels:
        together = any({str(a), str(b)} <= group for group in found)
        assert together == (label == "D")
    assert sum(map(len, found)) == len(stories)
    shuffled = run_of(chance.sample(stories, len(stories)), links=path, **told)
    assert partition(shuffled) == found


def test_records_without_any_text_are_linked_where_there_are_no_others(folder):
    stories = [story(number, "", "", "", None) for number in range(3)]
    found = partition(run_of(stories, links=written(folder, [(0, 1, "D")])))
    assert sorted(map(sorted, found)) == [["0", "1"], ["2"]]


@needs_kernel
@settings(max_examples=12)
@given(linked_corpora())
def test_the_kernel_and_plain_python_obey_alike(folder, linked):
    path = written(folder, linked[1])
    compiled = run_of(linked[0], links=path).clustering
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(kernel.PURE, "1")
        plain = run_of(linked[0], links=path).clustering
    assert bits((plain.canonical, plain.scores)) == bits((compiled.canonical, compiled.scores))


EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(EDGES)
def test_components_are_those_of_spreading_from_node_to_node(edges):
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    lowest = list(range(10))
    for _ in range(10):
        for left, right in edges:
            lowest[left] = lowest[right] = min(lowest[left], lowest[right])
    assert components(ends, 10).tolist() == lowest


def test_labels_of_dedupe_label_are_taken(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(lines(STORIES))
    label = {"a": "4", "b": "5", "label": "D", "score": 0.01}
    (tmp_path / "in.jsonl.labels.jsonl").write_text(json.dumps(label) + "\n")
    done = dedupe("cluster", "--links", "in.jsonl.labels.jsonl", "in.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    held = [json.loads(line) for line in done.out.splitlines()]
    assert held[3]["dedupe"]["cluster"] == held[4]["dedupe"]["cluster"]
    listed = dedupe("pairs", DEDUPE_LINKS="in.jsonl.labels.jsonl", folder=tmp_path,
                    stdin=lines(STORIES))  # fmt: skip
    (linked,) = [p for p in map(json.loads, listed.out.splitlines()) if p["reason"] == "linked"]
    assert ({linked["a"], linked["b"]}, linked["score"], linked["fields"]) == (
        {"4", "5"},
        1,
        {"title": 0},
    )


SAID = {
    "conflict": (
        ("--links", "links.csv"),
        "links.csv:4: '1' and '4' are N here, and one story by '1' = '2' (line 2), '2' = '4' (line",
    ),
    "standard input": (("--links", "-"), "--links: must be a file: standard input is for"),
    "no file": (("--links", "none.csv"), "none.csv: No such file"),
    "output onto the links": (("--links", "links.csv", "-o", "links.csv"), "is also an input"),
}


@pytest.mark.parametrize(("arguments", "says"), SAID.values(), ids=SAID)
def test_errors_by_the_command_line(arguments, says: str, tmp_path: Path):
    links_file(tmp_path, "1 2 D", "2 4 D", "1 4 N")
    before = (tmp_path / "links.csv").read_bytes()
    done = dedupe("cluster", *arguments, folder=tmp_path, stdin=lines(STORIES))
    assert (done.code, done.out) == (2, b"")
    assert says in done.err
    assert (tmp_path / "links.csv").read_bytes() == before


EXPLAINED = {
    "put together": (("4", "5"), "put together by a label", True, True),
    "put together by way of a third": (("6", "5"), "put together by a label", True, True),
    "put apart": (("1", "2"), "put apart by a label", False, False),
}


@pytest.mark.parametrize(("pair", "saw", "passes", "joins"), EXPLAINED.values(), ids=EXPLAINED)
def test_explain_shows_a_label(pair, saw: str, passes, joins, tmp_path: Path):
    links_file(tmp_path, "4 5 D", "6 4 D", "1 2 N")
    given_flags = ("--json", "--links", "links.csv", "--in", "-")
    done = dedupe("explain", *given_flags, *pair, folder=tmp_path, stdin=lines(STORIES))
    found = json.loads(done.out)
    (guard,) = [guard for guard in found["guards"] if guard["name"] == "links"]
    assert (guard["detail"], guard["passes"], found["joins"]) == (saw, passes, joins)


def test_explain_of_two_texts_asks_no_label(tmp_path: Path):
    links_file(tmp_path, "4 5 D")
    done = dedupe("explain", "--json", LAMP, LAMP, folder=tmp_path, DEDUPE_LINKS="links.csv")
    assert json.loads(done.out)["joins"]


def test_evaluate_clusters_with_the_links(tmp_path: Path):
    (tmp_path / "gold.csv").write_text("a,b,label\n4,5,D\n1,2,N\n")
    links_file(tmp_path, "4 5 D", "1 2 N")
    done = dedupe("evaluate", "--json", "--links", "links.csv", "gold.csv", "-",
                  folder=tmp_path, stdin=lines(STORIES))  # fmt: skip
    figures = json.loads(done.out)["figures"]
    assert figures["f1"]["value"] == 1


def test_unique_keeps_one_of_what_is_linked(tmp_path: Path):
    result = run_of(STORIES, links=links_file(tmp_path, "4 5 D", "1 3 N"))
    kept = {record["id"] for record in canonical_of(STORIES, result)}
    assert len(kept & {"4", "5"}) == 1
