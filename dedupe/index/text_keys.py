"""Records to keys and words, by the batch run's own functions, under marks learned before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.blocking.keys import blocking_keys, rare_pair_keys
from dedupe.hashing import BASE, mix64
from dedupe.parallel import thread_map
from dedupe.text.normalize import normalize
from dedupe.text.preprocess import CHUNK, learn_field_outlets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.models import Corpus
    from dedupe.text.normalize import NormalizedTexts

Marks = tuple["NDArray[np.uint64]", ...]
Item = TypeVar("Item", bound=np.generic)
IDENTITY = 1 << 20
NO_BANDS = np.zeros((0, 0), np.uint64)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Some distinct texts of one field, normalised; without bands if only to be scored."""

    normalized: NormalizedTexts
    bands: NDArray[np.uint64]
    rare_pairs: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class FieldTexts:
    """The distinct texts of one field, described, and the text of each record."""

    rows: NDArray[np.int64]
    pieces: list[TextPart]


def preprocess_field(
    texts: Sequence[str], marks: NDArray[np.uint64], seed: int, *, bands: bool = True
) -> FieldTexts:
    """Describe one field's texts, each distinct one once."""
    if not any(texts):
        return FieldTexts(np.zeros(len(texts), np.int64), [no_text(seed)])
    positions: dict[str, int] = {}
    rows = np.array([positions.setdefault(text, len(positions)) for text in texts], np.int64)
    distinct = list(positions)

    def describe(start: int) -> TextPart:
        normalized = normalize(distinct[start : start + CHUNK], marks)
        if not bands:
            return TextPart(normalized, NO_BANDS, rare_pair_keys(normalized))
        return TextPart(normalized, *blocking_keys(normalized, seed))

    starts = range(0, len(distinct), CHUNK)
    if len(starts) == 1:
        return FieldTexts(rows, [describe(0)])
    with thread_map(0) as spread:
        return FieldTexts(rows, list(spread(describe, starts)))


@cache
def no_text(seed: int) -> TextPart:
    """The description of a field that no record has."""
    normalized = normalize([""], np.zeros(0, np.uint64))
    return TextPart(normalized, *blocking_keys(normalized, seed))


def preprocess_records(
    corpus: Corpus, marks: Marks, seed: int, *, bands: bool = True
) -> tuple[FieldTexts, ...]:
    """Describe every field of some records."""
    return preprocess_texts(corpus.texts, marks, seed, bands=bands)


def preprocess_texts(
    columns: Sequence[Sequence[str]], marks: Marks, seed: int, *, bands: bool = True
) -> tuple[FieldTexts, ...]:
    """Describe the texts of each field."""
    return tuple(
        preprocess_field(texts, mark, seed, bands=bands)
        for texts, mark in zip(columns, marks, strict=True)
    )


def joined(parts: Sequence[NDArray[Item]]) -> NDArray[Item]:
    """Arrays end to end; one alone is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def withdrawn_in(texts: FieldTexts) -> NDArray[np.bool_]:
    """Whether each record's text states that it is withdrawn."""
    return joined([piece.normalized.core.withdrawn for piece in texts.pieces])[texts.rows]


def learn_corpus_marks(corpus: Corpus) -> Marks:
    """The outlet marks that a batch run learns of each field."""
    _, sources = np.unique(np.array(corpus.sources, dtype=object), return_inverse=True)
    found = []
    for texts in corpus.texts:
        positions: dict[str, int] = {}
        rows = np.array([positions.setdefault(text, len(positions)) for text in texts], np.int64)
        writers = np.zeros(len(positions), dtype=np.int64)
        writers[rows[::-1]] = sources[::-1]
        found.append(learn_field_outlets(list(positions), writers))
    return tuple(found)


def keys_of(told: Sequence[FieldTexts]) -> NDArray[np.uint64]:
    """The keys of each record, one row a record: bands and rare-word pairs, 0 for none."""
    columns = []
    for texts in told:
        columns.append(joined([piece.bands for piece in texts.pieces])[texts.rows])
        columns.append(joined([piece.rare_pairs for piece in texts.pieces])[texts.rows])
    keys = np.concatenate(columns, axis=1)
    mixed = mix64(keys + tags_of(tuple(column.shape[1] for column in columns))) | np.uint64(1)
    mixed[keys == 0] = 0
    return mixed


@cache
def tags_of(widths: tuple[int, ...]) -> NDArray[np.uint64]:
    """What makes keys different from the equal keys of other columns, each of such a width."""
    return np.repeat(np.array([tag_of(tag) for tag in range(len(widths))]), widths)


def tag_of(tag: int) -> np.uint64:
    """What is added to a key before it is mixed."""
    return np.uint64((tag + 1) * int(BASE) % (1 << 64))


def tagged(keys: NDArray[np.uint64], tag: int) -> NDArray[np.uint64]:
    """Keys made different from the equal keys of another field or kind; 0 stays 0."""
    if not keys.any():
        return np.zeros_like(keys)
    mixed = mix64(keys + tag_of(tag)) | np.uint64(1)
    mixed[keys == 0] = 0
    return mixed


def short_keys(keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The upper half of each key, by which it is looked up."""
    return (keys >> np.uint64(32)).astype(np.uint32)


def identities(corpus: Corpus) -> NDArray[np.uint64]:
    """A hash of each record's id, source, time and texts: what makes it the same record again."""
    rows = zip(
        corpus.ids, corpus.sources, map(str, corpus.times.tolist()), *corpus.texts, strict=True
    )
    told = ["\x1f".join(row).encode("utf-8", "surrogatepass") for row in rows]
    hashed = hashlib.blake2b
    marks = b"".join([hashed(text, digest_size=8).digest() for text in told])
    return tagged(np.frombuffer(marks, "<u8"), IDENTITY)


def postings_of(
    keys: NDArray[np.uint64], own: NDArray[np.uint64], seqs: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All keys of records, ``own`` the ones made from the whole of each, with their rows beside."""
    both = np.concatenate([keys, own[:, None]], axis=1)
    owners, columns = np.nonzero(both)
    return short_keys(both[owners, columns]), seqs[owners]


def signed(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """As SQLite keeps them."""
    return values.view(np.int64)
