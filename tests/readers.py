"""What the tests of reading and writing share: bytes in, batches and a corpus out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.config import Settings
from dedupe.io.reader import read
from dedupe.load import load_corpus
from dedupe.models import Clustering, ReadStats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.models import Batch, Corpus, Format

INPUTS = Path(__file__).parent.parent / "fixtures" / "inputs"


def read_bytes(
    data: bytes, kind: Format | None = None, tally: ReadStats | None = None, **settings: Any
) -> list[Batch]:
    """Read bytes as standard input."""
    stdin = io.BytesIO(data)
    return list(read([], Settings(**settings), tally or ReadStats(), stdin=stdin, format=kind))


def read_files(
    *paths: Path | str, tally: ReadStats | None = None, settings: Settings | None = None
) -> list[Batch]:
    """Read files."""
    named = [str(path) for path in paths]
    return list(read(named, settings or Settings(), tally or ReadStats(), stdin=io.BytesIO()))


def corpus_of(data: bytes, kind: Format | None = None) -> Corpus:
    """Read bytes as standard input, all batches joined."""
    return joined(read_bytes(data, kind))


def joined(batches: Sequence[Batch]) -> Corpus:
    """Batches read under the default settings as one corpus."""
    return load_corpus(batches, len(Settings().field))


def records_of(batches: Sequence[Batch]) -> list[bytes]:
    """The bytes of every record, its line ending included."""
    return [
        batch.data[start:limit]
        for batch in batches
        for start, limit in zip(batch.starts.tolist(), batch.limits.tolist(), strict=True)
    ]


def clustering_of(corpus: Corpus, canonical: Sequence[int], reason: str = "exact") -> Clustering:
    """A clustering made by hand: each record's canonical, by position."""
    leaders = np.array(canonical, np.int64)
    own = leaders == np.arange(len(leaders))
    return Clustering(
        canonical=leaders,
        scores=np.where(own, 1.0, 0.87654),
        reasons=["canonical" if is_own else reason for is_own in own.tolist()],
        sizes=np.bincount(leaders, minlength=len(leaders))[leaders],
        versions=np.zeros(len(leaders), np.int64),
        keys=[f"k{position}" for position in range(len(leaders))],
        record_ids=[given or f"made{n}" for n, given in enumerate(corpus.ids)],
    )
