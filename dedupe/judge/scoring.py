"""The scores that a run gives: to all of its candidate pairs, or to the pairs that one names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.case import evidence_among, open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.settle import (
    Accepted,
    alive_heads,
    candidates_among,
    judge,
    lead_heads,
    run_heads,
)
from dedupe.stories import HOUR
from dedupe.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case
    from dedupe.settings import Settings
    from dedupe.stories import Batch

    Progress = Callable[[str, float], None]

NONE = np.zeros(0, dtype=np.int64)


def case_of(batches: Iterable[Batch], settings: Settings, progress: Progress) -> Case:
    """Read and describe a corpus; ``progress`` is told a stage and its share done."""
    corpus = gather(batches)
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    return open_case(corpus, description, settings)


def candidate_scores(case: Case, floor: float, progress: Progress) -> Accepted:
    """All candidate pairs that score at least ``floor``, with scores as of a run's first round.

    Copies of one text that stand near in time are one candidate, as they are in a run.
    """
    alive = alive_heads(case, run_heads(case))
    lower = replace(case, settings=replace(case.settings, threshold=floor))
    found = candidates_among(case, alive)
    pairs, _ = judge(lower, found, alive, NONE, lambda done: progress("matching", done))
    return pairs


def leaders_of(case: Case, pairs: Accepted) -> NDArray[np.int64]:
    """Each record's leader by those of the pairs that pass the threshold."""
    good = pairs.scores >= case.settings.threshold
    passed = Accepted(
        pairs.left[good], pairs.right[good], pairs.scores[good], pairs.parts[good]
    )
    return lead_heads(case, run_heads(case), passed)


def pair_scores(
    case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The scores of pairs of records, whether or not they are candidates.

    0 for records without any text and for those further apart than the window allows.
    """
    scores = np.zeros(len(left))
    hours = case.hours(left, right)
    judged = (case.kinds[left] >= 0) & (case.kinds[right] >= 0)
    if case.settings.window is not None:
        judged &= ~(hours * HOUR > case.settings.window)
    left, right = left[judged], right[judged]
    verdicts = verify(
        evidence_among(case, alive_heads(case, run_heads(case))),
        case.kinds[left],
        case.kinds[right],
        hours[judged],
        case.same_source(left, right),
    )
    scores[judged] = verdicts.scores
    return scores
