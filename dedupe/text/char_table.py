"""How each code point is normalised: a two-level table, the same on every Python and machine."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE = 256
MASK = (1 << 21) - 1
TABLE_PATH = files("dedupe") / "data" / "char_table.npz"


class CharClass(IntEnum):
    """The part that a normalised code point plays in a headline."""

    SPACE = 0
    LETTER = 1
    DIGIT = 2
    IDEOGRAPH = 3
    SYMBOL = 4
    DROPPED = 5
    APOSTROPHE = 6
    PERIOD = 7
    COMMA = 8
    HYPHEN = 9
    DASH = 10
    COLON = 11
    PIPE = 12
    BRACKET = 13
    PLUS = 14
    HASH = 15


class CharTable(NamedTuple):
    """Page numbers by the upper bits of a code point, entries by page and lower bits.

    An entry holds in bits 0-20 what to add to the code point (modulo 2**21) to normalise it, or the
    place in ``expansions`` when the length in bits 21-25 is not 1; in bits 26-29 the class of the
    code point itself; in bit 30 whether it is upper case.
    """

    pages: NDArray[np.uint16]
    entries: NDArray[np.uint32]
    expansions: NDArray[np.uint32]

    def entry(self, code: int) -> int:
        """Return the entry of a code point."""
        return int(self.entries[int(self.pages[code >> 8]) * PAGE + (code & 255)])


class NormalisedChar(NamedTuple):
    """One normalised character, its class, and whether it was upper case."""

    char: str
    kind: CharClass
    upper: bool


@cache
def load() -> CharTable:
    """Return the shipped table."""
    with TABLE_PATH.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return CharTable(arrays["pages"], arrays["entries"], arrays["expansions"])


@cache
def normalise_char(char: str) -> tuple[NormalisedChar, ...]:
    """Return what one character folds to: mostly one character, sometimes none or several.

    >>> [normalised.char for normalised in normalise_char("Æ")]
    ['a', 'e']
    """
    table = load()
    entry = table.entry(ord(char))
    length, upper = entry >> 21 & 31, bool(entry >> 30 & 1)
    shift = entry & MASK
    if length == 1:
        codes = [(ord(char) + shift) & MASK]
    else:
        codes = table.expansions[shift : shift + length].tolist()
    kinds = [CharClass(table.entry(code) >> 26 & 15) for code in codes]
    if length == 1:
        kinds = [CharClass(entry >> 26 & 15)]
    return tuple(
        NormalisedChar(chr(code), kind, upper)
        for code, kind in zip(codes, kinds, strict=True)
        if kind is not CharClass.DROPPED
    )


def normalise(text: str) -> list[NormalisedChar]:
    """Return the normalised characters of a text, in order.

    >>> "".join(normalised.char for normalised in normalise("Café — Łódź"))
    'cafe — lodz'
    """
    return [normalised for char in text for normalised in normalise_char(char)]
