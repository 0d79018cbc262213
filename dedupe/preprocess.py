"""Preprocess a corpus: prepare its texts, and number the distinct ones.

Texts are prepared through the kernel where there is one, else one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import concat_ranges
from dedupe.blocking.keys import BANDS, SLOTS, band_keys, rare_keys
from dedupe.io.string_columns import code_strings
from dedupe.parallel import thread_map
from dedupe.text import char_table, lexicon
from dedupe.text.prepare import PreparedText, prepare_text, source_words
from dedupe.text.scan import clean
from dedupe.tokens import COMPARED, TOKEN, Fact, PreparedTexts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Corpus

RARE_KEYS = 10
HASH_STEP = np.uint64(0x9E3779B97F4A7C15)
MEMO_WORDS = 4 << 15
"""Room for what the kernel remembers of words, in words of 64 bits."""
FIRSTS = np.arange((1 << 16) + 1, dtype=np.int64) << 16
CHUNK = 1 << 15
LONGEST_SUPPORT = 512
"""Of a field after the first so many characters are compared: its beginning tells the story."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The distinct texts of a corpus, and which of them each record has.

    ``rows`` has a row a field: the text of each record in ``texts``, -1 for none. ``ids`` numbers
    the distinct combinations of texts, -1 for a record without any. The other columns have one
    value a record: ``titles`` the text of its first field that is there, ``versions`` what that
    text's tags state, ``lengths`` its characters over all fields, ``withdrawn`` whether a text says
    so. ``whole`` counts 2 for each text and 1 for one that is broken off, ``plain`` 2 for each and
    1 for one with markup or entities.
    """

    texts: PreparedTexts
    rows: NDArray[np.int32]
    ids: NDArray[np.int64]
    titles: NDArray[np.int64]
    versions: NDArray[np.int64]
    lengths: NDArray[np.int64]
    whole: NDArray[np.int64]
    plain: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def keys(self, name: str, records: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the ``rare_keys`` or ``band_keys`` of records, all fields side by side."""
        return field_keys(getattr(self.texts, name), self.rows[:, records])


def field_keys(own: NDArray[np.uint32], rows: NDArray[np.int32]) -> NDArray[np.uint32]:
    """Return the keys of records, all fields side by side; ``rows`` has a row a field."""
    columns = []
    for field, texts in enumerate(rows):
        keys = salted_keys(own[np.maximum(texts, 0)], field)
        keys[texts < 0] = 0
        columns.append(keys)
    return np.concatenate(columns, axis=1)


def salted_keys(keys: NDArray[np.uint32], field: int) -> NDArray[np.uint32]:
    """Return the keys of a field apart from those of another; twice gives them back."""
    return np.where(keys > 0, keys ^ np.uint32(FIELD_SALT * field & 0xFFFFFFFF), np.uint32(0))


FIELD_SALT = 0x9E3779B1
"""What sets the keys of one field apart from those of another."""


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
) -> PreparedTexts:
    """Return one field of all records prepared, chunk by chunk."""
    column, coded = corpus.texts[field], code_strings(corpus.sources)
    outlets = coded.writers.astype(np.int32)
    starts = range(0, max(len(column), 1), CHUNK)

    def prepare(start: int) -> PreparedTexts:
        part = slice(start, start + CHUNK)
        return prepare_texts(field_texts(column[part], field), coded.names, outlets[part], seed)

    parts = []
    with thread_map(jobs if len(starts) > 1 else 1) as spread:
        for part in spread(prepare, starts):
            parts.append(part)
            progress(len(parts) / len(starts))
    return concat_texts(parts)


def field_texts(texts: Sequence[str], field: int) -> list[str]:
    """Return the texts of a field as far as they are compared."""
    return [text[:LONGEST_SUPPORT] for text in texts] if field else list(texts)


