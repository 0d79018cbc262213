"""Faults of the machine: killed, out of memory, unreadable, with a clock that jumps.

What holds in each: the old output file is whole or the new one is, and a failure is one line.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from commandline import PATIENCE, PROJECT, Done, dedupe, environment, finished, start, visible

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.resources import background, thread_count, thread_map

if TYPE_CHECKING:
    from pathlib import Path

OLD = b'{"id":"old","title":"What an earlier run has left"}\n'
FAILED, TERMINATED = 2, 143
MOMENTS = 6
SEED = 8
NO_MEMORY = (
    "dedupe: error: out of memory; give less at a time, or --memory to cluster, unique and pairs\n"
)


@cache
def stories(count: int = 4000) -> bytes:
    """Invented stories, each told twice, of words that nobody has heard."""
    draw = random.Random(SEED)
    words = ["".join(draw.choices("abdegiklmnoprstu", k=draw.randint(3, 9))) for _ in range(900)]
    titles = [" ".join(draw.choices(words, k=9)) for _ in range(count // 2)]
    titles += [f"{title} {draw.choice(words)}" for title in titles]
    return b"".join(b'{"title":"%s"}\n' % title.encode() for title in titles)


@cache
def fresh() -> bytes:
    """What ``unique`` makes of the stories."""
    done = finished(
        [sys.executable, "-m", "dedupe", "unique", "-q"], PROJECT, stories(), environment()
    )
    assert done.code == 0
    return done.out


def limited(kind: int, most: int, *arguments: str, folder: Path, **extra: str) -> Done:
    """Run a command under a limit of the system, which would also cut the bytecode it compiles."""
    done = subprocess.run(
        [sys.executable, "-m", "dedupe", *arguments],
        cwd=folder,
        env=environment(PYTHONDONTWRITEBYTECODE="1", **extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=lambda: resource.setrlimit(kind, (most, most)),
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_bytes(stories())
    (tmp_path / "out.jsonl").write_bytes(OLD)
    return tmp_path


MOMENTS_OF = [
    (name, share)
    for name in ("SIGKILL", "SIGTERM")
    for share in random.Random(SEED).choices(range(5, 105), k=MOMENTS)
]


@pytest.mark.kill
@pytest.mark.parametrize(("name", "share"), MOMENTS_OF)
def test_killed_at_any_moment_the_old_file_is_whole_or_the_new_one(
    name: str, share: int, folder: Path
):
    done = start("unique", "-q", "in.jsonl", "-o", "out.jsonl", folder=folder)
    try:
        done.wait(timeout=share / 100)
    except subprocess.TimeoutExpired:
        done.send_signal(getattr(signal, name))
    _, told = done.communicate(timeout=PATIENCE)
    held = (folder / "out.jsonl").read_bytes()
    assert held in (OLD, fresh())
    assert told == b""
    assert held == OLD or done.returncode in (0, -signal.SIGKILL, TERMINATED, -signal.SIGTERM)
    left = visible(folder) - {"in.jsonl", "out.jsonl"}
    assert all(file.startswith(".dedupe-") and file.endswith(".tmp") for file in left)
    if name == "SIGTERM":
        assert left == set()
        assert done.returncode in (0, TERMINATED, -signal.SIGTERM)  # the last: before it could act


@pytest.mark.kill
def test_after_a_kill_the_next_run_does_its_work(folder: Path):
    done = start("unique", "-q", "in.jsonl", "-o", "out.jsonl", folder=folder)
    while not any(file.startswith(".dedupe-") for file in visible(folder)):
        assert done.poll() is None
    done.kill()
    done.communicate(timeout=PATIENCE)
    assert (folder / "out.jsonl").read_bytes() == OLD
    assert dedupe("unique", "-q", "in.jsonl", "-o", "out.jsonl", folder=folder).code == 0
    assert (folder / "out.jsonl").read_bytes() == fresh()


class Failing(io.RawIOBase):
    """A file of short reads that fails after so many bytes, as a dying disk does."""

    def __init__(self, data: bytes, good: int) -> None:
        self._data, self._good, self._at = data, good, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._at >= self._good:
            raise OSError(5, "Input/output error")
        some = self._data[self._at : min(self._at + min(size, 7), self._good)]
        self._at += len(some)
        return some


@pytest.mark.parametrize("good", [0, 1, 100, 1000])
@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_a_read_that_fails_is_told_and_never_skipped(good: int, on_error: str):
    with pytest.raises(InputError) as caught:
        list(read([], Settings(on_error=on_error), ReadStats(), stdin=Failing(stories(), good)))
    assert str(caught.value) == "<stdin>: Input/output error"


class Short(io.BytesIO):
    """A file that gives at most three bytes at a time, as a slow pipe does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3 if size is None or size < 0 else min(size, 3))


def joined(file: io.BytesIO) -> bytes:
    return b"".join(batch.data for batch in read([], Settings(), ReadStats(), stdin=file))


def test_short_reads_change_nothing():
    data = stories(40)
    assert joined(io.BytesIO(data)) == joined(Short(data)) == data


CLOSED = {
    "stdin": ("0", ["unique", "-q"], FAILED, "<stdin>: "),
    "stdin of no use": ("0", ["unique", "-q", "in.jsonl", "-o", "out.jsonl"], 0, ""),
    "stdout": ("1", ["unique", "-q", "in.jsonl"], FAILED, "<stdout>: is closed"),
    "stdout of no use": ("1", ["unique", "-q", "in.jsonl", "-o", "out.jsonl"], 0, ""),
    "stderr": ("2", ["unique", "in.jsonl", "-o", "out.jsonl"], 0, ""),
}


