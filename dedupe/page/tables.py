"""HTML tables with proper headers; every word from the input is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dedupe.difference import Token

MOST_DIGITS = 4


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Cell = str | int | float


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Html:
    """A table whose rows are each headed by their first cell; numbers stand to the right."""
    body = "\n".join(row_of(row) for row in rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return Html(
        '<div class="scroll">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def row_of(row: Sequence[Cell]) -> str:
    """One row, its first cell a header."""
    first, *others = row
    cells = "".join(f"<td{kind(cell)}>{shown(cell)}</td>" for cell in others)
    return f'<tr><th scope="row"{kind(first)}>{shown(first)}</th>{cells}</tr>'


def kind(cell: Cell) -> str:
    """Numbers are set apart by their class."""
    return "" if isinstance(cell, str) else ' class="number"'


def shown(cell: Cell) -> str:
    """A cell's content as HTML."""
    if isinstance(cell, Html):
        return cell
    return datum(cell) if isinstance(cell, int | float) else bidi(cell)


def bidi(text: str) -> Html:
    """A text of the input, which keeps its direction to itself."""
    return Html(f'<bdi dir="auto">{escape(visible(text))}</bdi>')


def datum(number: float) -> Html:
    """A number for people, with the number for programs beside it.

    >>> datum(36175), datum(0.5)
    ('<data value="36175">36,175</data>', '<data value="0.5">0.5000</data>')
    """
    words = f"{number:,}" if isinstance(number, int) else f"{number:.{MOST_DIGITS}f}"
    return Html(f'<data value="{number}">{words}</data>')


def share_bar(part: int, whole: int) -> Html:
    """A share as a bar that grows to the right, and in words."""
    share = part / whole if whole else 0.0
    return Html(
        f'<span class="share"><span style="width:{share:.1%}"></span></span>'
        f"<span>{share:.1%}</span>"
    )


def marked(tokens: Iterable[Token]) -> Html:
    """Tokens with what differs marked."""
    words = "".join(
        f"<mark>{escape(token.text)}</mark>" if token.differs else escape(token.text)
        for token in tokens
    )
    return Html(f'<bdi dir="auto">{words.replace("</mark><mark>", "")}</bdi>')


def facts_list(facts: Mapping[str, tuple[str, float]]) -> Html:
    """The figures that matter most: by key, what each is called and how large it is."""
    return Html(
        "\n".join(
            f'<div id="fact-{key}"><dt>{escape(name)}</dt><dd>{datum(number)}</dd></div>'
            for key, (name, number) in facts.items()
        )
    )


def unfolded(summary: str, inside: str) -> Html:
    """Something to open."""
    return Html(f"<details><summary>{escape(summary)}</summary>\n{inside}\n</details>")
