"""Run on disk with DuckDB."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.arrow import numbers_array
from dedupe.backends.batch_file import BatchFile
from dedupe.backends.duckdb_backend import DiskBackend
from dedupe.backends.duckdb_load import load_corpus_tables
from dedupe.backends.memory import canonical_policy
from dedupe.backends.mmap_arrays import MappedArrays
from dedupe.backends.scratch import open_scratch
from dedupe.clustering.canonical import policy_order
from dedupe.clustering.constraints import read_constraints
from dedupe.models import Corpus
from dedupe.pipeline import Clock, Result, cluster_and_report
from dedupe.scoring.active_days import build_active_days
from dedupe.scoring.corpus_stats import CorpusStats, number_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.backends.duckdb_load import LoadedCorpus
    from dedupe.backends.scratch import ScratchDatabase
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.config import Settings
    from dedupe.models import Batch


@contextmanager
def run_on_disk(
    batches: Iterable[Batch],
    settings: Settings,
    memory: int,
    folder: str,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Iterator[Result]:
    """As :func:`dedupe.pipeline.run`, with what is large on disk until the block ends.

    ``memory`` is in bytes, ``folder`` where the disk is used. Raises ScratchError where that fails,
    and what ``run`` raises.
    """
    threads = settings.jobs or os.cpu_count() or 1
    with open_scratch(folder, memory, threads) as scratch:
        clock = Clock()
        corpus, backend = load_into_scratch(
            batches, settings, scratch, partial(progress, "folding")
        )
        clock.stop("reading and folding")
        yield cluster_and_report(corpus, backend, clock, partial(progress, "matching"))


def load_into_scratch(
    batches: Iterable[Batch],
    settings: Settings,
    scratch: ScratchDatabase,
    progress: Callable[[float], None],
) -> tuple[Corpus, DiskBackend]:
    """The records of all batches, and what passes ask of them."""
    pages = MappedArrays(scratch.folder)
    with BatchFile(scratch.folder / "batches.arrow") as batch_file:
        loaded = load_corpus_tables(batches, settings, scratch, batch_file, pages, progress)
    record_meta = loaded.record_meta
    corpus = Corpus(
        batch_file, (), record_meta.ids, record_meta.sources, record_meta.times, record_meta.digests
    )
    return corpus, open_disk_backend(
        loaded, scratch, settings, read_constraints(corpus, settings), pages
    )


def open_disk_backend(
    loaded: LoadedCorpus,
    scratch: ScratchDatabase,
    settings: Settings,
    links: LabelConstraints,
    pages: MappedArrays,
) -> DiskBackend:
    """What passes ask of a loaded corpus."""
    record_meta, fields, content_ids = loaded.record_meta, loaded.fields, loaded.content_ids
    withdrawn = np.any([field.withdrawn[field.rows] for field in fields], axis=0)
    order = pages.keep(policy_order(canonical_policy(settings), record_meta.qualities(withdrawn)))
    headlines = pages.keep(number_values(fields[0].fingerprints[loaded.rows[0]]))
    sizes = np.bincount(content_ids[content_ids >= 0], minlength=len(headlines))
    pages.give_back()
    rare_pairs = pages.keep(number_rare_pairs(scratch, sizes, fields[0].rare_pairs))
    pages.give_back()
    corpus_stats = CorpusStats(
        vocabulary=loaded.vocabulary,
        rows=loaded.rows,
        held=loaded.held,
        headlines=headlines,
        rare_pairs=rare_pairs,
        headline_days=pages.keep(
            build_active_days(headlines[:, None], content_ids, record_meta.times)
        ),
        rare_pair_days=pages.keep(build_active_days(rare_pairs, content_ids, record_meta.times)),
    )
    return DiskBackend(
        settings=settings,
        links=links,
        order=order,
        times=record_meta.times,
        digests=record_meta.digests,
        writers=pages.keep(record_meta.sources.writers),
        content_ids=content_ids,
        content_count=len(headlines),
        versions=pages.keep(loaded.versions),
        present=pages.keep(np.stack([field.fingerprints[field.rows] > 0 for field in fields])),
        scratch=scratch,
        pages=pages,
        corpus_stats=corpus_stats,
        zones=loaded.zones,
        bands=tuple(field.bands for field in fields),
    )


def number_rare_pairs(
    scratch: ScratchDatabase, sizes: NDArray[np.int64], width: int
) -> NDArray[np.int32]:
    """The numbers of each content's rare-pair keys, as ``numbered_anchors`` gives them.

    ``sizes`` counts the records of each content, ``width`` the rare-word pairs that one may have.
    """
    scratch.put("sizes", {"kind": np.arange(len(sizes)), "records": sizes})
    scratch.do(
        "create table anchor_numbers as "
        "select anchor, row_number() over (order by anchor) - 1 as number from "
        "(select anchor from anchors_0 join sizes using (kind) "
        "group by anchor having sum(records) > 1)"
    )
    found = np.full((len(sizes), width), -1, np.int32)
    query = "select kind, place, number from anchors_0 join anchor_numbers using (anchor)"
    for batch in scratch.stream(query):
        found[numbers_array(batch["kind"]), numbers_array(batch["place"])] = numbers_array(
            batch["number"]
        )
    for table in ("sizes", "anchor_numbers"):
        scratch.do(f"drop table {table}")
    return found
