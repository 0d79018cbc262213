"""The elements of the report page: tables, numbers, texts with their differences marked."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dedupe.escape import escape_controls
from dedupe.models import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dedupe.text.word_diff import Token


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Cell = str | int | float


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Html:
    """Return a table whose rows are each headed by their first cell; numbers stand to the right."""
    body = "\n".join(html_row(row) for row in rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in headings)
    return Html(
        '<div class="scroll">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def html_row(row: Sequence[Cell]) -> str:
    """Return one row, its first cell a header."""
    first, *others = row
    cells = "".join(f"<td{cell_class(cell)}>{cell_html(cell)}</td>" for cell in others)
    return f'<tr><th scope="row"{cell_class(first)}>{cell_html(first)}</th>{cells}</tr>'


def cell_class(cell: Cell) -> str:
    """Return the class attribute of a cell; numbers have one."""
    return "" if isinstance(cell, str) else ' class="number"'


def cell_html(cell: Cell) -> str:
    """Return a cell's content as HTML."""
    if isinstance(cell, Html):
        return cell
    return number_cell(cell) if isinstance(cell, int | float) else isolate_direction(cell)


def isolate_direction(text: str) -> Html:
    """Return a text of the input, isolated so that its direction affects nothing else."""
    return Html(f'<bdi dir="auto">{escape(escape_controls(text))}</bdi>')


def number_cell(number: float) -> Html:
    """Return a number for people, with its value for programs.

    >>> number_cell(36175), number_cell(0.5)
    ('<data value="36175">36,175</data>', '<data value="0.5">0.5000</data>')
    """
    words = f"{number:,}" if isinstance(number, int) else f"{number:.{DIGITS}f}"
    return Html(f'<data value="{number}">{words}</data>')


def share_bar(part: int, whole: int) -> Html:
    """Return a share as a bar that grows to the right, and in words."""
    share = part / whole if whole else 0.0
    return Html(
        f'<span class="share"><span style="width:{share:.1%}"></span></span>'
        f"<span>{share:.1%}</span>"
    )


def mark_differences(tokens: Iterable[Token]) -> Html:
    """Return tokens with the differing ones marked."""
    words = "".join(
        f"<mark>{escape(token.text)}</mark>" if token.differs else escape(token.text)
        for token in tokens
    )
    return Html(f'<bdi dir="auto">{words.replace("</mark><mark>", "")}</bdi>')


def definition_list(facts: Mapping[str, tuple[str, float]]) -> Html:
    """Return the figures that matter most: by key, what each is called and how large it is."""
    return Html(
        "\n".join(
            f'<div id="fact-{key}"><dt>{escape(name)}</dt><dd>{number_cell(number)}</dd></div>'
            for key, (name, number) in facts.items()
        )
    )


def details(summary: str, inside: str) -> Html:
    """Return a block that opens on a click."""
    return Html(f"<details><summary>{escape(summary)}</summary>\n{inside}\n</details>")
