"""Lay out pairs and clusters of texts for a terminal; control characters are escaped."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest
from typing import TYPE_CHECKING

import click

from dedupe.escape import JOINERS
from dedupe.io.result_rows import RecordLocations
from dedupe.reports.format import count_noun, cut_and_escape
from dedupe.text.word_diff import Token, word_diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.models import Cluster
    from dedupe.pipeline import Result

SIDE_BY_SIDE = 100
"""Columns from which two texts fit beside one another."""
GUTTER = "  \u2502  "
Line = list[Token]
LABEL = re.compile(r" *(?:\S+(?: \S+)* {2,})?")
"""The indent of a line, and a label with what separates it from a text."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is shown of one record: a line about it, and its texts by field."""

    about: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How wide, and whether in colour; without, brackets stand around what differs."""

    width: int
    color: bool


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) or c in JOINERS
        else 2 if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )  # fmt: skip


def lay_out_pair(fields: Sequence[str], left: Side, right: Side, look: TextStyle) -> list[str]:
    """Lay out two records side by side where there is room, else one above the other."""
    lines = two_columns(wrap_units(left.about), wrap_units(right.about), look, dim=True)
    for name, ours, theirs in zip(fields, left.texts, right.texts, strict=True):
        if ours or theirs:
            one, other = word_diff(cut_and_escape(ours), cut_and_escape(theirs))
            lines += ["", dim_text(cut_and_escape(name), look)]
            lines += two_columns(wrap_pieces(one, look), wrap_pieces(other, look), look)
    return lines


def wrap_units(text: str) -> list[Line]:
    """Split a message into pieces to be wrapped."""
    return [[Token(part)] for part in re.split(r"(\s+)", text)]


def two_columns(
    ours: Iterable[Line], theirs: Iterable[Line], look: TextStyle, *, dim: bool = False
) -> list[str]:
    """Lay out two blocks of text in two columns, or in two labelled blocks."""
    if look.width < SIDE_BY_SIDE:
        left, right = (wrap_lines(block, look.width - 3) for block in (ours, theirs))
        return [
            *labelled_block("A", left, look, dim=dim),
            *labelled_block("B", right, look, dim=dim),
        ]
    half = (look.width - len(GUTTER)) // 2
    left, right = (wrap_lines(block, half) for block in (ours, theirs))
    none: Line = []
    return [
        (
            style_line(one, look, dim=dim) + " " * (half - line_width(one))
            + dim_text(GUTTER, look) + style_line(other, look, dim=dim)
        ).rstrip()
        for one, other in zip_longest(left, right, fillvalue=none)
    ]  # fmt: skip


def labelled_block(name: str, lines: Sequence[Line], look: TextStyle, *, dim: bool) -> list[str]:
    """Put the letter of a record before a block."""
    prefixes = [f"{name}  "] + ["   "] * len(lines)
    return [
        head + style_line(line, look, dim=dim)
        for head, line in zip(prefixes, lines or [[]], strict=False)
    ]


def wrap_pieces(tokens: Sequence[Token], look: TextStyle) -> list[Line]:
    """Join tokens to pieces that stay on one line: words with their punctuation."""
    out: list[Line] = []
    for token in tokens if look.color else bracket_differences(tokens):
        if out and not is_breakable(out[-1][-1]) and not is_breakable(token):
            out[-1].append(token)
        else:
            out.append([token])
    return out


def bracket_differences(tokens: Sequence[Token]) -> list[Token]:
    """Put brackets around each stretch of tokens that differs."""
    flags = [False, *(token.differs for token in tokens), False]
    out = []
    for token, before, after in zip(tokens, flags, flags[2:], strict=False):
        opens = "[" if token.differs and not before else ""
        closes = "]" if token.differs and not after else ""
        out.append(Token(opens + token.text + closes))
    return out


def is_breakable(token: Token) -> bool:
    """Return whether a line may end beside a token: at spaces, and in scripts that have none."""
    return token.text.isspace() or text_width(token.text[-1]) > 1


def wrap_lines(parts: Iterable[Line], width: int) -> list[Line]:
    """Wrap pieces into lines of at most a width; a longer piece is cut."""
    lines: list[Line] = [[]]
    used = 0
    for part in chain.from_iterable(split_to_fit(whole, width) for whole in parts):
        size = line_width(part)
        if used + size > width:
            lines.append([])
            used = 0
        if used or not part[0].text.isspace():
            lines[-1] += part
            used += size
    return [line for line in lines if line]


def wrap_styled(line: str, width: int) -> Iterator[str]:
    """Wrap a line that may hold colours; further lines are indented to the text after its label.

    >>> list(wrap_styled("  keys    coast + storm, marrow", 20))
    ['  keys    coast +', '          storm,', '          marrow']
    """
    indent = min(len(label[0]) if (label := LABEL.match(click.unstyle(line))) else 0, width // 2)
    shown, used = "", 0
    for piece in re.split(r"( +)", line):
        size = text_width(click.unstyle(piece))
        if used + size > width and used > indent:
            yield shown.rstrip()
            shown, used = " " * indent, indent
            if piece.isspace():
                continue
        shown += piece
        used += size
    yield shown


def split_to_fit(part: Line, width: int) -> list[Line]:
    """Cut a piece into parts that fit a line."""
    if line_width(part) <= width:
        return [part]
    return [[cut] for token in part for cut in split_token(token, width)]


def split_token(token: Token, width: int) -> list[Token]:
    """Cut a token into parts that fit a line; no character takes more than two columns."""
    if text_width(token.text) <= width:
        return [token]
    step = max(1, width // 2)
    starts = range(0, len(token.text), step)
    return [Token(token.text[first : first + step], token.differs) for first in starts]


def line_width(line: Line) -> int:
    """Return the columns that a line takes."""
    return sum(text_width(token.text) for token in line)


def style_line(line: Line, look: TextStyle, *, dim: bool = False) -> str:
    """Style a line for a terminal."""
    if not look.color:
        return "".join(token.text for token in line)
    runs = groupby(line, key=lambda token: token.differs)
    return "".join(
        style_run("".join(t.text for t in run), differs=differs, dim=dim) for differs, run in runs
    )


def style_run(text: str, *, differs: bool, dim: bool) -> str:
    """Style a stretch of one kind; magenta can be read on black and on white."""
    if differs:
        return click.style(text, fg="magenta", bold=True, underline=True)
    return click.style(text, dim=True) if dim else text


def dim_text(text: str, look: TextStyle) -> str:
    """Dim a text."""
    return click.style(text, dim=True) if look.color else text


BRANCH, LAST = "\u251c\u2500 ", "\u2514\u2500 "
BRANCH_GOES_ON, LAST_GOES_ON = "\u2502        ", "         "
NARROWEST = 12
"""Columns of a headline in a window that has no room for it."""


def cluster_tree(result: Result, look: TextStyle) -> Iterator[str]:
    """Yield the clusters of two or more, the largest first, then the totals.

    What a record has and the kept version lacks is marked, by colour or by brackets.
    """
    positions = RecordLocations(result.corpus)
    for cluster in result.clustering:
        if len(cluster.members) > 1:
            yield from cluster_lines(result, cluster, positions, look)
            yield "\n"
    found = result.clustering.stats
    facts = (count_noun(found["records"], "record"), f"{found['unique']:,} unique")
    yield f"{', '.join(facts)}, {count_noun(found['clusters'], 'cluster')} of two or more\n"


def cluster_lines(
    result: Result, cluster: Cluster, positions: RecordLocations, look: TextStyle
) -> Iterator[str]:
    """Yield one cluster: the kept version, then the others, the most similar first."""
    scores = result.clustering.scores
    kept = headline_of(result, cluster.canonical)
    others = [member for member in cluster.members if member != cluster.canonical]
    others.sort(key=lambda member: (-scores[member], member))
    size = count_noun(len(cluster.members), "record")
    about = f"{size}, {record_location(result, cluster.canonical, positions)}"
    yield from tree_lines("", "", word_diff(kept, kept)[0], about, look)
    for member in others:
        last = member == others[-1]
        branch, goes_on = (LAST, LAST_GOES_ON) if last else (BRANCH, BRANCH_GOES_ON)
        tokens = word_diff(kept, headline_of(result, member))[1]
        reason = cut_and_escape(result.clustering.reasons[member])
        about = f"{record_location(result, member, positions)}, {reason}"
        yield from tree_lines(f"{branch}{scores[member]:.2f}  ", goes_on, tokens, about, look)


def tree_lines(
    first: str, goes_on: str, tokens: Sequence[Token], about: str, look: TextStyle
) -> Iterator[str]:
    """Yield a headline, wrapped, then what is known of it, on the same line if there is room."""
    room = max(look.width - text_width(first), NARROWEST)
    lines = wrap_lines(wrap_pieces(tokens, look), room) or [[]]
    facts = wrap_lines(wrap_units(about), room)
    shown = [style_line(line, look) for line in lines]
    if len(facts) == 1 and line_width(lines[-1]) + 2 + line_width(facts[0]) <= room:
        shown[-1] += "  " + style_line(facts.pop(), look, dim=True)
    shown += [style_line(line, look, dim=True) for line in facts]
    for number, line in enumerate(shown):
        yield f"{dim_text(goes_on if number else first, look)}{line}".rstrip() + "\n"


def record_location(result: Result, position: int, positions: RecordLocations) -> str:
    """Return the outlet and line of a record, and its file where there are several."""
    source = cut_and_escape(result.corpus.sources[position])
    path = cut_and_escape(positions.path(position)) if positions.several else ""
    line = int(positions.lines[position])
    spot = f"{path}:{line}" if path else f"line {line}"
    return f"{source}, {spot}" if source else spot


def headline_of(result: Result, position: int) -> str:
    """Return the first text that a record has."""
    return cut_and_escape(
        next((texts[position] for texts in result.corpus.texts if texts[position]), "")
    )
