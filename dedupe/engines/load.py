"""Batches to tables: each field's distinct texts, folded and sketched, a row a kind of record."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.engines.arrow import blobs, decoded, encoded, numbers, rows_of
from dedupe.engines.roll import Call
from dedupe.engines.worded import hold
from dedupe.pipeline.collisions import resolved
from dedupe.pipeline.describe import (
    CHUNK,
    NO_OUTLETS,
    checks_of,
    describe_chunk,
    kinds_of,
    marked_of,
    marks_of,
    stated_versions,
)
from dedupe.threads import workers
from dedupe.words import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.engines.pages import Pages
    from dedupe.engines.roll import Roll
    from dedupe.engines.shelf import Shelf
    from dedupe.engines.spill import Spill
    from dedupe.pipeline.describe import Chunk
    from dedupe.pipeline.register import Holdings
    from dedupe.settings import Settings
    from dedupe.stories import Batch
    from dedupe.words import Vocabulary

TOGETHER = 16
"""So many batches, or chunks of texts, go into the database at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """One field's texts in memory: the text of each record, and three facts a text.

    A text has so many keys of ``bands``, and of ``anchors`` at the most.
    """

    rows: NDArray[np.int64]
    prints: NDArray[np.uint64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]
    bands: int
    anchors: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What stays in memory of a corpus; the rest is in tables, by field and kind.

    Table ``kinds_0`` has a row a kind: ``kind``, the ``text`` of its first field, the keys
    ``band_0``, ``band_1`` and so on; ``anchors_0`` has a row for each ``anchor`` of a kind.
    """

    roll: Roll
    fields: tuple[Told, ...]
    kinds: NDArray[np.int64]
    rows: tuple[NDArray[np.int64], ...]
    held: tuple[Holdings, ...]
    zones: tuple[NDArray[np.uint8], ...]
    vocabulary: Vocabulary

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version that each record states."""
        views = [(field.rows, field.prints, field.versions) for field in self.fields]
        return stated_versions(views, len(self.kinds))


def load(
    batches: Iterable[Batch],
    settings: Settings,
    spill: Spill,
    shelf: Shelf,
    pages: Pages,
    progress: Callable[[float], None],
) -> Loaded:
    """Read all batches into tables and fold each distinct text; ``progress`` is of the folding."""
    roll = pages.keep(fill(batches, spill, shelf))
    spelled: dict[str, int] = {}
    count = len(settings.field)
    told_fields = (
        tell(
            spill,
            settings,
            roll,
            field,
            spelled,
            lambda done, field=field: progress((field + done) / count),  # type: ignore[misc]  # mypy cannot see the default
        )
        for field in range(count)
    )
    fields = tuple(map(pages.keep, told_fields))
    kinds, rows = pages.keep(
        kinds_of([own.prints for own in fields], [own.rows for own in fields], roll.times)
    )
    pages.give_back()
    vocabulary = learn_vocabulary(by_hash(spelled))
    told = (pages.keep(hold(words_of(spill, field), vocabulary)) for field in range(count))
    held, zones = zip(*told, strict=True)
    for field, own in enumerate(rows):
        key_by_kind(spill, field, own)
    return Loaded(roll, fields, kinds, rows, held, zones, vocabulary)


def fill(batches: Iterable[Batch], spill: Spill, shelf: Shelf) -> Roll:
    """Keep the batches, and put their texts into tables ``raw_0`` and so on, a row a record."""
    call = Call()
    position = 0
    for some in together(batches):
        for batch in some:
            shelf.add(batch)
            call.add(batch)
        for field in range(len(some[0].texts)):
            texts = [encoded(text) for batch in some for text in batch.texts[field]]
            places = np.arange(position, position + len(texts))
            spill.put(f"raw_{field}", {"place": places, "text": pa.array(texts, pa.binary())})
        position += sum(map(len, some))
    return call.roll()


