"""One run's facts, which no round changes, and what can be asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.canonical import Order, Qualities, order_by
from dedupe.pipeline.evidence import Lexis, evidence_over, learn_lexis
from dedupe.pipeline.links import NO_LINKS
from dedupe.stories import HOUR, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description
    from dedupe.pipeline.links import Links
    from dedupe.settings import Settings
    from dedupe.stories import Corpus
    from dedupe.verify import Evidence


BROKEN_OFF = ("...", "\u2026")


@dataclass(frozen=True, slots=True)
class Case:
    """All that a round needs and no round changes."""

    corpus: Corpus
    description: Description
    lexis: Lexis
    settings: Settings
    writers: NDArray[np.int64]
    links: Links
    order: Order

    @property
    def kinds(self) -> NDArray[np.int64]:
        """The kind of each record."""
        return self.description.kinds

    @property
    def times(self) -> NDArray[np.int64]:
        """The time of each record."""
        return self.corpus.times

    def hours(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """The hours between records, NaN where a time is missing."""
        one, other = self.times[left], self.times[right]
        undated = (one == NO_TIME) | (other == NO_TIME)
        return np.where(undated, np.nan, np.abs(one.astype(float) - other) / HOUR)

    def same_source(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 where one outlet wrote both records, 0 where two did, NaN where one is unknown."""
        one, other = self.writers[left], self.writers[right]
        return np.where((one < 0) | (other < 0), np.nan, (one == other).astype(float))


def open_case(
    corpus: Corpus, description: Description, settings: Settings, links: Links = NO_LINKS
) -> Case:
    """Number the words and the outlets of a described corpus."""
    names, writers = np.unique(np.array(corpus.sources, dtype=object), return_inverse=True)
    nameless = int(len(names) > 0 and names[0] == "")
    lexis = learn_lexis(description, corpus.times, settings.numbers)
    order = order_by(policy(settings), qualities(corpus, withdrawn_in(description)))
    return Case(corpus, description, lexis, settings, writers - nameless, links, order)


def policy(settings: Settings) -> tuple[str, ...]:
    """The whole canonical policy: never a withdrawn version, then what is preferred, then kept."""
    return ("not-withdrawn", *settings.prefer, *settings.keep)


def withdrawn_in(description: Description) -> NDArray[np.bool_]:
    """Whether a text of each record states that it is withdrawn."""
    return np.asarray(np.any([view.withdrawn[view.rows] for view in description.views], axis=0))


def qualities(corpus: Corpus, withdrawn: NDArray[np.bool_]) -> Qualities:
    """What the canonical policy may ask of each record."""
    sizes = [np.fromiter(map(len, column), np.int64, len(column)) for column in corpus.texts]
    return Qualities(
        sources=corpus.sources,
        times=corpus.times,
        withdrawn=withdrawn,
        filled=np.sum([whole_texts(column) for column in corpus.texts], axis=0),
        lengths=np.sum(sizes, axis=0),
        digests=corpus.digests,
    )


def whole_texts(texts: Sequence[str]) -> NDArray[np.int64]:
    """2 for each text that is there, 1 for one that breaks off in an ellipsis, 0 for none."""
    worth = [2 * bool(text) - text.endswith(BROKEN_OFF) for text in texts]
    return np.array(worth, dtype=np.int64)


def evidence_among(case: Case, records: NDArray[np.int64]) -> Evidence:
    """The evidence with counts over the texts and days of some records."""
    alive = np.zeros(len(case.corpus), dtype=bool)
    alive[records] = True
    return evidence_over(case.description, case.lexis, alive, case.settings)
