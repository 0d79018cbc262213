"""A Spark session for one run, and its failures in a line each."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import sys
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from dedupe.backends.spark.tables import Stage, batch_of
from dedupe.errors import BackendError, DedupeError, OutputError
from dedupe.hashing import CLUSTERS, SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

LEAST = (3, 5)
CONNECT = "sc:"
NO_CONNECT = "Spark Connect has no files to tell of: use dedupe.backends.spark.cluster in a program"
NO_JAVA = "Spark needs Java 17 or later, on the path or in JAVA_HOME"
PATIENCE = 60
CALLED = "An error occurred while calling"
"""The first line of what Java raises; the second says what."""
TRACEBACK = "Traceback (most recent call last):"
RAISED = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b")
VERSION_MISMATCH = "PYTHON_VERSION_MISMATCH"
OURS: dict[str, bool | float | int | str | None] = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""By itself Spark writes times as INT96, which forgets that they are of a zone."""
WORKER = "python string, formats string"
PYTHON = "{}.{}".format(*sys.version_info)
FORMATS = f"{SIGNATURES}.{CLUSTERS}"


@contextmanager
def open_stage(
    master: str | None, out: str, folder: str | None, *, quiet: bool = False
) -> Iterator[Stage]:
    """Open a session for one run, and a folder for its tables; both are gone when the block ends.

    Without a master the session is that of the surrounding spark-submit, or what Spark's own
    configuration says. A Java that is started ``quiet`` never says a word. Raises BackendError
    where Spark cannot start, and as :func:`staged`.
    """
    if (master or os.environ.get("SPARK_REMOTE", "")).startswith(CONNECT):
        raise BackendError(NO_CONNECT)
    check_java()
    logging.getLogger().addHandler(logging.NullHandler())  # py4j logs there what is told in a line
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("dedupe").config(map=OURS)
    with spark_errors(), silenced() if quiet else nullcontext():
        spark = (builder.master(master) if master else builder).getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        with staged(spark, out, folder) as stage:
            yield stage
    finally:
        remove_work_folder(spark.stop)


@contextmanager
def silenced() -> Iterator[None]:
    """Discard standard error, also that of processes started meanwhile."""
    sys.stderr.flush()
    own, none = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(none, 2)
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)
        os.close(none)


@contextmanager
def staged(spark: SparkSession, out: str, folder: str | None) -> Iterator[Stage]:
    """Make a folder for a run's tables beside ``out`` or in ``folder``, until the block ends.

    Raises OutputError where ``out`` exists, and BackendError where the workers have another Python
    or another version of dedupe.
    """
    with spark_errors():
        files = Files(spark)
        if files.exists(out):
            raise OutputError(out, "exists; Spark writes to a new folder")
        check_workers(spark)
    name = f"dedupe-staging-{secrets.token_hex(6)}"
    staging = f"{folder.rstrip('/')}/{name}" if folder else f"{out.rstrip('/')}.{name}"
    with spark_errors():
        files.make(staging)
    try:
        yield Stage(spark, staging)
    finally:
        remove_work_folder(partial(files.remove, staging))


def remove_work_folder(work: Callable[[], object]) -> None:
    """Let Java do some last work, unless it is gone, which was reported already.

    Each thread has a connection of its own. That of the main one may be in the middle of an answer,
    where a signal has ended the wait for it.
    """

    def attempt() -> None:
        with suppress(Exception):
            work()

    worker = Thread(target=attempt, daemon=True)
    worker.start()
    worker.join(PATIENCE)


def check_java() -> None:
    """Raise BackendError where there is no Java to start."""
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(os.path.join(home, "bin", "java") if home else "java"):  # noqa: PTH118 - a path for which
        raise BackendError(NO_JAVA)


class Files:
    """The file systems that Spark knows: local, ``hdfs://``, ``s3a://``."""

    def __init__(self, spark: SparkSession) -> None:
        self._java: Any = spark.sparkContext._jvm  # noqa: SLF001 - pyspark has no files of its own
        self._settings = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - the same

    def at(self, path: str) -> Any:  # noqa: ANN401 - a Java object
        """Return a path as Java has it."""
        return self._java.org.apache.hadoop.fs.Path(path)

    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder."""
        own = self.at(path)
        return bool(own.getFileSystem(self._settings).exists(own))

    def make(self, path: str) -> None:
        """Make a folder that Java removes, if nobody does, when it ends."""
        own = self.at(path)
        system = own.getFileSystem(self._settings)
        system.mkdirs(own)
        system.deleteOnExit(own)

    def remove(self, path: str) -> None:
        """Remove a folder and what is in it."""
        own = self.at(path)
        own.getFileSystem(self._settings).delete(own, True)  # noqa: FBT003 - Java has no names


def check_workers(spark: SparkSession) -> None:
    """Raise BackendError for a Spark that is too old, or workers that would compute otherwise."""
    check_version(spark.version)
    for row in spark.range(1).mapInArrow(worker_versions, WORKER).collect():
        compare("Python", row.python, PYTHON)
        compare("formats of dedupe", row.formats, FORMATS)


def check_version(version: str) -> None:
    """Raise BackendError for a Spark that is too old."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < LEAST:
        raise BackendError("Spark {}.{} or later is needed, ".format(*LEAST) + f"this is {version}")


def compare(what: str, right: str, left: str) -> None:
    """Raise BackendError where workers and driver have not the same."""
    if right != left:
        raise BackendError(f"the workers have {what} {right}, the driver {left}")


def worker_versions(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the versions of a worker."""
    for _ in incoming:
        yield batch_of(WORKER, {"python": [PYTHON], "formats": [FORMATS]})


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise what Spark complains of as BackendError, in one line."""
    try:
        yield
    except DedupeError:
        raise
    except PySparkException as error:
        raise BackendError(failure_message(str(error))) from error
    except Exception as error:
        if type(error).__module__.startswith("py4j"):
            raise BackendError(failure_message(str(error))) from error
        raise


def failure_message(complaint: str) -> str:
    """Return the most telling line of a message; of a worker's traceback it is the last."""
    if VERSION_MISMATCH in complaint:
        return f"the workers have not Python {PYTHON} as the driver has: set PYSPARK_PYTHON"
    lines = complaint.strip().splitlines() or ["it failed without a word"]
    if lines[0].startswith(CALLED) and lines[1:]:
        lines[0] = lines[1].lstrip(": ")
    raised = next(filter(RAISED.match, lines), None)
    return f"a Spark worker: {raised}" if TRACEBACK in lines and raised else f"Spark: {lines[0]}"
