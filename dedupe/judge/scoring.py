"""A corpus opened to be judged, and the scores of the pairs that one names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.judge.verdict import score_pairs, sight_of
from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.links import links_of
from dedupe.stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case
    from dedupe.settings import Settings
    from dedupe.stories import Batch

    Progress = Callable[[str, float], None]


def case_of(batches: Iterable[Batch], settings: Settings, progress: Progress) -> Case:
    """Read and describe a corpus; ``progress`` is told a stage and its share done."""
    corpus = gather(batches, len(settings.field))
    links = links_of(corpus, settings)
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    return open_case(corpus, description, settings, links)


def scores_in_reach(
    case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The scores of pairs of records, whether or not a run would compare them.

    0 for records without any text, for those further apart than the window allows, and for two
    versions where these are split. What links say counts for nothing: it is no score.
    """
    scores = score_pairs(case, sight_of(case), left, right)
    if case.settings.updates == "split":
        versions = case.description.versions
        scores = np.where(versions[left] == versions[right], scores, 0.0)
    if case.settings.window is None:
        return scores
    return np.where(case.hours(left, right) * HOUR > case.settings.window, 0.0, scores)
