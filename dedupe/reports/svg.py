"""Draw charts as SVG: those of the report page, and the curve of tune."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from dedupe.evaluation.tune import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.evaluation.tune import Goal, TunedThreshold


def svg_line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def svg_text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    """Return a line of text."""
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


@dataclass(frozen=True, slots=True)
class PlotArea:
    """The size of a picture and its margins; positions are shares of the axes."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int

    def x(self, share: float) -> float:
        """Return the horizontal position of a share of the bottom axis."""
        return self.left + share * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """Return the vertical position of a share of the height."""
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


CHART = PlotArea(520, 260, left=56, top=22, right=14, bottom=44)
"""A chart of the report page."""
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
    points = " ".join(f"{CHART.x(i / last):.1f},{CHART.y(y):.1f}" for i, y in enumerate(shares))
    rows = [(step / 4, f"{step / 4:.0%}") for step in range(5)]
    line = f'<polyline class="curve" points="{points}"/>'
    return svg_picture(title, [*grid_lines(rows), *axis_frame(axis), line])


def svg_picture(title: str, parts: Iterable[str]) -> str:
    """Return the whole drawing, which scales with the page; its title is read out."""
    head = (
        f'<svg viewBox="0 0 {CHART.width} {CHART.height}" role="img" aria-label="{escape(title)}">'
    )
    return "\n".join([head, *parts, "</svg>"])


def column_bar(bar: Bar, top: int) -> str:
    """Return one column with its tooltip."""
    left, right = CHART.x(bar.start), CHART.x(bar.stop)
    gap = min(1.0, (right - left) / 5)
    height = max(1.0, CHART.y(0) - CHART.y(bar.value / top))
    return (
        f'<rect class="bar" x="{left + gap:.1f}" y="{CHART.y(0) - height:.1f}" '
        f'width="{right - left - 2 * gap:.1f}" height="{height:.1f}">'
        f"<title>{escape(bar.says)}</title></rect>"
    )


def grid_lines(rows: Iterable[tuple[float, str]]) -> Iterable[str]:
    """Yield horizontal grid lines with their labels."""
    for share, words in rows:
        y = CHART.y(share)
        yield svg_line("grid", CHART.x(0), y, CHART.x(1), y)
        yield svg_text(CHART.left - 8, y + 4, words, anchor="end")


def axis_frame(axis: Axis) -> Iterable[str]:
    """Yield the bottom axis with its labels, and dashed lines at its marks."""
    floor = CHART.y(0)
    yield svg_line("axis", CHART.x(0), floor, CHART.x(1), floor)
    for share, words in axis.ticks:
        yield svg_text(CHART.x(share), floor + 18, words, anchor="middle")
    yield svg_text(CHART.x(0.5), CHART.height - 6, axis.name, "name", anchor="middle")
    for share, words in axis.marks:
        x = CHART.x(share)
        yield svg_line("mark", x, floor, x, CHART.top - 4)
        yield svg_text(x, CHART.top - 9, words, "marked", anchor=y_labels(share))


def y_labels(share: float) -> str:
    """Return the anchor of a mark's words that keeps them in the picture."""
    return "start" if share < 1 / 6 else "end" if share > 5 / 6 else "middle"


def scale_step(most: int) -> list[int]:
    """Return three to six round numbers from 0 to at least ``most``.

    >>> scale_step(7), scale_step(1234)
    ([0, 2, 4, 6, 8], [0, 500, 1000, 1500])
    """
    if most <= FEW:
        return list(range(max(most, 1) + 1))
    unit = 10 ** int(math.log10(most / FEW))
    step = next(unit * times for times in STEPS if most / (unit * times) <= FEW + 1)
    return list(range(0, most + step, step))


