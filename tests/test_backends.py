"""Past memory: the same bytes as in memory, whatever the limit, and nothing left behind."""

from __future__ import annotations

import gzip
import json
import random
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import dedupe, start
from readers import read_bytes

from dedupe.backends import (
    auto,
    base,
    duckdb_backend,
    duckdb_blocking,
    duckdb_load,
    mmap_arrays,
    word_columns,
)
from dedupe.backends.scratch import PREFIX, PrunedPairsOnDisk, lock_folder, open_scratch
from dedupe.blocking.lsh import rebatch
from dedupe.clustering.fixed_point import PrunedPairsInMemory
from dedupe.config import Settings
from dedupe.errors import ScratchError
from dedupe.pipeline import run

if TYPE_CHECKING:
    from pathlib import Path

TOWNS = ("Odlin Bay", "Pell Point", "Marrow", "Zellwick", "Harbour Cross", "Tarn Gate")
THINGS = ("ferry", "lighthouse", "mill", "quarry", "dam", "council", "school", "bridge")
DOES = ("reopens after", "closes for", "wins", "loses", "debates", "delays")
WHAT = ("winter storm", "record profit", "new chief", "summer strike", "long inquiry", "a vote")
ON_DISK = ("--memory", "1K", "--tmp", ".")


def stories(count: int) -> bytes:
    """Invented stories, about a third of them told again with a change, some hours later."""
    chance = random.Random(5)  # noqa: S311 - the same stories every time
    rows: list[dict[str, str]] = []
    for number in range(count):
        if rows and chance.random() < 0.35:
            told = dict(chance.choice(rows[-40:]))
            told["title"] = f"UPDATE {number % 3}-{told['title']}" if number % 2 else told["title"]
            told["lede"] += " Officials said so."
        else:
            parts = (chance.choice(words) for words in (TOWNS, THINGS, DOES, WHAT))
            told = {"title": f"{' '.join(parts)} {chance.randrange(90)}", "lede": ""}
            told["lede"] = f"{told['title']}, it was said in {chance.choice(TOWNS)}."
        at = f"2026-03-{1 + number * 27 // count:02}T{number % 24:02}:00:00Z"
        rows.append(told | {"id": str(number), "source": TOWNS[number % 3], "date": at})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


STORIES = stories(750)
RUNS = {
    "cluster": ("cluster",),
    "unique": ("unique",),
    "the others": ("unique", "--duplicates"),
    "pairs": ("pairs",),
    "one field": ("cluster", "--field", "title"),
    "three fields": ("cluster", "--field", "lede", "--field", "none", "--field", "title:3"),
    "a window": ("cluster", "--window", "12h"),
    "versions apart": ("cluster", "--updates", "split"),
    "no numbers": ("cluster", "--numbers", "ignore"),
    "one job": ("cluster", "--jobs", "1"),
    "another canonical": ("unique", "--prefer", "source:Marrow", "--keep", "latest"),
}


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_the_bytes_are_those_of_memory(arguments: tuple[str, ...], tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    held = dedupe(*arguments, "in.jsonl", folder=tmp_path)
    spilled = dedupe(*arguments, *ON_DISK, "in.jsonl", folder=tmp_path)
    assert (held.code, spilled.code) == (0, 0), spilled.err
    assert spilled.out == held.out
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("data", [b"", b'{"title": ""}\n', STORIES[:400]], ids=len)
def test_little_is_no_other_case(data: bytes, tmp_path: Path):
    whole = data[: data.rfind(b"\n") + 1]
    held = dedupe("cluster", folder=tmp_path, stdin=whole)
    spilled = dedupe("cluster", *ON_DISK, folder=tmp_path, stdin=whole)
    assert (spilled.code, spilled.out) == (0, held.out), spilled.err


def test_it_reads_what_can_be_read_once(tmp_path: Path):
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(STORIES))
    held = dedupe("unique", "in.jsonl.gz", folder=tmp_path)
    assert dedupe("unique", *ON_DISK, folder=tmp_path, stdin=STORIES).out == held.out
    assert dedupe("unique", *ON_DISK, "in.jsonl.gz", folder=tmp_path).out == held.out


def test_labels_count_there_too(tmp_path: Path):
    (tmp_path / "links.csv").write_text("a,b,label\n3,700,duplicate\n")
    told = ("cluster", "--links", "links.csv")
    held = dedupe(*told, folder=tmp_path, stdin=STORIES)
    assert dedupe(*told, *ON_DISK, folder=tmp_path, stdin=STORIES).out == held.out


WRONG = {
    "no size": (("--memory", "much"), "is not a size"),
    "none": (("--memory", "0"), "takes some memory"),
    "no folder": (("--memory", "1K", "--tmp", "nowhere"), "nowhere: No such file or directory"),
}


@pytest.mark.parametrize(("flags", "says"), WRONG.values(), ids=WRONG)
def test_what_will_not_do_is_told_in_a_line(flags: tuple[str, ...], says: str, tmp_path: Path):
    done = dedupe("unique", *flags, "-o", "out", folder=tmp_path, stdin=STORIES)
    assert done.code == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_tree_is_made_in_memory(tmp_path: Path):
    told = ("cluster", "--format", "tree", "--memory", "1G")
    assert "in memory" in dedupe(*told, folder=tmp_path, stdin=STORIES).err


