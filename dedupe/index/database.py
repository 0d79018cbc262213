"""One open index: its connection, and what is kept in memory of it, whatever others write."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.index import schema, search, segments, texts
from dedupe.index.cache import SegmentCache
from dedupe.index.memtable import ENOUGH, Memtable
from dedupe.index.record_cache import RecordCache
from dedupe.index.row_queries import new_source, source_number
from dedupe.index.text_cache import UNKNOWN, TextCache
from dedupe.index.text_keys import (
    identities,
    keys_of,
    postings_of,
    preprocess_records,
    preprocess_texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.index.postings import Segment
    from dedupe.index.search import PostingHits
    from dedupe.index.text_keys import FieldTexts, Marks
    from dedupe.models import Corpus

NEVER = NO_SOURCE = -1
STRANGE = 1 << 40


class Store:
    """A connection to an index; for one thread at a time.

    ``settings`` are those that the index keeps, with those of the run. Opening raises StoreError,
    with the difference, for an index made with other ``wanted`` settings or, unless ``any_rules``,
    by a version that describes or judges records differently.
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
        self.database = schema.connect(path)
        try:
            with schema.store_errors(path), schema.damage_errors(path):
                meta = schema.read_meta(self.database)
                self.kept: dict[str, Any] = dict(meta["settings"])  # type: ignore[call-overload]  # JSON
                made_with = meta["made_with"]
            schema.check_settings(path, self.kept, wanted)
            if not any_rules:
                schema.check_rules(path, made_with)
            with schema.damage_errors(path):
                self.settings: Settings = schema.as_settings(self.kept, **passing)
        except BaseException:
            self.database.close()
            raise
        self.marks: Marks = ()
        self.segments: list[Segment] = []
        self.memtable = Memtable(1)
        self.segment_cache = SegmentCache()
        self.pages = RecordCache()
        self.memory = TextCache(0)
        self._sources: dict[str, int] = {}
        self._epoch = self._version = NEVER

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One view of the index, whatever is written meanwhile."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is written stands when the block ends, all of it or nothing."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        if self.database.in_transaction:
            yield
            return
        with schema.store_errors(self.path), schema.damage_errors(self.path):
            self.database.execute(begin)
            try:
                self._refresh()
                yield
                self.database.execute("COMMIT")
            except BaseException:
                self._epoch = self._version = NEVER
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise

    def _refresh(self) -> None:
        """Learn what others have written since."""
        if self.memory.is_full:
            self.memory = TextCache(len(self.settings.field))
        version = self.database.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        meta = schema.read_meta(self.database)
        if meta["epoch"] != self._epoch:
            self._epoch = int(str(meta["epoch"]))
            self.marks = read_marks(meta.get("marks"), len(self.settings.field))
            self.memtable = Memtable(NEVER)
            self.segment_cache = SegmentCache()
            self.memory = TextCache(len(self.settings.field))
            self._sources = {"": NO_SOURCE}
        self.pages = RecordCache()
        self.memory.word_stats.forget_counts()
        self.read_segments()
        self._version = version

    def read_segments(self) -> None:
        """Learn which segments there are, and hold the records after them."""
        self.segments = segments.read_segments(self.database)
        first = self.segments[-1].last + 1 if self.segments else 1
        if self.memtable.first != first:
            self.memtable = Memtable(first)
        query = "SELECT seq FROM facts WHERE seq >= ? ORDER BY seq"
        fresh = np.array(
            [row[0] for row in self.database.execute(query, (self.memtable.next,))], np.int64
        )
        if len(fresh):
            corpus = self.records(fresh)
            told = preprocess_records(corpus, self.marks, self.settings.seed)
            self.memtable.add(*self.postings(corpus, told, fresh), int(fresh[-1]) + 1)

    def postings(
        self, corpus: Corpus, told: Sequence[FieldTexts], seqs: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The keys of records and, beside each, its record's row."""
        return postings_of(keys_of(told), identities(corpus), seqs)

    def look_up(self, keys: NDArray[np.uint32]) -> PostingHits:
        """The rows of each of some sorted distinct keys."""
        owners, rows, left_out = search.find_postings(
            self.database, self.segments, keys, self.segment_cache
        )
        return search.gather_hits([self.memtable.find(keys), (owners, rows)], left_out)

    def keep_postings(
        self, postings: tuple[NDArray[np.uint32], NDArray[np.int64]], following: int
    ) -> None:
        """Take the postings of new records below ``following``, and write a segment if due."""
        if following - self.memtable.first < ENOUGH:
            self.memtable.add(*postings, following)
            return
        keys, seqs = self.memtable.postings()
        both = np.concatenate([keys, postings[0]]), np.concatenate([seqs, postings[1]])
        segments.write_segment(self.database, self.memtable.first, following - 1, both)
        texts.repack(self.database, self.memtable.first, following - 1)
        segments.tidy(self.database)
        self.read_segments()

    def recall(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places in memory of some rows, given in order; what is not there is fetched."""
        positions = self.memory.positions(seqs)
        missing = np.flatnonzero(positions == UNKNOWN)
        if len(missing):
            rows, times, sources = texts.records_with_texts(self.database, seqs[missing], NO_SOURCE)
            columns = [[row[field] for row in rows] for field in range(len(self.marks))]
            told = preprocess_texts(columns, self.marks, self.settings.seed, bands=False)
            found = self.memory.add(told, times, sources)
            self.memory.name(seqs[missing], found)
            positions[missing] = found
        return positions

    def source_numbers(self, names: Sequence[str], *, new: bool = False) -> list[int]:
        """The number of each outlet; those that the index does not know are noted if ``new``."""
        held = self._sources
        if not held.keys() >= {*names}:
            held = held if new else dict(held)
            for name in dict.fromkeys(names):
                if name not in held:
                    held[name] = self._source_number(name, STRANGE + len(held), new=new)
        return [held[name] for name in names]

    def _source_number(self, name: str, strange: int, *, new: bool) -> int:
        """The number of one outlet; where it is not to be noted, one that none has."""
        found = source_number(self.database, name)
        if found is None:
            return new_source(self.database, name) if new else strange
        self._sources[name] = found
        return found

    def records(self, seqs: NDArray[np.int64]) -> Corpus:
        """Some records, given in the order of coming, as a corpus without their bytes."""
        return texts.read_records(self.database, seqs, len(self.marks))

    def new_epoch(self, **values: object) -> None:
        """Tell all who have the index open that its rows are other ones than before."""
        epoch = schema.read_meta(self.database)["epoch"]
        schema.write_meta(self.database, {**values, "epoch": int(str(epoch)) + 1})
        self._epoch = self._version = NEVER


def read_marks(held: object, fields: int) -> Marks:
    """The learned outlet marks of each field, none before the first compaction."""
    if not isinstance(held, list):
        return tuple(np.zeros(0, np.uint64) for _ in range(fields))
    return tuple(np.frombuffer(base64.b64decode(field), "<u8") for field in held)


def marks_as_text(marks: Marks) -> list[str]:
    """The marks as JSON holds them."""
    return [base64.b64encode(field.astype("<u8").tobytes()).decode() for field in marks]