CURVE = PlotArea(640, 420, left=64, top=72, right=24, bottom=56)
"""The picture of a tuning curve."""
CURVE_TICKS = [step / 5 for step in range(6)]
CURVE_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600; font-size: 15px }
.page { fill: #fff }
.grid { stroke: #ddd } .axis { stroke: #222 }
.precision { stroke: #0072b2 } .recall { stroke: #d55e00; stroke-dasharray: 7 4 }
.precision, .recall { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.bounds { fill: #0072b2; opacity: .15 }
.chosen { stroke: #222; stroke-dasharray: 2 3 } .point { fill: #222 }
@media (prefers-color-scheme: dark) {
  text, .point { fill: #eee } .page { fill: #1b1b1b } .grid { stroke: #444 }
  .axis, .chosen { stroke: #eee } .precision { stroke: #56b4e9 } .bounds { fill: #56b4e9 }
  .recall { stroke: #e69f00 }
}"""


@dataclass(frozen=True, slots=True)
class StepCurve:
    """A share at and above each threshold, as corners of a staircase."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, thresholds: NDArray[np.float64], shares: NDArray[np.float64]) -> StepCurve:
        """Return the steps of a curve: a share holds from the threshold before its own."""
        known = ~np.isnan(shares)
        edges, shares = thresholds[known], shares[known]
        starts = np.concatenate([[0.0], edges[:-1]])
        return cls(np.stack([starts, edges], axis=1).ravel(), np.repeat(shares, 2))

    def points(self) -> list[str]:
        """Return the corners in the units of the picture."""
        return [
            f"{CURVE.x(x):.1f},{CURVE.y(y):.1f}"
            for x, y in zip(self.x.tolist(), self.y.tolist(), strict=True)
        ]


def draw_tuning_curve(tuned: TunedThreshold, goal: Goal) -> bytes:
    """Draw both curves, the bounds of the precision and the threshold chosen."""
    curve = tuned.curve
    low, high = wilson(curve.right, curve.accepted, goal.z)
    drawn = curve.thresholds
    bounds = StepCurve.of(drawn, high).points() + StepCurve.of(drawn, low).points()[::-1]
    title = (
        f"Threshold {tuned.threshold:g}: precision {curve.precision[tuned.position]:.3f}, "
        f"recall {curve.recall[tuned.position]:.3f}"
    )
    body = [
        *draw_axes(),
        f'<polygon class="bounds" points="{" ".join(bounds)}"/>',
        draw_line("precision", StepCurve.of(drawn, curve.precision)),
        draw_line("recall", StepCurve.of(drawn, curve.recall)),
        *draw_choice(tuned),
        svg_text(CURVE.left, 26, f"{title} (for {goal})", "title"),
        *draw_legend(goal),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CURVE.width} {CURVE.height}" '
        f'width="{CURVE.width}" height="{CURVE.height}" role="img">'
    )
    lines = [
        head,
        f"<title>{escape(title)}</title>",
        f"<style>\n{CURVE_STYLE}\n</style>",
        *body,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def draw_axes() -> Iterable[str]:
    """Yield the page, the grid and the axes with their names."""
    left, right, floor, top = CURVE.x(0), CURVE.x(1), CURVE.y(0), CURVE.y(1)
    yield f'<rect class="page" width="{CURVE.width}" height="{CURVE.height}"/>'
    for tick in CURVE_TICKS:
        x, y = CURVE.x(tick), CURVE.y(tick)
        yield svg_line("grid", left, y, right, y)
        yield svg_line("grid", x, top, x, floor)
        yield svg_text(left - 10, y + 4, f"{tick:.1f}", anchor="end")
        yield svg_text(x, floor + 20, f"{tick:.1f}", anchor="middle")
    yield svg_line("axis", left, floor, right, floor)
    yield svg_line("axis", left, floor, left, top)
    yield svg_text((left + right) / 2, floor + 42, "threshold", anchor="middle")
    middle = (floor + top) / 2
    yield (
        f'<text x="18" y="{middle:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 18 {middle:.1f})">share of the labelled pairs</text>'
    )


def draw_choice(tuned: TunedThreshold) -> Iterable[str]:
    """Yield a line at the threshold chosen, and a point on either curve."""
    x = CURVE.x(tuned.threshold)
    yield svg_line("chosen", x, CURVE.y(0), x, CURVE.y(1))
    for share in (tuned.curve.precision[tuned.position], tuned.curve.recall[tuned.position]):
        yield f'<circle class="point" cx="{x:.1f}" cy="{CURVE.y(float(share)):.1f}" r="4"/>'


def draw_legend(goal: Goal) -> Iterable[str]:
    """Yield what the lines mean, above the curves."""
    names = {"precision": f"precision, with {goal.confidence:.0%} bounds", "recall": "recall"}
    for (kind, name), x in zip(names.items(), (CURVE.left, CURVE.left + 250), strict=True):
        yield svg_line(kind, x, 46, x + 32, 46)
        yield svg_text(x + 40, 50, name)
    yield svg_line("chosen", CURVE.left + 370, 46, CURVE.left + 402, 46)
    yield svg_text(CURVE.left + 410, 50, "threshold chosen")


def draw_line(kind: str, steps: StepCurve) -> str:
    """Return a curve."""
    return f'<polyline class="{kind}" points="{" ".join(steps.points())}"/>'
