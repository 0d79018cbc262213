"""Load batches into tables: the distinct texts of each field, with their blocking keys."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.backends.arrow import blobs, decoded, encoded, numbers_array, row_lists
from dedupe.backends.record_meta import RecordMetaBuilder
from dedupe.backends.word_columns import load_words
from dedupe.parallel import thread_map
from dedupe.text.fingerprints import resolve_collisions
from dedupe.text.preprocess import (
    CHUNK,
    NO_OUTLETS,
    check_fingerprints,
    content_ids_of,
    learn_marks,
    outlet_marks,
    preprocess_chunk,
    stated_versions,
)
from dedupe.text.vocabulary import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.backends.batch_file import BatchFile
    from dedupe.backends.mmap_arrays import MappedArrays
    from dedupe.backends.record_meta import RecordMeta
    from dedupe.backends.scratch import ScratchDatabase
    from dedupe.config import Settings
    from dedupe.models import Batch
    from dedupe.scoring.corpus_stats import WordColumn
    from dedupe.text.preprocess import TextChunk
    from dedupe.text.vocabulary import Vocabulary

TOGETHER = 16
"""So many batches, or chunks of texts, go into the database at once."""


@dataclass(frozen=True, slots=True)
class TextFacts:
    """One field's texts in memory: the text of each record, and three facts a text.

    A text has so many keys of ``bands``, and of ``rare_pairs`` at the most.
    """

    rows: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]
    bands: int
    rare_pairs: int


@dataclass(frozen=True, slots=True)
class LoadedCorpus:
    """What stays in memory of a corpus; the rest is in tables, by field and kind.

    Table ``kinds_0`` has a row a kind: ``kind``, the ``text`` of its first field, the keys
    ``band_0``, ``band_1`` and so on; ``anchors_0`` has a row for each ``rare-word pair`` of a kind.
    """

    record_meta: RecordMeta
    fields: tuple[TextFacts, ...]
    content_ids: NDArray[np.int64]
    rows: tuple[NDArray[np.int64], ...]
    held: tuple[WordColumn, ...]
    zones: tuple[NDArray[np.uint8], ...]
    vocabulary: Vocabulary

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version that each record states."""
        views = [(field.rows, field.fingerprints, field.versions) for field in self.fields]
        return stated_versions(views, len(self.content_ids))


def load_corpus_tables(
    batches: Iterable[Batch],
    settings: Settings,
    scratch: ScratchDatabase,
    batch_file: BatchFile,
    pages: MappedArrays,
    progress: Callable[[float], None],
) -> LoadedCorpus:
    """Read all batches into tables and normalise each distinct text."""
    record_meta = pages.keep(fill_tables(batches, scratch, batch_file))
    spellings: dict[str, int] = {}
    count = len(settings.field)
    told_fields = (
        preprocess_field(
            scratch,
            settings,
            record_meta,
            field,
            spellings,
            lambda done, field=field: progress((field + done) / count),  # type: ignore[misc]  # mypy cannot see the default
        )
        for field in range(count)
    )
    fields = tuple(map(pages.keep, told_fields))
    content_ids, rows = pages.keep(
        content_ids_of(
            [own.fingerprints for own in fields], [own.rows for own in fields], record_meta.times
        )
    )
    pages.give_back()
    vocabulary = learn_vocabulary(by_hash(spellings))
    told = (
        pages.keep(load_words(field_vocabulary(scratch, field), vocabulary))
        for field in range(count)
    )
    held, zones = zip(*told, strict=True)
    for field, own in enumerate(rows):
        keys_by_content(scratch, field, own)
    return LoadedCorpus(record_meta, fields, content_ids, rows, held, zones, vocabulary)


def fill_tables(
    batches: Iterable[Batch], scratch: ScratchDatabase, batch_file: BatchFile
) -> RecordMeta:
    """Keep the batches, and put their texts into tables ``raw_0`` and so on, a row a record."""
    call = RecordMetaBuilder()
    position = 0
    for some in batch_items(batches):
        for batch in some:
            batch_file.add(batch)
            call.add(batch)
        for field in range(len(some[0].texts)):
            texts = [encoded(text) for batch in some for text in batch.texts[field]]
            positions = np.arange(position, position + len(texts))
            scratch.put(f"raw_{field}", {"place": positions, "text": pa.array(texts, pa.binary())})
        position += sum(map(len, some))
    return call.record_meta()