@pytest.mark.kill
def test_a_run_that_is_told_to_stop_leaves_nothing(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(stories(6000))
    running = start("unique", *ON_DISK, "-o", "out", "in.jsonl", folder=tmp_path)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(PREFIX + "*/lock")) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_thread_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(duckdb_load, "preprocess_chunk", fail)
    failing = pytest.raises(ZeroDivisionError)
    with failing, auto.run_within_memory(read_bytes(STORIES), Settings(), 1024, str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_goes_and_what_a_living_one_holds_stays(tmp_path: Path):
    dead, living = tmp_path / f"{PREFIX}dead", tmp_path / f"{PREFIX}living"
    for folder in (dead, living):
        folder.mkdir()
        (folder / "lock").touch()
    lock_folder(living)
    with open_scratch(str(tmp_path), 1 << 26, 1):
        assert not dead.exists()
        assert living.exists()


def test_an_engine_that_keeps_no_order_is_found_out(tmp_path: Path):
    with open_scratch(str(tmp_path), 1 << 26, 1) as spill:
        spill.put("numbers", {"n": np.array([1, 3, 2])})
        assert spill.column("select n from numbers order by n", "n", "n").tolist() == [1, 2, 3]
        with pytest.raises(ScratchError, match="out of order"):
            spill.column("select n from numbers", "n", "n")
        with pytest.raises(ScratchError, match="numbers"):
            spill.do("create table numbers (n int)")


def test_without_the_extra_only_a_limit_that_was_given_is_an_error(monkeypatch):
    monkeypatch.setattr(auto, "is_installed", lambda: False)
    monkeypatch.setattr(auto, "free_memory", lambda: 1)
    batches, settings = read_bytes(STORIES), Settings()
    with auto.run_within_memory(batches, settings) as result:
        assert len(result.corpus) == 750
    refused = pytest.raises(ScratchError, match="headline-dedupe")
    with refused, auto.run_within_memory(batches, settings, memory=1024):
        pass


def test_the_result_has_the_figures_of_memory(tmp_path: Path):
    held = run(read_bytes(STORIES), Settings())
    with auto.run_within_memory(read_bytes(STORIES), Settings(), 1024, str(tmp_path)) as spilled:
        assert len(spilled.corpus.batches) > 0
        told, found = ({**stats, "seconds": 0} for stats in (held.stats, spilled.stats))
        assert told == found


def test_the_result_does_not_hang_on_how_much_is_looked_at_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    held = run(read_bytes(STORIES), Settings())
    monkeypatch.setattr(duckdb_blocking, "rebatch", partial(rebatch, least=2048))
    monkeypatch.setattr(base, "PART", 900)
    monkeypatch.setattr(word_columns, "PREFILTER_SLICE", 700)
    monkeypatch.setattr(duckdb_backend.DiskBackend, "LOOKED_AT", 100)
    monkeypatch.setattr(mmap_arrays, "LEAST", 64)
    with auto.run_within_memory(read_bytes(STORIES), Settings(), 1024, str(tmp_path)) as found:
        assert np.array_equal(held.clustering.canonical, found.clustering.canonical)
        assert np.array_equal(held.pairs.scores, found.pairs.scores)


@pytest.mark.parametrize("memory", [1 << 27, 1 << 30], ids=["no more to give", "more to give"])
def test_a_statement_gets_more_memory_where_there_is_more_to_give(tmp_path: Path, memory: int):
    distinct = "select distinct range % 700000 as number from range(1000000)"
    with open_scratch(str(tmp_path), memory, 1) as spill:
        spill.do("set memory_limit = '8MiB'")
        if memory == 1 << 27:
            with pytest.raises(ScratchError, match="Out of Memory"):
                spill.do(f"create table numbers as {distinct}")
            with pytest.raises(ScratchError, match="Out of Memory"):
                list(spill.stream(distinct))
        else:
            assert sum(batch.num_rows for batch in spill.stream(distinct)) == 700_000
            spill.do("set memory_limit = '8MiB'")
            spill.do(f"create table numbers as {distinct}")
            assert spill.count("numbers") == 700_000


def test_the_hopeless_are_the_same_on_disk_as_in_memory(tmp_path: Path):
    chance = np.random.default_rng(7)
    with open_scratch(str(tmp_path), 1 << 28, 1) as spill:
        both = PrunedPairsInMemory(), PrunedPairsOnDisk(spill)
        for _ in range(3):
            left, right = chance.integers(0, 40, (2, 60))
            codes = np.unique(np.minimum(left, right) << 32 | np.maximum(left, right))
            for hopeless in both:
                hopeless.add(codes[::2])
            wanted = chance.random(40) < 0.5
            told = [(h.rest(codes), h.among(wanted), h.pair_keys()) for h in both]
            for one, other in zip(*told, strict=True):
                assert one.tolist() == other.tolist()
            rest, among, everything = (set(own.tolist()) for own in told[0])
            assert rest == set(codes.tolist()) - everything
            assert among == {c for c in everything if wanted[c >> 32] and wanted[c & 0xFFFFFFFF]}
