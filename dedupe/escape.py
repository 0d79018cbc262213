"""Escape the control characters of input texts, so that none steers a terminal.

A headline may hold terminal escapes, or marks that reverse the order of what follows them.
"""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"  # they shape letters, and do nothing else


def escape_controls(text: str) -> str:
    r"""Return a text with control and format characters escaped, and every space a plain one.

    >>> escape_controls("a\x1b[2Jb\u202e\n")
    'a\\x1b[2Jb\\u202e '
    """
    if text.isprintable():
        return text
    return "".join(
        " " if c.isspace() else c if is_harmless(c) else escape_character(c) for c in text
    )


def is_harmless(character: str) -> bool:
    """Return whether a character is shown as itself and moves no other."""
    return character in JOINERS or unicodedata.category(character)[0] != "C"


def escape_character(character: str) -> str:
    """Return a character as Python would write it."""
    return character.encode("unicode_escape").decode()
