"""Each stage alone, given what the stages before it have made of invented stories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import orjson
from invented import invented

from dedupe import pipeline
from dedupe.candidates import Family, propose
from dedupe.canonical import order_by
from dedupe.folding import fold
from dedupe.linkage import join, lead
from dedupe.pipeline.case import evidence_among, open_case, policy, qualities, withdrawn_in
from dedupe.pipeline.describe import NO_OUTLETS, describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.settle import FAR_SHORT
from dedupe.reading import read
from dedupe.runs import cut_runs
from dedupe.settings import Settings
from dedupe.sketch import sketch
from dedupe.stories import Tally
from dedupe.verify import hopes_of, verify
from dedupe.writing import annotated, selected

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.canonical import Qualities
    from dedupe.folding import Folded
    from dedupe.stories import Batch, Clustering, Corpus
    from dedupe.verify import Ends, Evidence

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
    folded: Folded
    families: list[Family]
    kinds: NDArray[np.int64]
    qualities: Qualities
    evidence: Evidence
    ends: Ends
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    clustering: Clustering


def given(count: int) -> Given:
    """What the stages make of so many invented stories."""
    lines = invented(count)
    batches = reading(lines)
    corpus = gather(batches, len(SETTINGS.field))
    headlines = list(dict.fromkeys(corpus.texts[0]))
    folded = fold(headlines, NO_OUTLETS)
    bands, anchors = sketch(folded, SETTINGS.seed)
    rows = np.arange(len(headlines))
    description = describe(corpus, SETTINGS.seed, SETTINGS.jobs, lambda _: None)
    case = open_case(corpus, description, SETTINGS)
    kinds, firsts = np.unique(case.kinds, return_index=True)
    found = case.propose(kinds)
    left, right = (firsts[ends] for ends in found.ends())
    evidence = evidence_among(case, np.arange(len(corpus)))
    evidence = replace(evidence, floor=SETTINGS.threshold * FAR_SHORT)
    ends = case.ends(left, right)
    return Given(
        lines=lines,
        batches=batches,
        corpus=corpus,
        headlines=headlines,
        folded=folded,
        families=[Family(keys, rows, rows) for keys in (*bands.T[:, :, None], anchors)],
        kinds=case.kinds,
        qualities=qualities(corpus, withdrawn_in(description)),
        evidence=evidence,
        ends=ends,
        left=left,
        right=right,
        scores=verify(evidence, ends).scores,
        clustering=pipeline.run(batches, SETTINGS).clustering,
    )


def reading(lines: list[bytes]) -> list[Batch]:
    """Lines to batches."""
    return list(read([], SETTINGS, Tally(), stdin=BytesIO(b"".join(lines))))


def clustered(of: Given) -> NDArray[np.int64]:
    """Runs of equal texts, and judged pairs to leaders."""
    cut_runs(of.kinds, of.corpus.times, np.full(len(of.corpus), DAY))
    ranks = np.arange(len(of.corpus))
    passing = of.scores >= SETTINGS.threshold
    leaders = lead(ranks, of.left[passing], of.right[passing], of.scores[passing])
    return join(ranks, leaders, of.left, of.right, of.scores, SETTINGS.threshold)


def ranked(of: Given) -> NDArray[np.int64]:
    """All records by the default policy."""
    return order_by(policy(SETTINGS), of.qualities).rank(np.zeros(len(of.corpus)))


def written(of: Given) -> bytes:
    """The output of ``unique`` and of ``cluster``."""
    chosen = of.clustering.canonical == np.arange(len(of.corpus))
    parts = (selected(of.corpus, chosen), annotated(of.corpus, of.clustering, SETTINGS))
    return b"".join(b"".join(part) for part in parts)


STAGES: dict[str, Callable[[Given], object]] = {
    "read": lambda of: reading(of.lines),
    "fold": lambda of: fold(of.headlines, NO_OUTLETS),
    "sketch": lambda of: sketch(of.folded, SETTINGS.seed),
    "candidates": lambda of: propose(of.families, SETTINGS.jobs),
    "screen": lambda of: hopes_of(of.evidence, of.ends),
    "verify": lambda of: verify(of.evidence, of.ends),
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
