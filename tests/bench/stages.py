"""Each stage alone, given what the stages before it have made of invented stories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import orjson
from invented import invented

from dedupe import pipeline
from dedupe.backends.memory import (
    build_memory_backend,
    canonical_policy,
    canonical_qualities,
    scoring_context_of,
    withdrawn_mask,
)
from dedupe.blocking.keys import blocking_keys
from dedupe.blocking.lsh import BlockingTable, candidate_pairs
from dedupe.clustering.canonical import policy_order
from dedupe.clustering.exact import exact_groups
from dedupe.clustering.fixed_point import PRUNING_SHARE
from dedupe.clustering.linkage import leader_cluster, merge_average_linkage
from dedupe.config import Settings
from dedupe.io.annotate import annotate_records, select_records
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.load import load_corpus
from dedupe.scoring.prefilter import score_upper_bounds
from dedupe.scoring.score import score_pairs
from dedupe.text.normalize import normalize
from dedupe.text.preprocess import NO_OUTLETS, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.clustering.canonical import Qualities
    from dedupe.models import Batch, Clustering, Corpus
    from dedupe.scoring.pair_context import PairContext, ScoringContext
    from dedupe.text.normalize import NormalizedTexts

SETTINGS = Settings(jobs=1)
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Given:
    """What the stages are given: the records, their headlines, and pairs of them.

    ``left`` and ``right`` are the records of each pair, ``ends`` the same pairs as they are judged,
    and ``scores`` the judgement.
    """

    lines: list[bytes]
    batches: list[Batch]
    corpus: Corpus
    headlines: list[str]
    folded: NormalizedTexts
    families: list[BlockingTable]
    content_ids: NDArray[np.int64]
    qualities: Qualities
    evidence: ScoringContext
    ends: PairContext
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    clustering: Clustering


def given(count: int) -> Given:
    """What the stages make of so many invented stories."""
    lines = invented(count)
    batches = reading(lines)
    corpus = load_corpus(batches, len(SETTINGS.field))
    headlines = list(dict.fromkeys(corpus.texts[0]))
    folded = normalize(headlines, NO_OUTLETS)
    bands, anchors = blocking_keys(folded, SETTINGS.seed)
    rows = np.arange(len(headlines))
    description = preprocess(corpus, SETTINGS.seed, SETTINGS.jobs, lambda _: None)
    case = build_memory_backend(corpus, description, SETTINGS)
    kinds, firsts = np.unique(case.content_ids, return_index=True)
    found = case.candidate_pairs(kinds)
    left, right = (firsts[ends] for ends in found.left_right())
    evidence = scoring_context_of(case, np.arange(len(corpus)))
    evidence = replace(evidence, floor=SETTINGS.threshold * PRUNING_SHARE)
    ends = case.pair_context(left, right)
    return Given(
        lines=lines,
        batches=batches,
        corpus=corpus,
        headlines=headlines,
        folded=folded,
        families=[BlockingTable(keys, rows, rows) for keys in (*bands.T[:, :, None], anchors)],
        content_ids=case.content_ids,
        qualities=canonical_qualities(corpus, withdrawn_mask(description)),
        evidence=evidence,
        ends=ends,
        left=left,
        right=right,
        scores=score_pairs(evidence, ends).scores,
        clustering=pipeline.run(batches, SETTINGS).clustering,
    )


def reading(lines: list[bytes]) -> list[Batch]:
    """Lines to batches."""
    return list(read([], SETTINGS, ReadStats(), stdin=BytesIO(b"".join(lines))))


def clustered(of: Given) -> NDArray[np.int64]:
    """Runs of equal texts, and judged pairs to leaders."""
    exact_groups(of.content_ids, of.corpus.times, np.full(len(of.corpus), DAY))
    ranks = np.arange(len(of.corpus))
    passing = of.scores >= SETTINGS.threshold
    leaders = leader_cluster(ranks, of.left[passing], of.right[passing], of.scores[passing])
    return merge_average_linkage(ranks, leaders, of.left, of.right, of.scores, SETTINGS.threshold)


def ranked(of: Given) -> NDArray[np.int64]:
    """All records by the default policy."""
    return policy_order(canonical_policy(SETTINGS), of.qualities).rank(np.zeros(len(of.corpus)))


def written(of: Given) -> bytes:
    """The output of ``unique`` and of ``cluster``."""
    chosen = of.clustering.canonical == np.arange(len(of.corpus))
    parts = (
        select_records(of.corpus, chosen),
        annotate_records(of.corpus, of.clustering, SETTINGS),
    )
    return b"".join(b"".join(part) for part in parts)


STAGES: dict[str, Callable[[Given], object]] = {
    "read": lambda of: reading(of.lines),
    "fold": lambda of: normalize(of.headlines, NO_OUTLETS),
    "sketch": lambda of: blocking_keys(of.folded, SETTINGS.seed),
    "candidates": lambda of: candidate_pairs(of.families, SETTINGS.jobs),
    "screen": lambda of: score_upper_bounds(of.evidence, of.ends),
    "verify": lambda of: score_pairs(of.evidence, of.ends),
    "cluster": clustered,
    "canonical": ranked,
    "write": written,
}


def floor(of: Given) -> bytes:
    """The unit of speed: each line read, parsed and written out."""
    out = BytesIO()
    for line in BytesIO(b"".join(of.lines)):
        orjson.loads(line)
        out.write(line)
    return out.getvalue()
