"""The standing index as a program sees it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from dedupe.api import lines_of, refuse, settled
from dedupe.errors import SettingsError
from dedupe.index import adding, checking, merging, removing, schema, telling, whole
from dedupe.index.store import Store
from dedupe.pipeline.gather import gather
from dedupe.reading.dates import seconds
from dedupe.reading.jsonl import batches
from dedupe.reading.source import Source
from dedupe.settings import Settings, check_name, resolve
from dedupe.stories import NO_TIME, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from dedupe.api import Story
    from dedupe.index.answers import Answer
    from dedupe.stories import Corpus

CALL = "Index"


class Index:
    """Stories on disk, and where each belongs.

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
        chosen = settled(settings or Settings(), given)
        schema.create(path, chosen)
        return cls(path, {}, {"jobs": chosen.jobs})

    @classmethod
    def open(cls, path: str, **given: object) -> Self:
        """Open an index; settings that are given must be those that it was made with.

        Raises StoreError for a file that is no index or damaged, and for another setting, rule or
        format, with the difference; SettingsError for a setting that is unknown or out of range.
        """
        wanted, passing = sorted_out({n: v for n, v in given.items() if v is not None}, CALL)
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

    def add(self, stories: Iterable[Story]) -> list[Answer]:
        """Take stories in; returns what became of each. On return they are on disk.

        Raises InputError for a story that cannot be read, StoreError for an index that cannot be
        written; nothing is taken in then.
        """
        return self.add_corpus(self.corpus_of(stories))

    def match(self, stories: Iterable[Story]) -> list[Answer]:
        """What the index has to say of stories, which it does not take in; raises as ``add``."""
        return self.match_corpus(self.corpus_of(stories))

    def add_corpus(self, corpus: Corpus) -> list[Answer]:
        """Take in stories that have been read."""
        return adding.add(self.store, corpus)

    def match_corpus(self, corpus: Corpus) -> list[Answer]:
        """Answer stories that have been read."""
        return adding.ask(self.store, corpus)

    def remove(
        self, *, before: datetime | str | None = None, ids: Iterable[str] | None = None
    ) -> int:
        """Forget stories older than a date, or of some ids; returns how many went.

        An undated story has no age; one without an id goes by the digest that answers name it by.
        Raises SettingsError for a date that cannot be read, StoreError as ``add``.
        """
        return removing.remove(self.store, seconds_of(before), ids)[0]

    def merge(self, other: Index) -> int:
        """Take in all stories of another index, which stays as it is; returns how many were new.

        Raises StoreError for an index made with other settings.
        """
        return merging.merge(self.store, other.store)

    def compact(self) -> int:
        """Give the index the clusters of a batch run over all its stories, and the least size.

        Returns how many stories have another canonical version than before. All stories are held
        in memory meanwhile; readers go on, writers wait.
        """
        return whole.compact(self.store, lambda _stage, _share: None)

    def check(self) -> list[str]:
        """What is wrong with the index, in words; empty where nothing is."""
        return checking.check(self.store)

    def stats(self) -> dict[str, Any]:
        """The figures of the index: stories, clusters, bytes, settings."""
        return telling.stats(self.store)

    def export(self) -> Iterator[dict[str, Any]]:
        """Every cluster with its stories, the oldest cluster first."""
        return telling.export(self.store)

    def corpus_of(self, stories: Iterable[Story]) -> Corpus:
        """Stories of a program as columns."""
        lines = lines_of(stories, self.settings)
        source = Source("stories", "jsonl", lines, self.settings, Tally(), refuse)
        return gather(batches(source), len(self.settings.field))


def sorted_out(
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
    found = seconds(date, NO_TIME)
    if found == NO_TIME:
        raise SettingsError("before", f"{date!r} is no date such as 2026-03-01", CALL)
    return found
