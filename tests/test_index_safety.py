"""Nothing is lost: killed writers, several processes, full disks, files that are no index.

``DEDUPE_KILLS`` sets at how many random moments a writer is killed; the default keeps it short.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe, environment, start
from corpora import shipped
from indexes import filled, held

from dedupe.errors import StoreError
from dedupe.index import schema
from dedupe.index.index import Index

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("DEDUPE_KILLS", "12"))
WRITER = """
import sys, itertools
from dedupe.index import Index
with Index.open(sys.argv[1]) as index:
    print("ready", flush=True)
    for number in itertools.count(int(sys.argv[2])):
        name = f"{number % 97} {number % 7} {number}"
        index.add([{"id": str(number), "title": f"Ferry {name} late at pier {number // 3}"}])
        print(number, flush=True)
        if number % 40 == 39:
            index.compact()
"""


@pytest.mark.kill
def test_a_killed_writer_loses_no_answered_story(tmp_path: Path):
    """One writer after another, killed at a random moment; some while they compact."""
    path = str(tmp_path / "a.index")
    Index.create(path).close()
    chance = random.Random(1)
    answered = -1
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(answered + 1)],
            env=environment(), stdout=subprocess.PIPE, cwd=tmp_path,
        )  # fmt: skip
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 1.5))
        writer.send_signal(signal.SIGKILL)
        told = writer.stdout.read().split(b"\n")[:-1]
        writer.wait()
        writer.stdout.close()
        answered = max([answered, *map(int, told)])
        with Index.open(path) as index:
            assert index.check() == []
            ids = {int(i) for _, group in held(index) for i in group}
        assert ids >= set(range(answered + 1))
        assert len(ids) - (answered + 1) in (0, 1)
        answered = max(ids, default=-1)
    assert answered >= KILLS // 4


def test_a_writer_waits_for_another_and_then_says_so(tmp_path: Path, monkeypatch):
    path = str(tmp_path / "a.index")
    with filled(tmp_path / "a.index", [shipped()[:5]]) as index:
        monkeypatch.setattr(schema, "PATIENCE", 0.2)
        with index.store.writing():
            done: list[object] = []

            def second() -> None:
                try:
                    with Index.open(path) as other:
                        done.append(len(other.match(shipped()[:5])))
                        other.add(shipped())
                except StoreError as error:
                    done.append(str(error))

            thread = threading.Thread(target=second)
            thread.start()
            thread.join()
        assert done[0] == 5
        assert str(done[1]).startswith(f"{path}: another process is writing to it")
        assert index.stats()["stories"] == 5


def test_two_processes_add_and_a_third_reads(tmp_path: Path):
    Index.create(str(tmp_path / "a.index")).close()
    stories = shipped()
    writers = [start("index", "add", "-q", "a.index", folder=tmp_path) for _ in range(2)]
    for number, writer in enumerate(writers):
        assert writer.stdin
        for record in stories[number::2]:
            writer.stdin.write(json.dumps(record).encode() + b"\n")
            writer.stdin.flush()
        with Index.open(str(tmp_path / "a.index")) as reader:
            assert len(reader.match(stories)) == len(stories)
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert (writer.returncode, err) == (0, b"")
        assert out
    with Index.open(str(tmp_path / "a.index")) as index:
        assert index.check() == []
        assert index.stats()["stories"] == len(stories)


def test_a_reader_sees_one_view_while_others_write(tmp_path: Path):
    with filled(tmp_path / "a.index", [shipped()[:9]]) as index:
        groups = index.export()
        next(groups)
        with Index.open(index.path) as other:
            other.add(shipped())
            other.compact()
        assert sum(group["size"] for group in groups) < 9
        assert index.stats()["stories"] == len(shipped())


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "cut short":
        path.write_bytes(data[: len(data) // 2])
    elif how == "a stump":
        path.write_bytes(data[:50])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text('{"id":1}\n')
    elif how == "another database":
        path.unlink()
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE t (x)")
        other.close()
    elif how == "newer":
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 4")
        database.close()
    elif how == "older":
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 2")
        database.close()
    elif how == "overwritten":
        path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


REFUSED = {
    "cut short": "is cut short",
    "a stump": "not an index of dedupe",
    "empty": "not an index of dedupe",
    "text": "not an index of dedupe",
    "another database": "an SQLite database, but not an index of dedupe",
    "newer": "an index of format 4, and this dedupe reads format 3; upgrade dedupe",
    "older": "an index of format 2, and this dedupe reads format 3; export it with",
    "overwritten": "is damaged or cut short; put back a copy",
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_file_that_is_no_index_is_refused_and_left_alone(how: str, tmp_path: Path):
    path = tmp_path / "a.index"
    filled(path, [shipped()]).close()
    spoil(path, how)
    before = path.read_bytes()
    done = dedupe("index", "add", "a.index", folder=tmp_path, stdin=b'{"title":"Lamp out"}\n')
    assert done.code == 2
    assert done.err.startswith(f"dedupe: error: a.index: {REFUSED[how]}")
    assert done.err.count("\n") == 1
    assert done.out == b""
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "reason"), [("no.index", "No such file"), (".", "Is a directory")]
)
def test_what_cannot_be_opened_is_told(name: str, reason: str, tmp_path: Path):
    done = dedupe("index", "stats", name, folder=tmp_path)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith(f"dedupe: error: {name}: {reason}")


def test_an_index_of_other_rules_is_refused_until_it_is_compacted(tmp_path: Path):
    with filled(tmp_path / "a.index", [shipped()]) as index:
        schema.write_meta(index.store.database, {"made_with": {**schema.rules(), "model": "old"}})
    with pytest.raises(StoreError, match="made by another version: model old, not"):
        Index.open(index.path)
    done = dedupe("index", "compact", "a.index", folder=tmp_path)
    assert done.code == 0, done.err
    with Index.open(index.path) as again:
        assert again.check() == []


def mixed(number: int) -> list[str]:
    """Words that cannot be packed."""
    return [sha256(f"{number} {place}".encode()).hexdigest() for place in range(30)]


def test_a_full_disk_loses_nothing(tmp_path: Path):
    with filled(tmp_path / "a.index", [shipped()[:9]]) as index:
        database = index.store.database
        before = held(index)
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
        big = [{"id": f"x{n}", "title": " ".join(mixed(n))} for n in range(99)]
        with pytest.raises(StoreError, match="No space left on device"):
            index.add(big)
        database.execute("PRAGMA max_page_count = 1000000")
        assert held(index) == before
        assert index.check() == []
        assert all(answer.new for answer in index.add(big))


@pytest.mark.limits
def test_a_file_that_may_not_grow_loses_nothing(tmp_path: Path):
    filled(tmp_path / "a.index", [shipped()[:9]]).close()
    script = "".join(
        json.dumps({"id": str(n), "title": " ".join(mixed(n))}) + "\n" for n in range(400)
    )
    limit = (tmp_path / "a.index").stat().st_size + (1 << 16)
    done = subprocess.run(
        [sys.executable, "-m", "dedupe", "index", "add", "-q", "a.index"],
        cwd=tmp_path, env=environment(PYTHONDONTWRITEBYTECODE="1"),
        input=script.encode(), capture_output=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 2
    assert b"dedupe: error: a.index: " in done.stderr
    assert done.stderr.count(b"\n") == 1
    told = {json.loads(line)["id"] for line in done.stdout.splitlines()}
    with Index.open(str(tmp_path / "a.index")) as index:
        assert index.check() == []
        assert {i for _, ids in held(index) for i in ids} >= told


def test_a_read_only_folder_is_told(tmp_path: Path):
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root writes anywhere")
    folder = tmp_path / "fixed"
    folder.mkdir()
    filled(folder / "a.index", [shipped()[:9]]).close()
    before = (folder / "a.index").read_bytes()
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path != path.parent:
            path.chmod(path.stat().st_mode | 0o055)
    (folder / "a.index").chmod(0o444)
    folder.chmod(0o555)
    command = [sys.executable, "-m", "dedupe", "index", "add", str(folder / "a.index")]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command]
    done = subprocess.run(
        command, cwd="/", env=environment(PYTHONDONTWRITEBYTECODE="1"),
        input=b'{"title":"Lamp out"}\n', capture_output=True, check=False,
    )  # fmt: skip
    folder.chmod(0o755)
    if b"No module named" in done.stderr or b"can't open" in done.stderr or done.returncode == 126:
        pytest.skip("nobody cannot run this Python")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"read-only" in done.stderr or b"cannot be opened" in done.stderr
    assert (folder / "a.index").read_bytes() == before
