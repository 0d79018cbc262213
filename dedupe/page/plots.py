"""Plots as inline SVG: columns and a curve, coloured by the style of the page around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from dedupe.svg import segment, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 520, 260
LEFT, TOP, RIGHT, BOTTOM = 56, 22, 14, 44
STEPS = (1, 2, 5, 10)
FEW = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A column from ``start`` to ``stop`` (shares of the axis), and what it stands for."""

    start: float
    stop: float
    value: int
    says: str


@dataclass(frozen=True, slots=True)
class Axis:
    """What runs along the bottom: its name, and words at shares of it."""

    name: str
    ticks: Sequence[tuple[float, str]]
    marks: Sequence[tuple[float, str]] = ()


def across(share: float) -> float:
    """Where a share of the bottom axis stands from the left."""
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def up(share: float) -> float:
    """Where a share of the height stands from the top."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def columns(title: str, bars: Sequence[Bar], axis: Axis) -> str:
    """A column chart that begins at 0."""
    ticks = scale(max((bar.value for bar in bars), default=0))
    top = ticks[-1]
    rows = [(tick / top, f"{tick:,}") for tick in ticks]
    drawn = [column(bar, top) for bar in bars if bar.value]
    return picture(title, [*grid(rows), *drawn, *frame(axis)])


def curve(title: str, shares: Sequence[float], axis: Axis) -> str:
    """A curve of shares, at even steps from the left to the right."""
    last = len(shares) - 1
    points = " ".join(f"{across(i / last):.1f},{up(y):.1f}" for i, y in enumerate(shares))
    rows = [(step / 4, f"{step / 4:.0%}") for step in range(5)]
    line = f'<polyline class="curve" points="{points}"/>'
    return picture(title, [*grid(rows), *frame(axis), line])


def picture(title: str, parts: Iterable[str]) -> str:
    """The whole drawing, which scales with the page; its title is read out."""
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, *parts, "</svg>"])


def column(bar: Bar, top: int) -> str:
    """One column, which says what it is to a pointer that rests on it."""
    left, right = across(bar.start), across(bar.stop)
    gap = min(1.0, (right - left) / 5)
    height = max(1.0, up(0) - up(bar.value / top))
    return (
        f'<rect class="bar" x="{left + gap:.1f}" y="{up(0) - height:.1f}" '
        f'width="{right - left - 2 * gap:.1f}" height="{height:.1f}">'
        f"<title>{escape(bar.says)}</title></rect>"
    )


def grid(rows: Iterable[tuple[float, str]]) -> Iterable[str]:
    """Level lines with what they stand for."""
    for share, words in rows:
        yield segment("grid", LEFT, up(share), WIDTH - RIGHT, up(share))
        yield text(LEFT - 8, up(share) + 4, words, anchor="end")


def frame(axis: Axis) -> Iterable[str]:
    """The bottom axis with its words, and dashed lines at what is marked."""
    yield segment("axis", LEFT, up(0), WIDTH - RIGHT, up(0))
    for share, words in axis.ticks:
        yield text(across(share), up(0) + 18, words, anchor="middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, axis.name, "name", anchor="middle")
    for share, words in axis.marks:
        yield segment("mark", across(share), up(0), across(share), TOP - 4)
        yield text(across(share), TOP - 9, words, "marked", anchor=beside(share))


def beside(share: float) -> str:
    """How the words of a mark stand to it, so that they stay in the picture."""
    return "start" if share < 1 / 6 else "end" if share > 5 / 6 else "middle"


def scale(most: int) -> list[int]:
    """Round numbers from 0 to at least ``most``, three to six of them.

    >>> scale(7), scale(1234)
    ([0, 2, 4, 6, 8], [0, 500, 1000, 1500])
    """
    if most <= FEW:
        return list(range(max(most, 1) + 1))
    unit = 10 ** int(math.log10(most / FEW))
    step = next(unit * times for times in STEPS if most / (unit * times) <= FEW + 1)
    return list(range(0, most + step, step))
