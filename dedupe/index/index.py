"""The class ``Index``, as a program uses it."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from dedupe.api.records import checked_settings, open_records, raise_with_position
from dedupe.config import Settings, check_name, resolve
from dedupe.errors import SettingsError, StoreError
from dedupe.index import answers, insert, maintain, query, schema, verify
from dedupe.index.facts import PRESENT
from dedupe.index.store import Store
from dedupe.io.dates import parse_timestamp
from dedupe.io.jsonl import read_jsonl
from dedupe.io.source import Source
from dedupe.load import load_corpus
from dedupe.models import NO_TIME, ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike
    from types import TracebackType
    from typing import Unpack

    from dedupe.api.records import Input
    from dedupe.config import SettingsKeywords
    from dedupe.index.answers import Answer
    from dedupe.models import Corpus

    Path = str | bytes | PathLike[str] | PathLike[bytes]

CALL = "Index"


class Index:
    """Records on disk, and where each belongs.

    ``Index(path)`` opens an index, as :meth:`open`; ``Index(":memory:")`` makes one that is gone
    when it is closed.

    >>> with Index(":memory:") as index:
    ...     first = index.add(["Ferry tolls rise by ten pence in June"])
    ...     again = index.add(["UPDATE 1-Ferry tolls rise by ten pence in June"])
    ...     len(index)
    2
    >>> first[0].cluster == again[0].cluster, again[0].size
    (True, 2)

    Any number of threads may share one Index, and any number of processes one file: readers see
    the index as it was when they began, and writers take turns.
    """

    def __init__(
        self,
        path: Path = schema.MEMORY,
        settings: Settings | None = None,
        **given: Unpack[SettingsKeywords],
    ) -> None:
        if os.fsdecode(path) == schema.MEMORY:
            chosen = checked_settings(settings, given, CALL)
            self._begin(schema.MEMORY, {}, {"jobs": chosen.jobs}, settings=chosen)
            return
        if settings is not None:
            raise SettingsError(
                "settings", "an index keeps its own; pass keywords to check that they agree", CALL
            )
        wanted, passing = check_given({n: v for n, v in given.items() if v is not None}, CALL)
        self._begin(os.fsdecode(path), wanted, passing)

    def _begin(
        self,
        path: str,
        wanted: dict[str, object],
        passing: dict[str, object],
        *,
        any_rules: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self.path = path
        self._given = (wanted, passing, any_rules)
        self._local = threading.local()
        self._stores: list[Store] = []
        self._lock = threading.Lock()
        self._closed = False
        self._shared: Store | None = None
        if path == schema.MEMORY and settings is not None:
            self._shared = Store(path, schema.create(path, settings), wanted, passing)
        self.settings = self.store.settings

    @classmethod
    def create(
        cls, path: Path, settings: Settings | None = None, **given: Unpack[SettingsKeywords]
    ) -> Self:
        """Create an empty index and open it; settings as for :func:`dedupe.cluster`.

        Raises StoreError where there is something already, SettingsError for a setting that is
        unknown or out of range.
        """
        if os.fsdecode(path) == schema.MEMORY:
            return cls(path, settings, **given)
        chosen = checked_settings(settings, given, CALL)
        schema.create(os.fsdecode(path), chosen).close()
        return cls(path, jobs=chosen.jobs)

    @classmethod
    def open(cls, path: Path, **given: Unpack[SettingsKeywords]) -> Self:
        """Open an index; settings that are given must be those that it was made with.

        Raises StoreError for a file that is no index or damaged, and for another setting, rule or
        format, with the difference; SettingsError for a setting that is unknown or out of range.
        """
        return cls(path, None, **given)

    @classmethod
    def attach(
        cls,
        path: str,
        wanted: dict[str, object],
        passing: dict[str, object],
        *,
        any_rules: bool = False,
    ) -> Self:
        """Open an index of a file by checked settings: those to compare, and those of one run."""
        index = cls.__new__(cls)
        index._begin(path, wanted, passing, any_rules=any_rules)  # noqa: SLF001 - its own
        return index

    @property
    def store(self) -> Store:
        """The connection of this thread; raises StoreError for a closed index."""
        if self._closed:
            raise StoreError(self.path, "the index is closed")
        if self._shared is not None:
            return self._shared
        held: Store | None = getattr(self._local, "store", None)
        if held is None:
            wanted, passing, any_rules = self._given
            database = schema.connect(self.path)
            held = Store(self.path, database, wanted, passing, any_rules=any_rules)
            self._local.store = held
            with self._lock:
                self._stores.append(held)
        return held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def __len__(self) -> int:
        """Return the number of records."""
        with self.store.reading():
            return len(self.store.facts.with_flag(PRESENT))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def close(self) -> None:
        """Close the file, in all threads."""
        with self._lock:
            self._closed = True
            for store in [*self._stores, *([self._shared] if self._shared else [])]:
                store.close()
            self._stores.clear()

    def add(self, stories: Input) -> list[Answer]:
        """Add records; returns what became of each. On return they are on disk.

        A record with the id of another one takes its place. Raises TypeError for a single record in
        the place of several, InputError for a record that cannot be read, StoreError for an index
        that cannot be written; nothing is taken in then.
        """
        return self.add_corpus(self.corpus_of(stories))

    def match(self, stories: Input) -> list[Answer]:
        """Return what ``add`` would answer to each record alone, and change nothing."""
        return self.match_corpus(self.corpus_of(stories))

    def add_corpus(self, corpus: Corpus) -> list[Answer]:
        """Add records that have been read."""
        return insert.add(self.store, corpus)

    def match_corpus(self, corpus: Corpus) -> list[Answer]:
        """Answer records that have been read."""
        return query.match_only(self.store, corpus)

    def remove(
        self, *, before: datetime | str | None = None, ids: Iterable[str] | None = None
    ) -> int:
        """Delete records older than a date, or of some ids; returns how many went.

        An undated record has no age; one without an id is named by its digest, as in answers.
        Raises SettingsError for a date that cannot be read, StoreError as ``add``.
        """
        wanted = [ids] if isinstance(ids, str) else ids
        return maintain.remove_records(self.store, seconds_of(before), wanted)[0]

    def merge(self, other: Index) -> int:
        """Add all records of another index, which is not changed; returns how many were new.

        Raises StoreError for an index made with other settings.
        """
        return insert.merge_index(self.store, other.store)

    def compact(self) -> int:
        """Cluster all records of the index again, and shrink its file.

        Returns how many records have another canonical version than before. All records are held
        in memory meanwhile; readers go on, writers wait.
        """
        return maintain.compact_store(self.store, lambda _stage, _share: None)

    def check(self) -> list[str]:
        """Return what is wrong with the index, in words; empty where nothing is."""
        return verify.check_index(self.store)

    def stats(self) -> dict[str, Any]:
        """Return the figures of the index: records, clusters, bytes, settings."""
        return answers.index_stats(self.store)

    def export(self) -> Iterator[dict[str, Any]]:
        """Return every cluster with its records, the oldest cluster first."""
        return answers.export_clusters(self.store)

    def corpus_of(self, stories: Input) -> Corpus:
        """Return records of a program as columns."""
        lines = open_records(stories, self.settings, CALL).lines(self.settings, "stories")
        source = Source("stories", "jsonl", lines, self.settings, ReadStats(), raise_with_position)
        return load_corpus(read_jsonl(source), len(self.settings.field))


def check_given(
    given: dict[str, object], origin: str
) -> tuple[dict[str, object], dict[str, object]]:
    """Return settings that an index keeps, as JSON values, and those of one run.

    Raises SettingsError.
    """
    names = {check_name(name, origin).name for name in given}
    values = resolve([(origin, given)]).manifest()
    wanted = {name: values[name] for name in names if name not in schema.UNKEPT}
    passing = {
        check_name(name, origin).name: value
        for name, value in given.items()
        if check_name(name, origin).name in schema.PASSING
    }
    return wanted, passing


def seconds_of(date: datetime | str | None) -> int | None:
    """Return a date as seconds since 1970; raises SettingsError for other values."""
    if isinstance(date, datetime):
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    if date is None:
        return None
    found = parse_timestamp(date, NO_TIME)
    if found == NO_TIME:
        raise SettingsError("before", f"must be a date such as 2026-03-01, got {date}", CALL)
    return found
