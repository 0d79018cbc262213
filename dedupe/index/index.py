"""The index as a program uses it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from dedupe.api import checked_settings, encode_records, raise_with_position
from dedupe.config import Settings, check_name, resolve
from dedupe.errors import SettingsError
from dedupe.index import compact, export, insert, maintain, schema, verify
from dedupe.index.database import Store
from dedupe.io.dates import parse_timestamp
from dedupe.io.jsonl import read_jsonl
from dedupe.io.source import Source
from dedupe.models import NO_TIME, ReadStats
from dedupe.load import load_corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from dedupe.api import Record
    from dedupe.index.answers import Answer
    from dedupe.models import Corpus

CALL = "Index"


class Index:
    """Records on disk, and where each belongs.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Index.create(folder.name + "/seen.index") as index:
    ...     first = index.add(["Ferry tolls rise by ten pence in June"])
    ...     again = index.add(["UPDATE 1-Ferry tolls rise by ten pence in June"])
    >>> first[0].cluster == again[0].cluster, again[0].size
    (True, 2)
    >>> folder.cleanup()

    Any number of threads may share one Index, and any number of processes one file: readers see
    the index as it was when they began, and writers take turns.
    """

    def __init__(
        self,
        path: str,
        wanted: dict[str, object],
        passing: dict[str, object],
        *,
        any_rules: bool = False,
    ) -> None:
        self.path = path
        self._told = (wanted, passing, any_rules)
        self._local = threading.local()
        self._stores: list[Store] = []
        self._lock = threading.Lock()
        self.settings = self.store.settings

    @classmethod
    def create(cls, path: str, settings: Settings | None = None, **given: object) -> Self:
        """Make an empty index and open it; settings as for :func:`dedupe.cluster`.

        Raises StoreError where there is something already, SettingsError for a setting that is
        unknown or out of range.
        """
        chosen = checked_settings(settings or Settings(), given)
        schema.create(path, chosen)
        return cls(path, {}, {"jobs": chosen.jobs})

    @classmethod
    def open(cls, path: str, **given: object) -> Self:
        """Open an index; settings that are given must be those that it was made with.

        Raises StoreError for a file that is no index or damaged, and for another setting, rule or
        format, with the difference; SettingsError for a setting that is unknown or out of range.
        """
        wanted, passing = check_given({n: v for n, v in given.items() if v is not None}, CALL)
        return cls(path, wanted, passing)

    @property
    def store(self) -> Store:
        """The connection of this thread."""
        held = getattr(self._local, "store", None)
        if held is None:
            wanted, passing, any_rules = self._told
            held = Store(self.path, wanted, passing, any_rules=any_rules)
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
        """Let go of the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file, in all threads."""
        with self._lock:
            for store in self._stores:
                store.close()
            self._stores.clear()
        self._local = threading.local()

    def add(self, stories: Iterable[Record]) -> list[Answer]:
        """Take records in; returns what became of each. On return they are on disk.

        Raises InputError for a record that cannot be read, StoreError for an index that cannot be
        written; nothing is taken in then.
        """
        return self.add_corpus(self.corpus_of(stories))

    def match(self, stories: Iterable[Record]) -> list[Answer]:
        """What the index has to say of records, which it does not take in; raises as ``add``."""
        return self.match_corpus(self.corpus_of(stories))

    def add_corpus(self, corpus: Corpus) -> list[Answer]:
        """Take in records that have been read."""
        return insert.add(self.store, corpus)

    def match_corpus(self, corpus: Corpus) -> list[Answer]:
        """Answer records that have been read."""
        return insert.match_only(self.store, corpus)

    def remove(
        self, *, before: datetime | str | None = None, ids: Iterable[str] | None = None
    ) -> int:
        """Forget records older than a date, or of some ids; returns how many went.

        An undated record has no age; one without an id goes by the digest that answers name it by.
        Raises SettingsError for a date that cannot be read, StoreError as ``add``.
        """
        return maintain.remove_records(self.store, seconds_of(before), ids)[0]

    def merge(self, other: Index) -> int:
        """Take in all records of another index, which stays as it is; returns how many were new.

        Raises StoreError for an index made with other settings.
        """
        return maintain.merge_index(self.store, other.store)

    def compact(self) -> int:
        """Give the index the clusters of a batch run over all its records, and the least size.

        Returns how many records have another canonical version than before. All records are held
        in memory meanwhile; readers go on, writers wait.
        """
        return compact.compact_store(self.store, lambda _stage, _share: None)

    def check(self) -> list[str]:
        """What is wrong with the index, in words; empty where nothing is."""
        return verify.check_index(self.store)

    def stats(self) -> dict[str, Any]:
        """The figures of the index: records, clusters, bytes, settings."""
        return export.index_stats(self.store)

    def export(self) -> Iterator[dict[str, Any]]:
        """Every cluster with its records, the oldest cluster first."""
        return export.export_clusters(self.store)

    def corpus_of(self, stories: Iterable[Record]) -> Corpus:
        """Records of a program as columns."""
        lines = encode_records(stories, self.settings)
        source = Source("stories", "jsonl", lines, self.settings, ReadStats(), raise_with_position)
        return load_corpus(read_jsonl(source), len(self.settings.field))


def check_given(
    given: dict[str, object], origin: str
) -> tuple[dict[str, object], dict[str, object]]:
    """Settings that an index keeps, as JSON values, and those of one run; raises SettingsError."""
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
    """A date as seconds since 1970; raises SettingsError for what is none."""
    if isinstance(date, datetime):
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    if date is None:
        return None
    found = parse_timestamp(date, NO_TIME)
    if found == NO_TIME:
        raise SettingsError("before", f"{date!r} is no date such as 2026-03-01", CALL)
    return found
