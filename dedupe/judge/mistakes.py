"""The worst errors: the pairs that were most surely taken for what they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.judge.gold import NO_GOLD, GoldPairs
from dedupe.judge.verdict import Verdict, score_pairs, sight_of, verdict_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.judge.gold import Gold
    from dedupe.pipeline.case import Case

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Two records put together wrongly (``merged``) or left apart wrongly, and the verdict."""

    left: int
    right: int
    merged: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Suspects:
    """Pairs that a clustering has wrong, as columns."""

    left: Numbers
    right: Numbers
    merged: NDArray[np.bool_]


def worst(case: Case, gold: Gold, found: Numbers, most: int) -> list[Mistake]:
    """The ``most`` worst errors: merged pairs of the highest score, parted ones of the lowest."""
    if not most:
        return []
    suspects = suspects_of(gold, found)
    evidence = sight_of(case)
    scores = score_pairs(case, evidence, suspects.left, suspects.right)
    surprise = np.where(suspects.merged, scores, 1 - scores)
    chosen = np.lexsort((suspects.right, suspects.left, -surprise))[:most]
    return [
        Mistake(left, right, merged, verdict_on(case, evidence, left, right))
        for left, right, merged in zip(
            suspects.left[chosen].tolist(),
            suspects.right[chosen].tolist(),
            suspects.merged[chosen].tolist(),
            strict=True,
        )
    ]


def suspects_of(gold: Gold, found: Numbers) -> Suspects:
    """The pairs that are wrong: all labelled ones, or one or two a record of gold clusters."""
    if isinstance(gold, GoldPairs):
        together = found[gold.left] == found[gold.right]
        wrong = np.flatnonzero((together != gold.duplicate) & ~gold.update)
        return Suspects(gold.left[wrong], gold.right[wrong], together[wrong])
    golden = np.flatnonzero(gold.groups != NO_GOLD)
    merged = unlike_opener(golden, found[golden], gold.groups[golden])
    parted = unlike_opener(golden, gold.groups[golden], found[golden])
    left, right = (np.concatenate(ends) for ends in zip(merged, parted, strict=True))
    return Suspects(left, right, np.arange(len(left)) < len(merged[0]))


def unlike_opener(records: Numbers, groups: Numbers, others: Numbers) -> tuple[Numbers, Numbers]:
    """Each record whose other group is not that of its group's first record, and that record."""
    order = np.lexsort((records, groups))
    records, groups, others = records[order], groups[order], others[order]
    opens = np.searchsorted(groups, groups)
    unlike = np.flatnonzero(others != others[opens])
    return records[opens][unlike], records[unlike]
