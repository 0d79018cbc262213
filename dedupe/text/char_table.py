"""How each code point normalises: a two-level table, the same on every Python and machine."""

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


class CharTable(NamedTuple):
    """Page numbers by the upper bits of a code point, entries by page and lower bits.

    An entry holds in bits 0-20 what to add to the code point (modulo 2**21) to fold it, or the
    place in ``expansions`` when the length in bits 21-25 is not 1; in bits 26-29 the kind of the
    code point itself; in bit 30 whether it is upper case.
    """

    pages: NDArray[np.uint16]
    entries: NDArray[np.uint32]
    expansions: NDArray[np.uint32]

    def look_up(self, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The entries of an array of code points."""
        positions = self.pages[codes >> 8].astype(np.uint32) * PAGE + (codes & 255)
        return np.asarray(self.entries[positions])


@cache
def load_char_table() -> CharTable:
    """The shipped table."""
    with TABLE_PATH.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return CharTable(arrays["pages"], arrays["entries"], arrays["expansions"])
