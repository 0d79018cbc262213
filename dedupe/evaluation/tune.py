"""Choose the threshold for labelled pairs and a target."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from dedupe.config import SETTINGS, Settings
from dedupe.errors import DedupeError
from dedupe.evaluation.gold import ratio
from dedupe.io.labels import DIFFERENT, DUPLICATE, UPDATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 20
"""Labels of either kind, below which nothing is claimed."""
RESAMPLES = 500
MEASURES = ("threshold", "precision", "recall", "f1")


class RefusalError(DedupeError):
    """The labels do not support the claim that is asked for; the text says what they lack."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What to reach: at least this precision or recall, with this confidence, or the best F1."""

    measure: Literal["precision", "recall", "f1"] = "f1"
    target: float = 0.0
    confidence: float = 0.95

    @property
    def z(self) -> float:
        """Return how many standard deviations a two-sided interval reaches to either side."""
        return NormalDist().inv_cdf((1 + self.confidence) / 2)

    def __str__(self) -> str:
        return "the best F1" if self.measure == "f1" else f"{self.measure} {self.target:g}"


@dataclass(frozen=True, slots=True)
class ScoredLabels:
    """Labelled pairs in ascending order of score, as columns."""

    scores: Floats
    duplicate: NDArray[np.bool_]
    different: NDArray[np.bool_]
    update: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: Floats, labels: Sequence[str]) -> ScoredLabels:
        """Sort scores with their labels ``D``, ``N`` and ``U``."""
        order = np.argsort(scores, kind="stable")
        kinds = np.array(labels, dtype=str)[order]
        return cls(scores[order], kinds == DUPLICATE, kinds == DIFFERENT, kinds == UPDATE)


@dataclass(frozen=True, slots=True)
class Curve:
    """What stands at or above each threshold, and what of it is missed below, as columns."""

    thresholds: Floats
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]
    missed: NDArray[np.int64]
    updates: NDArray[np.int64]

    @property
    def accepted(self) -> NDArray[np.int64]:
        """Labelled pairs at or above each threshold, updates left out."""
        return self.right + self.wrong

    @property
    def precision(self) -> Floats:
        """NaN where nothing is accepted."""
        return ratio(self.right, self.accepted)

    @property
    def recall(self) -> Floats:
        """NaN where there is no duplicate."""
        return ratio(self.right, self.right + self.missed)

    @property
    def f1(self) -> Floats:
        """Return the harmonic mean of precision and recall."""
        return ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)


@dataclass(frozen=True, slots=True)
class TunedThreshold:
    """The threshold chosen, where it stands on the curve, and how it does on unseen labels.

    ``spread`` gives for each of ``MEASURES`` the mean and the 5th and 95th percentile over
    bootstrap samples: the threshold is chosen anew on each and measured on the labels left out.
    ``steady`` is the share of samples on which a threshold could be chosen at all.
    """

    curve: Curve
    position: int
    spread: dict[str, tuple[float, float, float]]
    steady: float

    @property
    def threshold(self) -> float:
        """Return the threshold that was chosen."""
        return float(self.curve.thresholds[self.position])


def tune(pairs: ScoredLabels, goal: Goal, seed: int) -> TunedThreshold:
    """Choose the threshold; raises RefusalError when the labels are too few or too bad."""
    require_enough(pairs)
    once = np.ones(len(pairs.scores), dtype=np.int64)
    curve = curve_of(pairs, candidate_thresholds(pairs), once)
    position = choose(curve, goal)
    samples = bootstrap_spread(pairs, goal, seed)
    return TunedThreshold(curve, position, spread_summary(samples), len(samples) / RESAMPLES)


def require_enough(pairs: ScoredLabels) -> None:
    """Raise RefusalError for fewer than ``LEAST`` labels of either kind."""
    counts = {"duplicate": int(pairs.duplicate.sum()), "not": int(pairs.different.sum())}
    lacking = [f"{LEAST - n} more {kind!r}" for kind, n in counts.items() if n < LEAST]
    if lacking:
        given = f"{counts['duplicate']} duplicate and {counts['not']} not"
        raise RefusalError(f"too few labels ({given}): label at least {' and '.join(lacking)}")


def candidate_thresholds(pairs: ScoredLabels) -> Floats:
    """Return thresholds midway between scores, shortened to as few decimals as still part them."""
    scores = np.unique(pairs.scores[~pairs.update])
    below = np.concatenate([[0.0], scores[:-1]])
    return np.array(
        [shortest_between(*ends) for ends in zip(below.tolist(), scores.tolist(), strict=True)]
    )


def shortest_between(low: float, high: float) -> float:
    """Return a number above ``low`` and up to ``high``, near the middle, with few decimals."""
    middle = (low + high) / 2
    for decimals in range(2, 16):
        short = round(middle, decimals)
        if low < short <= high:
            return short
    return high


def curve_of(pairs: ScoredLabels, thresholds: Floats, counts: NDArray[np.int64]) -> Curve:
    """Return the curve at some thresholds, where each pair counts as often as ``counts`` says."""
    positions = np.searchsorted(pairs.scores, thresholds)
    right, wrong, updates = (
        np.concatenate([np.cumsum((counts * kind)[::-1])[::-1], [0]])[positions]
        for kind in (pairs.duplicate, pairs.different, pairs.update)
    )
    missed = int((counts * pairs.duplicate).sum()) - right
    return Curve(thresholds, right, wrong, missed, updates)


