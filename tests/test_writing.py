"""Results to bytes: what is added, and that all else is the input's own bytes."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import INPUTS, clustering_of, corpus_of, joined, read_files, records_of

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.io.annotate import cluster_annotation
from dedupe.io.convert import write_records
from dedupe.io.result_rows import write_pairs
from dedupe.models import Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dedupe.models import Clustering, Corpus, Format

FOUND = (
    b'"dedupe":{"cluster":"k0","size":1,"canonical":true,"canonical_id":"made0","score":1.0,'
    b'"reason":"canonical"}'
)


def annotate_records(corpus: Corpus, clustering: Clustering, into: str = "dedupe") -> bytes:
    every = np.ones(len(corpus), dtype=bool)
    annotation = cluster_annotation(clustering, into)
    return b"".join(write_records(corpus.batches, every, None, annotation))


def annotate(corpus: Corpus, canonical: Sequence[int] | None = None, **settings: Any) -> bytes:
    clustering = clustering_of(corpus, range(len(corpus)) if canonical is None else canonical)
    return annotate_records(corpus, clustering, **settings)


def select(corpus: Corpus, chosen: Sequence[bool]) -> bytes:
    return b"".join(write_records(corpus.batches, np.array(chosen, dtype=bool)))


SPLICED = {
    "plain": (b'{"title":"a"}\n', b'{"title":"a",' + FOUND + b"}\n"),
    "CRLF": (b'{"title":"a"}\r\n', b'{"title":"a",' + FOUND + b"}\r\n"),
    "spaces": (b' { "title" : "a" } \n', b' { "title" : "a" ,' + FOUND + b"} \n"),
    "nested": (b'{"title":"a","n":{"m":{}}}\n', b'{"title":"a","n":{"m":{}},' + FOUND + b"}\n"),
    "brace in text": (b'{"n":1,"title":"}{"}\n', b'{"n":1,"title":"}{",' + FOUND + b"}\n"),
    "no newline": (b'{"title":"a"}', b'{"title":"a",' + FOUND + b"}\n"),
    "key inside": (
        b'{"title":"dedupe","n":{"dedupe":1}}\n',
        b'{"title":"dedupe","n":{"dedupe":1},' + FOUND + b"}\n",
    ),
    "headline": (b'say "}"\r\n', b'{"text":"say \\"}\\"",' + FOUND + b"}\n"),
}


@pytest.mark.parametrize(("data", "expected"), SPLICED.values(), ids=SPLICED)
def test_object_is_spliced_in(data: bytes, expected: bytes):
    assert annotate(corpus_of(data)) == expected


def test_values_of_a_duplicate():
    corpus = corpus_of(b'{"title":"a"}\n{"title":"a","id":7}\n{"title":"a"}\n')
    found = [json.loads(line)["dedupe"] for line in annotate(corpus, [1, 1, 2]).splitlines()]
    assert found[0] == {
        "cluster": "k1",
        "size": 2,
        "canonical": False,
        "canonical_id": "7",
        "score": 0.8765,
        "reason": "exact",
    }
    assert [record["canonical"] for record in found] == [False, True, True]
    assert [record["size"] for record in found] == [2, 2, 1]


def test_another_key():
    corpus = corpus_of(b'{"title":"a","dedupe":1}\n')
    assert json.loads(annotate(corpus, into='my "key"'))['my "key"']["size"] == 1


TAKEN: dict[str, tuple[bytes, Format, str, int]] = {
    "JSONL": (b'{"title":"a"}\n\n{"dedupe":null,"title":"b"}\n', "jsonl", "dedupe", 3),
    "CSV": (b"title,dedupe_score\na,1\n", "csv", "dedupe", 1),
    "lines": (b"a\n", "lines", "text", 1),
}


@pytest.mark.parametrize(("data", "kind", "into", "line"), TAKEN.values(), ids=TAKEN)
def test_key_that_is_taken_is_refused_before_the_first_byte(
    data: bytes, kind: Format, into: str, line: int
):
    corpus = corpus_of(data, kind)
    with pytest.raises(InputError, match=r"already has .*--into") as caught:
        annotate_records(corpus, clustering_of(corpus, range(len(corpus))), into)
    assert caught.value.line == line


TABLE = b'id,title\r\n1,"a ""b""\r\nc"\r\n2,d\r\n'


def test_columns_are_added_to_a_table():
    out = annotate(corpus_of(TABLE, "csv"), [0, 0])
    assert out == (
        b"id,title,dedupe_cluster,dedupe_size,dedupe_canonical,dedupe_canonical_id,"
        b"dedupe_score,dedupe_reason,dedupe_version\r\n"
        b'1,"a ""b""\r\nc",k0,2,true,1,1.0,canonical,\r\n'
        b"2,d,k0,2,false,1,0.8765,exact,\r\n"
    )


def test_added_cells_are_quoted_where_they_must_be():
    corpus = corpus_of(b'id\ttitle\n"x\t""1"""\ta\n2\tb', "tsv")
    clustering = clustering_of(corpus, [0, 0], reason='a\tb"c')
    out = annotate_records(corpus, clustering)
    rows = list(csv.reader(io.StringIO(out.decode(), newline=""), delimiter="\t"))
    assert [row[5] for row in rows[1:]] == ['x\t"1"', 'x\t"1"']
    assert rows[2][7] == 'a\tb"c'
    assert out.endswith(b"\n")