def together(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Items, some at a time."""
    items = iter(items)
    while some := list(islice(items, TOGETHER)):
        yield some


def tell(
    spill: Spill,
    settings: Settings,
    roll: Roll,
    field: int,
    spelled: dict[str, int],
    progress: Callable[[float], None],
) -> Told:
    """Number a field's distinct texts as they come, fold them into table ``told_0`` and so on."""
    spill.do(
        f"create table texts_{field} as select text, min(place) as first, "
        f"row_number() over (order by min(place)) - 1 as row from raw_{field} group by text"
    )
    query = f"select place, row from raw_{field} join texts_{field} using (text) order by place"
    rows = spill.column(query, "place", "row").astype(np.int64)
    spill.do(f"drop table raw_{field}")
    outlets = learn_marks(spill, roll, field)
    columns: dict[str, list[NDArray[Any]]] = {"prints": [], "versions": [], "withdrawn": []}
    checks = []
    done = bands = anchors = 0
    with workers(settings.jobs) as spread:
        pieces = (texts for texts, _ in texts_of(spill, field, CHUNK))
        for some in together(pieces):
            chunks = list(spread(lambda piece: describe_chunk(piece, outlets, settings.seed), some))
            for chunk in chunks:
                spelled.update(chunk.spelled)
                checks.append(checks_of(chunk))
                for name, parts in columns.items():
                    parts.append(getattr(chunk, name))
            put_chunks(spill, field, chunks, done)
            done += sum(map(len, some))
            bands, anchors = chunks[0].bands.shape[1], chunks[0].anchors.shape[1]
            progress(done / (int(rows.max()) + 1))
    spill.do(f"drop table texts_{field}")
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    joined["prints"] = resolved(joined["prints"], np.concatenate(checks).__getitem__)
    return Told(rows, bands=bands, anchors=anchors, **joined)


def texts_of(spill: Spill, field: int, rows: int) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
    """A field's distinct texts in order, with the record that first has each."""
    query = f"select row, text, first from texts_{field} order by row"
    for batch in spill.sorted(query, "row"):
        for part in range(0, batch.num_rows, rows):
            some = batch.slice(part, rows)
            yield [decoded(text) for text in some["text"].to_pylist()], numbers(some["first"])


def learn_marks(spill: Spill, roll: Roll, field: int) -> NDArray[np.uint64]:
    """The outlet marks of a field; only the texts that could close with one are held."""
    writers = roll.sources.numbers.astype(np.int64)
    marked: list[str] = []
    theirs, written = [np.zeros(0, np.int64)], np.zeros(len(roll.sources.names), np.int64)
    for texts, firsts in texts_of(spill, field, 1 << 16):
        places = marked_of(texts)
        marked += [texts[place] for place in places]
        theirs.append(writers[firsts[places]])
        written += np.bincount(writers[firsts], minlength=len(written))
    return marks_of(marked, np.concatenate(theirs), written) if marked else NO_OUTLETS


def put_chunks(spill: Spill, field: int, chunks: Sequence[Chunk], first: int) -> None:
    """Put described texts into their table, numbered from ``first``."""
    for chunk in chunks:
        count = len(chunk.texts)
        ends = np.concatenate(([0], np.cumsum(chunk.lengths)))
        spill.put(
            f"told_{field}",
            {
                "row": np.arange(first, first + count),
                "words": blobs(chunk.hashes, ends),
                "zones": blobs(chunk.zones, ends),
                "text": pa.array([encoded(text) for text in chunk.texts], pa.binary()),
                **{f"band_{b}": keys for b, keys in enumerate(chunk.bands.T)},
                "anchors": rows_of(chunk.anchors),
            },
        )
        first += count


def words_of(spill: Spill, field: int) -> Iterator[pa.RecordBatch]:
    """The words of a field's texts in order, and their zones."""
    return spill.sorted(f"select row, words, zones from told_{field} order by row", "row")


def key_by_kind(spill: Spill, field: int, rows: NDArray[np.int64]) -> None:
    """The field's tables by kind, given the text of each kind."""
    spill.put(f"rows_{field}", {"kind": np.arange(len(rows)), "row": rows})
    spill.do(
        f"create table kinds_{field} as "
        "select rows.kind, told.* exclude (row, words, zones, anchors) "
        f"from told_{field} told join rows_{field} rows using (row)"
    )
    spill.do(
        f"create table anchors_{field} as select * from (select rows.kind, "
        "unnest(anchors) as anchor, generate_subscripts(anchors, 1) - 1 as place "
        f"from told_{field} told join rows_{field} rows using (row)) where anchor <> 0"
    )
    spill.do(f"drop table told_{field}")
    spill.do(f"drop table rows_{field}")