def choose(curve: Curve, goal: Goal) -> int:
    """Return the place of the threshold that serves the goal best; raises RefusalError.

    With a target, its bound must hold with confidence, and then the other measure decides.
    """
    if goal.measure == "f1":
        return better_choice(curve.f1, curve.precision)
    hits, tries, other = (
        (curve.right, curve.accepted, curve.recall)
        if goal.measure == "precision"
        else (curve.right, curve.right + curve.missed, curve.precision)
    )
    low, _ = wilson(hits, tries, goal.z)
    enough = np.flatnonzero(low >= goal.target)
    if not len(enough):
        raise RefusalError(shortfall(curve.thresholds, hits, tries, goal))
    return int(enough[better_choice(other[enough], ratio(hits, tries)[enough])])


def better_choice(first: Floats, second: Floats) -> int:
    """Return the place of the largest number, by the second where the first are equal."""
    return int(np.lexsort((second, np.nan_to_num(first)))[-1])


def shortfall(
    thresholds: Floats, hits: NDArray[np.int64], tries: NDArray[np.int64], goal: Goal
) -> str:
    """Describe how many more labels the target needs, or that the scores do not reach it."""
    shares = ratio(hits, tries)
    plausible = np.flatnonzero(shares > goal.target)
    if not len(plausible):
        best = int(np.nanargmax(shares))
        reach = f"at best {shares[best]:.3f}, at threshold {thresholds[best]:g}"
        return f"no threshold reaches {goal} on these labels ({reach})"
    more = [labels_needed(float(shares[i]), goal) - int(tries[i]) for i in plausible]
    position = plausible[int(np.argmin(more))]
    what, verb = (
        (f"pairs that score {thresholds[position]:g} or more", "right")
        if goal.measure == "precision"
        else ("duplicates", "found")
    )
    return (
        f"too few labels to claim {goal} with {goal.confidence:.0%} confidence: label about "
        f"{min(more):,} more {what} (now {hits[position]:,} of {tries[position]:,} {verb})"
    )


def labels_needed(share: float, goal: Goal) -> int:
    """Return how many tries with this share of hits put Wilson's lower bound on the target.

    From the bound solved for n: z^2 t (1 - t) / (share - t)^2 tries.
    """
    target, z = goal.target, goal.z
    return math.ceil(z * z * target * (1 - target) / (share - target) ** 2)


def wilson(hits: NDArray[np.int64], tries: NDArray[np.int64], z: float) -> tuple[Floats, Floats]:
    """Return the bounds of a share, 0 and 1 where nothing was tried."""
    n = np.maximum(tries, 1)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = np.where(tries > 0, np.maximum(middle - half, 0), 0.0)
    return low, np.where(tries > 0, np.minimum(middle + half, 1), 1.0)


def bootstrap_spread(pairs: ScoredLabels, goal: Goal, seed: int) -> list[list[float]]:
    """Return a row of ``MEASURES`` for each bootstrap sample that supports a threshold."""
    draw = np.random.default_rng(seed)
    size = len(pairs.scores)
    thresholds = candidate_thresholds(pairs)
    rows = []
    for _ in range(RESAMPLES):
        counts = np.bincount(draw.integers(size, size=size), minlength=size)
        try:
            position = choose(curve_of(pairs, thresholds, counts), goal)
        except RefusalError:
            continue
        unseen = curve_of(pairs, thresholds[[position]], (counts == 0).astype(np.int64))
        measured = (unseen.thresholds, unseen.precision, unseen.recall, unseen.f1)
        rows.append([float(column[0]) for column in measured])
    return rows


def spread_summary(rows: Sequence[Sequence[float]]) -> dict[str, tuple[float, float, float]]:
    """Return the ``spread`` of :class:`TunedThreshold`, without measures that no sample defines."""
    spread = {}
    for name, column in zip(MEASURES, np.array(rows).reshape(-1, len(MEASURES)).T, strict=True):
        defined = column[~np.isnan(column)]
        if len(defined):
            low, high = np.percentile(defined, [5, 95]).tolist()
            spread[name] = (float(defined.mean()), low, high)
    return spread


OF_THE_RUN = ("jobs", "on_error", "seed")
"""Settings that say how a run goes and not which pairs it joins."""


def settings_toml(settings: Settings, comments: Iterable[str]) -> bytes:
    """Return the settings that differ from the defaults, and the threshold, under some comments."""
    usual = Settings()
    lines = [f"# {comment}".rstrip() for comment in comments]
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        changed = setting.name == "threshold" or value != getattr(usual, setting.name)
        if changed and value is not None and setting.name not in OF_THE_RUN:
            lines.append(f"{setting.name} = {toml_value(setting.show(value))}")
    return ("\n".join(lines) + "\n").encode()


def toml_value(value: object) -> str:
    """Return a number, a text or several texts in TOML.

    >>> toml_value(("a", "b"))
    '["a", "b"]'
    """
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(str(item)) for item in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    # A JSON string is a TOML string, but for DEL and pairs of escapes for one character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
