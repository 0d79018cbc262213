"""Why a record is thought to repeat another: the scores and verified pairs of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dedupe.pipeline import Result


@dataclass(frozen=True, slots=True)
class Echo:
    """A duplicate and what it repeats, as positions, with the evidence.

    ``through`` is the record that brings the two together where they are hardly alike.
    """

    duplicate: int
    original: int
    score: float
    reason: str
    through: int | None = None


class Links:
    """The evidence of a run, asked for by pairs of records."""

    def __init__(self, result: Result, threshold: float) -> None:
        self._threshold = threshold
        self.scores: list[float] = result.clustering.scores.tolist()
        self._reasons = result.clustering.reasons
        self._pairs = result.pairs
        self._codes = result.pairs.left << 32 | result.pairs.right

    def echo(self, told: int, canonical: int, home: Collection[int]) -> Echo:
        """What a record repeats: the canonical version, or the like of it where the story is kept.

        A record that matches nothing there repeats the canonical version, which is then itself a
        duplicate.
        """
        if told == canonical:
            best = min(home, key=lambda member: (-self.scores[member], member))
            return Echo(told, best, self.scores[best], self._reasons[best])
        matching = [] if canonical in home else self._matching(told, home)
        if matching:
            best = min(matching, key=lambda member: (-self._score(told, member), member))
            return self._verified(told, best)
        return Echo(told, canonical, self.scores[told], self._reasons[told])

    def through(self, echo: Echo, members: Sequence[int]) -> int | None:
        """The member by which a duplicate came to what it is hardly like, if there is one.

        That is, of those that match it, one that matches the other too, else the one most like it.
        """
        if echo.score >= self._threshold:
            return None
        return min(
            self._matching(echo.duplicate, members),
            key=lambda member: (
                self._row(member, echo.original) is None,
                -self._score(echo.duplicate, member),
                member,
            ),
            default=None,
        )

    def _matching(self, told: int, members: Iterable[int]) -> list[int]:
        return [member for member in members if self._row(told, member) is not None]

    def _score(self, one: int, other: int) -> float:
        return self._verified(one, other).score

    def _verified(self, one: int, other: int) -> Echo:
        row = self._row(one, other)
        assert row is not None  # noqa: S101 - asked of pairs that match
        return Echo(one, other, float(self._pairs.scores[row]), self._pairs.reasons[row])

    def _row(self, one: int, other: int) -> int | None:
        code = min(one, other) << 32 | max(one, other)
        row = int(np.searchsorted(self._codes, code))
        return row if row < len(self._codes) and self._codes[row] == code else None
