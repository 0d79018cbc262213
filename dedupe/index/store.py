"""One open index: its connection, and what it keeps in memory while others write."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import StoreError
from dedupe.index import postings, schema
from dedupe.index.facts import DAY_ONLY, LEADS, PRESENT, Facts
from dedupe.index.newcomers import posting_entries
from dedupe.io.string_columns import CodedStrings
from dedupe.models import NO_TIME, Corpus
from dedupe.packed_texts import pack_texts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.index.newcomers import Newcomers
    from dedupe.index.postings import Segment

NEVER = -1
READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"
WRAP = 1 << 64


class Store:
    """A connection to an index; for one thread at a time.

    ``settings`` are those that the index keeps, with those of the run. Opening raises StoreError,
    with the difference, for an index made with other ``wanted`` settings or, unless ``any_rules``,
    by a version that prepares or scores texts differently.
    """

    def __init__(
        self,
        path: str,
        database: sqlite3.Connection,
        wanted: dict[str, object],
        passing: dict[str, object],
        *,
        any_rules: bool = False,
    ) -> None:
        self.path, self.database = path, database
        try:
            with schema.store_errors(path), schema.damage_errors(path):
                meta = schema.read_meta(database)
                self.kept: dict[str, Any] = dict(meta["settings"])  # type: ignore[call-overload]  # JSON
                made_with = meta["made_with"]
            schema.check_settings(path, self.kept, wanted)
            if not any_rules:
                schema.check_rules(path, made_with)
            with schema.damage_errors(path):
                self.settings: Settings = schema.as_settings(self.kept, **passing)
        except BaseException:
            database.close()
            raise
        self._lock = threading.RLock()
        self._begun = READ
        self.forget()

    def forget(self) -> None:
        """Drop what is held in memory; the next transaction reads it again."""
        self.facts = Facts()
        self.segments: list[Segment] = []
        self.outlets: dict[str, int] = {"": 0}
        self._version = self._epoch = NEVER

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read one version of the index inside the block, whatever others write."""
        with self._transaction(READ):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write all of a block or nothing: it is on disk when the block ends."""
        with self._transaction(WRITE):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._lock:
            if self.in_transaction():
                if begin != self._begun and self._begun == READ:
                    raise StoreError(self.path, "cannot be written while an export of it is read")
                yield
                return
            with schema.store_errors(self.path), schema.damage_errors(self.path):
                self.database.execute(begin)
                self._begun = begin
                try:
                    self._refresh()
                    yield
                    if self.facts.changed:
                        self.save_facts()
                    self.database.execute("COMMIT")
                except BaseException:
                    self.forget()
                    if self.database.in_transaction:
                        self.database.execute("ROLLBACK")
                    raise

    def in_transaction(self) -> bool:
        """Return whether a transaction is open; raises StoreError for a closed index."""
        with schema.store_errors(self.path):
            return self.database.in_transaction

    def _refresh(self) -> None:
        """Read what others have written since."""
        self.database.execute("SELECT count(*) FROM meta").fetchone()  # the view begins here
        version = self.database.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        meta = schema.read_meta(self.database)
        if meta["epoch"] != self._epoch:
            self.forget()
        self._epoch = int(str(meta["epoch"]))
        self.facts.load(self.database, int(str(meta["next"])))
        self.segments = postings.read_segments(self.database)
        query = "SELECT name, number FROM outlet WHERE number >= ?"
        self.outlets.update(self.database.execute(query, (len(self.outlets),)).fetchall())
        self._version = version

    def save_facts(self) -> None:
        """Write the changed facts, under a number that others know them by."""
        written = self.facts.written + 1
        self.facts.save(self.database, written)
        schema.write_meta(self.database, {"next": self.facts.end, "written": written})

    def new_epoch(self, **values: object) -> None:
        """Make every process that has the index open read everything again."""
        epoch = int(str(schema.read_meta(self.database)["epoch"])) + 1
        schema.write_meta(self.database, {**values, "epoch": epoch})
        self._epoch = epoch

    def is_present(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the index holds records of some numbers."""
        return self.facts.flagged(numbers, PRESENT)

    def find(self, codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the records of sorted key codes, as :func:`dedupe.index.postings.find`."""
        return postings.find(self.database, self.segments, codes)

    def write_derived(
        self,
        new: Newcomers,
        numbers: NDArray[np.int64],
        codes: NDArray[np.uint64],
        leads: NDArray[np.bool_],
    ) -> None:
        """Write what follows from new records: their facts, prepared texts and postings.

        ``codes`` are the key codes of their identity, ``leads`` says which lead a cluster.
        """
        facts = new.facts.copy()
        facts["flags"][~leads] &= 255 ^ LEADS
        self.facts.add(numbers, facts)
        blobs = pack_texts(new.contents.texts, new.contents.rows)
        rows = zip(numbers.tolist(), blobs, strict=True)
        self.database.executemany("INSERT INTO prepared VALUES (?, ?)", rows)
        entries = posting_entries(new, codes, numbers)
        self.segments = postings.add_entries(self.database, self.segments, entries, self.is_present)

    def outlet_numbers(self, names: Sequence[str], *, new: bool = False) -> NDArray[np.int64]:
        """Return the number of each outlet, 0 for none; ``new`` ones are noted in the index."""
        held = self.outlets if new else dict(self.outlets)
        fresh = [name for name in dict.fromkeys(names) if name not in held]
        held.update({name: len(held) + at for at, name in enumerate(fresh)})
        if new:
            rows = [(held[name], name) for name in fresh]
            self.database.executemany("INSERT INTO outlet VALUES (?, ?)", rows)
        return np.array([held[name] for name in names], np.int64)

    def outlet_column(self, numbers: NDArray[np.int64]) -> CodedStrings:
        """Return the names of outlets by number."""
        names = list(self.outlets)
        most = int(numbers.max(initial=0))
        names += [f"\0{number}" for number in range(len(names), most + 1)]
        return CodedStrings(names, numbers.astype(np.int32))

    def rows(self, columns: str, numbers: Iterable[int], joined: str = "") -> list[tuple[Any, ...]]:
        """Return columns of some records, in the order asked for.

        Raises ValueError where a record is missing.
        """
        wanted = list(numbers)
        query = (
            f"SELECT {columns} FROM (SELECT value FROM json_each(?))"  # noqa: S608 - names of columns
            f" CROSS JOIN record ON record.number = value {joined}"
        )
        found = self.database.execute(query, (orjson.dumps(wanted).decode(),)).fetchall()
        if len(found) != len(wanted):
            raise ValueError("some records are missing")
        return found

    def prepared(self, numbers: list[int]) -> list[bytes]:
        """Return the packed texts of some records; raises ValueError where they are missing."""
        query = "SELECT data FROM json_each(?) CROSS JOIN prepared ON number = value"
        rows = self.database.execute(query, (orjson.dumps(numbers).decode(),)).fetchall()
        if len(rows) != len(numbers):
            raise ValueError("the prepared texts of some records are missing")
        return [row[0] for row in rows]

    def corpus(self, numbers: NDArray[np.int64]) -> Corpus:
        """Return some records as a corpus without their bytes."""
        rows = self.rows("id, outlet, time, digest, texts", numbers.tolist())
        texts = [orjson.loads(row[4]) for row in rows]
        fields = range(len(self.settings.field))
        days_only = self.facts.flagged(numbers, DAY_ONLY)
        return Corpus(
            batches=(),
            texts=tuple([text[field] for text in texts] for field in fields),
            ids=[row[0] for row in rows],
            sources=self.outlet_column(np.array([row[1] for row in rows], np.int64)),
            times=np.array([NO_TIME if row[2] is None else row[2] for row in rows], np.int64),
            days_only=days_only,
            digests=np.array([row[3] % WRAP for row in rows], np.uint64),
        )
