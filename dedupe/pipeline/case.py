"""A run in memory: its facts, which no round changes, and what can be asked of its texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Family, among, hot_keys, met_keys, propose
from dedupe.canonical import Qualities, order_by
from dedupe.columns import coded
from dedupe.pipeline.evidence import Lexis, evidence_over, learn_lexis
from dedupe.pipeline.judging import judge_parts
from dedupe.pipeline.links import NO_LINKS
from dedupe.pipeline.outline import Outline
from dedupe.verify import identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates, Crowd
    from dedupe.pipeline.describe import Description
    from dedupe.pipeline.judging import Judge
    from dedupe.pipeline.links import Links
    from dedupe.pipeline.register import Counts
    from dedupe.settings import Settings
    from dedupe.stories import Corpus
    from dedupe.verify import Evidence


BROKEN_OFF = ("...", "\u2026")


@dataclass(frozen=True, slots=True)
class Case(Outline):
    """A run whose texts are all in memory."""

    corpus: Corpus
    description: Description
    tally: Lexis

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        families = self.families(kinds)
        if crowd is not None:
            stirred = self.families(crowd.kinds)
            hot = [met_keys(own, hot_keys(crowd.keys, i)) for i, own in enumerate(stirred)]
            families = [among(own, keys) for own, keys in zip(families, hot, strict=True)]
        return propose(families, self.settings.jobs)

    def families(self, kinds: NDArray[np.int64]) -> list[Family]:
        """The keys of some kinds, by bands, then anchors, of each field."""
        return [
            Family(keys, row_of[kinds], kinds)
            for view, row_of in zip(self.description.views, self.description.view_rows, strict=True)
            for keys in (*view.bands.T[:, :, None], view.anchors)
        ]

    def judge(self, counts: Counts, floor: float, *, screened: bool) -> Judge:
        """How pairs of records are judged under some counts."""
        evidence = replace(self.evidence(counts), floor=floor if screened else 0)
        return partial(judge_parts, self, partial(verify, evidence), floor)

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        evidence = evidence_among(self, np.flatnonzero(self.kinds >= 0))
        return identical_reach(evidence, kinds, self.settings.threshold)

    def evidence(self, counts: Counts) -> Evidence:
        """What the decision may look at under some counts."""
        zones = [view.zones for view in self.description.views]
        return evidence_over(self.settings, self.tally, counts, zones, self.tally.texts)


def open_case(
    corpus: Corpus, description: Description, settings: Settings, links: Links = NO_LINKS
) -> Case:
    """Number the words and the outlets of a described corpus."""
    return Case(
        settings=settings,
        links=links,
        order=order_by(policy(settings), qualities(corpus, withdrawn_in(description))),
        times=corpus.times,
        digests=corpus.digests,
        writers=coded(corpus.sources).writers,
        kinds=description.kinds,
        kind_count=len(description),
        versions=description.versions,
        given=np.stack([view.prints[view.rows] > 0 for view in description.views]),
        corpus=corpus,
        description=description,
        tally=learn_lexis(description, corpus.times, settings.numbers),
    )


def policy(settings: Settings) -> tuple[str, ...]:
    """The whole canonical policy: never a withdrawn version, then what is preferred, then kept."""
    return ("not-withdrawn", *settings.prefer, *settings.keep)


def withdrawn_in(description: Description) -> NDArray[np.bool_]:
    """Whether a text of each record states that it is withdrawn."""
    return np.asarray(np.any([view.withdrawn[view.rows] for view in description.views], axis=0))


def qualities(corpus: Corpus, withdrawn: NDArray[np.bool_]) -> Qualities:
    """What the canonical policy may ask of each record."""
    return Qualities(
        sources=corpus.sources,
        times=corpus.times,
        withdrawn=withdrawn,
        filled=np.sum([whole_texts(column) for column in corpus.texts], axis=0),
        lengths=np.sum([lengths_of(column) for column in corpus.texts], axis=0),
        digests=corpus.digests,
    )


def lengths_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """How many characters each text has."""
    return np.fromiter(map(len, texts), np.int64, len(texts))


def whole_texts(texts: Sequence[str]) -> NDArray[np.int64]:
    """2 for each text that is there, 1 for one that breaks off in an ellipsis, 0 for none."""
    worth = [2 * bool(text) - text.endswith(BROKEN_OFF) for text in texts]
    return np.array(worth, dtype=np.int64)


def evidence_among(case: Case, records: NDArray[np.int64]) -> Evidence:
    """What the decision may look at with counts over the texts and days of some records."""
    return case.evidence(case.counts(records))
