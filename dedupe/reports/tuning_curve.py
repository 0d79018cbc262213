"""Draw a tuning curve as SVG: precision and recall over the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from dedupe.evaluation.tune import wilson
from dedupe.reports.svg import svg_line, svg_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.evaluation.tune import Goal, TunedThreshold

WIDTH, HEIGHT = 640, 420
LEFT, TOP, RIGHT, BOTTOM = 64, 72, 24, 56
TICKS = [step / 5 for step in range(6)]
STYLE = """\
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
            f"{x_position(x):.1f},{y_position(y):.1f}"
            for x, y in zip(self.x.tolist(), self.y.tolist(), strict=True)
        ]


def x_position(share: float) -> float:
    """Return the horizontal position of a threshold."""
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y_position(share: float) -> float:
    """Return the vertical position of a share."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


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
        svg_text(LEFT, 26, f"{title} (for {goal})", "title"),
        *draw_legend(goal),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img">'
    )
    lines = [
        head,
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}\n</style>",
        *body,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def draw_axes() -> Iterable[str]:
    """Yield the page, the grid and the axes with their names."""
    left, right, floor, top = x_position(0), x_position(1), y_position(0), y_position(1)
    yield f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>'
    for tick in TICKS:
        x, y = x_position(tick), y_position(tick)
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
    x = x_position(tuned.threshold)
    yield svg_line("chosen", x, y_position(0), x, y_position(1))
    for share in (tuned.curve.precision[tuned.position], tuned.curve.recall[tuned.position]):
        yield f'<circle class="point" cx="{x:.1f}" cy="{y_position(float(share)):.1f}" r="4"/>'


def draw_legend(goal: Goal) -> Iterable[str]:
    """Yield what the lines mean, above the curves."""
    names = {"precision": f"precision, with {goal.confidence:.0%} bounds", "recall": "recall"}
    for (kind, name), x in zip(names.items(), (LEFT, LEFT + 250), strict=True):
        yield svg_line(kind, x, 46, x + 32, 46)
        yield svg_text(x + 40, 50, name)
    yield svg_line("chosen", LEFT + 370, 46, LEFT + 402, 46)
    yield svg_text(LEFT + 410, 50, "threshold chosen")


def draw_line(kind: str, steps: StepCurve) -> str:
    """Return a curve."""
    return f'<polyline class="{kind}" points="{" ".join(steps.points())}"/>'
