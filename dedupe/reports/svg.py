"""Draw charts as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def svg_line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def svg_text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    """Return a line of text."""
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


WIDTH, HEIGHT = 520, 260
LEFT, TOP, RIGHT, BOTTOM = 56, 22, 14, 44
STEPS = (1, 2, 5, 10)
FEW = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A column from ``start`` to ``stop`` (shares of the axis), and its tooltip."""

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


def x_position(share: float) -> float:
    """Return the horizontal position of a share of the bottom axis."""
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y_position(share: float) -> float:
    """Return the vertical position of a share of the height."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def column_chart(title: str, bars: Sequence[Bar], axis: Axis) -> str:
    """Return a column chart that begins at 0."""
    ticks = scale_step(max((bar.value for bar in bars), default=0))
    top = ticks[-1]
    rows = [(tick / top, f"{tick:,}") for tick in ticks]
    drawn = [column_bar(bar, top) for bar in bars if bar.value]
    return svg_picture(title, [*grid_lines(rows), *drawn, *axis_frame(axis)])


def curve_chart(title: str, shares: Sequence[float], axis: Axis) -> str:
    """Return a curve of shares, at even steps from the left to the right."""
    last = len(shares) - 1
    points = " ".join(
        f"{x_position(i / last):.1f},{y_position(y):.1f}" for i, y in enumerate(shares)
    )
    rows = [(step / 4, f"{step / 4:.0%}") for step in range(5)]
    line = f'<polyline class="curve" points="{points}"/>'
    return svg_picture(title, [*grid_lines(rows), *axis_frame(axis), line])


def svg_picture(title: str, parts: Iterable[str]) -> str:
    """Return the whole drawing, which scales with the page; its title is read out."""
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, *parts, "</svg>"])


def column_bar(bar: Bar, top: int) -> str:
    """Return one column with its tooltip."""
    left, right = x_position(bar.start), x_position(bar.stop)
    gap = min(1.0, (right - left) / 5)
    height = max(1.0, y_position(0) - y_position(bar.value / top))
    return (
        f'<rect class="bar" x="{left + gap:.1f}" y="{y_position(0) - height:.1f}" '
        f'width="{right - left - 2 * gap:.1f}" height="{height:.1f}">'
        f"<title>{escape(bar.says)}</title></rect>"
    )


def grid_lines(rows: Iterable[tuple[float, str]]) -> Iterable[str]:
    """Level lines with what they stand for."""
    for share, words in rows:
        yield svg_line("grid", LEFT, y_position(share), WIDTH - RIGHT, y_position(share))
        yield svg_text(LEFT - 8, y_position(share) + 4, words, anchor="end")


def axis_frame(axis: Axis) -> Iterable[str]:
    """Yield the bottom axis with its words, and dashed lines at what is marked."""
    yield svg_line("axis", LEFT, y_position(0), WIDTH - RIGHT, y_position(0))
    for share, words in axis.ticks:
        yield svg_text(x_position(share), y_position(0) + 18, words, anchor="middle")
    yield svg_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, axis.name, "name", anchor="middle")
    for share, words in axis.marks:
        yield svg_line("mark", x_position(share), y_position(0), x_position(share), TOP - 4)
        yield svg_text(x_position(share), TOP - 9, words, "marked", anchor=y_labels(share))


def y_labels(share: float) -> str:
    """Return the anchor of a mark's words that keeps them in the picture."""
    return "start" if share < 1 / 6 else "end" if share > 5 / 6 else "middle"


def scale_step(most: int) -> list[int]:
    """Round numbers from 0 to at least ``most``, three to six of them.

    >>> scale_step(7), scale_step(1234)
    ([0, 2, 4, 6, 8], [0, 500, 1000, 1500])
    """
    if most <= FEW:
        return list(range(max(most, 1) + 1))
    unit = 10 ** int(math.log10(most / FEW))
    step = next(unit * times for times in STEPS if most / (unit * times) <= FEW + 1)
    return list(range(0, most + step, step))
