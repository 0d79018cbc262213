"""On many machines: the same bytes as in memory, however the work is cut and whoever is lost."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from commandline import FIXTURES, PROJECT, dedupe, start
from readers import corpus_of
from test_backends import stories

from dedupe.__main__ import main
from dedupe.arrays import unpack
from dedupe.blocking.look_back import RARE_REACH, count_cut, find_candidates, group_keys
from dedupe.clustering.groups import connected
from dedupe.config import Settings
from dedupe.config_values import parse_field
from dedupe.errors import BackendError, InputError, OutputError, SettingsError
from dedupe.models import NO_TIME, ReadStats
from dedupe.preprocess import preprocess
from dedupe.scoring.metadata import count_stems, first_of_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyspark.sql import SparkSession

LIGHT = '--driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" pyspark-shell'
"""A machine of Java's own that starts fast and grows slowly."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


PARTS = "spark.sql.files.minPartitionNum"
PORT = free_port()
CONNECT = {
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.port": str(PORT),
}
FEW = {
    PARTS: "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "3",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.files.openCostInBytes": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
STORIES = stories(120)
COMMANDS = {
    "cluster": ("cluster",),
    "unique": ("unique",),
    "duplicates": ("unique", "--duplicates"),
    "pairs": ("pairs",),
}


def java() -> str:
    """Find Java and Spark; without them a test is skipped, or fails where CI must have them."""
    try:
        import pyspark  # noqa: F401, PLC0415 - an extra
    except ImportError:
        missing = "pyspark is not installed: pip install 'pyspark>=3.5'"
    else:
        missing = "java is not installed: apt-get install default-jre-headless"
        if found := shutil.which("java"):
            return found
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def speaks_connect() -> bool:
    """Whether there is what Spark Connect takes; Spark 3.5 would have to fetch the server."""
    from pyspark import __version__  # noqa: PLC0415 - an extra

    return int(__version__.split(".")[0]) > 3 and bool(find_spec("grpc"))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Two executors, each a process of its own with a worker of its own."""
    java()
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    home = tmp_path_factory.mktemp("spark")  # where executors keep their logs
    for path in Path(find_spec("pyspark").submodule_search_locations[0]).iterdir():
        (home / path.name).symlink_to(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_HOME", str(home))
        patched.setenv("PYSPARK_PYTHON", sys.executable)
        patched.setenv("PYSPARK_SUBMIT_ARGS", LIGHT)
        patched.setenv("PYTHONPATH", os.pathsep.join([str(PROJECT), str(PROJECT / "tests")]))
        builder = SparkSession.builder.master("local-cluster[2,1,1024]")
        session = builder.config(map=FEW | (CONNECT if speaks_connect() else {})).getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


def done(
    spark: SparkSession,
    folder: Path,
    commands: Sequence[str],
    paths: Sequence[str],
    parts: int = 2,
    **given: object,
) -> dict[str, bytes]:
    """What some commands write, after one computation; files are read in so many parts."""
    from dedupe.backends.spark import Job, compute, write_outcome  # noqa: PLC0415 - an extra
    from dedupe.backends.spark.read import stage_lines  # noqa: PLC0415 - the same
    from dedupe.backends.spark.tables import Stage  # noqa: PLC0415 - the same
    from dedupe.backends.spark.write import write  # noqa: PLC0415 - the same

    settings = Settings(**given)
    stage = Stage(spark, str(folder / "staging"))
    with told(spark, PARTS, parts):
        records = stage_lines(stage, paths, settings, ReadStats())
    result = compute(stage, records, settings, lambda _stage, _share: None)
    written = {}
    for command in commands:
        job = Job(command, tuple(paths), str(folder / f"out-{command}"))
        write(write_outcome(job, records, result, settings), job.out)
        written[command] = joined(folder / f"out-{command}")
    return written


@contextmanager
def told(spark: SparkSession, name: str, value: int) -> Iterator[None]:
    """Another value of one of Spark's settings."""
    before = spark.conf.get(name)
    spark.conf.set(name, str(value))
    yield
    spark.conf.set(name, before)


def joined(folder: Path) -> bytes:
    assert (folder / "_SUCCESS").exists()
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


OTHERS = {
    "field": tuple(map(parse_field, ("lede", "title:3"))),
    "window": 43_200,
    "updates": "split",
    "numbers": "ignore",
}
SAID = ("--field", "lede", "--field", "title:3", "--window", "12h", "--updates", "split")
SAID = (*SAID, "--numbers", "ignore")
"""The same settings as flags."""


PATH = [" ".join(f"{word}{n + k}" for k, word in enumerate(["mill"] * 6)) for n in range(6)]
REAL = [
    "Harbour board hears pilots over tolls", "Harbour board hears skippers over tolls",
    "Odlin quake 4.3", "Odlin quake 4.4", "Mayor of Marrow resigns", "Marrow mayor resigns",
]  # fmt: skip
STAR = ["Harbour Cross ferry sinks", *(f"Harbour Cross ferry sinks {end}" for end in "abcdef")]
EDGES = b"".join(
    [
        b'\xef\xbb\xbf{"title": "Ferry\\u2028sinks", "n": 1.10}\r\n\n   \r\n',
        b'{"title": "Ferry sinks", "lede": "nul \\u0000 in it", "big": 12345678901234567890123}\n',
        '{"title": "Mayor\u2028resigns\u0085over\u2029tolls", "k": "\x7f"}\n'.encode(),
        b'{"title":\r"Mayor resigns over tolls"}\r\n{"title": ""}\n',
        *(json.dumps({"title": title}).encode() + b"\n" for title in (*PATH, *STAR, *REAL)),
        b'  {"title": "ferry SINKS"  }  ',
    ]
)
MORE = (
    b'{"headline": "Mayor resigns over the tolls", "date": "not one", "id": 7}\r\n'
    b'{"title": null, "text": "x"}'
)


def test_the_bytes_are_those_of_memory(spark: SparkSession, tmp_path: Path):
    """Ends of lines, a mark of byte order, escapes, chains and stars; a file that is compressed."""
    (tmp_path / "b.jsonl").write_bytes(EDGES)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(MORE))
    (tmp_path / "c.jsonl").write_bytes(STORIES)
    paths = [str(tmp_path / name) for name in ("b.jsonl", "a.jsonl.gz", "c.jsonl")]
    found = done(spark, tmp_path, list(COMMANDS), paths, parts=5)
    for command, arguments in COMMANDS.items():
        assert found[command] == dedupe(*arguments, *paths, folder=tmp_path).out, command


