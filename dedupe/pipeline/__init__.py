"""The stages in order: batches in, clusters and verified pairs out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.links import links_of
from dedupe.pipeline.settle import settle
from dedupe.pipeline.tell import clustering_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.pipeline.outline import Outline
    from dedupe.settings import Settings
    from dedupe.stories import Batch, Clustering, Corpus, Pairs

__all__ = ["Result", "run"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found, and how: ``stats`` holds counts, timings and caps that were hit."""

    corpus: Corpus
    clustering: Clustering
    pairs: Pairs
    stats: dict[str, object]


def run(
    batches: Iterable[Batch],
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Result:
    """Find near-duplicates among all records; ``progress`` is told a stage and its share done.

    Raises what :func:`dedupe.pipeline.links.links_of` raises.
    """
    clock = Clock()
    corpus = gather(batches, len(settings.field))
    links = links_of(corpus, settings)
    clock.stop("reading")
    description = describe(corpus, settings.seed, settings.jobs, partial(progress, "folding"))
    clock.stop("folding")
    case = open_case(corpus, description, settings, links)
    return conclude(corpus, case, clock, partial(progress, "matching"))


def conclude(
    corpus: Corpus, outline: Outline, clock: Clock, progress: Callable[[float], None]
) -> Result:
    """Match what an engine holds, and word the result."""
    settled = settle(outline, progress)
    pairs = pairs_of(settled, outline)
    clustering = clustering_of(corpus.ids, settled, outline, pairs)
    clock.stop("matching")
    counts = {"pairs": len(pairs), **settled.effort}
    return Result(
        corpus, clustering, pairs, {**clustering.stats, **counts, "seconds": clock.seconds}
    )


class Clock:
    """The seconds that each stage took, one stage after another."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def stop(self, stage: str) -> None:
        """A stage has ended, and the next begins."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now
