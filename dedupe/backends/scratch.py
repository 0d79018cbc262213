"""The scratch database of a run on disk, and the pruned pairs in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from dedupe.arrays import difference_sorted, unique_sorted
from dedupe.backends.arrow import decoded, numbers_array
from dedupe.errors import ScratchError
from dedupe.scoring.corpus_stats import comparable_letters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

ROWS = 1 << 16
PREFIX = "dedupe-spill-"
UNITS = 1 << 20
LEAST = 128
"""MiB that the database cannot sort a few hundred thousand rows without."""
SHARE = 8
"""The database may take one part in so many of the memory; the rest is for what it is asked for."""

Told = TypeVar("Told")


class ScratchDatabase:
    """Tables of a run on disk, read and sorted within a limit of memory.

    The limit is ``share`` MiB, and doubled up to ``most`` for a statement that cannot do with it.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, folder: Path, share: int, most: int
    ) -> None:
        self._database = database
        self.folder = folder
        self._limit, self._most = share, most

    def do(self, statement: str) -> None:
        """Run a statement; raises ScratchError."""
        with scratch_errors():
            self._enough(lambda: self._database.execute(statement))

    def put(self, table: str, columns: Mapping[str, Any]) -> None:
        """Add rows to a table, which is made of the first; columns are of numpy or Arrow."""
        with scratch_errors():
            self._database.register("incoming", pa.table(dict(columns)))
            made = self._database.execute(
                "select count(*) from duckdb_tables() where table_name = ?", [table]
            ).fetchone()
            verb = f"insert into {table}" if made and made[0] else f"create table {table} as"
            self._enough(lambda: self._database.execute(f"{verb} select * from incoming"))
            self._database.unregister("incoming")

    def stream(self, query: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches, in any order; raises ScratchError."""
        with (
            scratch_errors(),
            self._database.cursor() as own,
        ):  # what is read may be put back meanwhile
            batches = self._enough(lambda: start_stream(own.sql(query).to_arrow_reader(rows)))
            yield from (batch for batch in batches if batch.num_rows)

    def sorted(self, query: str, rising: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches, which one of its columns must sort.

        An backend that keeps no order would else give other results without a word. Raises
        ScratchError.
        """
        last = None
        for batch in self.stream(query, rows):
            keys = numbers_array(batch[rising])
            if (last is not None and keys[0] < last) or (keys[1:] < keys[:-1]).any():
                raise ScratchError(f"the database gave {rising} out of order")
            last = keys[-1]
            yield batch

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with scratch_errors():
            rows = self._database.execute(f"select count(*) from {table}").fetchall()
        return int(rows[0][0])

    def column(self, query: str, rising: str, wanted: str) -> NDArray[Any]:
        """One column of a query as an array, in the order of another."""
        parts = [numbers_array(batch[wanted]) for batch in self.sorted(query, rising)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _enough(self, ask: Callable[[], Told]) -> Told:
        """What the database answers, with a higher limit of memory where it needs one."""
        while True:
            try:
                return ask()
            except duckdb.OutOfMemoryException:
                if self._limit >= self._most:
                    raise
                self._limit = min(2 * self._limit, self._most)
                self._database.execute(f"set memory_limit = '{self._limit}MiB'")


def start_stream(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, of which the first has come: what is sorted has been sorted then."""
    return chain(list(islice(batches, 1)), batches)


@contextmanager
def scratch_errors() -> Iterator[None]:
    """Raise what the database complains of as ScratchError."""
    try:
        yield
    except duckdb.Error as error:
        raise ScratchError(str(error).splitlines()[0]) from error


def lock_folder(folder: Path) -> int:
    """Lock a folder for as long as the descriptor is open; raises OSError if it is locked."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def remove_stale(folder: Path) -> None:
    """Remove what runs left behind that ended without a chance to tidy up."""
    for left in folder.glob(PREFIX + "*/lock"):
        with suppress(OSError):
            os.close(lock_folder(left.parent))
            shutil.rmtree(left.parent, ignore_errors=True)


@contextmanager
def open_scratch(folder: str, memory: int, threads: int) -> Iterator[ScratchDatabase]:
    """A database for a run of so many bytes of memory; its folder is gone when the block ends.

    It takes a share of them, and more where that will not do. A folder that a killed run left
    behind goes as well. Raises ScratchError where no folder can be made.
    """
    try:
        remove_stale(Path(folder))
        own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    except OSError as error:
        raise ScratchError(f"{folder}: {error.strerror}") from error
    most = max(memory // UNITS, LEAST)
    share = max(most // SHARE, LEAST)
    try:
        held = lock_folder(own)
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{share}MiB",
            "temp_directory": str(own / "sorting"),
            "threads": threads,
            "autoinstall_known_extensions": False,  # it would fetch them
        }
        with scratch_errors():
            database = duckdb.connect(own / "tables.duckdb", config=limits)
        try:
            yield ScratchDatabase(database, own, share, most)
        finally:
            database.close()
            os.close(held)
    finally:
        shutil.rmtree(own, ignore_errors=True)


class PrunedPairsOnDisk:
    """The pruned pairs in a table, like ``PrunedPairsInMemory``."""

    def __init__(self, scratch: ScratchDatabase) -> None:
        self._scratch = scratch
        self._scratch.do("create or replace table pruned (code bigint)")

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._scratch.count("pruned") > 0

    def add(self, pair_keys: NDArray[np.int64]) -> None:
        """Put some pairs aside."""
        self._scratch.put("pruned", {"code": pair_keys})

    def rest(self, pair_keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""
        self._scratch.put("asked", {"code": pair_keys})
        query = "select code from pruned semi join asked using (code)"
        return difference_sorted(self._read(query, "asked"), pair_keys)

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted."""
        self._scratch.put("wanted", {"record": np.flatnonzero(wanted)})
        query = (
            "select code from pruned "
            "semi join wanted one on code >> 32 = one.record "
            "semi join wanted other on code & 4294967295 = other.record"
        )
        return self._read(query, "wanted")

    def pair_keys(self) -> NDArray[np.int64]:
        """All of them."""
        return self._read("select code from pruned")

    def _read(self, query: str, *asked: str) -> NDArray[np.int64]:
        """The distinct pair keys of a query, sorted here: the database sorts in more memory."""
        parts = [numbers_array(batch["code"]) for batch in self._scratch.stream(query)]
        for table in asked:
            self._scratch.do(f"drop table {table}")
        return unique_sorted(np.concatenate([np.zeros(0, np.int64), *parts]))


def fetch_letters(
    scratch: ScratchDatabase, field: int, content_ids: NDArray[np.int64], numbered: str
) -> dict[int, str]:
    """What of the texts of some contents is compared by characters, by content.

    ``numbered`` is the setting named numbers.
    """
    scratch.put("wanted", {"kind": content_ids})
    query = f"select kind, text from kinds_{field} semi join wanted using (kind)"
    found: dict[int, str] = {}
    for batch in scratch.stream(query):
        texts = [decoded(text) for text in batch["text"].to_pylist()]
        found.update(
            zip(
                numbers_array(batch["kind"]).tolist(),
                comparable_letters(texts, numbered),
                strict=True,
            )
        )
    scratch.do("drop table wanted")
    return found
