"""A database in a folder of its own: what does not fit into memory, and sorting it."""

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

from dedupe.engines.arrow import numbers
from dedupe.errors import SpillError

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


class Spill:
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
        """Run a statement; raises SpillError."""
        with told():
            self._enough(lambda: self._database.execute(statement))

    def put(self, table: str, columns: Mapping[str, Any]) -> None:
        """Add rows to a table, which is made of the first; columns are of numpy or Arrow."""
        with told():
            self._database.register("incoming", pa.table(dict(columns)))
            made = self._database.execute(
                "select count(*) from duckdb_tables() where table_name = ?", [table]
            ).fetchone()
            verb = f"insert into {table}" if made and made[0] else f"create table {table} as"
            self._enough(lambda: self._database.execute(f"{verb} select * from incoming"))
            self._database.unregister("incoming")

    def stream(self, query: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches, in any order; raises SpillError."""
        with told(), self._database.cursor() as own:  # what is read may be put back meanwhile
            batches = self._enough(lambda: begun(own.sql(query).to_arrow_reader(rows)))
            yield from (batch for batch in batches if batch.num_rows)

    def sorted(self, query: str, rising: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches, which one of its columns must sort.

        An engine that keeps no order would else give other results without a word. Raises
        SpillError.
        """
        last = None
        for batch in self.stream(query, rows):
            keys = numbers(batch[rising])
            if (last is not None and keys[0] < last) or (keys[1:] < keys[:-1]).any():
                raise SpillError(f"the database gave {rising} out of order")
            last = keys[-1]
            yield batch

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with told():
            rows = self._database.execute(f"select count(*) from {table}").fetchall()
        return int(rows[0][0])

    def column(self, query: str, rising: str, wanted: str) -> NDArray[Any]:
        """One column of a query as an array, in the order of another."""
        parts = [numbers(batch[wanted]) for batch in self.sorted(query, rising)]
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


def begun(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, of which the first has come: what is sorted has been sorted then."""
    return chain(list(islice(batches, 1)), batches)


@contextmanager
def told() -> Iterator[None]:
    """Raise what the database complains of as SpillError."""
    try:
        yield
    except duckdb.Error as error:
        raise SpillError(str(error).splitlines()[0]) from error


def hold(folder: Path) -> int:
    """Lock a folder for as long as the descriptor is open; raises OSError if it is locked."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sweep(folder: Path) -> None:
    """Remove what runs left behind that ended without a chance to tidy up."""
    for left in folder.glob(PREFIX + "*/lock"):
        with suppress(OSError):
            os.close(hold(left.parent))
            shutil.rmtree(left.parent, ignore_errors=True)


@contextmanager
def open_spill(folder: str, memory: int, threads: int) -> Iterator[Spill]:
    """A database for a run of so many bytes of memory; its folder is gone when the block ends.

    It takes a share of them, and more where that will not do. A folder that a killed run left
    behind goes as well. Raises SpillError where no folder can be made.
    """
    try:
        sweep(Path(folder))
        own = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    except OSError as error:
        raise SpillError(f"{folder}: {error.strerror}") from error
    most = max(memory // UNITS, LEAST)
    share = max(most // SHARE, LEAST)
    try:
        held = hold(own)
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{share}MiB",
            "temp_directory": str(own / "sorting"),
            "threads": threads,
            "autoinstall_known_extensions": False,  # it would fetch them
        }
        with told():
            database = duckdb.connect(own / "tables.duckdb", config=limits)
        try:
            yield Spill(database, own, share, most)
        finally:
            database.close()
            os.close(held)
    finally:
        shutil.rmtree(own, ignore_errors=True)