def test_nothing_is_no_other_case(spark: SparkSession, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(b"\n")
    found = done(spark, tmp_path, ["cluster"], [str(tmp_path / "in.jsonl")])
    assert found["cluster"] == b""


def test_a_bad_line_is_told_by_its_place_in_the_file(spark: SparkSession, tmp_path: Path):
    from dedupe.backends.spark.read import stage_lines  # noqa: PLC0415 - an extra
    from dedupe.backends.spark.tables import Stage  # noqa: PLC0415 - the same

    stage = Stage(spark, str(tmp_path / "staging"))
    (tmp_path / "good.jsonl").write_bytes(b'{"title": "x"}\n' * 40)
    (tmp_path / "bad.jsonl").write_bytes(b'{"title": "x"}\n\n' * 40 + b'{"title": [1]}\n{\n')
    paths = [str(tmp_path / name) for name in ("good.jsonl", "bad.jsonl")]
    with told(spark, PARTS, 6):
        with pytest.raises(InputError, match=r"bad\.jsonl:81: .*a string"):
            stage_lines(stage, paths, Settings(), ReadStats())
        tally = ReadStats()
        stage_lines(stage, paths, Settings(on_error="skip"), tally)
        with pytest.raises(InputError, match=r"good\.jsonl:1: longer than 9 bytes"):
            stage_lines(stage, paths, Settings(on_error="skip", max_line=9), ReadStats())
        (tmp_path / "other.jsonl").write_bytes(b'{"headline": "x", "n": 1}\n' * 40)
        unknown = Settings(on_error="skip", field=(parse_field("titel"),))
        with pytest.raises(InputError, match=r"good\.jsonl: no record has titel .*mean title"):
            stage_lines(stage, [*paths, str(tmp_path / "other.jsonl")], unknown, ReadStats())
    assert (tally.files, tally.records, tally.blank, tally.skipped) == (2, 80, 40, 2)
    assert (tally.fields, tally.columns) == (["title"], {"title": {"title": 80}})
    assert tally.met == tally.accounted
    assert tally.bytes == sum(Path(path).stat().st_size for path in paths)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_keys_may_come_in_any_batches(size: int):
    """Keys of all sizes, in batches that cut through them, in a first pass and in a later one."""
    java()
    from dedupe.backends.spark import keys as streams  # noqa: PLC0415 - an extra

    chance = np.random.default_rng(size)
    count = 240
    rare = chance.choice([0, 1, 2, 3, 4, 50, 51, 52], (count, 5)).astype(np.uint32)
    bands = chance.integers(0, 60, (count, 3), dtype=np.uint32)
    times = np.sort(chance.integers(0, 30 * 86_400, count))
    times[:60] = NO_TIME
    contents = np.arange(count) // 2
    everyone, some = np.ones(count, bool), chance.random(count) < 0.6
    for alive, before in ((everyone, ~everyone), (some, everyone)):
        first = first_of_content(contents, alive)
        marks = alive * streams.IN_PLAY + before * streams.BEFORE + first * streams.FIRST
        columns = {"rare": list(map(bytes, rare)), "bands": list(map(bytes, bands))}
        nodes = pa.record_batch({"node": range(count), "time": times, "marks": marks, **columns})
        keys = pa.Table.from_batches(streams.key_rows("rare bands", [nodes]))
        batches = keys.sort_by([("key", "ascending"), ("node", "ascending")])
        batches = batches.combine_chunks().to_batches(max_chunksize=size)
        held = pa.Table.from_batches(streams.KeyStream(pairs=True)(batches))
        found = find_candidates(group_keys(rare), group_keys(bands), alive, before, times)
        later = np.repeat(np.arange(count), np.diff(found.starts))
        expected = set(zip(found.partners.tolist(), later.tolist(), strict=True))
        pairs = held["pair"].drop_null().to_numpy()
        assert set(zip(*(end.tolist() for end in unpack(pairs)), strict=True)) == expected
        assert expected
        buckets = group_keys(rare)
        stems = np.ones((len(buckets), 3), np.int64)
        count_stems(buckets, contents, times, alive, np.ones(len(buckets), bool), stems)
        own = pc.less(pc.fill_null(held["key"], streams.BAND), streams.BAND)
        told = held.filter(own).sort_by("key")
        assert [
            told[name].to_pylist() for name in ("days", "weeks", "contents")
        ] == stems.T.tolist()
    held = pa.Table.from_batches(streams.KeyStream(pairs=False)(batches))
    assert pc.sum(held["cut"]).as_py() == count_cut(buckets, times, RARE_REACH) > 0
    largest = pc.max(held.filter(pc.less(held["key"], streams.BAND))["size"]).as_py()
    assert largest == np.diff(buckets.starts).max()


def test_groups_are_never_cut():
    java()
    from dedupe.backends.spark import part  # noqa: PLC0415 - an extra

    keys = np.repeat(np.arange(40), np.arange(40) * 30)
    table = pa.table({"key": keys, "at": np.arange(len(keys))})
    for size in (1000, 50, len(keys)):
        groups = list(part.whole_groups(table.to_batches(max_chunksize=size), "key"))
        assert pa.concat_tables(groups) == table
        ends = [(group["key"][0].as_py(), group["key"][-1].as_py()) for group in groups]
        assert all(one[1] < other[0] for one, other in pairwise(ends))
        assert len(groups) > 1 or size == len(keys)


def test_workers_prepare_what_a_local_run_does():
    """Two headlines are one, and two contents, where a local run gives them one number."""
    java()
    from dedupe.backends.spark import prepare  # noqa: PLC0415 - an extra

    spelled = (f"Mill shares near {count}-year high" for count in ("4", "four", "4"))
    lines = [json.dumps({"title": title}).encode() for title in spelled]
    corpus, settings = corpus_of(STORIES + b"\n".join(lines)), Settings()
    local = preprocess(corpus, settings.seed, 1)
    known = {name: range(len(corpus)) for name in ("position", "time", "digest")}
    rows = pa.record_batch(
        {
            **{name: pa.array(values) for name, values in known.items()},
            "day": pa.array([False] * len(corpus)),
            "source": pa.array(list(corpus.sources)),
            "texts": pa.array(
                [[text.encode() for text in own] for own in zip(*corpus.texts, strict=True)]
            ),
        }
    )
    table = pa.Table.from_batches(prepare.prepare_rows(settings, [rows]))
    for name, values in (("version", local.versions), ("length", local.lengths)):
        assert table[name].to_numpy().tolist() == values.tolist()
    for name in ("whole", "plain", "withdrawn"):
        assert table[name].to_numpy().tolist() == getattr(local, name).tolist(), name
    for name, numbers in (("titled", local.titles), ("said", local.ids)):
        _, own = np.unique(numbers, return_inverse=True)
        assert len(set(zip(table[name].to_pylist(), own.tolist(), strict=True))) == own.max() + 1
        assert len(set(table[name].to_pylist())) == own.max() + 1
    for name, column in (("rare_keys", "rare"), ("band_keys", "bands")):
        keys = local.keys(name, np.arange(len(corpus)))
        told = np.frombuffer(b"".join(table[column].to_pylist()), np.uint32)
        assert told.tolist() == keys.ravel().tolist(), name


@pytest.mark.parametrize("few", [0, 10**6])
def test_components_are_found_in_passes_or_at_once(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
):
    from dedupe.backends.spark import groups  # noqa: PLC0415 - an extra
    from dedupe.backends.spark.tables import Stage, columns_of, frame_of  # noqa: PLC0415 - the same

    monkeypatch.setattr(groups, "FEW_EDGES", few)
    path, star = np.arange(40, 49), np.arange(116, 124)
    left = np.concatenate([path[:-1][::-1], np.full(len(star), 120), [3, 7]])
    right = np.concatenate([path[1:][::-1], star, [7, 5]])
    edges = frame_of(spark, groups.EDGES, {"left": left, "right": right}).repartition(3)
    found = groups.components(Stage(spark, str(tmp_path)), "c", edges, len(left))
    held = columns_of(found, "node", "component")
    expected = connected(130, left, right)
    nodes = np.unique(np.concatenate([left, right]))
    told = dict(zip(held["node"].tolist(), held["component"].tolist(), strict=True))
    assert told == dict(zip(nodes.tolist(), expected[nodes].tolist(), strict=True))
    assert len(held["node"]) == len(told)


LABELS = """\
a,b,label
3,80,duplicate
41,42,different
9,10,duplicate
10,11,duplicate
11,50,different
200,201,duplicate
202,20,duplicate
absent,10,duplicate
"""


def test_labels_and_ids_hold_records_together_and_apart(spark: SparkSession, tmp_path: Path):
    """Records without text too, with leaders alone, and the most central one kept."""
    bare = "".join(json.dumps({"title": "", "id": str(200 + n)}) + "\n" for n in range(4))
    again = "".join(
        json.dumps({"title": f"Something else {n}", "id": str(300 + n // 2)}) + "\n"
        for n in range(12)
    )
    (tmp_path / "in.jsonl").write_bytes(STORIES + bare.encode() + again.encode())
    (tmp_path / "links.csv").write_text(LABELS)
    links, path = str(tmp_path / "links.csv"), str(tmp_path / "in.jsonl")
    given = {"same": ("id",), "links": links, "linkage": "leader", "keep": ("central",)}
    flags = ("--same", "id", "--links", links, "--linkage", "leader", "--keep", "central")
    found = done(spark, tmp_path, ["cluster", "pairs"], [path], threshold=0.4, **given)
    for command in found:
        local = dedupe(command, *flags, "--threshold", "0.4", path, folder=tmp_path)
        assert (local.code, found[command]) == (0, local.out), command


def counting(whole: Callable[[Any], Any], sizes: list[int]) -> Callable[[Any], Any]:
    """A method that notes how many rows it returns."""

    def told_of(frame: Any) -> Any:
        found = whole(frame)
        sizes.append(len(found))
        return found

    return told_of


def test_the_driver_gets_no_rows_of_records(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A key that all records have, and a headline that most have: what is large stays away."""
    sizes: list[int] = []
    frames = type(spark.range(1))
    monkeypatch.setattr(frames, "collect", counting(frames.collect, sizes))
    titles = ["Ferry sinks off Odlin"] * 3000 + [f"Ferry sinks off Odlin {n}" for n in range(60)]
    rows = [
        {"title": title, "date": f"2026-03-{1 + n % 28:02}T{n % 24:02}:00:00Z", "id": str(n)}
        for n, title in enumerate(titles)
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = done(spark, tmp_path, ["cluster"], [str(tmp_path / "in.jsonl")])
    assert found["cluster"] == dedupe("cluster", "in.jsonl", folder=tmp_path).out
    assert sizes
    assert max(sizes) < 20


def test_rows_of_a_frame_get_what_their_lines_would(spark: SparkSession, tmp_path: Path):
    """Whatever their order and parts: positions go by content, and equal rows stay two."""
    from dedupe.backends.spark import cluster  # noqa: PLC0415 - an extra

    lines = [*STORIES.splitlines()[20:], *STORIES.splitlines()[30:33]]
    rows = [json.loads(line) for line in lines]
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = [tuple(row.get(name) for name in names) for row in rows[::-1]]
    kinds = ", ".join(f"{name} string" for name in names)
    frame = spark.createDataFrame(values, kinds).repartition(5)
    (tmp_path / "links.csv").write_text("a,b,label\n40,80,duplicate\n")
    links = str(tmp_path / "links.csv")
    with told(spark, "spark.sql.shuffle.partitions", 5):
        out = cluster(frame, Settings(**OTHERS, links=links), str(tmp_path / "staging"))
        found = out.collect()
    spelled = sorted(row.value for row in frame.selectExpr("to_json(struct(*)) as value").collect())
    data = "\n".join(spelled).encode()
    local = dedupe("cluster", *SAID, "--links", links, folder=tmp_path, stdin=data)
    expected = [json.loads(line) for line in local.out.splitlines()]
    for row in expected:
        row |= {f"dedupe_{name}": value for name, value in row.pop("dedupe").items()}
        row.setdefault("dedupe_version", None)
    as_text = sorted(json.dumps(row.asDict(), sort_keys=True) for row in found)
    assert as_text == sorted(json.dumps(row, sort_keys=True) for row in expected)


CLIENT = """\
import json, sys
from pyspark.sql import SparkSession
from dedupe.backends.spark import cluster
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
rows = [json.loads(line) for line in sys.stdin]
frame = spark.createDataFrame(rows, ", ".join(f"{name} string" for name in rows[0]))
for row in cluster(frame.repartition(3), staging=sys.argv[2]).toLocalIterator():
    print(json.dumps([row.id, row.dedupe_canonical_id, row.dedupe_score, row.dedupe_reason]))
"""


@pytest.mark.usefixtures("spark")
def test_rows_of_a_frame_far_away_get_the_same(tmp_path: Path):
    """By Spark Connect, whose session has no Java of its own."""
    if not speaks_connect():
        pytest.skip("no Spark Connect here: pip install 'pyspark[connect]>=4'")
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, f"sc://127.0.0.1:{PORT}", str(tmp_path / "staging")],
        input=STORIES,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    local = dedupe("cluster", folder=tmp_path, stdin=STORIES).out.splitlines()
    told = [(row["id"], row["dedupe"]) for row in map(json.loads, local)]
    names = ("canonical_id", "score", "reason")
    expected = [[own, *(found[name] for name in names)] for own, found in told]
    assert sorted(map(json.loads, done.stdout.splitlines())) == sorted(expected)


def test_a_row_that_cannot_be_read_is_an_error(spark: SparkSession, tmp_path: Path):
    from dedupe.backends.spark import cluster  # noqa: PLC0415 - an extra

    frame = spark.createDataFrame([("a", "c"), ("b", "d")], "title string, body string")
    for rows, kinds, reason in (
        ([(["a"],), (["b"],)], "title array<string>", "<rows>:1: title: expected a string"),
        ([("a",), ("b",)], "place string", "<rows>: no record has a text: looked for title"),
    ):
        with pytest.raises(InputError, match=reason):
            cluster(spark.createDataFrame(rows, kinds), staging=str(tmp_path / "staging"))
    with pytest.raises(SettingsError, match="jobs: has no meaning"):
        cluster(frame, Settings(jobs=3))


def test_what_is_there_stays_and_what_was_staged_goes(spark: SparkSession, tmp_path: Path):
    from dedupe.backends.spark.session import spark_errors, staged  # noqa: PLC0415 - an extra

    out = tmp_path / "out"
    with staged(spark, str(out), None) as stage:
        assert Path(stage.folder).is_dir()
        assert Path(stage.folder).parent == tmp_path
    assert list(tmp_path.iterdir()) == []
    failing = pytest.raises(BackendError, match="a Spark worker: ZeroDivisionError")
    with failing, staged(spark, str(out), None) as stage, spark_errors():
        stage.keep("none", spark.range(1).mapInArrow(lambda rows: (1 / 0 for _ in rows), "id long"))
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    with pytest.raises(OutputError, match="out: exists"), staged(spark, str(out), None):
        pass


@pytest.mark.kill
@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_ended_leaves_nothing(how: signal.Signals, code: int, tmp_path: Path):
    """And a quiet one says nothing, nor does its Java, which outlives it and tidies up.

    A task that still writes while Java tidies up can leave its folder; twice in a row is a fault.
    """
    java()
    left = names_left(how, code, tmp_path / "once")
    if left != ["in.jsonl"]:
        left = names_left(how, code, tmp_path / "twice")
    assert left == ["in.jsonl"]


def names_left(how: signal.Signals, code: int, folder: Path) -> list[str]:
    """Return what is in a folder after a run there was ended."""
    folder.mkdir()
    (folder / "in.jsonl").write_bytes(STORIES)
    flags = ("--engine", "spark", "--master", "local[2]", "--quiet", "in.jsonl", "out")
    running = start("unique", *flags, folder=folder, PYSPARK_SUBMIT_ARGS=LIGHT)
    deadline = time.monotonic() + 100
    while not list(folder.glob("out.*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(1)
    running.send_signal(how)
    said = running.communicate(timeout=100)
    assert (running.returncode, *said) == (code, b"", b"")
    while len(list(folder.iterdir())) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    return [path.name for path in folder.iterdir()]


REFUSED = {
    "one operand": (("a.jsonl",), "reads all operands but the last"),
    "standard input": (("-", "out"), "standard input cannot be used with --engine spark"),
    "an output": (("-o", "b", "a.jsonl", "out"), "--output cannot be used with"),
    "memory": (("--memory", "1G", "a.jsonl", "out"), "--memory cannot be used with"),
    "a table": (("--from", "csv", "a.csv", "out"), "--from csv cannot be used with"),
    "Parquet of others": (
        ("--to", "parquet", "a.jsonl", "out"),
        "Parquet output needs Parquet input",
    ),
    "Parquet by name": (
        ("a.parquet", "b.jsonl", "o.parquet"),
        "Parquet output needs Parquet input",
    ),
    "a cell": (("--csv-safe", "a.jsonl", "out"), "--csv-safe cannot be used with"),
    "one name twice": (("a.jsonl", "a.jsonl", "out"), "one path twice"),
    "threads": (("--jobs", "2", "a.jsonl", "out"), "jobs: has no meaning under Spark"),
    "bombs": (("--max-ratio", "9", "a.jsonl", "out"), "max_ratio: has no meaning under Spark"),
    "no files": (("--master", "sc://x", "a.jsonl", "out"), "Spark Connect has no files"),
    "quarantine": (("--on-error", "quarantine=q", "a.jsonl", "out"), "fail or be skipped"),
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED)
def test_what_one_machine_alone_can_do_is_refused(
    arguments: tuple[str, ...], says: str, tmp_path: Path
):
    java()
    told = dedupe("cluster", "--engine", "spark", *arguments, folder=tmp_path)
    assert told.code == 2
    assert says in told.err
    assert told.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_master_is_for_spark(tmp_path: Path):
    told = dedupe("pairs", "--master", "local[2]", str(FIXTURES / "demo.jsonl"), folder=tmp_path)
    assert (told.code, "--master needs --engine spark" in told.err) == (2, True)


def test_what_is_missing_is_told_in_a_line(tmp_path: Path):
    java()
    demo = str(FIXTURES / "demo.jsonl")
    told = dedupe("unique", "--engine", "spark", demo, "out", folder=tmp_path, JAVA_HOME="/nowhere")
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert "Spark needs Java 17" in told.err
    hidden = tmp_path / "pyspark.py"
    hidden.write_text("raise ImportError")
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u; o = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'pyspark' else o(n, *a)\n"
    )
    paths = f"{tmp_path}{os.pathsep}{PROJECT}"
    told = dedupe("unique", "--engine", "spark", demo, "out", folder=tmp_path, PYTHONPATH=paths)
    assert "pip install 'pyspark>=3.5' 'pyarrow>=18' 'pandas>=2.2,<3'" in told.err


WORKER_FAILED = """\
An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "x.py", line 1
    import dedupe
ModuleNotFoundError: No module named dedupe

\tat org.apache.Spark
"""
COMPLAINTS = {
    "a version": (
        "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.9",
        "the workers have not Python 3",
    ),
    "a module": (
        WORKER_FAILED,
        "a Spark worker: ModuleNotFoundError: No module named dedupe",
    ),
    "Java's own": (
        "An error occurred while calling o1.f.\n: java.lang.OutOfMemoryError: Java heap\n\tat",
        "Spark: java.lang.OutOfMemoryError: Java heap",
    ),
    "a path": ("[PATH_NOT_FOUND] Path: x\nat scala", "Spark: [PATH_NOT_FOUND] Path: x"),
}


@pytest.mark.parametrize(("complaint", "told"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_complaints_are_told_in_a_line(complaint: str, told: str):
    java()
    from dedupe.backends.spark.session import failure_message  # noqa: PLC0415 - an extra

    assert failure_message(complaint).startswith(told)


def test_a_spark_that_is_too_old_is_refused():
    java()
    from dedupe.backends.spark.session import check_version  # noqa: PLC0415 - an extra

    for version in ("3.5.0", "4.0.0-preview1", "4.3.0", "10.1"):
        check_version(version)
    with pytest.raises(BackendError, match=r"Spark 3\.5 or later is needed, this is 3\.4\.4"):
        check_version("3.4.4")


def test_workers_of_another_kind_are_refused():
    java()
    from dedupe.backends.spark.session import compare  # noqa: PLC0415 - an extra

    compare("Python", "3.11", "3.11")
    with pytest.raises(BackendError, match=r"the workers have Python 3\.12, the driver 3\.11"):
        compare("Python", "3.12", "3.11")


FILES = {
    "as named": (("b.jsonl", "a.jsonl"), "file:{}/b.jsonl", 0, "b.jsonl"),
    "another": (("b.jsonl", "a.jsonl"), "file:{}/a.jsonl", 1, "a.jsonl"),
    "one that ends alike": (("b.jsonl", "ab.jsonl"), "file:{}/ab.jsonl", 1, "ab.jsonl"),
    "of a folder": (("x", "b.jsonl"), "file:{}/x/y.jsonl", 0, "{}/x/y.jsonl"),
    "of a pattern": (("*.jsonl",), "file:{}/y.jsonl", 0, "{}/y.jsonl"),
    "with a space": (("a b.jsonl",), "file:{}/a%20b.jsonl", 0, "a b.jsonl"),
    "far away": (("s3a://bucket/in/",), "s3a://bucket/in/y", 0, "s3a://bucket/in/y"),
}


@pytest.mark.parametrize(("paths", "uri", "rank", "shown"), FILES.values(), ids=FILES)
def test_files_go_by_the_names_that_they_were_given(
    paths: tuple[str, ...], uri: str, rank: int, shown: str
):
    java()
    from dedupe.backends.spark.read import PathOrder  # noqa: PLC0415 - an extra

    names, here = PathOrder(paths), Path.cwd()
    assert names.rank(uri.format(here))[0] == rank
    assert names.shown(uri.format(here)) == shown.format(here)


@pytest.mark.kill
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds executors by /proc")
def test_an_executor_that_is_killed_costs_no_byte(spark: SparkSession, tmp_path: Path):
    """A whole run by the command line, in other parts; it ends the session, so it is the last."""
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    told = [str(FIXTURES / "demo.jsonl"), str(tmp_path / "out")]
    flags = ["--engine", "spark", "--master", spark.sparkContext.master, "--quiet"]
    lost: list[int] = []
    killer = Thread(target=kill_one, args=(tmp_path, lost))
    killer.start()
    assert main(["unique", *flags, "--stats", str(tmp_path / "stats.json"), *told]) == 0
    killer.join()
    assert lost
    assert spark.sparkContext._jsc is None  # noqa: SLF001 - whether it was stopped
    local = dedupe("unique", "--stats", "local.json", told[0], folder=tmp_path)
    assert joined(tmp_path / "out") == local.out
    assert not list(tmp_path.glob("*staging*"))
    right, left = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("stats", "local")
    )
    figures = ("passes", "pairs", "candidate_pairs", "scored_pairs", "largest_bucket")
    counts = ("records", "unique", "clusters", "largest_cluster", "weakest_link", "cut_look_backs")
    for name in ("rows_checksum", "output", "accounts", *figures, *counts):
        assert right[name] == left[name], name


def kill_one(folder: Path, lost: list[int]) -> None:
    """Kill an executor once the first texts are staged."""
    deadline = time.monotonic() + 100
    while not list(folder.glob("out.dedupe-staging-*/contents/_SUCCESS")):
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)
    lost += executors(os.getpid())[:1]
    os.kill(lost[0], signal.SIGKILL)


def executors(ancestor: int) -> list[int]:
    """The executors that a process started, by way of others."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = (folder / "stat").read_text()
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
            names[int(folder.name)] = (folder / "cmdline").read_bytes()
    found = [pid for pid, name in names.items() if b"CoarseGrainedExecutorBackend" in name]

    def descends(pid: int) -> bool:
        return pid == ancestor or (pid in parents and descends(parents[pid]))

    return [pid for pid in found if descends(pid) and names[pid].startswith(b"/")]
