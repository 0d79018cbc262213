"""Preprocess a corpus: prepare its texts chunk by chunk, and number the distinct ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.contents import Contents, FieldTexts, number_contents
from dedupe.io.string_columns import code_strings
from dedupe.parallel import thread_map
from dedupe.prepare import prepare_texts

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
        part = slice(start, start + CHUNK)
        texts, own, places = distinct_texts(field_texts(column[part], field), outlets[part])
        return prepare_texts(texts, coded.names, own, seed), places

    parts, places, count = [], [], 0
    with thread_map(jobs if len(starts) > 1 else 1) as spread:
        for texts, own in spread(prepare, starts):
            parts.append(texts)
            places.append(own + count)
            count += len(texts)
            progress(len(parts) / len(starts))
    return FieldTexts(parts, np.concatenate(places).astype(np.int32))


def field_texts(texts: Sequence[str], field: int) -> list[str]:
    """Return the texts of a field as far as they are compared."""
    return [text[:LONGEST_SUPPORT] for text in texts] if field else list(texts)


def distinct_texts(
    texts: Sequence[str], outlets: NDArray[np.int32]
) -> tuple[list[str], NDArray[np.int32], NDArray[np.int32]]:
    """Return each text of an outlet once, its outlet, and which of them each text is."""
    numbers: dict[tuple[str, int], int] = {}
    places = [
        numbers.setdefault(pair, len(numbers)) for pair in zip(texts, outlets.tolist(), strict=True)
    ]
    own = np.array([outlet for _, outlet in numbers], np.int32)
    return [text for text, _ in numbers], own, np.array(places, np.int32)