def concat_texts(parts: Sequence[PreparedTexts]) -> PreparedTexts:
    """Return several prepared texts in a row."""
    if len(parts) == 1:
        return parts[0]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in PreparedTexts.__dataclass_fields__
        if not name.endswith("offsets")
    }
    for name in ("offsets", "letter_offsets"):
        sizes = [np.diff(getattr(part, name)) for part in parts]
        columns[name] = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    return PreparedTexts(**columns)


def select_texts(texts: PreparedTexts, wanted: NDArray[np.int64]) -> PreparedTexts:
    """Return some of the texts."""
    columns = {
        name: getattr(texts, name)[wanted]
        for name in PreparedTexts.__dataclass_fields__
        if name not in ("tokens", "letters", "offsets", "letter_offsets")
    }
    for name, offsets in (("tokens", "offsets"), ("letters", "letter_offsets")):
        bounds = getattr(texts, offsets)
        starts, sizes = bounds[wanted], (bounds[1:] - bounds[:-1])[wanted]
        columns[name] = getattr(texts, name)[concat_ranges(starts, sizes)]
        columns[offsets] = np.concatenate([[0], np.cumsum(sizes)])
    return PreparedTexts(**columns)


def number_contents(fields: Sequence[PreparedTexts], corpus: Corpus) -> Contents:
    """Keep each distinct text once, and number the distinct combinations of texts.

    Texts that say the same in other letter case or with other tags are one content, and each keeps
    its own tokens.
    """
    kept, first = [], 0
    rows, contents = np.full((2, len(fields), len(corpus)), -1, np.int32)
    for field, texts in enumerate(fields):
        numbers, firsts = number_texts(texts)
        variants, others = number_variants(texts, numbers, len(firsts))
        none = (numbers < 0) | ((texts.facts & Fact.PLACEHOLDER) > 0)
        contents[field] = np.where(none, -1, numbers + first)
        rows[field] = np.where(none, -1, variants + first)
        kept.append(select_texts(texts, np.concatenate([firsts, others])))
        first += len(firsts) + len(others)
    texts = concat_texts(kept)
    facts = np.stack([own.facts for own in fields])
    titles = leading_texts(contents)
    return Contents(
        texts=texts,
        rows=rows,
        ids=combination_ids(contents, generic_outlets(texts, titles, corpus)),
        titles=titles,
        versions=values_of(titles, texts.versions),
        lengths=sum_over_fields(rows, np.stack([own.lengths for own in fields])),
        whole=sum_over_fields(rows, 2 - ((facts & Fact.BROKEN_OFF) > 0)),
        plain=sum_over_fields(rows, 2 - ((facts & Fact.NOISY) > 0)),
        withdrawn=sum_over_fields(rows, (facts & Fact.WITHDRAWN) > 0) > 0,
    )


