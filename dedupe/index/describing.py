"""Stories to keys and words, by the batch run's own functions, under marks learned before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import BASE, mix64
from dedupe.pipeline.describe import (
    CHUNK,
    Chunk,
    Description,
    describe_chunk,
    join,
    outlets_of,
    tie_together,
)
from dedupe.threads import workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Corpus

Marks = tuple["NDArray[np.uint64]", ...]
IDENTITY = 1 << 20


@dataclass(frozen=True, slots=True)
class Texts:
    """The distinct texts of one field, described, and the text of each story."""

    rows: NDArray[np.int64]
    chunks: list[Chunk]
    count: int


def describe_field(texts: Sequence[str], marks: NDArray[np.uint64], seed: int) -> Texts:
    """Describe one field's texts, each distinct one once."""
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    distinct = list(places) or [""]
    if distinct == [""]:
        return Texts(np.array(rows, np.int64), [no_text(seed)], 1)
    pieces = [distinct[cut : cut + CHUNK] for cut in range(0, len(distinct), CHUNK)]
    return Texts(np.array(rows, np.int64), described(pieces, marks, seed), len(distinct))


@cache
def no_text(seed: int) -> Chunk:
    """The description of a field that no story has."""
    return describe_chunk([""], np.zeros(0, np.uint64), seed)


def described(pieces: Sequence[list[str]], marks: NDArray[np.uint64], seed: int) -> list[Chunk]:
    """Describe some pieces, in threads where there are several."""
    if len(pieces) == 1:
        return [describe_chunk(pieces[0], marks, seed)]
    with workers(0) as spread:
        return list(spread(lambda piece: describe_chunk(piece, marks, seed), pieces))


def describe_stories(corpus: Corpus, marks: Marks, seed: int) -> list[Texts]:
    """Describe every field of some stories."""
    return [
        describe_field(texts, mark, seed) for texts, mark in zip(corpus.texts, marks, strict=True)
    ]


def describe_together(
    before: Corpus, corpus: Corpus, told: Sequence[Texts], marks: Marks, seed: int
) -> Description:
    """The description of some stories and of those before them; ``told`` is of the latter part."""
    views = []
    for field, texts in enumerate(told):
        held = describe_field(before.texts[field], marks[field], seed)
        rows = np.concatenate([held.rows, texts.rows + held.count])
        views.append(join(rows, [*held.chunks, *texts.chunks]))
    return tie_together(tuple(views), np.concatenate([before.times, corpus.times]))


def learn_marks(corpus: Corpus) -> Marks:
    """The outlet marks that a batch run learns of each field."""
    _, sources = np.unique(np.array(corpus.sources, dtype=object), return_inverse=True)
    found = []
    for texts in corpus.texts:
        places: dict[str, int] = {}
        rows = np.array([places.setdefault(text, len(places)) for text in texts], np.int64)
        writers = np.zeros(len(places), dtype=np.int64)
        writers[rows[::-1]] = sources[::-1]
        found.append(outlets_of(list(places), writers))
    return tuple(found)


def keys_of(told: Sequence[Texts]) -> NDArray[np.uint64]:
    """The keys of each story, one row a story: the bands and anchors of every field, 0 for none."""
    columns = []
    for field, texts in enumerate(told):
        for number, name in enumerate(("bands", "anchors")):
            keys = np.concatenate([getattr(chunk, name) for chunk in texts.chunks])[texts.rows]
            columns.append(tagged(keys, 2 * field + number))
    return np.concatenate(columns, axis=1)


def tagged(keys: NDArray[np.uint64], tag: int) -> NDArray[np.uint64]:
    """Keys made different from the equal keys of another field or kind; 0 stays 0."""
    mixed = mix64(keys + np.array([tag + 1], np.uint64) * BASE)
    return np.where(keys == 0, np.uint64(0), mixed | np.uint64(1))


def short(keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The upper half of each key, by which it is looked up."""
    return (keys >> np.uint64(32)).astype(np.uint32)


def identities(corpus: Corpus) -> NDArray[np.uint64]:
    """A hash of each story's id, source, time and texts: what makes it the same story again."""
    rows = zip(corpus.ids, corpus.sources, corpus.times.tolist(), *corpus.texts, strict=True)
    told = ("\x1f".join(map(str, row)).encode("utf-8", "surrogatepass") for row in rows)
    joined = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in told)
    return tagged(np.frombuffer(joined, "<u8"), IDENTITY)


def postings_of(
    keys: NDArray[np.uint64], own: NDArray[np.uint64], seqs: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All keys of stories, ``own`` the ones made from the whole of each, with their rows beside."""
    both = np.concatenate([keys, own[:, None]], axis=1)
    owners, columns = np.nonzero(both)
    return short(both[owners, columns]), seqs[owners]


def signed(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """As SQLite keeps them."""
    return values.view(np.int64)
