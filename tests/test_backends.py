"""On disk: the same result as in memory, whatever the limit, and nothing left behind."""

from __future__ import annotations

import gzip
import json
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commandline import FIXTURES, dedupe, start
from readers import read_bytes, read_files

from dedupe import kernel, pipeline
from dedupe.backends import disk
from dedupe.config import Settings
from dedupe.errors import ScratchError
from dedupe.pipeline import run

if TYPE_CHECKING:
    from dedupe.pipeline import Result

TOWNS = ("Odlin Bay", "Pell Point", "Marrow", "Zellwick", "Harbour Cross", "Tarn Gate")
THINGS = ("ferry", "lighthouse", "mill", "quarry", "dam", "council", "school", "bridge")
DOES = ("reopens after", "closes for", "wins", "loses", "debates", "delays")
WHAT = ("winter storm", "record profit", "new chief", "summer strike", "long inquiry", "a vote")
ON_DISK = ("--memory", "1K", "--tmp", ".")


def stories(count: int) -> bytes:
    """Invented stories, about a third of them told again with a change, some hours later."""
    chance = random.Random(5)
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


STORIES = stories(240)
RUNS = {
    "cluster": ("cluster",),
    "unique": ("unique",),
    "the others": ("unique", "--duplicates"),
    "pairs": ("pairs",),
    "one field": ("cluster", "--field", "title"),
    "three fields": ("cluster", "--field", "lede", "--field", "source", "--field", "title:3"),
    "a window": ("cluster", "--window", "12h"),
    "versions apart": ("cluster", "--updates", "split"),
    "one job": ("cluster", "--jobs", "1"),
    "another canonical": ("unique", "--prefer", "source:Marrow", "--keep", "latest"),
}


