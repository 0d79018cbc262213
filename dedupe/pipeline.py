"""Run the steps in order: load, preprocess, group, cluster, result."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.memory import build_memory_backend
from dedupe.clustering.constraints import read_constraints
from dedupe.clustering.fixed_point import cluster_until_stable
from dedupe.clustering.result import to_clustering, to_pairs
from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.models import Corpus
from dedupe.text.fingerprints import check_bytes, resolve_collisions
from dedupe.text.preprocess import preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.backends.memory import MemoryBackend
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.config import Settings
    from dedupe.models import Batch, Clustering, Pairs


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

    Raises what :func:`dedupe.clustering.constraints.read_constraints` raises.
    """
    clock = Clock()
    corpus = load_corpus(batches, len(settings.field))
    constraints = read_constraints(corpus, settings)
    clock.stop("reading")
    backend = open_in_memory(corpus, settings, progress, constraints)
    clock.stop("folding")
    return cluster_and_report(corpus, backend, clock, partial(progress, "matching"))


def open_in_memory(
    corpus: Corpus,
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
    constraints: LabelConstraints | None = None,
) -> MemoryBackend:
    """Preprocess a corpus and return the backend over it, to score its pairs or to cluster it.

    The constraints are those that the settings name, unless they are given. Raises what
    :func:`dedupe.clustering.constraints.read_constraints` raises.
    """
    if constraints is None:
        constraints = read_constraints(corpus, settings)
    contents = preprocess(corpus, settings.seed, settings.jobs, partial(progress, "folding"))
    return build_memory_backend(corpus, contents, settings, constraints)


def cluster_and_report(
    corpus: Corpus, backend: Backend, clock: Clock, progress: Callable[[float], None]
) -> Result:
    """Match what a backend holds, and word the result."""
    state = cluster_until_stable(backend, progress)
    pairs = to_pairs(state, backend)
    clustering = to_clustering(corpus.ids, state, backend, pairs)
    clock.stop("matching")
    counts = {"pairs": len(pairs), **state.effort}
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


def load_corpus(batches: Iterable[Batch], fields: int) -> Corpus:
    """Join batches of so many text columns, and give each record a digest of its bytes.

    The batches give up their strings, which are held once, in columns.
    """
    held: list[Batch] = []
    texts = tuple(StringPacker() for _ in range(fields))
    ids, sources = StringPacker(), StringCoder()
    for batch in batches:
        for column, packing in zip(batch.texts, texts, strict=True):
            packing.add(column)
        ids.add(batch.ids)
        sources.add(batch.sources)
        held.append(replace(batch, texts=(), ids=[], sources=[]))
    return Corpus(
        batches=tuple(held),
        texts=tuple(packing.packed() for packing in texts),
        ids=ids.packed(),
        sources=sources.coded(),
        times=np.concatenate([np.zeros(0, np.int64), *(batch.times for batch in held)]),
        digests=record_digests(held),
    )


def record_digests(batches: Sequence[Batch]) -> NDArray[np.uint64]:
    """The digests of all records, equal where these are the same, and there alone."""
    found = np.concatenate([np.zeros(0, np.uint64), *map(batch_digests, batches)])
    return resolve_collisions(found, partial(check_digests_at, batches))


def batch_digests(batch: Batch) -> NDArray[np.uint64]:
    """A 64-bit digest of each record's bytes, its line ending left out."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    data, hashed = batch.data, hashlib.blake2b
    joined = b"".join(hashed(data[start:end], digest_size=8).digest() for start, end in spans)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


def check_digests(
    batch: Batch, rows: NDArray[np.int64] | slice = slice(None)
) -> NDArray[np.uint64]:
    """A second hash of the bytes of some records, for those that share a digest."""
    spans = zip(batch.starts[rows].tolist(), batch.ends[rows].tolist(), strict=True)
    return check_bytes(batch.data[start:end] for start, end in spans)


def check_digests_at(batches: Sequence[Batch], positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The same of records by their rising positions among all."""
    ends = np.cumsum([len(batch) for batch in batches])
    cuts = np.searchsorted(positions, ends)
    found = [
        check_digests(batch, positions[low:high] - (end - len(batch)))
        for batch, end, low, high in zip(batches, ends, (0, *cuts), cuts, strict=False)
        if low < high
    ]
    return np.concatenate([np.zeros(0, np.uint64), *found])
