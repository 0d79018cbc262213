"""Hashes of so few bits that everything shares one with something: for tests, also on workers."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dedupe import cluster  # noqa: F401 - it brings all rooms
from dedupe.engines import roll

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.settings import Settings

    Rows = Iterable[pa.RecordBatch]

DESCRIBE, GATHER = (sys.modules[f"dedupe.pipeline.{name}"] for name in ("describe", "gather"))
LINES = "dedupe.engines.spark.lines"
FEW = 255
KEYS = np.uint64(0xFFF)

PRINT = ("mills storm quays ferry", "nfgpr ovqrq opevu bbwrw")
"""Two texts that share their whole 64-bit print; no word of one is like one of the other."""
WORD = ("nonunderstanding", "lvftqdirorbnnqsn")
"""Two words that share their whole 64-bit hash; by LLL (Lenstra, Lenstra and Lovász 1982)."""


@contextmanager
def forced(*, anchors: bool = False) -> Iterator[None]:
    """Prints and digests of 8 bits and keys of bands of 12, of ``anchors`` too, until it ends."""
    fold, sketch, digests = DESCRIBE.fold, DESCRIBE.sketch, GATHER.digests

    def folded(texts, outlets):
        found = fold(texts, outlets)
        return replace(found, prints=np.where(found.prints, found.prints % FEW + 1, 0))

    def sketched(found, seed):
        bands, pairs = sketch(found, seed)
        return bands & KEYS, pairs & KEYS if anchors else pairs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DESCRIBE, "fold", folded)
        patch.setattr(DESCRIBE, "sketch", sketched)
        for room in filter(None, (GATHER, roll, sys.modules.get(LINES))):
            patch.setattr(room, "digests", lambda batch: digests(batch) % FEW)
        yield


def parse_lines(settings: Settings, incoming: Rows) -> Iterator[pa.RecordBatch]:
    """What a worker does with lines, by such hashes."""
    from dedupe.engines.spark import lines  # noqa: PLC0415 - an extra

    with forced():
        yield from lines.parse_lines(settings, incoming)


def describe_rows(
    outlets: NDArray[np.uint64], settings: Settings, incoming: Rows
) -> Iterator[pa.RecordBatch]:
    """What a worker does with texts, by such hashes."""
    from dedupe.engines.spark import texts  # noqa: PLC0415 - an extra

    with forced(anchors=True):
        yield from texts.describe_rows(outlets, settings, incoming)
