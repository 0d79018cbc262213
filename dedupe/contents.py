"""Number the distinct contents of a corpus: which texts each record has, each text kept once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe import kernel
from dedupe.arrays import concat_ranges, order_positions
from dedupe.blocking.look_back import RecordKeys
from dedupe.io.string_columns import code_strings
from dedupe.packed_texts import no_texts
from dedupe.tokens import COMPARED, Fact, PreparedTexts, gather_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.models import Corpus

HASH_STEP = np.uint64(0x9E3779B97F4A7C15)
FIELD_SALT = 0x9E3779B1
"""What sets the keys of one field apart from those of another."""


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
    titles: NDArray[np.int32]
    versions: NDArray[np.uint8]
    lengths: NDArray[np.int32]
    whole: NDArray[np.int8]
    plain: NDArray[np.int8]
    withdrawn: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def record_keys(self, name: str, records: NDArray[np.int64]) -> RecordKeys:
        """Return where the ``rare_keys`` or ``band_keys`` of records are, of all fields."""
        return select_keys(getattr(self.texts, name), self.rows[:, records])

    def keys(self, name: str, records: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the ``rare_keys`` or ``band_keys`` of records, all fields side by side."""
        return self.record_keys(name, records).matrix()

    def without_keys(self) -> Contents:
        """Return the contents for what comes after blocking, without what was there for it."""
        none, unknown = np.zeros((len(self.texts), 0), np.uint32), np.zeros((0, 2), np.uint64)
        texts = replace(self.texts, band_keys=none, rare_keys=none, fingerprints=unknown)
        return replace(self, texts=texts)


def textless_contents(
    versions: NDArray[np.uint8],
    lengths: NDArray[np.int32],
    whole: NDArray[np.int8],
    plain: NDArray[np.int8],
    withdrawn: NDArray[np.bool_],
) -> Contents:
    """Return what the canonical policy takes of records, without their texts."""
    none = np.full(len(versions), -1, np.int32)
    own = (versions, lengths, whole, plain, withdrawn)
    return Contents(no_texts(), none[None], none.astype(np.int64), none, *own)


def select_keys(
    own: NDArray[np.uint32], rows: NDArray[np.int32], *, every: bool = False
) -> RecordKeys:
    """Return the keys of records, side by side of ``every`` field, or of those with a text."""
    filled = [field for field, texts in enumerate(rows) if every or (texts >= 0).any()]
    salts = np.array([FIELD_SALT * field & 0xFFFFFFFF for field in filled], np.uint32)
    return RecordKeys(np.ascontiguousarray(own), np.ascontiguousarray(rows[filled]), salts)


@dataclass(frozen=True, slots=True)
class FieldTexts:
    """The texts of one field of all records.

    ``places`` has the place of each record's text among the texts of all ``parts`` in a row.
    """

    parts: list[PreparedTexts]
    places: NDArray[np.int32]

    def column(self, name: str) -> NDArray[Any]:
        """Return a value of each text of all parts."""
        return np.concatenate([getattr(part, name) for part in self.parts])


@dataclass(frozen=True, slots=True)
class NumberedTexts:
    """The numbers of the texts of one field, -1 for a text that does not count.

    ``contents`` are equal for texts that say the same, ``variants`` for those that are compared
    alike. Both are places among the ``wanted`` texts, which are kept.
    """

    contents: NDArray[np.int64]
    variants: NDArray[np.int64]
    wanted: NDArray[np.int64]


def number_contents(fields: Sequence[FieldTexts], corpus: Corpus) -> Contents:
    """Keep each distinct text once, and number the distinct combinations of texts.

    Texts that say the same in other letter case or with other tags are one content, and each keeps
    its own tokens. The ``parts`` of the fields are given up.
    """
    rows, contents = np.full((2, len(fields), len(corpus)), -1, np.int32)
    wanted, first = [], 0
    for field, own in enumerate(fields):
        texts = number_field(own)
        for out, numbers in ((contents, texts.contents), (rows, texts.variants)):
            out[field] = np.where(numbers >= 0, numbers + first, -1)[own.places]
        wanted.append(texts.wanted)
        first += len(texts.wanted)
    columns = record_columns(fields, rows)
    texts_kept = take_texts(fields, wanted)
    titles = leading_texts(contents)
    ids = combination_ids(contents, generic_outlets(texts_kept, titles, corpus))
    return Contents(texts_kept, rows, ids, titles, **columns)


def take_texts(fields: Sequence[FieldTexts], wanted: Sequence[NDArray[np.int64]]) -> PreparedTexts:
    """Return the wanted texts of all fields, whose parts are given up."""
    parts, chosen = [], []
    for field, places in zip(fields, wanted, strict=True):
        starts = np.cumsum([0, *map(len, field.parts)])
        bounds = np.searchsorted(places, starts)
        chosen += [
            places[first:last] - start
            for start, first, last in zip(starts, bounds, bounds[1:], strict=False)
        ]
        parts += field.parts
        field.parts.clear()
    return gather_texts(parts, chosen)


