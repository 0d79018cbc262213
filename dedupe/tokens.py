"""The tokens of prepared texts as arrays, which all later steps read.

A token has 24 bytes. Of two texts with the same tokens the same is known, whatever else is in the
corpus: that is what lets a pair be scored alone, in a file of ten lines or of ten million.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.arrays import copy_rows
from dedupe.resources import release_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOKEN = np.dtype(
    [
        ("key", "<u4"),
        ("stem", "<u4"),
        ("concepts", "<u2", 4),
        ("start", "<u2"),
        ("length", "u1"),
        ("weight", "u1"),
        ("kind", "u1"),
        ("zone", "u1"),
        ("flags", "<u2"),
    ]
)
"""One token.

``key`` is equal for equal words, numbers of equal value, or pairs of ideographs; of an ideograph
it is that of the pair it begins. ``stem`` groups forms of one word. ``concepts`` are meanings of
:class:`Meaning`, 0 for none. ``start`` and ``length`` give its normalised letters in
bytes. ``weight`` is its information in eighths of a bit.
"""

EIGHTHS = 8
MOST_TOKENS = 96
"""Longer texts are compared by so many first tokens."""
MOST_CONCEPTS = 4
LONGEST_LETTERS = 255
PARTS_AT_ONCE = 64
"""After taking so many parts, what they took of memory is given back."""


class TokenKind(IntEnum):
    """What a token is."""

    WORD = 0
    NUMBER = 1
    IDEOGRAPH = 2
    SIGN = 3


class Zone(IntEnum):
    """The part of a headline that a token stands in."""

    CORE = 0
    LEAD = 1
    OUTLET = 2
    KICKER = 3
    TAIL = 4
    CLOSING = 5


COMPARED = (Zone.CORE, Zone.KICKER, Zone.TAIL)
"""Tags, outlets and what else a desk adds are not compared."""


class Meaning(IntEnum):
    """What a word means. Concepts and the sides of opposites are numbered from ``FIRST_*`` on.

    The two sides of one line of opposites differ in their lowest bit.
    """

    FUNCTION = 1
    NEGATION = 2
    PASSIVE = 3
    PLACE = 4
    REACTION = 5
    QUESTION = 6
    COMPANION = 7
    NOTICE = 8
    SERIES = 9
    FIRST_MONTH = 16
    FIRST_WEEKDAY = 32
    FIRST_CONCEPT = 64
    FIRST_OPPOSITE = 0x8000


class Flag:
    """Bits of a token."""

    FUNCTION = 1
    NEGATION = 2
    CALENDAR = 4
    NAME = 8
    RARE = 16
    JOINED = 32
    """An ideograph that follows another one directly."""
    OPENS_PAIR = 64
    """An ideograph that another one follows directly."""
    UPPER = 128
    REACTION = 256
    PLACE = 512
    COMPANION = 1024
    """A word that says that two do something together: and, with."""
    NOTICE = 2048
    """A word of company announcements and filings: dividend, plc, webcast."""
    SERIES = 4096
    """A word of reports that recur with other values: stocks, outlook, digest."""


class Fact:
    """Bits of a text."""

    GENRE = 1
    WITHDRAWN = 2
    GENERIC = 4
    PLACEHOLDER = 8
    BROKEN_OFF = 16
    NOISY = 32
    """Written with markup or entities."""
    TAGGED = 64
    """Written with tags, a kicker or an outlet."""
    QUESTION = 128
    """It asks, or begins as what explains: why, how."""


@dataclass(frozen=True, slots=True)
class PreparedTexts:
    """The prepared texts of one field, as columns.

    Text ``i`` has the tokens ``tokens[offsets[i]:offsets[i + 1]]`` and the letters
    ``letters[letter_offsets[i]:letter_offsets[i + 1]]``. ``fingerprints`` has two words a text,
    both 0 for a text without tokens. ``band_keys`` and ``rare_keys`` are blocking keys, 0 for none.
    ``lengths`` counts the characters of the text without markup.
    """

    tokens: NDArray[np.void]
    offsets: NDArray[np.int64]
    letters: NDArray[np.uint8]
    letter_offsets: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    band_keys: NDArray[np.uint32]
    rare_keys: NDArray[np.uint32]
    languages: NDArray[np.uint8]
    versions: NDArray[np.uint8]
    facts: NDArray[np.uint8]
    lengths: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.lengths)


def gather_texts(parts: list[PreparedTexts], wanted: Sequence[NDArray[np.int64]]) -> PreparedTexts:
    """Return the wanted texts of some parts in a row; each part is given up as it is taken.

    ``wanted`` has an array of places a part.
    """
    sizes = {"tokens": "offsets", "letters": "letter_offsets"}
    ends: dict[str, list[NDArray[np.int64]]] = {
        name: [np.diff(getattr(part, name))[own] for part, own in zip(parts, wanted, strict=True)]
        for name in sizes.values()
    }
    columns: dict[str, NDArray[Any]] = {
        name: np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        for name, lengths in ends.items()
    }
    count = sum(map(len, wanted))
    for name in PreparedTexts.__dataclass_fields__:
        if name not in columns:
            own = getattr(parts[0], name)
            rows = int(columns[sizes[name]][-1]) if name in sizes else count
            columns[name] = np.empty((rows, *own.shape[1:]), own.dtype)
    filled = dict.fromkeys(columns, 0)
    parts.reverse()
    for at, own in enumerate(wanted):
        if at and at % PARTS_AT_ONCE == 0:
            release_memory()
        part = parts.pop()
        for name, column in columns.items():
            if name in ends:
                continue
            rows = int(ends[sizes[name]][at].sum()) if name in sizes else len(own)
            out = column[filled[name] : filled[name] + rows]
            if name in sizes:
                copy_rows(getattr(part, name), getattr(part, sizes[name]), own, out)
            else:
                np.take(getattr(part, name), own, axis=0, out=out, mode="clip")
            filled[name] += rows
    return PreparedTexts(**columns)


def concat_texts(parts: Sequence[PreparedTexts]) -> PreparedTexts:
    """Return several prepared texts in a row."""
    if len(parts) == 1:
        return parts[0]
    return gather_texts(list(parts), [np.arange(len(part)) for part in parts])


def select_texts(texts: PreparedTexts, wanted: NDArray[np.int64]) -> PreparedTexts:
    """Return some of the texts."""
    return gather_texts([texts], [wanted.astype(np.int64)])
