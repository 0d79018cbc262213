"""The stages in order: batches in, clusters and verified pairs out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.links import links_of
from dedupe.pipeline.settle import settle
from dedupe.pipeline.tell import clustering_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    clock = [time.perf_counter()]
    corpus = gather(batches, len(settings.field))
    links = links_of(corpus, settings)
    clock.append(time.perf_counter())
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    clock.append(time.perf_counter())
    case = open_case(corpus, description, settings, links)
    settled = settle(case, lambda done: progress("matching", done))
    pairs = pairs_of(settled, case)
    clustering = clustering_of(corpus.ids, settled, case, pairs)
    clock.append(time.perf_counter())
    seconds = np.diff(clock).round(3).tolist()
    stats = {
        **clustering.stats,
        "pairs": len(pairs),
        **settled.effort,
        "seconds": dict(zip(("reading", "folding", "matching"), seconds, strict=True)),
    }
    return Result(corpus, clustering, pairs, stats)