@pytest.mark.parametrize(("stream", "arguments", "code", "says"), CLOSED.values(), ids=CLOSED)
def test_closed_streams(stream: str, arguments: list[str], code: int, says: str, folder: Path):
    script = f'exec "$@" {stream}>&-'
    command = ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "dedupe", *arguments]
    done = finished(command, folder, b"", environment())
    assert done.code == code
    assert says in done.err
    assert done.err.count("\n") == (code != 0)
    written = "-o" in arguments
    assert (folder / "out.jsonl").read_bytes() == (fresh() if written else OLD)
    assert visible(folder) == {"in.jsonl", "out.jsonl"}


MEMORY = [("cluster", 60), ("unique", 100), ("unique", 190), ("check", 90), ("report", 180)]


@pytest.mark.limits
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize(("command", "mebibytes"), MEMORY)
def test_too_little_memory_is_one_line(command: str, mebibytes: int, folder: Path):
    (folder / "in.jsonl").write_bytes(stories(60_000))
    arguments = (command, "-q", "in.jsonl", "-o", "out.jsonl")
    done = limited(resource.RLIMIT_AS, mebibytes << 20, *arguments, folder=folder)
    assert (done.code, done.out, done.err) == (FAILED, b"", NO_MEMORY)
    assert (folder / "out.jsonl").read_bytes() == OLD
    assert visible(folder) == {"in.jsonl", "out.jsonl"}


@pytest.mark.limits
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_enough_memory_under_a_limit_gives_the_same(folder: Path):
    arguments = ("unique", "-q", "in.jsonl")
    done = limited(resource.RLIMIT_AS, 2 << 30, *arguments, folder=folder)
    assert (done.code, done.out) == (0, fresh())


def test_a_limit_on_memory_is_one_thread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1 << 30, 1 << 30))
    assert (thread_count(0), thread_count(3)) == (1, 3)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (resource.RLIM_INFINITY,) * 2)
    assert (thread_count(0), thread_count(3)) == (7, 3)


# The workers are threads, which nobody can kill alone: one fails by raising, or does not start.
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_worker_that_fails_fails_the_run(jobs: int):
    def work(number: int) -> int:
        if number == 5:
            raise MemoryError
        return number

    done = []
    with pytest.raises(MemoryError), thread_map(jobs) as spread:
        done.extend(spread(work, range(1000)))
    with thread_map(jobs) as spread:
        assert list(spread(str, range(9))) == list(map(str, range(9)))


def refuse(_task: int) -> int:
    raise MemoryError


@pytest.mark.parametrize("jobs", [2, 3])
def test_what_fails_in_the_background_is_raised_where_its_result_is_asked_for(jobs: int):
    with background(jobs) as start:
        results = [start(abs, -task) for task in range(20)]
        failed = [start(refuse, task) for task in range(20)]
        assert [result() for result in results] == list(range(20))
    for result in failed:
        with pytest.raises(MemoryError):
            result()


SABOTAGE = {
    "raises": ("raise MemoryError", NO_MEMORY),
    "bug": ("raise KeyError('x')", "dedupe: internal error: KeyError: 'x' (run with -v"),
}


@pytest.mark.parametrize(("fault", "says"), SABOTAGE.values(), ids=SABOTAGE)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_worker_that_fails_in_mid_run_leaves_the_old_file(
    fault: str, says: str, jobs: str, folder: Path
):
    script = f"""
import sys
from dedupe import matching
from dedupe.__main__ import main
def broken(*given):
    {fault}
matching.score_candidates = broken
sys.exit(main(sys.argv[1:]))
"""
    arguments = ["unique", "-q", "--jobs", jobs, "in.jsonl", "-o", "out.jsonl"]
    done = finished([sys.executable, "-c", script, *arguments], folder, b"", environment())
    assert done.code == FAILED
    assert done.err.startswith(says)
    assert done.err.count("\n") == 1
    assert (folder / "out.jsonl").read_bytes() == OLD
    assert visible(folder) == {"in.jsonl", "out.jsonl"}


def test_no_other_process_is_started(folder: Path):
    script = """
import sys
from dedupe.__main__ import main
def watch(event, _given):
    if event in ("os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "subprocess.Popen"):
        raise RuntimeError(event)
sys.addaudithook(watch)
sys.exit(main(sys.argv[1:]))
"""
    arguments = ["unique", "-q", "--jobs", "2", "in.jsonl"]
    done = finished([sys.executable, "-c", script, *arguments], folder, b"", environment())
    assert (done.code, done.out) == (0, fresh())


CLOCK = """
import datetime, itertools, time
import pathlib
pathlib.Path(__file__).with_name("ran").touch()
turns = itertools.count(2_000_000_000, -86_400)
time.time = lambda: float(next(turns))
time.time_ns = lambda: next(turns) * 10**9
"""


@pytest.mark.parametrize("command", ["unique", "cluster", "report", "check"])
def test_a_clock_that_runs_backwards_changes_nothing(command: str, folder: Path):
    (folder / "hooks").mkdir()
    (folder / "hooks" / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join([str(folder / "hooks"), environment()["PYTHONPATH"]])
    arguments = (command, "-q", "in.jsonl")
    usual = dedupe(*arguments, "--stats", "a.json", folder=folder)
    odd = dedupe(*arguments, "--stats", "b.json", folder=folder, PYTHONPATH=path)
    assert (folder / "hooks" / "ran").exists()
    assert (odd.code, odd.out, odd.err) == (usual.code, usual.out, usual.err)
    left, right = (json.loads((folder / name).read_bytes()) for name in ("a.json", "b.json"))
    assert right["total_seconds"] >= 0
    assert min(right["seconds"].values()) >= 0
    for stats in (left, right):
        del stats["seconds"], stats["total_seconds"]
    assert left == right
