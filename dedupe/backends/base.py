"""What differs between a run in memory, on disk and on many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.load import load_corpus
from dedupe.matching import Matcher
from dedupe.preprocess import Contents, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.models import Batch, Corpus
    from dedupe.scoring.metadata import RecordMeta


class Backend:
    """Keeps a corpus, prepares its texts, and finds and scores its pairs: here all in memory."""

    def load(self, batches: Iterable[Batch], settings: Settings) -> Corpus:
        """Return the columns of all records."""
        return load_corpus(batches, len(settings.field))

    def prepare(
        self, corpus: Corpus, settings: Settings, progress: Callable[[float], None]
    ) -> Contents:
        """Return the prepared texts of a corpus."""
        return preprocess(corpus, settings.seed, settings.jobs, progress)

    def matcher(
        self, nodes: NDArray[np.int64], contents: Contents, meta: RecordMeta, settings: Settings
    ) -> Matcher:
        """Return what finds the accepted pairs among nodes."""
        return Matcher(nodes, contents, meta, settings)


MEMORY = Backend()