def record_columns(
    fields: Sequence[FieldTexts], rows: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    """Return the columns of :class:`Contents` that tell of each record's own texts.

    Of two records with one content each has its own: one may be a noisy copy of the other.
    """
    count = rows.shape[1]
    versions, (whole, plain) = np.zeros(count, np.uint8), np.zeros((2, count), np.int8)
    lengths, withdrawn = np.zeros(count, np.int32), np.zeros(count, bool)
    for field, own in reversed(list(enumerate(fields))):
        present = rows[field] >= 0
        facts = own.column("facts")[own.places]
        versions = np.where(present, own.column("versions")[own.places], versions)
        lengths += np.where(present, own.column("lengths")[own.places], 0).astype(np.int32)
        whole += present * (2 - ((facts & Fact.BROKEN_OFF) > 0)).astype(np.int8)
        plain += present * (2 - ((facts & Fact.NOISY) > 0)).astype(np.int8)
        withdrawn |= present & ((facts & Fact.WITHDRAWN) > 0)
    return {
        "versions": versions,
        "lengths": lengths,
        "whole": whole,
        "plain": plain,
        "withdrawn": withdrawn,
    }


def number_field(field: FieldTexts) -> NumberedTexts:
    """Return the numbers of the texts of a field."""
    numbers, firsts = number_texts(field.column("fingerprints"))
    variants, others = number_variants(field.parts, numbers, len(firsts))
    wanted = np.concatenate([firsts, others])
    places = order_positions(np.argsort(wanted))
    none = (numbers < 0) | ((field.column("facts") & Fact.PLACEHOLDER) > 0)
    if not len(places):
        return NumberedTexts(numbers, numbers, wanted)
    contents, variants = (np.where(none, -1, places[own]) for own in (numbers, variants))
    return NumberedTexts(contents, variants, np.sort(wanted))


def number_texts(fingerprints: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number distinct texts in the order in which they come, -1 for one without tokens.

    Returns the number of each text, and the first text of each number.
    """
    if kernel.available():
        numbers = np.empty(len(fingerprints), np.int64)
        kernel.number_pairs(np.ascontiguousarray(fingerprints).reshape(-1), numbers)
    else:
        seen: dict[tuple[int, int], int] = {(0, 0): -1}
        pairs = map(tuple, fingerprints.tolist())
        numbers = np.array([seen.setdefault(pair, len(seen) - 1) for pair in pairs], np.int64)
    _, firsts = np.unique(numbers, return_index=True)
    return numbers, firsts[int((numbers < 0).any()) :]


def number_variants(
    parts: Sequence[PreparedTexts], numbers: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give texts that are compared otherwise than the first of their number one of their own.

    New numbers go on from ``count``. Returns the number of each text, and the first text of each
    new number.
    """
    shared = np.flatnonzero((numbers >= 0) & (np.bincount(numbers + 1)[numbers + 1] > 1))
    if not any(len(part.tokens) for part in parts) or not len(shared):
        return numbers, np.zeros(0, np.int64)
    bounds = np.searchsorted(shared, np.cumsum([0, *map(len, parts)]))
    starts = np.cumsum([0, *map(len, parts)])
    hashes = np.concatenate(
        [
            hash_compared(part, shared[first:last] - start)
            for part, start, first, last in zip(parts, starts, bounds, bounds[1:], strict=False)
        ]
    )
    _, firsts, inverse = np.unique(numbers[shared], return_index=True, return_inverse=True)
    other = np.flatnonzero(hashes != hashes[firsts][inverse])
    keys = hashes[other] + numbers[shared[other]].astype(np.uint64) * HASH_STEP
    _, founders, own = np.unique(keys, return_index=True, return_inverse=True)
    variants = numbers.copy()
    variants[shared[other]] = count + own
    return variants, shared[other[founders]]


def hash_compared(texts: PreparedTexts, wanted: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash of what scoring takes from each of some texts that have tokens."""
    if not len(wanted):
        return np.zeros(0, np.uint64)
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
    facts = texts.facts[wanted] & (Fact.GENRE | Fact.GENERIC | Fact.QUESTION)
    found = np.asarray(np.add.reduceat(mixed, ends - sizes) + facts)
    for keys in texts.band_keys[wanted].T:  # they depend on letters: "4-year" and "four-year"
        found = (found ^ keys) * HASH_STEP
    return found


def leading_texts(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return each record's text in the first field that it has, -1 for none."""
    titles: NDArray[np.int32] = rows[-1]
    for own in rows[-2::-1]:
        titles = np.where(own >= 0, own, titles)
    return titles


def generic_outlets(
    texts: PreparedTexts, titles: NDArray[np.int32], corpus: Corpus
) -> NDArray[np.int64]:
    """Return the outlet of each record with a generic title, -2 for any other.

    Two outlets' morning briefings are two, whatever else is equal.
    """
    generic = np.append((texts.facts & Fact.GENERIC) > 0, False)[titles]
    return np.where(generic, code_strings(corpus.sources).writers, -2)


def combination_ids(rows: NDArray[np.int32], outlets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the distinct combinations of texts, -1 for a record without any."""
    filled = np.flatnonzero((rows >= 0).any(axis=0))
    ids = np.full(rows.shape[1], -1, np.int64)
    columns = [own[filled].astype(np.int64) for own in rows if (own >= 0).any()]
    if (outlets[filled] != -2).any():  # noqa: PLR2004 - what generic_outlets gives others
        columns.append(outlets[filled])
    own = columns[0] if columns else np.zeros(0, np.int64)
    for column in columns[1:]:
        _, own = np.unique((own + 1) << 32 | (column + 2), return_inverse=True)
    ids[filled] = own
    return ids
