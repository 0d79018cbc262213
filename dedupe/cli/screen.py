"""A pair of records as lines for a terminal of any width, with nothing in it that could bite."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest
from typing import TYPE_CHECKING

import click

from dedupe.difference import Token, difference
from dedupe.visible import JOINERS, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIDE_BY_SIDE = 100
"""Columns from which two texts fit beside one another."""
GUTTER = "  \u2502  "
MOST = 1000
"""Characters of a text that are shown."""
Line = list[Token]


@dataclass(frozen=True, slots=True)
class Side:
    """What is shown of one record: a line about it, and its texts by field."""

    about: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How wide, and whether in colour; without, brackets stand around what differs."""

    width: int
    color: bool


def safe(text: str) -> str:
    r"""A text cut to what is shown, with escapes for all that could steer a terminal.

    >>> safe("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return visible(text if len(text) <= MOST else text[:MOST] + "\u2026")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) or c in JOINERS
        else 2 if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )  # fmt: skip


def pair_lines(fields: Sequence[str], left: Side, right: Side, look: Look) -> list[str]:
    """Two records, side by side where there is room, else one above the other."""
    lines = beside(words(left.about), words(right.about), look, dim=True)
    for name, ours, theirs in zip(fields, left.texts, right.texts, strict=True):
        if ours or theirs:
            one, other = difference(safe(ours), safe(theirs))
            lines += ["", faint(safe(name), look)]
            lines += beside(pieces(one, look), pieces(other, look), look)
    return lines


def words(text: str) -> list[Line]:
    """A text of ours, to be wrapped."""
    return [[Token(part)] for part in re.split(r"(\s+)", text)]


def beside(
    ours: Iterable[Line], theirs: Iterable[Line], look: Look, *, dim: bool = False
) -> list[str]:
    """Two blocks of text in two columns, or in two labelled blocks."""
    if look.width < SIDE_BY_SIDE:
        left, right = (wrap(block, look.width - 3) for block in (ours, theirs))
        return [*indented("A", left, look, dim=dim), *indented("B", right, look, dim=dim)]
    half = (look.width - len(GUTTER)) // 2
    left, right = (wrap(block, half) for block in (ours, theirs))
    none: Line = []
    return [
        (
            painted(one, look, dim=dim) + " " * (half - line_columns(one))
            + faint(GUTTER, look) + painted(other, look, dim=dim)
        ).rstrip()
        for one, other in zip_longest(left, right, fillvalue=none)
    ]  # fmt: skip


def indented(name: str, lines: Sequence[Line], look: Look, *, dim: bool) -> list[str]:
    """A block under the letter of its record."""
    heads = [f"{name}  "] + ["   "] * len(lines)
    return [
        head + painted(line, look, dim=dim)
        for head, line in zip(heads, lines or [[]], strict=False)
    ]


def pieces(tokens: Sequence[Token], look: Look) -> list[Line]:
    """Tokens to pieces that stay on one line: words with the punctuation that they carry."""
    out: list[Line] = []
    for token in tokens if look.color else bracketed(tokens):
        if out and not breakable(out[-1][-1]) and not breakable(token):
            out[-1].append(token)
        else:
            out.append([token])
    return out


def bracketed(tokens: Sequence[Token]) -> list[Token]:
    """Tokens with brackets around each stretch that differs."""
    flags = [False, *(token.differs for token in tokens), False]
    out = []
    for token, before, after in zip(tokens, flags, flags[2:], strict=False):
        opens = "[" if token.differs and not before else ""
        closes = "]" if token.differs and not after else ""
        out.append(Token(opens + token.text + closes))
    return out


def breakable(token: Token) -> bool:
    """Whether a line may end beside a token: at spaces, and in scripts that have none."""
    return token.text.isspace() or columns(token.text[-1]) > 1


def wrap(parts: Iterable[Line], width: int) -> list[Line]:
    """Pieces in lines of at most a width; a longer piece is cut."""
    lines: list[Line] = [[]]
    used = 0
    for part in chain.from_iterable(fit(whole, width) for whole in parts):
        size = line_columns(part)
        if used + size > width:
            lines.append([])
            used = 0
        if used or not part[0].text.isspace():
            lines[-1] += part
            used += size
    return [line for line in lines if line]


def fit(part: Line, width: int) -> list[Line]:
    """A piece as it is, or in parts that fit a line."""
    if line_columns(part) <= width:
        return [part]
    return [[cut] for token in part for cut in cut_up(token, width)]


def cut_up(token: Token, width: int) -> list[Token]:
    """A token in parts that each fit a line; no character takes more than two columns."""
    if columns(token.text) <= width:
        return [token]
    step = max(1, width // 2)
    starts = range(0, len(token.text), step)
    return [Token(token.text[first : first + step], token.differs) for first in starts]


def cut_short(line: Sequence[Token], width: int) -> Line:
    """A line as far as it fits, an ellipsis in the place of what does not."""
    if line_columns(list(line)) <= width:
        return list(line)
    out: Line = []
    left = width - 1
    for character in (Token(c, token.differs) for token in line for c in token.text):
        left -= columns(character.text)
        if left < 0:
            break
        out.append(character)
    return [*out, Token("\u2026")] if width > 0 else out


def line_columns(line: Line) -> int:
    """The columns that a line takes."""
    return sum(columns(token.text) for token in line)


def painted(line: Line, look: Look, *, dim: bool = False) -> str:
    """A line as a terminal takes it."""
    if not look.color:
        return "".join(token.text for token in line)
    runs = groupby(line, key=lambda token: token.differs)
    return "".join(
        tinted("".join(t.text for t in run), differs=differs, dim=dim) for differs, run in runs
    )


def tinted(text: str, *, differs: bool, dim: bool) -> str:
    """A stretch of one kind."""
    if differs:
        return click.style(text, fg="yellow", bold=True, underline=True)
    return click.style(text, dim=True) if dim else text


def faint(text: str, look: Look) -> str:
    """A text that stands back."""
    return click.style(text, dim=True) if look.color else text
