"""Files of labelled pairs, and the records that they name."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dedupe.errors import InputError
from dedupe.io.ids import find_pairs, record_names
from dedupe.io.labels import Label, read_labels
from dedupe.models import Corpus

if TYPE_CHECKING:
    from pathlib import Path

ONE = [Label("1", "2", "D", 1)]
GOOD = {
    "jsonl": (b'{"a":"1","b":"2","label":"D","score":0.4}\n', ONE),
    "no final newline": (b'{"a":"1","b":"2","label":"D"}', ONE),
    "ids as numbers": (b'{"a":1,"b":2,"label":"duplicate"}\n', ONE),
    "label as a truth value": (b'{"a":"1","b":"2","label":true}\n', ONE),
    "csv": (b"a,b,label\n1,2,D\n", [Label("1", "2", "D", 2)]),
    "csv in another order": (b"label,more,b,a\r\ny,x,2,1\r\n", [Label("1", "2", "D", 2)]),
    "csv with a mark and quotes": (
        b'\xef\xbb\xbfA,B,Label\n"1,5",2,N\n',
        [Label("1,5", "2", "N", 2)],
    ),
    "a pair labelled alike twice": (
        b"a,b,label\n1,2,D\n2,1,yes\n3,1,n\n",
        [Label("1", "2", "D", 2), Label("3", "1", "N", 4)],
    ),
    "blank lines": (b'\n{"a":"1","b":"2","label":"u"}\n\n', [Label("1", "2", "U", 2)]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("data", "labels"), GOOD.values(), ids=GOOD)
def test_reads(data: bytes, labels: list[Label], tmp_path: Path):
    (tmp_path / "labels").write_bytes(data)
    assert read_labels(str(tmp_path / "labels")) == labels


WORDS = {
    "D": ("D", "d", "dup", "Duplicate", "y", "YES", "same", "true", "1"),
    "U": ("U", "u", "update"),
    "N": ("N", "n", "no", "not", "different", "false", "0", " N "),
}


@pytest.mark.parametrize(
    ("word", "label"), [(word, label) for label, words in WORDS.items() for word in words]
)
def test_words_for_labels(word: str, label: str, tmp_path: Path):
    (tmp_path / "labels.csv").write_text(f"a,b,label\n1,2,{word}\n")
    assert read_labels(str(tmp_path / "labels.csv"))[0].label == label


def test_reads_compressed(tmp_path: Path):
    (tmp_path / "labels.csv.gz").write_bytes(gzip.compress(b"a,b,label\n1,2,D\n"))
    assert read_labels(str(tmp_path / "labels.csv.gz")) == [Label("1", "2", "D", 2)]


BAD = {
    "not json": (b'{"a":"1","b":"2","label":"D"}\n{"a":\n', 2, "not JSON: "),
    "too deep": (b'{"a":' + b"[" * 5000, 1, "not JSON: nested too deep"),
    "not an object": (b'{"a":"1","b":"2","label":"D"}\n3\n', 2, "not an object"),
    "no label": (b'{"a":"1","b":"2"}\n', 1, "no label"),
    "empty ids": (b"a,b,label\n,,D\n", 2, "no a and no b"),
    "id of a wrong type": (b'{"a":["1"],"b":"2","label":"D"}\n', 1, "a: expected a string"),
    "unknown label": (b"a,b,label\n1,2,perhaps\n", 2, "the label 'perhaps' is not D "),
    "no header": (b"1,2,D\n", 1, "the header lacks a, b, label; "),
    "a header too short": (b"a,label\n1,D\n", 1, "the header lacks b; "),
    "ragged": (b"a,b,label\n1,2,D\n1,2\n", 3, "2 columns, and the header has 3"),
    "open quote": (b'a,b,label\n1,"2,D\n', 2, "not CSV: "),
    "one record": (b"a,b,label\n1,1,D\n", 2, "a and b are the same record: '1'"),
    "contradiction": (
        b"a,b,label\n1,2,D\n3,4,N\n2,1,N\n",
        4,
        "'2' and '1' are N here and D on line 2",
    ),
    "not text": (b"a,b,label\n1,\xff,D\n", 2, "not UTF-8 at byte 12"),
}


@pytest.mark.parametrize(("data", "line", "reason"), BAD.values(), ids=BAD)
def test_refuses(data: bytes, line: int, reason: str, tmp_path: Path):
    path = tmp_path / "labels"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_labels(str(path))
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert caught.value.reason.startswith(reason)


def test_refuses_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        read_labels(str(tmp_path / "none.csv"))


def corpus_of(*ids: str) -> Corpus:
    count = len(ids)
    texts = ([""] * count,)
    digests = np.arange(1, count + 1, dtype=np.uint64)
    times = np.zeros(count, dtype=np.int64)
    days_only = np.zeros(count, dtype=bool)
    return Corpus((), texts, list(ids), [""] * count, times, days_only, digests)


def test_records_are_found_by_their_names():
    corpus = corpus_of("x", "", "twin", "twin", "y")
    names = record_names(corpus)
    assert names == ["x", f"{2:016x}", f"{3:016x}", f"{4:016x}", "y"]
    labels = [Label(names[n], names[n + 1], "D", n) for n in range(4)]
    left, right = find_pairs(corpus, labels, "labels")
    assert (left.tolist(), right.tolist()) == ([0, 1, 2, 3], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("a", "reason"),
    [
        ("z", "no record has the id 'z'; the ids look like 'y'"),
        ("twin", "more than one record has the id 'twin'"),
    ],
)
def test_names_that_find_no_record(a: str, reason: str):
    with pytest.raises(InputError) as caught:
        find_pairs(corpus_of("x", "twin", "twin", "y"), [Label(a, "x", "D", 7)], "labels")
    assert (caught.value.line, caught.value.reason) == (7, reason)
