"""Hashes of so few bits that everything shares one with something: for tests, also on workers."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dedupe import pipeline
from dedupe.backends import record_meta
from dedupe.text import preprocess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.config import Settings

    Rows = Iterable[pa.RecordBatch]

LINES = "dedupe.backends.spark.lines"
FEW = 255
KEYS = np.uint64(0xFFF)

PRINT = ("mills storm quays ferry", "nfgpr ovqrq opevu bbwrw")
"""Two texts that share their whole 64-bit print; no word of one is like one of the other."""
WORD = ("nonunderstanding", "lvftqdirorbnnqsn")
"""Two words that share their whole 64-bit hash; by LLL (Lenstra, Lenstra and Lovász 1982)."""


@contextmanager
def forced(*, rare_pairs: bool = False) -> Iterator[None]:
    """Fingerprints and digests of 8 bits, band keys of 12, of ``rare_pairs`` too, until it ends."""
    normalize, blocking_keys = preprocess.normalize, preprocess.blocking_keys
    batch_digests = pipeline.batch_digests

    def short_fingerprints(texts, outlets):
        found = normalize(texts, outlets)
        return replace(
            found, fingerprints=np.where(found.fingerprints, found.fingerprints % FEW + 1, 0)
        )

    def short_keys(found, seed):
        bands, pairs = blocking_keys(found, seed)
        return bands & KEYS, pairs & KEYS if rare_pairs else pairs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "normalize", short_fingerprints)
        patch.setattr(preprocess, "blocking_keys", short_keys)
        for module in filter(None, (pipeline, record_meta, sys.modules.get(LINES))):
            patch.setattr(module, "batch_digests", lambda batch: batch_digests(batch) % FEW)
        yield


def parse_lines(settings: Settings, incoming: Rows) -> Iterator[pa.RecordBatch]:
    """What a worker does with lines, by such hashes."""
    from dedupe.backends.spark import lines  # noqa: PLC0415 - an extra

    with forced():
        yield from lines.parse_lines(settings, incoming)


def preprocess_rows(
    outlets: NDArray[np.uint64], settings: Settings, incoming: Rows
) -> Iterator[pa.RecordBatch]:
    """What a worker does with texts, by such hashes."""
    from dedupe.backends.spark import texts  # noqa: PLC0415 - an extra

    with forced(rare_pairs=True):
        yield from texts.preprocess_rows(outlets, settings, incoming)