def number_texts(texts: PreparedTexts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number distinct texts in the order in which they come, -1 for one without tokens.

    Returns the number of each text, and the first text of each number.
    """
    if kernel.available():
        numbers = np.empty(len(texts), np.int64)
        kernel.number_pairs(np.ascontiguousarray(texts.fingerprints).reshape(-1), numbers)
    else:
        seen: dict[tuple[int, int], int] = {(0, 0): -1}
        pairs = map(tuple, texts.fingerprints.tolist())
        numbers = np.array([seen.setdefault(pair, len(seen) - 1) for pair in pairs], np.int64)
    _, firsts = np.unique(numbers, return_index=True)
    return numbers, firsts[int((numbers < 0).any()) :]


def number_variants(
    texts: PreparedTexts, numbers: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give texts that are compared otherwise than the first of their number one of their own.

    New numbers go on from ``count``. Returns the number of each text, and the first text of each
    new number.
    """
    shared = np.flatnonzero((numbers >= 0) & (np.bincount(numbers + 1)[numbers + 1] > 1))
    if not len(texts.tokens) or not len(shared):
        return numbers, np.zeros(0, np.int64)
    hashes = hash_compared(texts, shared)
    _, firsts, inverse = np.unique(numbers[shared], return_index=True, return_inverse=True)
    other = np.flatnonzero(hashes != hashes[firsts][inverse])
    keys = hashes[other] + numbers[shared[other]].astype(np.uint64) * HASH_STEP
    _, founders, own = np.unique(keys, return_index=True, return_inverse=True)
    variants = numbers.copy()
    variants[shared[other]] = count + own
    return variants, shared[other[founders]]


def hash_compared(texts: PreparedTexts, wanted: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash of what scoring takes from each of some texts that have tokens."""
    starts, sizes = texts.offsets[wanted], np.diff(texts.offsets)[wanted]
    tokens = texts.tokens[concat_ranges(starts, sizes)]
    compared = np.isin(tokens["zone"], [int(zone) for zone in COMPARED])
    ends = np.cumsum(sizes)
    before = np.cumsum(compared)
    places = before - np.repeat(np.concatenate([[0], before[ends[:-1] - 1]]), sizes)
    mixed = places.astype(np.uint64) * HASH_STEP
    for name in ("key", "stem", "weight", "kind", "zone", "flags"):
        mixed = (mixed ^ tokens[name].astype(np.uint64)) * HASH_STEP
        mixed ^= mixed >> np.uint64(29)
    mixed[~compared] = 0
    facts = texts.facts[wanted] & (Fact.GENRE | Fact.GENERIC)
    return np.asarray(np.add.reduceat(mixed, ends - sizes) + facts)


def leading_texts(rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return each record's text in the first field that it has, -1 for none."""
    titles = np.full(rows.shape[1], -1, np.int64)
    for own in rows[::-1]:
        titles = np.where(own >= 0, own, titles)
    return titles


def sum_over_fields(rows: NDArray[np.int32], values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return the sum of a value of each record's own texts; ``values`` has a row a field.

    Of two records with one content each has its own: one may be a noisy copy of the other.
    """
    out: NDArray[np.int64] = np.where(rows >= 0, values, 0).sum(axis=0, dtype=np.int64)
    return out


def values_of(titles: NDArray[np.int64], values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return a value of each record's title, 0 for a record without one."""
    out = np.zeros(len(titles), np.int64)
    known = titles >= 0
    out[known] = values[titles[known]]
    return out


def generic_outlets(
    texts: PreparedTexts, titles: NDArray[np.int64], corpus: Corpus
) -> NDArray[np.int64]:
    """Return the outlet of each record with a generic title, -2 for any other.

    Two outlets' morning briefings are two, whatever else is equal.
    """
    generic = values_of(titles, texts.facts & Fact.GENERIC) > 0
    return np.where(generic, code_strings(corpus.sources).writers, -2)


def combination_ids(rows: NDArray[np.int32], outlets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the distinct combinations of texts, -1 for a record without any."""
    filled = np.flatnonzero((rows >= 0).any(axis=0))
    ids = np.full(rows.shape[1], -1, np.int64)
    columns = [rows[field, filled].astype(np.int64) for field in range(len(rows))]
    if (outlets[filled] != -2).any():  # noqa: PLR2004 - what generic_outlets gives others
        columns.append(outlets[filled])
    own = columns[0]
    for column in columns[1:]:
        _, own = np.unique((own + 1) << 32 | (column + 2), return_inverse=True)
    ids[filled] = own
    return ids


def prepare_texts(
    texts: Sequence[str], sources: Sequence[str], outlets: NDArray[np.int32], seed: int
) -> PreparedTexts:
    """Return prepared texts; ``outlets`` gives the place of each in ``sources``, -1 for none."""
    if kernel.available():
        return prepare_compiled(texts, sources, outlets, seed)
    prepared = [
        prepare_text(text, sources[outlet] if outlet >= 0 else "")
        for text, outlet in zip(texts, outlets.tolist(), strict=True)
    ]
    return as_columns(prepared, seed)


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
        np.zeros(MEMO_WORDS, np.uint64),
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
