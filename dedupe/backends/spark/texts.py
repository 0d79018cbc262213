"""The distinct texts of a field, normalised and sketched on the workers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.arrow import blobs, decoded, encoded, numbers_array
from dedupe.backends.spark.arrow import columns_of, joined, sorted_columns, table_of
from dedupe.backends.spark.schema import SPELLINGS, TOLD, batch_of
from dedupe.text.affixes import closing_marks, outlets_among
from dedupe.text.fingerprints import resolve_collisions
from dedupe.text.preprocess import CHUNK, check_fingerprints, outlet_marks, preprocess_chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.stage import Stage
    from dedupe.config import Settings

CLOSED = "mark long, source string"


@dataclass(frozen=True, slots=True)
class TextFacts:
    """One field's texts: a staged table, and on the driver what each record and text is."""

    table: DataFrame
    rows: NDArray[np.int64]
    firsts: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]


def preprocess_field(stage: Stage, records: DataFrame, settings: Settings, field: int) -> TextFacts:
    """Describe the distinct texts of a field; a text is known by the record that first has it."""
    own = records.select("position", "source", f.col("texts")[field].alias("text"))
    texts = own.groupBy("text").agg(f.min(f.struct("position", "source")).alias("at"))
    kept = stage.keep(
        f"texts_{field}", texts.select("text", f.col("at.position").alias("first"), "at.source")
    )
    outlets = learn_marks(kept)
    told = kept.select("first", "text").mapInArrow(
        partial(preprocess_rows, outlets, settings), TOLD
    )
    table = stage.keep(f"told_{field}", told)
    facts = sorted_columns(table, "first", "print", "check", "version", "withdrawn")
    placed = joined(own, kept, "text").select("position", "first")
    rows = sorted_columns(placed, "position", "first")
    return TextFacts(
        table,
        np.searchsorted(facts["first"], rows["first"]),
        facts["first"],
        resolve_collisions(
            facts["print"].view(np.uint64), facts["check"].view(np.uint64).__getitem__
        ),
        facts["version"].astype(np.int16),
        facts["withdrawn"].astype(bool),
    )


def learn_marks(texts: DataFrame) -> NDArray[np.uint64]:
    """The outlet marks, by exact counts over all distinct texts."""
    closed = texts.select("text", "source").mapInArrow(closing_rows, CLOSED)
    counts = closed.groupBy("mark", "source").agg(f.count("*").alias("count"))
    written = texts.groupBy("source").agg(f.count("*").alias("written"))
    found = columns_of(counts.join(written, "source"), "mark", "count", "written")
    return outlets_among(found["mark"].view(np.uint64), found["count"], found["written"])


def closing_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each set-off phrase that closes a text, with the text's outlet."""
    for batch in incoming:
        texts = [decoded(text) for text in batch["text"].to_pylist()]
        marked = outlet_marks(texts)
        if not marked:
            continue
        positions, marks = closing_marks([texts[position] for position in marked])
        sources = batch["source"].to_pylist()
        writers = [sources[marked[position]] for position in positions.tolist()]
        yield batch_of(CLOSED, {"mark": marks.view(np.int64), "source": writers})


def preprocess_rows(
    outlets: NDArray[np.uint64], settings: Settings, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Rows of ``TOLD`` for rows of ``first`` and ``text``."""
    for batch in incoming:
        for start in range(0, batch.num_rows, CHUNK):
            some = batch.slice(start, CHUNK)
            texts = [decoded(text) for text in some["text"].to_pylist()]
            yield fact_rows(numbers_array(some["first"]), texts, outlets, settings)


def fact_rows(
    firsts: NDArray[np.int64], texts: list[str], outlets: NDArray[np.uint64], settings: Settings
) -> pa.RecordBatch:
    """Some texts described; the first row brings all their words."""
    chunk = preprocess_chunk(texts, outlets, settings.seed)
    ends = np.concatenate(([0], np.cumsum(chunk.lengths)))
    none: list[Any] = [None] * (len(texts) - 1)
    hashes = np.fromiter(chunk.spellings.values(), np.uint64, len(chunk.spellings))
    return batch_of(
        TOLD,
        {
            "first": firsts,
            "words": blobs(chunk.hashes, ends),
            "zones": blobs(chunk.zones, ends),
            "text": [encoded(text) for text in chunk.texts],
            "print": chunk.fingerprints.view(np.int64),
            "check": check_fingerprints(chunk).view(np.int64),
            "version": chunk.versions,
            "withdrawn": chunk.withdrawn,
            "bands": list(chunk.bands.view(np.int64)),
            "anchors": list(chunk.rare_pairs.view(np.int64)),
            "hashes": [hashes.tobytes(), *none],
            "spelled": [encoded("\0".join(chunk.spellings)), *none],
        },
    )


def vocabulary_of(told: TextFacts) -> dict[str, int]:
    """The hash of every word of a field's texts, by its spelling; of those that share one, one."""
    brought = told.table.where("hashes is not null").select("hashes", "spelled")
    words = (
        brought.mapInArrow(word_rows, SPELLINGS).groupBy("hash").agg(f.min("word").alias("word"))
    )
    table = table_of(words)
    hashes = numbers_array(table["hash"]).view(np.uint64).tolist()
    return dict(zip(map(decoded, table["word"].to_pylist()), hashes, strict=True))


def word_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The words that texts brought along, a row each."""
    for batch in incoming:
        for hashes, spellings in zip(batch["hashes"], batch["spelled"], strict=True):
            found = np.frombuffer(hashes.as_py(), np.int64)
            if len(found):
                yield batch_of(SPELLINGS, {"hash": found, "word": spellings.as_py().split(b"\0")})


def words_of(told: TextFacts) -> Iterator[pa.RecordBatch]:
    """The words of each text and their zones, in the order of the texts."""
    table = table_of(told.table.select("first", "words", "zones")).sort_by("first")
    yield from table.to_batches(CHUNK)
