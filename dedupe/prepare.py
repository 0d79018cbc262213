"""Prepare texts: through the kernel where there is one, else one by one.

:func:`dedupe.text.prepare.prepare_text` says what is found in one text; here are the columns of
many, with their blocking keys.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.blocking.keys import BANDS, SLOTS, band_keys, rare_keys
from dedupe.text import char_table, lexicon
from dedupe.text.prepare import PreparedText, prepare_text, source_words
from dedupe.text.scan import clean
from dedupe.tokens import TOKEN, PreparedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RARE_KEYS = 10
MEMO_WORDS = 4 << 15
"""Room for what the kernel remembers of words, in words of 64 bits."""
FIRSTS = np.arange((1 << 16) + 1, dtype=np.int64) << 16


def prepare_texts(
    texts: Sequence[str], sources: Sequence[str], outlets: NDArray[np.int32], seed: int
) -> PreparedTexts:
    """Return prepared texts; ``outlets`` gives the place of each in ``sources``, -1 for none."""
    if kernel.available():
        if texts == [""]:
            return prepare_nothing(seed)
        return prepare_compiled(texts, sources, outlets, seed)
    prepared = [
        prepare_text(text, sources[outlet] if outlet >= 0 else "")
        for text, outlet in zip(texts, outlets.tolist(), strict=True)
    ]
    return as_columns(prepared, seed)


@cache
def prepare_nothing(seed: int) -> PreparedTexts:
    """Return one empty text, which a field that is not there has in every record."""
    return prepare_compiled([""], [], np.array([-1], np.int32), seed)


def as_columns(prepared: Sequence[PreparedText], seed: int) -> PreparedTexts:
    """Return texts that were prepared one by one as columns."""
    return PreparedTexts(
        tokens=np.concatenate([np.zeros(0, TOKEN), *(text.tokens for text in prepared)]),
        offsets=np.cumsum([0, *(len(text.tokens) for text in prepared)]),
        letters=np.frombuffer(b"".join(text.letters for text in prepared), np.uint8),
        letter_offsets=np.cumsum([0, *(len(text.letters) for text in prepared)]),
        fingerprints=np.array([text.fingerprint for text in prepared], np.uint64).reshape(-1, 2),
        band_keys=key_rows([band_keys(text, seed) for text in prepared], BANDS),
        rare_keys=key_rows([rare_keys(text) for text in prepared], RARE_KEYS),
        languages=np.array([text.language for text in prepared], np.uint8),
        versions=np.array([text.version for text in prepared], np.uint8),
        facts=np.array([text.facts for text in prepared], np.uint8),
        lengths=np.array([text.length for text in prepared], np.uint32),
    )


def key_rows(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.uint32]:
    """Return keys as a matrix, 0 where a text has fewer."""
    out = np.zeros((len(rows), width), np.uint32)
    for at, row in enumerate(rows):
        out[at, : len(row)] = row
    return out


@dataclass(frozen=True, slots=True)
class Sources:
    """The words of outlets' names: those of outlet ``i`` are ``keys[ends[i] : ends[i + 1]]``."""

    keys: NDArray[np.uint32]
    ends: NDArray[np.int64]


def source_columns(sources: Sequence[str]) -> Sources:
    """Return the words of outlets' names as columns."""
    words = [source_words(source) for source in sources]
    keys = np.array([key for own in words for key in own], np.uint32)
    return Sources(keys, np.cumsum([0, *map(len, words)]))


@cache
def permutations(seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the odd multipliers and the offsets that datasketch draws for a seed (affine32)."""
    generator = np.random.RandomState(seed)
    half = generator.randint(0, 1 << 31, SLOTS, dtype=np.uint32)
    offsets = generator.randint(0, 1 << 32, SLOTS, dtype=np.uint32)
    return half * np.uint32(2) + np.uint32(1), offsets


@cache
def tables() -> tuple[NDArray[np.generic], ...]:
    """Return the arrays of the character table and the lexicon as the kernel takes them.

    Behind each array of keys stands where those of each value of their upper 16 bits begin.
    """
    arrays: list[NDArray[np.generic]] = list(char_table.load())
    shipped = lexicon.load()
    for name, array in zip(lexicon.ARRAYS, shipped.arrays(), strict=True):
        arrays.append(array)
        if name.endswith("_keys") and name != "part_keys":
            arrays.append(np.searchsorted(array.astype(np.int64), FIRSTS).astype(np.uint32))
    return tuple(arrays)


@dataclass
class Memos(threading.local):
    """What the kernel remembers of words from call to call, one array a thread."""

    words: NDArray[np.uint64] | None = None


MEMOS = Memos()


def memos() -> NDArray[np.uint64]:
    """Return the array of this thread; a word means the same in every call."""
    if MEMOS.words is None:
        MEMOS.words = np.zeros(MEMO_WORDS, np.uint64)
    return MEMOS.words


def prepare_compiled(
    texts: Sequence[str], sources: Sequence[str], outlets: NDArray[np.int32], seed: int
) -> PreparedTexts:
    """Return some texts prepared by the kernel."""
    data, cleaned = join(texts)
    count = len(texts)
    columns = source_columns(sources)
    offsets, letter_offsets = np.zeros((2, count + 1), np.int64)
    fingerprints = np.empty((count, 2), np.uint64)
    bands, rare = np.empty((count, BANDS), np.uint32), np.empty((count, RARE_KEYS), np.uint32)
    languages, versions, facts = np.empty((3, count), np.uint8)
    lengths = np.empty(count, np.uint32)
    tokens, letters = kernel.prepare(
        *tables(),
        memos(),
        np.frombuffer(data, np.uint8),
        cleaned,
        outlets,
        columns.keys,
        columns.ends,
        *permutations(seed),
        offsets[1:],
        letter_offsets[1:],
        fingerprints,
        bands,
        rare,
        languages,
        versions,
        facts,
        lengths,
    )
    return PreparedTexts(
        tokens=np.frombuffer(memoryview(tokens), TOKEN),
        offsets=offsets,
        letters=np.frombuffer(memoryview(letters), np.uint8),
        letter_offsets=letter_offsets,
        fingerprints=fingerprints,
        band_keys=bands,
        rare_keys=rare,
        languages=languages,
        versions=versions,
        facts=facts,
        lengths=lengths,
    )


def join(texts: Sequence[str]) -> tuple[bytes, NDArray[np.uint8]]:
    """Return texts without markup in UTF-8, each closed by a NUL, and which were cleaned."""
    cleaned = np.zeros(len(texts), np.uint8)
    joined = "\0".join(texts)
    if "&" in joined or "<" in joined or joined.count("\0") >= max(len(texts), 1):
        plain = [clean(text) for text in texts]
        cleaned[:] = [one != other for one, other in zip(texts, plain, strict=True)]
        joined = "\0".join(text.replace("\0", " ") for text in plain)
    return joined.encode("utf-8", "surrogatepass") + b"\0" * bool(texts), cleaned
