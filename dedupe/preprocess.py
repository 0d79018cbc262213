"""Prepare the texts of a corpus batch by batch or chunk by chunk, and number the distinct ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.contents import Contents, FieldTexts, number_contents
from dedupe.io.string_columns import PackedStrings, code_strings, pack_strings
from dedupe.load import batch_digests
from dedupe.prepare import prepare_distinct
from dedupe.resources import background, thread_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.string_columns import CodedStrings
    from dedupe.models import Batch, Corpus
    from dedupe.tokens import PreparedTexts

CHUNK = 1 << 15
LEAST = 256
"""A batch of so many records is worth preparing by itself."""
LONGEST_SUPPORT = 512
"""Of a field after the first so many characters are compared: its beginning tells the story."""


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """The digests of some records, and of each field the distinct texts and that of each record."""

    digests: NDArray[np.uint64]
    fields: list[tuple[PreparedTexts, NDArray[np.int32]]]


def prepare_ahead(batches: Iterable[Batch], settings: Settings) -> Iterator[Batch]:
    """Yield batches, whose texts are prepared in threads while the next ones are read.

    Small batches are left to :func:`preprocess`, which prepares them together.
    """
    with background(settings.jobs if kernel.available() else 1) as start:
        for batch in batches:
            if batch.prepared is None and len(batch) >= LEAST:
                packed = pack_batch(batch)
                prepared = start(partial(prepare_batch, seed=settings.seed), packed)
                yield replace(packed, prepared=prepared)
            else:
                yield batch


def pack_batch(batch: Batch) -> Batch:
    """Return a batch with its strings as bytes, which take less memory."""
    texts = tuple(map(pack_strings, batch.texts))
    return replace(
        batch, texts=texts, ids=pack_strings(batch.ids), sources=code_strings(batch.sources)
    )


def prepare_batch(batch: Batch, seed: int) -> PreparedBatch:
    """Return what of a batch does not depend on other ones."""
    sources = code_strings(batch.sources)
    fields = [prepare_field(texts, field, sources, seed) for field, texts in enumerate(batch.texts)]
    return PreparedBatch(batch_digests(batch), fields)


def prepare_field(
    texts: Sequence[str], field: int, sources: CodedStrings, seed: int
) -> tuple[PreparedTexts, NDArray[np.int32]]:
    """Return the distinct prepared texts of a field, and that of each record."""
    outlets = sources.writers.astype(np.int32)
    return prepare_distinct(texts, sources.names, outlets, seed, longest(field))


def preprocess(
    corpus: Corpus, seed: int, jobs: int, progress: Callable[[float], None] = lambda _: None
) -> Contents:
    """Return the contents of a corpus; ``progress`` gets the share done.

    What was prepared ahead is taken from the corpus.
    """
    sources = code_strings(corpus.sources)
    parts: list[list[PreparedTexts]] = [[] for _ in corpus.texts]
    places: list[list[NDArray[np.int32]]] = [[] for _ in corpus.texts]
    counts = [0] * len(corpus.texts)
    chunks = list(chunks_of(corpus))

    def prepare(chunk: Chunk) -> list[tuple[PreparedTexts, NDArray[np.int32]]]:
        if chunk.prepared is not None:
            return chunk.prepared().fields
        own = sources.part(chunk.start, chunk.stop)
        return [
            prepare_field(texts_between(column, chunk.start, chunk.stop), field, own, seed)
            for field, column in enumerate(corpus.texts)
        ]

    left = sum(chunk.prepared is None for chunk in chunks)
    with thread_map(jobs if left > 1 else 1) as spread:
        for done, fields in enumerate(spread(prepare, chunks), 1):
            for field, (texts, own) in enumerate(fields):
                parts[field].append(texts)
                places[field].append(own + np.int32(counts[field]))
                counts[field] += len(texts)
            progress(done / len(chunks))
    corpus.prepared.clear()
    chunks.clear()
    joined = [
        FieldTexts(own, np.concatenate(where)) for own, where in zip(parts, places, strict=True)
    ]
    return number_contents(joined, corpus)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records from ``start`` to ``stop``, and what returns what was prepared of them, if it was."""

    start: int
    stop: int
    prepared: Callable[[], PreparedBatch] | None = None


def chunks_of(corpus: Corpus) -> Iterator[Chunk]:
    """Yield all records in order: the batches that were prepared, and chunks of those between."""
    done = 0
    for start, prepared in [*corpus.prepared, (len(corpus), None)]:
        yield from (Chunk(at, min(at + CHUNK, start)) for at in range(done, start, CHUNK))
        done = start
        if prepared is not None:
            done += len(prepared().digests)
            yield Chunk(start, done, prepared)
    if not done:
        yield Chunk(0, 0)


def longest(field: int) -> int:
    """Return how many characters of a field are compared, 0 for all."""
    return LONGEST_SUPPORT if field else 0


def field_texts(texts: Sequence[str], field: int) -> list[str]:
    """Return the texts of a field as far as they are compared."""
    return [text[: longest(field) or None] for text in texts]


def texts_between(column: Sequence[str], start: int, stop: int) -> Sequence[str]:
    """Return some of the texts of a column."""
    return column.part(start, stop) if isinstance(column, PackedStrings) else column[start:stop]
