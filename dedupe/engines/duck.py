"""A run whose texts, keys and pairs of keys are in DuckDB; the rounds are those of any run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.canonical import order_by
from dedupe.engines.arrow import numbers
from dedupe.engines.blocks import Library, by_blocks
from dedupe.engines.load import load
from dedupe.engines.meet import meet
from dedupe.engines.shelf import Shelf
from dedupe.engines.spill import open_spill
from dedupe.pipeline import Clock, Result, conclude
from dedupe.pipeline.case import policy
from dedupe.pipeline.judging import judge_parts, slices
from dedupe.pipeline.links import links_of
from dedupe.pipeline.outline import Outline
from dedupe.pipeline.register import Register, numbered
from dedupe.pipeline.spans import calendar_of
from dedupe.stories import Corpus
from dedupe.verify import identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates, Crowd
    from dedupe.engines.blocks import Blocks
    from dedupe.engines.load import Loaded
    from dedupe.engines.spill import Spill
    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.judging import Look
    from dedupe.pipeline.links import Links
    from dedupe.pipeline.register import Counts
    from dedupe.settings import Settings
    from dedupe.stories import Batch
    from dedupe.verify import Ends, Evidence, Verdicts

LOW = 0xFFFFFFFF
SLICE = 1 << 21
"""So many pairs are sorted by the blocks that they are of: the more, the fewer blocks are read."""
SHARE = 4
"""The database may take one part in so many of the memory; the rest is for what it is asked for."""


@contextmanager
def run_on_disk(
    batches: Iterable[Batch],
    settings: Settings,
    memory: int,
    folder: str,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Iterator[Result]:
    """As :func:`dedupe.pipeline.run`, with what is large on disk until the block ends.

    ``memory`` is in bytes, ``folder`` where the disk is used. Raises SpillError where that fails,
    and what ``run`` raises.
    """
    threads = settings.jobs or os.cpu_count() or 1
    with open_spill(folder, memory // SHARE, threads) as spill:
        clock = Clock()
        with Shelf(spill.folder / "batches.arrow") as shelf:
            loaded = load(batches, settings, spill, shelf, partial(progress, "folding"))
        roll = loaded.roll
        corpus = Corpus(shelf, (), roll.ids, roll.sources, roll.times, roll.digests)
        links = links_of(corpus, settings)
        clock.stop("reading and folding")
        outline = open_spilled(loaded, spill, settings, links)
        yield conclude(corpus, outline, clock, partial(progress, "matching"))


@dataclass(frozen=True, slots=True)
class Spilled(Outline):
    """A run whose texts are in a database."""

    spill: Spill
    texts: Library
    bands: tuple[int, ...]

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        return meet(self.spill, self.bands, kinds, crowd)

    def judge(
        self,
        codes: NDArray[np.int64],
        counts: Counts,
        floor: float,
        progress: Callable[[float], None],
        *,
        screened: bool,
    ) -> tuple[Judged, NDArray[np.int64]]:
        """The verdicts on coded pairs of records under some counts."""
        looks = self.looks(codes, counts, floor if screened else 0, progress)
        return judge_parts(self, looks, floor)

    def looks(
        self,
        codes: NDArray[np.int64],
        counts: Counts,
        floor: float,
        progress: Callable[[float], None],
    ) -> Iterator[tuple[NDArray[np.int64], Look]]:
        """The pairs by the blocks of texts that they need, with what scores them."""
        for some, share in slices(codes, progress, SLICE):
            left, right = self.kinds[some >> 32], self.kinds[some & LOW]
            for places, blocks in by_blocks(left, right):
                evidence = replace(self.texts.evidence(blocks, counts), floor=floor)
                yield some[places], partial(look, evidence, blocks)
            share(1)

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        counts = self.counts(np.flatnonzero(self.kinds >= 0))
        reached = np.zeros(len(kinds), np.int64)
        for places, blocks in by_blocks(kinds, kinds):
            evidence = self.texts.evidence(blocks, counts)
            local = blocks.local(kinds[places])
            reached[places] = identical_reach(evidence, local, self.settings.threshold)
        return reached


def look(evidence: Evidence, blocks: Blocks, ends: Ends) -> Verdicts:
    """The verdicts on pairs of kinds of two blocks."""
    left, right = blocks.local(ends.left), blocks.local(ends.right)
    return verify(evidence, replace(ends, left=left, right=right))


def open_spilled(loaded: Loaded, spill: Spill, settings: Settings, links: Links) -> Spilled:
    """What rounds ask of a loaded corpus."""
    roll, fields, kinds = loaded.roll, loaded.fields, loaded.kinds
    withdrawn = np.any([field.withdrawn[field.rows] for field in fields], axis=0)
    headlines = numbered(fields[0].prints[loaded.rows[0]])
    anchors = number_anchors(spill, kinds, len(headlines))
    register = Register(
        vocabulary=loaded.vocabulary,
        rows=loaded.rows,
        held=loaded.held,
        headlines=headlines,
        anchors=anchors,
        shown=calendar_of(headlines[:, None], kinds, roll.times),
        met=calendar_of(anchors, kinds, roll.times),
    )
    return Spilled(
        settings=settings,
        links=links,
        order=order_by(policy(settings), roll.qualities(withdrawn)),
        times=roll.times,
        digests=roll.digests,
        writers=roll.sources.writers,
        kinds=kinds,
        kind_count=len(headlines),
        versions=loaded.versions,
        given=np.stack([field.prints[field.rows] > 0 for field in fields]),
        spill=spill,
        tally=register,
        texts=Library(spill, register, settings),
        bands=tuple(field.bands for field in fields),
    )


def number_anchors(spill: Spill, kinds: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """The numbers of each kind's anchor keys, as ``numbered_anchors`` gives them."""
    sizes = np.bincount(kinds[kinds >= 0], minlength=count)
    spill.put("sizes", {"kind": np.arange(count), "records": sizes})
    spill.do(
        "create table keys as select kind, unnest(anchors) as key, "
        "generate_subscripts(anchors, 1) - 1 as place from kinds_0"
    )
    spill.do(
        "create table anchor_numbers as select key, row_number() over (order by key) - 1 as number "
        "from (select key from keys join sizes using (kind) where key <> 0 "
        "group by key having sum(records) > 1)"
    )
    width = spill.column("select max(place) + 1 as width from keys", "width", "width")
    found = np.full((count, int(width[0]) if count else 0), -1, np.int32)
    query = "select kind, place, number from keys join anchor_numbers using (key) order by kind"
    for batch in spill.stream(query, "kind"):
        found[numbers(batch["kind"]), numbers(batch["place"])] = numbers(batch["number"])
    for table in ("sizes", "keys", "anchor_numbers"):
        spill.do(f"drop table {table}")
    return found
