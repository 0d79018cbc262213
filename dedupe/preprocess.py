"""Preprocess a corpus: prepare its texts chunk by chunk, and number the distinct ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.contents import Contents, FieldTexts, number_contents
from dedupe.io.string_columns import PackedStrings, code_strings
from dedupe.parallel import thread_map
from dedupe.prepare import prepare_distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Corpus
    from dedupe.tokens import PreparedTexts

CHUNK = 1 << 15
LONGEST_SUPPORT = 512
"""Of a field after the first so many characters are compared: its beginning tells the story."""


def preprocess(
    corpus: Corpus, seed: int, jobs: int, progress: Callable[[float], None] = lambda _: None
) -> Contents:
    """Return the contents of a corpus; ``progress`` gets the share done."""
    count = len(corpus.texts)

    def advance(field: int, share: float) -> None:
        progress((field + share) / count)

    fields = [
        prepare_field(corpus, field, seed, jobs, partial(advance, field)) for field in range(count)
    ]
    return number_contents(fields, corpus)


def prepare_field(
    corpus: Corpus, field: int, seed: int, jobs: int, progress: Callable[[float], None]
) -> FieldTexts:
    """Return one field of all records prepared, chunk by chunk."""
    column, coded = corpus.texts[field], code_strings(corpus.sources)
    outlets = coded.writers.astype(np.int32)
    starts = range(0, max(len(column), 1), CHUNK)

    def prepare(start: int) -> tuple[PreparedTexts, NDArray[np.int32]]:
        texts = texts_between(column, start, min(start + CHUNK, len(column)))
        own = outlets[start : start + CHUNK]
        return prepare_distinct(texts, coded.names, own, seed, longest(field))

    parts, places, count = [], [], 0
    with thread_map(jobs if len(starts) > 1 else 1) as spread:
        for texts, own in spread(prepare, starts):
            parts.append(texts)
            places.append(own + np.int32(count))
            count += len(texts)
            progress(len(parts) / len(starts))
    return FieldTexts(parts, np.concatenate(places))


def longest(field: int) -> int:
    """Return how many characters of a field are compared, 0 for all."""
    return LONGEST_SUPPORT if field else 0


def field_texts(texts: Sequence[str], field: int) -> list[str]:
    """Return the texts of a field as far as they are compared."""
    return [text[: longest(field) or None] for text in texts]


def texts_between(column: Sequence[str], start: int, stop: int) -> Sequence[str]:
    """Return some of the texts of a column."""
    return column.part(start, stop) if isinstance(column, PackedStrings) else column[start:stop]
