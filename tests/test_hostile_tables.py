"""Cells that are formulas, buckets that are crowded, and files that are named to mislead."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import dedupe, visible
from hypothesis import given
from hypothesis import strategies as st

from dedupe.api import cluster
from dedupe.blocking.keys import BAND_ROWS, shingle_hashes
from dedupe.blocking.look_back import (
    BAND_REACH,
    NO_WINDOW,
    RARE_REACH,
    Candidates,
    find_candidates,
    group_keys,
)
from dedupe.io.csv_dialect import escape_rows, is_formula
from dedupe.models import NO_TIME, Dialect
from dedupe.prepare import permutations, prepare_texts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FAILED = 2
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1+cmd",
    "-2+3+cmd",
    "\t=1",
    "\r=1",
    " =1",
    "\uff1d1+1",
    "-",
    "--1",
    "+",
]
PLAIN = ["", "a=1", "1-2", "-5", "+3.50", "-1,000", "1e-9", "-1e5", "+5%", "Ferry - tolls", "'=1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_one(cell: str):
    assert is_formula(cell)
    assert not is_formula("'" + cell)


@pytest.mark.parametrize("cell", PLAIN)
def test_what_is_none_stays(cell: str):
    assert not is_formula(cell)


CELLS = st.text(st.sampled_from("=+-@\t\r\n\"', ab1\uff1d"), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=5), st.sampled_from(",\t"))
def test_guarded_rows_hold_the_same_cells_and_no_formula(rows: list[list[str]], delimiter: str):
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    safe = escape_rows(held.getvalue().encode(), Dialect(delimiter))
    got = list(csv.reader(io.StringIO(safe.decode(), newline=""), delimiter=delimiter))
    assert got == [["'" + c if is_formula(c) else c for c in row] for row in rows]
    assert escape_rows(safe, Dialect(delimiter)) == safe
    if not any(map(is_formula, (cell for row in rows for cell in row))):
        assert safe == held.getvalue().encode()


TABLE = (
    b"id,title,=note\r\n"
    b'=1+1,"Old lamp at Pell Point, stays lit",-5\r\n'
    b"b,UPDATE 1-Old lamp at Pell Point stays lit,@x\r\n"
    b'c,"=HYPERLINK(""http://pell.example"")",\r\n'
)


@pytest.mark.parametrize("command", ["cluster", "unique"])
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_csv_safe_leaves_no_formula(command: str, form: str, tmp_path: Path):
    delimiter = {"csv": ",", "tsv": "\t"}[form]
    rows = list(csv.reader(io.StringIO(TABLE.decode(), newline="")))
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter).writerows(rows)
    arguments = [command, "-q", "--from", form]
    plain = dedupe(*arguments, folder=tmp_path, stdin=held.getvalue().encode())
    safe = dedupe(*arguments, "--csv-safe", folder=tmp_path, stdin=held.getvalue().encode())
    assert (plain.code, safe.code) == (0, 0)
    before, after = (
        list(csv.reader(io.StringIO(done.out.decode(), newline=""), delimiter=delimiter))
        for done in (plain, safe)
    )
    assert any(is_formula(cell) for row in before for cell in row)
    assert after == [["'" + c if is_formula(c) else c for c in row] for row in before]


def test_csv_safe_leaves_other_formats_alone(tmp_path: Path):
    data = b'{"id":"=1","title":"=1+1 old lamp stays lit"}\n'
    plain, safe = (
        dedupe("cluster", "-q", *flag, folder=tmp_path, stdin=data).out
        for flag in ([], ["--csv-safe"])
    )
    assert plain == safe


def candidates_of(rare: NDArray[np.uint32], bands: NDArray[np.uint32]) -> Candidates:
    """Return the candidates of a first pass over records without a time."""
    count = len(rare)
    everyone, times = np.ones(count, bool), np.full(count, NO_TIME)
    return find_candidates(group_keys(rare), group_keys(bands), everyone, ~everyone, times)


@pytest.mark.timing
def test_pairs_of_a_crowded_bucket_grow_with_it_and_no_faster():
    found = {}
    for count in (10_000, 80_000):
        keys, none = np.full((count, 1), 7, np.uint32), np.zeros((count, 1), np.uint32)
        started = time.perf_counter()
        candidates = candidates_of(keys, none)
        found[count] = len(candidates), time.perf_counter() - started
    assert all(pairs <= RARE_REACH.undated * count for count, (pairs, _) in found.items())
    assert found[80_000][1] < 8 * 20 * max(found[10_000][1], 0.01)


def test_a_crowd_of_equal_texts_is_one_text(tmp_path: Path):
    done = dedupe(
        "unique", "--stats", "s.json", folder=tmp_path, stdin=b"Old lamp stays lit\n" * 100_000
    )  # fmt: skip
    stats = json.loads((tmp_path / "s.json").read_bytes())
    assert done.out == b"Old lamp stays lit\n"
    assert stats["candidate_pairs"] == 0
    assert stats["accounts"]["left_out"] == 99_999


def words_of(count: int, length: int, seed: int) -> list[str]:
    """Words that nobody has heard."""
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdefghiklmnoprstuvwy", k=length)) for _ in range(count)]


def mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finalizer of MurmurHash3 for 32 bits, which datasketch puts before its permutations."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def crafted(seed: int, count: int) -> list[str]:
    """Different stories that share the first band of the sketch under a known seed.

    All carry the same few words, searched for so that a shingle of each is the least there is under
    one permutation of the band; so nothing else in a text counts there.
    """
    tried = words_of(20_000, 4, 1)
    hashes = [np.array(shingle_hashes(word, spaceless=False), np.uint32) for word in tried]
    owners = np.repeat(np.arange(len(tried)), [len(own) for own in hashes])
    multipliers, offsets = permutations(seed)
    every = mixed(np.concatenate(hashes))
    slots = [every * multipliers[slot] + offsets[slot] for slot in range(BAND_ROWS)]
    magic = [tried[owners[values.argmin()]] for values in slots]
    others = words_of(6 * count, 7, 2)
    return [" ".join([*magic, *others[6 * i : 6 * i + 6]]) for i in range(count)]


def band_keys_of(texts: list[str], seed: int) -> NDArray[np.uint32]:
    """Return the keys of the bands of some texts."""
    return prepare_texts(texts, [], np.full(len(texts), -1, np.int32), seed).band_keys


def crowding(keys: NDArray[np.uint32]) -> int:
    """How many texts meet in the fullest bucket of the bands."""
    return int(np.unique(keys, return_counts=True)[1].max())


def test_texts_crafted_against_a_seed_cost_little_and_join_next_to_nothing():
    count = 3000
    texts = crafted(1, count)
    keys = band_keys_of(texts, 1)
    assert crowding(keys) > 0.9 * count
    assert crowding(band_keys_of(texts, 2)) < 0.1 * count
    found = cluster(texts)
    assert len(found) >= 0.999 * count
    assert found.stats["records"] == count
    assert BAND_REACH.window == NO_WINDOW
    most = 2 * BAND_REACH.undated * count
    assert 0 < len(candidates_of(np.zeros_like(keys), keys)) < most


def test_seed_may_be_drawn_and_is_told(tmp_path: Path):
    data = b'{"title":"Old lamp stays lit"}\n{"title":"Ferry tolls rise"}\n'
    seeds = set()
    for _ in range(3):
        run = ["unique", "-q", "--stats", "s.json", "--seed"]
        assert dedupe(*run, "random", folder=tmp_path, stdin=data).out == data
        seed = json.loads((tmp_path / "s.json").read_bytes())["settings"]["seed"]
        seeds.add(seed)
        assert dedupe(*run, str(seed), folder=tmp_path, stdin=data).out == data
        assert json.loads((tmp_path / "s.json").read_bytes())["settings"]["seed"] == seed
    assert len(seeds) == 3


NAMES = {
    "standard output": ("quarantine=-", "quarantine needs a file"),
    "its device": ("quarantine=/dev/stdout", "quarantine needs a file"),
    "a link to the input": ("quarantine=link", "link: is also an input"),
    "another way to the input": ("quarantine=sub/../in.jsonl", "is also an input"),
    "a link to the output": ("quarantine=sub/../out", "name the same file"),
    "a folder": ("quarantine=sub", "sub: Is a directory"),
    "a folder that is not there": ("quarantine=../no/such/../bad", "No such file or directory"),
}


@pytest.mark.parametrize(("way", "says"), NAMES.values(), ids=NAMES)
def test_a_quarantine_goes_nowhere_but_to_its_file(way: str, says: str, tmp_path: Path):
    (tmp_path / "sub").mkdir()
    data = b'{"title":"Old lamp"}\n{"../../x":1}\n'
    (tmp_path / "in.jsonl").write_bytes(data)
    (tmp_path / "link").symlink_to("in.jsonl")
    done = dedupe("unique", "in.jsonl", "-o", "out", "--on-error", way, folder=tmp_path)
    assert done.code == FAILED
    assert says in done.err
    assert visible(tmp_path) == {"sub", "in.jsonl", "link"}
    assert (tmp_path / "in.jsonl").read_bytes() == data


def test_a_record_names_no_file(tmp_path: Path):
    bad = b'{"path":"../../up","title":[1],"id":"../up"}\n'
    run = ["unique", "-q", "--on-error", "quarantine=bad"]
    assert dedupe(*run, folder=tmp_path, stdin=b'{"title":"Old lamp"}\n' + bad).code == 0
    assert visible(tmp_path) == {"bad"}
    assert (tmp_path / "bad").read_bytes() == bad


def test_html_in_the_report_stays_text(tmp_path: Path):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)> lamp stays lit"
    rows = [{"id": f"{evil}{i}", "title": evil, "source": evil, "lede": evil} for i in range(2)]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "<b>.jsonl").write_bytes(data)
    done = dedupe("report", "--title", evil, "<b>.jsonl", folder=tmp_path)
    page = done.out.decode()
    assert done.code == 0
    assert not re.search(r"<script>alert|<img src=x|<b>", page)
    assert page.count("</script>") == len(re.findall(r"<script\b", page))