@pytest.mark.parametrize("path", sorted((INPUTS / "good").iterdir()), ids=lambda path: path.name)
def test_unique_and_duplicates_are_the_input(path: Path):
    corpus = joined(read_files(path))
    header = corpus.batches[0].header if corpus.batches else b""
    records = [raw if raw.endswith(b"\n") else raw + b"\n" for raw in records_of(corpus.batches)]
    odd = [bool(number % 2) for number in range(len(corpus))]
    assert select(corpus, [True] * len(corpus)) == header + b"".join(records)
    assert select(corpus, odd) == header + b"".join(records[1::2])
    assert select(corpus, [not one for one in odd]) == header + b"".join(records[::2])


def lay_out(folder: Path, files: dict[str, bytes]) -> Corpus:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return joined(read_files(*(folder / name for name in files)))


def test_several_tables_have_one_header(tmp_path: Path):
    files = {"a.csv": b"id,title\n1,a", "b.csv": b"id,title\r\n2,b\r\n", "c.csv": b"id,title"}
    corpus = lay_out(tmp_path, files)
    assert select(corpus, [True, True]) == b"id,title\n1,a\n2,b\r\n"
    assert annotate(corpus).count(b"id,title") == 1


def test_first_file_without_final_newline(tmp_path: Path):
    corpus = lay_out(tmp_path, {"a.jsonl": b'{"title":"a"}', "b.txt": b"b"})
    assert select(corpus, [True, True]) == b'{"title":"a"}\nb\n'
    assert [json.loads(line)["dedupe"]["size"] for line in annotate(corpus).splitlines()] == [1, 1]


MIXED = {
    "headers differ": ({"a.csv": b"id,title\n", "b.csv": b"title,id\n"}, "b.csv:1: the header"),
    "CSV and TSV": ({"a.csv": b"title\na\n", "b.tsv": b"title\na\n"}, "b.tsv: tsv cannot be"),
    "CSV and JSONL": ({"a.csv": b"title\na\n", "b.jsonl": b'{"title":"a"}'}, "b.jsonl: jsonl"),
    "lines and CSV": ({"a.txt": b"a\n", "b.csv": b"title\na\n"}, "a.txt: lines cannot be"),
}


@pytest.mark.parametrize(("files", "says"), MIXED.values(), ids=MIXED)
def test_tables_that_do_not_go_together(files: dict[str, bytes], says: str, tmp_path: Path):
    corpus = lay_out(tmp_path, files)
    with pytest.raises(InputError) as caught:
        annotate(corpus)
    assert str(caught.value).startswith(f"{tmp_path}/{says}")
    with pytest.raises(InputError):
        select(corpus, [True] * len(corpus))


def pairs_of(left: list[int], right: list[int], parts: list[list[float]]) -> Pairs:
    scores = np.linspace(0.91236, 0.5, len(left))
    reasons = ["title 0.91"] * len(left)
    return Pairs(np.array(left), np.array(right), scores, np.array(parts), reasons)


def test_pairs():
    corpus = corpus_of(b'{"title":"a","id":7}\n\n{"title":"a"}\n')
    [line] = write_pairs(corpus, pairs_of([0], [1], [[0.98765], [-1.0]]), Settings())
    assert json.loads(line) == {
        "a": "7",
        "b": f"{int(corpus.digests[1]):016x}",
        "a_line": 1,
        "b_line": 3,
        "score": 0.9124,
        "fields": {"title": 0.9877},
        "reason": "title 0.91",
    }


def test_pairs_over_several_files_name_them(tmp_path: Path):
    corpus = lay_out(tmp_path, {"a": b"one\ntwo\n", "empty": b"", "b": b"three\n"})
    pairs = pairs_of([0, 1], [1, 2], [[1.0, 0.5], [-1.0, -1.0]])
    rows = [
        json.loads(line) for line in b"".join(write_pairs(corpus, pairs, Settings())).splitlines()
    ]
    found = [(row["a_path"], row["a_line"], row["b_path"], row["b_line"]) for row in rows]
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert found == [(a, 1, a, 2), (a, 2, b, 1)]


def test_no_pairs():
    nothing = Pairs(*np.zeros((3, 0), np.int64), np.zeros((2, 0)), [])
    assert list(write_pairs(corpus_of(b"a\n"), nothing, Settings())) == []


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
spelled = st.builds(
    lambda others, title, spaced, ending: (
        json.dumps({"title": title, "n": others}, indent=None, separators=spaced).encode() + ending
    ),
    values,
    texts,
    st.sampled_from([(",", ":"), (" , ", " : ")]),
    st.sampled_from([b"\n", b"\r\n", b" \n"]),
)


@given(st.lists(spelled, max_size=5))
def test_without_the_object_the_output_is_the_input(records: list[bytes]):
    corpus = corpus_of(b"".join(records), "jsonl")
    out = annotate(corpus).splitlines(keepends=True) if records else []
    for line, record in zip(out, records, strict=True):
        found = json.loads(line)["dedupe"]
        member = b',"dedupe":' + json.dumps(found, separators=(",", ":")).encode()
        before, after = line.rsplit(member, 1)
        assert before + after == record


@given(st.lists(spelled | st.just(b"\n"), max_size=8), st.randoms())
def test_a_selection_is_the_chosen_records(lines: list[bytes], chance: Any):
    corpus = corpus_of(b"".join(lines), "jsonl")
    records = [line for line in lines if line != b"\n"]
    chosen = [chance.random() < 0.5 for _ in records]
    expected = [record for record, kept in zip(records, chosen, strict=True) if kept]
    assert select(corpus, chosen) == b"".join(expected)
