"""Prepare texts: through the kernel where there is one, else one by one.

:func:`dedupe.text.prepare.prepare_text` says what is found in one text; here are the columns of
many, with their blocking keys.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe import kernel
from dedupe.arrays import unique_sorted
from dedupe.blocking.keys import BANDS, SLOTS, band_keys, rare_keys
from dedupe.io.string_columns import pack_strings
from dedupe.text import char_table, lexicon
from dedupe.text.prepare import PreparedText, prepare_text, source_words
from dedupe.text.scan import clean
from dedupe.tokens import TOKEN, PreparedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.io.string_columns import PackedStrings

RARE_KEYS = 10
AMPERSAND, LESS_THAN = b"&<"
MEMO_WORDS = (4 << 16) + (4 << 15) + 8
"""Room for what the kernel remembers of words and of their languages, in words of 64 bits."""
KEY_BITS, FILTER_BITS, LEAST_BITS, MOST_BITS = 32, 3, 10, 19
"""A filter has about eight bits a key, and no more than a cache holds."""
HALF, STATE_WORDS, INIT_FACTOR = (1 << 31) - 1, 624, 1812433253


def prepare_texts(
    texts: Sequence[str], sources: Sequence[str], outlets: NDArray[np.int32], seed: int
) -> PreparedTexts:
    """Return prepared texts; ``outlets`` gives the place of each in ``sources``, -1 for none."""
    if kernel.available():
        raw = RawTexts(texts, source_columns(sources), outlets)
        return prepare_compiled(raw, seed)[0]
    prepared = [
        prepare_text(text, sources[outlet] if outlet >= 0 else "")
        for text, outlet in zip(texts, outlets.tolist(), strict=True)
    ]
    return as_columns(prepared, seed)


def prepare_distinct(
    texts: Sequence[str],
    sources: Sequence[str],
    outlets: NDArray[np.int32],
    seed: int,
    longest: int = 0,
) -> tuple[PreparedTexts, NDArray[np.int32]]:
    """Return each text of an outlet prepared once, and which of them each text is.

    Of a text at most ``longest`` characters count, unless that is 0.
    """
    if not kernel.available():
        cut = [text[: longest or None] for text in texts]
        distinct, own, places = distinct_texts(cut, outlets)
        return prepare_texts(distinct, sources, own, seed), places
    packed = pack_strings(texts)
    if packed.ends[-1] == packed.ends[0] and len(packed):
        return prepare_nothing(seed), np.zeros(len(packed), np.int32)
    return prepare_compiled(
        RawTexts(packed, source_columns(sources), outlets, longest), seed, once=True
    )


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


@cache
def prepare_nothing(seed: int) -> PreparedTexts:
    """Return one empty text, which a field that is not there has in every record."""
    return prepare_texts([""], [], np.array([-1], np.int32), seed)


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
    return columns_of(tuple(sources))


@lru_cache(maxsize=4)
def columns_of(sources: tuple[str, ...]) -> Sources:
    """Return the words of outlets' names as columns; batches of one file have the same names."""
    words = [source_words(source) for source in sources]
    keys = np.array([key for own in words for key in own], np.uint32)
    return Sources(keys, np.cumsum([0, *map(len, words)]))


