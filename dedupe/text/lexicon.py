"""What is known of words: how common each is, what it means, and how numbers are spelled.

The file ``data/lexicon.npz`` is made from ``data/languages/*.txt`` and frequency lists by
``make tables``. All look-ups are by 32-bit keys (:mod:`dedupe.hashing`), so that the kernel
and this module read the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import key32, poly, salted_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATH = files("dedupe") / "data" / "lexicon.npz"

LANGUAGES = (
    "en", "de", "fr", "es", "pt", "it", "nl", "pl", "tr", "ru", "uk", "ar", "hi", "zh", "ja", "ko",
)  # fmt: skip
SPACELESS = ("zh", "ja")
ENGLISH = 0
GREATEST_KEY = (1 << 32) - 1


class Form(IntEnum):
    """What an entry matches: a word, its beginning or end, a string of ideographs, ..."""

    EXACT = 0
    PREFIX = 1
    SUFFIX = 2
    STRING = 3
    NUMBER = 4
    SCALE = 5
    PHRASE = 6
    PHRASE_PREFIX = 7


class TagKind(IntEnum):
    """What a word around a headline says."""

    NONE = 0
    STATUS = 1
    GENRE = 2
    WITHDRAWN = 3


LONGEST_ENTRY = 16
"""No entry that begins or ends a word is longer, in normalised characters."""
LONGEST_STRING = 8
"""No string of ideographs is longer."""


def salt(language: int, form: Form) -> int:
    """Return what sets the entries of a language and form apart from others."""
    return language * len(Form) + form + 1


@dataclass(frozen=True)
class Lexicon:
    """The arrays of the file; keys are sorted, and each stands once a value.

    ``word_bits`` and ``char_bits`` are information in eighths of a bit. The parts of phrase ``i``
    are ``part_keys[phrase_ends[i] : phrase_ends[i + 1]]``; a part of a length above 0 matches every
    word that begins so.
    """

    word_keys: NDArray[np.uint32]
    word_languages: NDArray[np.uint8]
    word_bits: NDArray[np.uint8]
    char_keys: NDArray[np.uint32]
    char_languages: NDArray[np.uint8]
    char_bits: NDArray[np.uint8]
    entry_keys: NDArray[np.uint32]
    entry_values: NDArray[np.uint16]
    number_keys: NDArray[np.uint32]
    number_values: NDArray[np.float64]
    phrase_meanings: NDArray[np.uint16]
    phrase_ends: NDArray[np.uint32]
    part_lengths: NDArray[np.uint8]
    part_keys: NDArray[np.uint32]
    tag_keys: NDArray[np.uint32]
    tag_kinds: NDArray[np.uint8]
    outlet_keys: NDArray[np.uint32]
    generic_keys: NDArray[np.uint32]

    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """Return all arrays in the order in which the kernel takes them."""
        return tuple(getattr(self, name) for name in ARRAYS)

    def word_shares(self, key: int) -> dict[int, int]:
        """Return the information of a word by language, in eighths of a bit."""
        rows = rows_of(self.word_keys, key)
        return dict(
            zip(self.word_languages[rows].tolist(), self.word_bits[rows].tolist(), strict=True)
        )

    def char_shares(self, key: int) -> dict[int, int]:
        """Return the weight of an ideograph by language, in eighths of a bit."""
        rows = rows_of(self.char_keys, key)
        return dict(
            zip(self.char_languages[rows].tolist(), self.char_bits[rows].tolist(), strict=True)
        )

    def entries(self, language: int, form: Form, running: int) -> list[int]:
        """Return the values of the entry with a running hash, in ascending order."""
        rows = rows_of(self.entry_keys, salted_key(running, salt(language, form)))
        values: list[int] = self.entry_values[rows].tolist()
        return values

    def number(self, language: int, form: Form, word: str) -> float | None:
        """Return the value of a number word or a multiplier."""
        key = salted_key(poly(map(ord, word)), salt(language, form))
        rows = rows_of(self.number_keys, key)
        return float(self.number_values[rows.start]) if rows.stop > rows.start else None

    def tag(self, key: int) -> TagKind:
        """Return what a phrase of tag words says."""
        rows = rows_of(self.tag_keys, key)
        return TagKind(int(self.tag_kinds[rows.start])) if rows.stop > rows.start else TagKind.NONE

    def is_outlet(self, key: int) -> bool:
        """Return whether a phrase is the name of an outlet."""
        return holds(self.outlet_keys, key)

    def is_generic(self, key: int) -> bool:
        """Return whether a whole title recurs and tells no story by itself."""
        return holds(self.generic_keys, key)


def rows_of(keys: NDArray[np.uint32], key: int) -> slice:
    """Return where a key stands among sorted ones."""
    if key == GREATEST_KEY:
        return slice(int(np.searchsorted(keys, np.uint32(key))), len(keys))
    low, high = np.searchsorted(keys, [key, key + 1]).tolist()
    return slice(low, high)


def holds(keys: NDArray[np.uint32], key: int) -> bool:
    """Return whether a key is among sorted ones."""
    rows = rows_of(keys, key)
    return len(range(rows.start, rows.stop)) > 0


def phrase_key(words: list[str]) -> int:
    """Return the key of a phrase by its words."""
    return key32(poly(key32(poly(map(ord, word))) for word in words))


ARRAYS = tuple(field.name for field in fields(Lexicon))
"""The names of the arrays, in the order in which the kernel takes them."""


@cache
def load() -> Lexicon:
    """Return the shipped lexicon."""
    with PATH.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Lexicon(**{name: arrays[name] for name in ARRAYS})
