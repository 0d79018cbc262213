"""A tuning curve as a small picture (SVG): precision and recall over the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from dedupe.judge.tune import wilson
from dedupe.svg import segment, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.judge.tune import Goal, Tuned

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
class Steps:
    """A share at and above each threshold, as corners of a staircase."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, thresholds: NDArray[np.float64], shares: NDArray[np.float64]) -> Steps:
        """A threshold's share holds from the threshold before it, which it has just passed."""
        known = ~np.isnan(shares)
        edges, shares = thresholds[known], shares[known]
        starts = np.concatenate([[0.0], edges[:-1]])
        return cls(np.stack([starts, edges], axis=1).ravel(), np.repeat(shares, 2))

    def points(self) -> list[str]:
        """The corners in the units of the picture."""
        return [
            f"{across(x):.1f},{up(y):.1f}"
            for x, y in zip(self.x.tolist(), self.y.tolist(), strict=True)
        ]


def across(share: float) -> float:
    """Where a threshold stands from the left."""
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def up(share: float) -> float:
    """Where a share stands from the top."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def plot(tuned: Tuned, goal: Goal) -> bytes:
    """Draw both curves, the bounds of the precision and the threshold chosen."""
    curve = tuned.curve
    low, high = wilson(curve.right, curve.accepted, goal.z)
    drawn = curve.thresholds
    bounds = Steps.of(drawn, high).points() + Steps.of(drawn, low).points()[::-1]
    told = (
        f"Threshold {tuned.threshold:g}: precision {curve.precision[tuned.place]:.3f}, "
        f"recall {curve.recall[tuned.place]:.3f}"
    )
    body = [
        *frame(),
        f'<polygon class="bounds" points="{" ".join(bounds)}"/>',
        line("precision", Steps.of(drawn, curve.precision)),
        line("recall", Steps.of(drawn, curve.recall)),
        *mark(tuned),
        text(LEFT, 26, f"{told} (for {goal})", "title"),
        *legend(goal),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img">'
    )
    lines = [head, f"<title>{escape(told)}</title>", f"<style>\n{STYLE}\n</style>", *body, "</svg>"]
    return ("\n".join(lines) + "\n").encode()


def frame() -> Iterable[str]:
    """The page, the grid and the axes with their names."""
    left, right, floor, top = across(0), across(1), up(0), up(1)
    yield f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>'
    for tick in TICKS:
        x, y = across(tick), up(tick)
        yield segment("grid", left, y, right, y)
        yield segment("grid", x, top, x, floor)
        yield text(left - 10, y + 4, f"{tick:.1f}", anchor="end")
        yield text(x, floor + 20, f"{tick:.1f}", anchor="middle")
    yield segment("axis", left, floor, right, floor)
    yield segment("axis", left, floor, left, top)
    yield text((left + right) / 2, floor + 42, "threshold", anchor="middle")
    middle = (floor + top) / 2
    yield (
        f'<text x="18" y="{middle:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 18 {middle:.1f})">share of the labelled pairs</text>'
    )


def mark(tuned: Tuned) -> Iterable[str]:
    """A line at the threshold chosen, and a point on either curve."""
    x = across(tuned.threshold)
    yield segment("chosen", x, up(0), x, up(1))
    for share in (tuned.curve.precision[tuned.place], tuned.curve.recall[tuned.place]):
        yield f'<circle class="point" cx="{x:.1f}" cy="{up(float(share)):.1f}" r="4"/>'


def legend(goal: Goal) -> Iterable[str]:
    """What the lines mean, above the curves."""
    names = {"precision": f"precision, with {goal.confidence:.0%} bounds", "recall": "recall"}
    for (kind, name), x in zip(names.items(), (LEFT, LEFT + 250), strict=True):
        yield segment(kind, x, 46, x + 32, 46)
        yield text(x + 40, 50, name)
    yield segment("chosen", LEFT + 370, 46, LEFT + 402, 46)
    yield text(LEFT + 410, 50, "threshold chosen")


def line(kind: str, steps: Steps) -> str:
    """A curve."""
    return f'<polyline class="{kind}" points="{" ".join(steps.points())}"/>'