@cache
def permutations(seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the odd multipliers and the offsets that datasketch draws for a seed (affine32)."""
    generator = mersenne_twister(seed)
    half = [generator.getrandbits(32) & HALF for _ in range(SLOTS)]
    offsets = [generator.getrandbits(32) for _ in range(SLOTS)]
    return np.array(half, np.uint32) * np.uint32(2) + np.uint32(1), np.array(offsets, np.uint32)


def mersenne_twister(seed: int) -> Random:
    """Return the generator that ``np.random.RandomState`` has for a seed.

    Python seeds its own otherwise, and the import of ``numpy.random`` takes a tenth of a short run.
    Source: ``init_genrand`` of Matsumoto and Nishimura, mt19937ar.c.
    """
    state = [seed]
    for place in range(1, STATE_WORDS):
        state.append(INIT_FACTOR * (state[-1] ^ (state[-1] >> 30)) + place & 0xFFFFFFFF)
    generator = Random()  # noqa: S311 - hash functions, no secrets
    generator.setstate((3, (*state, STATE_WORDS), None))
    return generator


@cache
def tables() -> tuple[NDArray[np.generic], ...]:
    """Return the arrays of the character table and the lexicon as the kernel takes them.

    Behind each array of keys stands where those of each value of their upper 16 bits begin, and
    a filter.
    """
    arrays: list[NDArray[np.generic]] = list(char_table.load())
    shipped = lexicon.load()
    for name, array in zip(lexicon.ARRAYS, shipped.arrays(), strict=True):
        arrays.append(array)
        if name.endswith("_keys") and name != "part_keys":
            arrays.append(firsts_of(array))
            arrays.append(filter_of(array))
    return tuple(arrays)


def firsts_of(keys: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return where the keys of each value of their upper 16 bits begin, and where the last end."""
    counts = np.bincount(keys.astype(np.int64) >> 16, minlength=1 << 16)
    return np.append(0, counts.cumsum()).astype(np.uint32)


def filter_of(keys: NDArray[np.generic]) -> NDArray[np.uint64]:
    """Return bits, numbered by the upper bits of a key, that are set where there is such a key."""
    bits = min(max(len(keys).bit_length() + FILTER_BITS, LEAST_BITS), MOST_BITS)
    flags = np.zeros(1 << bits, bool)
    flags[keys.astype(np.int64) >> (KEY_BITS - bits)] = True
    return np.packbits(flags, bitorder="little").view("<u8").astype(np.uint64)


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


@dataclass(frozen=True, slots=True)
class RawTexts:
    """Texts as they were read, the names of outlets, and which of these each text is of.

    Of a text at most ``longest`` characters count, unless that is 0.
    """

    texts: Sequence[str]
    sources: Sources
    outlets: NDArray[np.int32]
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """Texts without markup in UTF-8: text ``i`` is ``data[starts[i] : ends[i]]``."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    cleaned: NDArray[np.uint8]


def clean_spans(texts: PackedStrings, longest: int) -> Spans:
    """Return the bytes of texts, and those of a text without its markup behind all others."""
    first, last = int(texts.ends[0]), int(texts.ends[-1])
    data = np.frombuffer(texts.data, np.uint8)[first:last]
    starts, ends = texts.ends[:-1] - first, texts.ends[1:] - first
    spans = Spans(data, starts, ends, np.zeros(len(texts), np.uint8))
    marked = np.flatnonzero((data == AMPERSAND) | (data == LESS_THAN))
    added, size = [data], len(data)
    for position in unique_sorted(np.searchsorted(ends, marked, "right")).tolist():
        text = texts.at(position)[: longest or None]
        plain = clean(text)
        if plain != text:
            own = np.frombuffer(plain.encode("utf-8", "surrogatepass"), np.uint8)
            starts[position], ends[position] = size, size + len(own)
            spans.cleaned[position] = 1
            added.append(own)
            size += len(own)
    return replace(spans, data=np.concatenate(added)) if len(added) > 1 else spans


def prepare_compiled(
    raw: RawTexts, seed: int, *, once: bool = False
) -> tuple[PreparedTexts, NDArray[np.int32]]:
    """Return texts prepared by the kernel, and which of them each raw text is."""
    spans = clean_spans(pack_strings(raw.texts), raw.longest)
    count = len(raw.texts)
    places = np.empty(count, np.int32)
    offsets, letter_offsets = np.zeros((2, count + 1), np.int64)
    columns: dict[str, NDArray[Any]] = {
        "fingerprints": np.empty((count, 2), np.uint64),
        "band_keys": np.empty((count, BANDS), np.uint32),
        "rare_keys": np.empty((count, RARE_KEYS), np.uint32),
        "languages": np.empty(count, np.uint8),
        "versions": np.empty(count, np.uint8),
        "facts": np.empty(count, np.uint8),
        "lengths": np.empty(count, np.uint32),
    }
    tokens, letters = kernel.prepare(
        *tables(),
        memos(),
        spans.data,
        spans.starts,
        spans.ends,
        spans.cleaned,
        raw.outlets,
        raw.sources.keys,
        raw.sources.ends,
        *permutations(seed),
        np.array([raw.longest, once], np.int64),
        places,
        offsets[1:],
        letter_offsets[1:],
        *columns.values(),
    )
    distinct = int(places.max(initial=-1)) + 1
    if distinct < count:
        columns = {name: column[:distinct].copy() for name, column in columns.items()}
        offsets, letter_offsets = (
            offsets[: distinct + 1].copy(),
            letter_offsets[: distinct + 1].copy(),
        )
    prepared = PreparedTexts(
        tokens=np.frombuffer(memoryview(tokens), TOKEN),
        offsets=offsets,
        letters=np.frombuffer(memoryview(letters), np.uint8),
        letter_offsets=letter_offsets,
        **columns,
    )
    return prepared, places