def assert_same(one: Result, other: Result) -> None:
    """Compare all that two runs found."""
    assert one.clustering.canonical.tolist() == other.clustering.canonical.tolist()
    assert one.clustering.scores.tolist() == other.clustering.scores.tolist()
    assert list(one.clustering.reasons) == list(other.clustering.reasons)
    assert [*one.clustering.record_ids] == [*other.clustering.record_ids]
    for name in ("left", "right", "scores", "parts"):
        assert np.array_equal(getattr(one.pairs, name), getattr(other.pairs, name)), name
    figures = [{**result.stats, "seconds": 0} for result in (one, other)]
    assert figures[0] == figures[1]
    data = [b"".join(batch.data for batch in result.corpus.batches) for result in (one, other)]
    assert data[0] == data[1]


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_the_bytes_are_those_of_memory(arguments: tuple[str, ...], tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    held = dedupe(*arguments, "in.jsonl", folder=tmp_path)
    on_disk = dedupe(*arguments, *ON_DISK, "in.jsonl", folder=tmp_path)
    assert (held.code, on_disk.code) == (0, 0), on_disk.err
    assert on_disk.out == held.out
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(("jobs", "pure"), [(1, "0"), (2, "0"), (1, "1")])
def test_the_result_is_that_of_memory_with_every_array_in_a_file(
    jobs: int, pure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(kernel.PURE, pure)
    monkeypatch.setattr(disk, "LEAST", 1 << 12)
    monkeypatch.setattr(disk, "WAIT", 0.01)
    settings = Settings(jobs=jobs)
    data = STORIES if pure == "0" else STORIES[: STORIES.index(b"\n", 3_000) + 1]
    held = run(read_bytes(data), settings)
    with disk.run_on_disk(read_bytes(data), settings, 1, str(tmp_path)) as result:
        assert_same(held, result)
    assert list(tmp_path.iterdir()) == []


def test_the_result_is_that_of_memory_for_large_arrays(tmp_path: Path):
    data = stories(8_000)
    held = run(read_bytes(data), Settings())
    with disk.run_on_disk(read_bytes(data), Settings(), 1 << 26, str(tmp_path)) as result:
        assert_same(held, result)


@pytest.mark.parametrize("name", ["demo.jsonl"])
def test_the_result_is_that_of_memory_for_the_fixtures(name: str, tmp_path: Path):
    held = run(read_files(FIXTURES / name), Settings())
    batches = read_files(FIXTURES / name)
    with disk.run_within_memory(batches, Settings(), 1, str(tmp_path)) as result:
        assert_same(held, result)


@pytest.mark.parametrize("data", [b"", b'{"title": ""}\n', STORIES[:400]], ids=len)
def test_little_is_no_other_case(data: bytes, tmp_path: Path):
    whole = data[: data.rfind(b"\n") + 1]
    held = dedupe("cluster", folder=tmp_path, stdin=whole)
    on_disk = dedupe("cluster", *ON_DISK, folder=tmp_path, stdin=whole)
    assert (on_disk.code, on_disk.out) == (0, held.out), on_disk.err


def test_it_reads_what_can_be_read_once(tmp_path: Path):
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(STORIES))
    held = dedupe("unique", "in.jsonl.gz", folder=tmp_path)
    assert dedupe("unique", *ON_DISK, folder=tmp_path, stdin=STORIES).out == held.out
    assert dedupe("unique", *ON_DISK, "in.jsonl.gz", folder=tmp_path).out == held.out


def test_labels_count_on_disk(tmp_path: Path):
    (tmp_path / "links.csv").write_text("a,b,label\n3,200,duplicate\n")
    arguments = ("cluster", "--links", "links.csv")
    held = dedupe(*arguments, folder=tmp_path, stdin=STORIES)
    assert dedupe(*arguments, *ON_DISK, folder=tmp_path, stdin=STORIES).out == held.out


def test_damaged_input_is_the_error_of_memory(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES + b"{\n")
    held = dedupe("unique", "in.jsonl", folder=tmp_path)
    on_disk = dedupe("unique", *ON_DISK, "in.jsonl", folder=tmp_path)
    assert (on_disk.code, on_disk.err) == (held.code, held.err) == (2, held.err)
    assert ":241: " in on_disk.err


WRONG = {
    "no size": (("--memory", "much"), "must be a size"),
    "none": (("--memory", "0"), "must be more than 0"),
    "no folder": (("--memory", "1K", "--tmp", "nowhere"), "nowhere: No such file or directory"),
}


@pytest.mark.parametrize(("flags", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_option_is_an_error_of_one_line(flags: tuple[str, ...], says: str, tmp_path: Path):
    done = dedupe("unique", *flags, "-o", "out", folder=tmp_path, stdin=STORIES)
    assert done.code == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_tree_is_made_in_memory(tmp_path: Path):
    arguments = ("cluster", "--format", "tree", "--memory", "1G")
    assert "in memory" in dedupe(*arguments, folder=tmp_path, stdin=STORIES).err


def unnamed_files(pid: int) -> list[str]:
    """Return the files without a name that a process has open."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(link.readlink()))
    return [path for path in found if path.endswith(" (deleted)")]


@pytest.mark.kill
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds open files by /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_nothing(number: signal.Signals, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(stories(6000))
    running = start("unique", *ON_DISK, "-o", "out", "in.jsonl", folder=tmp_path)
    deadline = time.monotonic() + 60
    while not unnamed_files(running.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode == (128 + number if number == signal.SIGTERM else -number)
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert left == {"in.jsonl"}


def test_an_error_ends_the_mapping_of_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "Matcher", fail)
    failing = pytest.raises(ZeroDivisionError)
    with failing, disk.run_within_memory(read_bytes(STORIES), Settings(), 1024, str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in mapped_by(np.zeros(disk.LEAST))


def mapped_by(array: np.ndarray) -> str:
    """Return the line of the memory map that an array begins in, empty where there is no map."""
    maps, start = Path("/proc/self/maps"), array.ctypes.data
    for line in maps.read_text().splitlines() if maps.exists() else ():
        low, high = (int(end, 16) for end in line.split()[0].split("-"))
        if low <= start < high:
            return line
    return ""


@pytest.mark.parametrize(("memory", "on_disk"), [(1 << 40, False), (100_000, True), (None, True)])
def test_the_estimate_decides(
    memory: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, on_disk: bool
):
    monkeypatch.setattr(disk, "free_memory", lambda: 200_000)
    batches = read_bytes(STORIES)
    with disk.run_within_memory(batches, Settings(), memory, str(tmp_path)) as result:
        assert isinstance(result.corpus.batches, tuple) is not on_disk


def test_a_folder_that_is_not_there_is_an_error():
    failing = pytest.raises(ScratchError, match="/nowhere: No such file")
    with failing, disk.run_on_disk(read_bytes(STORIES), Settings(), 1, "/nowhere"):
        pass