def batch_items(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Items, some at a time."""
    items = iter(items)
    while some := list(islice(items, TOGETHER)):
        yield some


def preprocess_field(
    scratch: ScratchDatabase,
    settings: Settings,
    record_meta: RecordMeta,
    field: int,
    spellings: dict[str, int],
    progress: Callable[[float], None],
) -> TextFacts:
    """Number a field's distinct texts as they come, fold them into table ``told_0`` and so on."""
    scratch.do(
        f"create table texts_{field} as select text, min(place) as first, "
        f"row_number() over (order by min(place)) - 1 as row from raw_{field} group by text"
    )
    query = f"select place, row from raw_{field} join texts_{field} using (text) order by place"
    rows = scratch.column(query, "place", "row").astype(np.int64)
    scratch.do(f"drop table raw_{field}")
    outlets = learn_field_marks(scratch, record_meta, field)
    columns: dict[str, list[NDArray[Any]]] = {"fingerprints": [], "versions": [], "withdrawn": []}
    checks = []
    done = bands = rare_pairs = 0
    with thread_map(settings.jobs) as spread:
        pieces = (texts for texts, _ in texts_of(scratch, field, CHUNK))
        for some in batch_items(pieces):
            chunks = list(
                spread(lambda piece: preprocess_chunk(piece, outlets, settings.seed), some)
            )
            for chunk in chunks:
                spellings.update(chunk.spellings)
                checks.append(check_fingerprints(chunk))
                for name, parts in columns.items():
                    parts.append(getattr(chunk, name))
            write_chunks(scratch, field, chunks, done)
            done += sum(map(len, some))
            bands, rare_pairs = chunks[0].bands.shape[1], chunks[0].rare_pairs.shape[1]
            progress(done / (int(rows.max()) + 1))
    scratch.do(f"drop table texts_{field}")
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    found = joined["fingerprints"]
    joined["fingerprints"] = resolve_collisions(found, np.concatenate(checks).__getitem__)
    return TextFacts(rows, bands=bands, rare_pairs=rare_pairs, **joined)


def texts_of(
    scratch: ScratchDatabase, field: int, rows: int
) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
    """A field's distinct texts in order, with the record that first has each."""
    query = f"select row, text, first from texts_{field} order by row"
    for batch in scratch.sorted(query, "row"):
        for part in range(0, batch.num_rows, rows):
            some = batch.slice(part, rows)
            yield [decoded(text) for text in some["text"].to_pylist()], numbers_array(some["first"])


def learn_field_marks(
    scratch: ScratchDatabase, record_meta: RecordMeta, field: int
) -> NDArray[np.uint64]:
    """The outlet marks of a field; only the texts that could close with one are held."""
    writers = record_meta.sources.numbers.astype(np.int64)
    marked: list[str] = []
    theirs, written = [np.zeros(0, np.int64)], np.zeros(len(record_meta.sources.names), np.int64)
    for texts, firsts in texts_of(scratch, field, 1 << 16):
        positions = outlet_marks(texts)
        marked += [texts[position] for position in positions]
        theirs.append(writers[firsts[positions]])
        written += np.bincount(writers[firsts], minlength=len(written))
    return learn_marks(marked, np.concatenate(theirs), written) if marked else NO_OUTLETS


def write_chunks(
    scratch: ScratchDatabase, field: int, chunks: Sequence[TextChunk], first: int
) -> None:
    """Put described texts into their table, numbered from ``first``."""
    for chunk in chunks:
        count = len(chunk.texts)
        ends = np.concatenate(([0], np.cumsum(chunk.lengths)))
        scratch.put(
            f"told_{field}",
            {
                "row": np.arange(first, first + count),
                "words": blobs(chunk.hashes, ends),
                "zones": blobs(chunk.zones, ends),
                "text": pa.array([encoded(text) for text in chunk.texts], pa.binary()),
                **{f"band_{b}": keys for b, keys in enumerate(chunk.bands.T)},
                "anchors": row_lists(chunk.rare_pairs),
            },
        )
        first += count


def field_vocabulary(scratch: ScratchDatabase, field: int) -> Iterator[pa.RecordBatch]:
    """The words of a field's texts in order, and their zones."""
    return scratch.sorted(f"select row, words, zones from told_{field} order by row", "row")


def keys_by_content(scratch: ScratchDatabase, field: int, rows: NDArray[np.int64]) -> None:
    """The field's tables by content, given the text of each content."""
    scratch.put(f"rows_{field}", {"kind": np.arange(len(rows)), "row": rows})
    scratch.do(
        f"create table kinds_{field} as "
        "select rows.kind, told.* exclude (row, words, zones, anchors) "
        f"from told_{field} told join rows_{field} rows using (row)"
    )
    scratch.do(
        f"create table anchors_{field} as select * from (select rows.kind, "
        "unnest(anchors) as anchor, generate_subscripts(anchors, 1) - 1 as place "
        f"from told_{field} told join rows_{field} rows using (row)) where anchor <> 0"
    )
    scratch.do(f"drop table told_{field}")
    scratch.do(f"drop table rows_{field}")
