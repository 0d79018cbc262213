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
from dedupe.engines.aside import SpilledHopeless, fetch_letters
from dedupe.engines.load import load
from dedupe.engines.meet import meet
from dedupe.engines.pages import Pages
from dedupe.engines.shelf import Shelf
from dedupe.engines.spill import open_spill
from dedupe.engines.worded import Worded
from dedupe.pipeline import Clock, Result, conclude
from dedupe.pipeline.case import policy
from dedupe.pipeline.links import links_of
from dedupe.pipeline.register import Register, numbered
from dedupe.pipeline.spans import calendar_of
from dedupe.stories import Corpus
from dedupe.verify import identical_reach, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates, Crowd
    from dedupe.engines.load import Loaded
    from dedupe.engines.spill import Spill
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.judged import Judged
    from dedupe.pipeline.judging import Judge
    from dedupe.pipeline.links import Links
    from dedupe.pipeline.register import Counts
    from dedupe.settings import Settings
    from dedupe.stories import Batch
    from dedupe.verify import Ends, Evidence, Verdicts


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
    with open_spill(folder, memory, threads) as spill:
        clock = Clock()
        corpus, outline = gather(batches, settings, spill, partial(progress, "folding"))
        clock.stop("reading and folding")
        yield conclude(corpus, outline, clock, partial(progress, "matching"))


def gather(
    batches: Iterable[Batch], settings: Settings, spill: Spill, progress: Callable[[float], None]
) -> tuple[Corpus, Spilled]:
    """The records of all batches, and what rounds ask of them."""
    pages = Pages(spill.folder)
    with Shelf(spill.folder / "batches.arrow") as shelf:
        loaded = load(batches, settings, spill, shelf, pages, progress)
    roll = loaded.roll
    corpus = Corpus(shelf, (), roll.ids, roll.sources, roll.times, roll.digests)
    return corpus, open_spilled(loaded, spill, settings, links_of(corpus, settings), pages)


@dataclass(frozen=True, slots=True)
class Spilled(Worded):
    """A run whose keys, letters and hopeless pairs are in a database, and its numbers in files."""

    LOOKED_AT = 1 << 16

    spill: Spill
    pages: Pages
    bands: tuple[int, ...]

    def hopeless(self) -> Hopeless:
        """A place for the pairs that are put aside."""
        return SpilledHopeless(self.spill)

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        self.pages.give_back()
        return meet(self.spill, self.bands, kinds, crowd)

    def counts(self, records: NDArray[np.int64]) -> Counts:
        """What recurs among some records."""
        counted = self.pages.keep(Worded.counts(self, records))
        self.pages.give_back()
        return counted

    def evidence(self, counts: Counts) -> Evidence:
        """What the decision may look at under some counts, but for letters."""
        return self.pages.keep(Worded.evidence(self, counts))

    def judge(self, counts: Counts, floor: float, *, screened: bool) -> Judge:
        """How pairs of records are judged under some counts."""
        judge = Worded.judge(self, counts, floor, screened=screened)

        def judge_and_give_back(
            codes: NDArray[np.int64], progress: Callable[[float], None]
        ) -> tuple[Judged, NDArray[np.int64]]:
            found = judge(codes, progress)
            self.pages.give_back()
            return found

        return judge_and_give_back

    def look(self, evidence: Evidence, ends: Ends, progress: Callable[[float], None]) -> Verdicts:
        """The verdicts on pairs of kinds."""
        kinds = np.unique(np.concatenate([ends.left, ends.right]))
        return verify(self.with_letters(evidence, kinds), ends, progress)

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        evidence = self.evidence(self.counts(np.flatnonzero(self.kinds >= 0)))
        step = self.LOOKED_AT
        cuts = [kinds[first : first + step] for first in range(0, len(kinds), step)]
        reached = [
            identical_reach(self.with_letters(evidence, some), some, self.settings.threshold)
            for some in cuts
        ]
        return np.concatenate([np.zeros(0, np.int64), *reached])

    def with_letters(self, evidence: Evidence, kinds: NDArray[np.int64]) -> Evidence:
        """The same with the letters of some kinds."""
        numbers = self.settings.numbers
        letters = [fetch_letters(self.spill, field, kinds, numbers) for field in self.fields]
        return replace(evidence, texts=tuple(letters))

    @property
    def fields(self) -> range:
        """The fields by number."""
        return range(len(self.zones))


def open_spilled(
    loaded: Loaded, spill: Spill, settings: Settings, links: Links, pages: Pages
) -> Spilled:
    """What rounds ask of a loaded corpus."""
    roll, fields, kinds = loaded.roll, loaded.fields, loaded.kinds
    withdrawn = np.any([field.withdrawn[field.rows] for field in fields], axis=0)
    order = pages.keep(order_by(policy(settings), roll.qualities(withdrawn)))
    headlines = pages.keep(numbered(fields[0].prints[loaded.rows[0]]))
    sizes = np.bincount(kinds[kinds >= 0], minlength=len(headlines))
    pages.give_back()
    anchors = pages.keep(number_anchors(spill, sizes, fields[0].anchors))
    pages.give_back()
    register = Register(
        vocabulary=loaded.vocabulary,
        rows=loaded.rows,
        held=loaded.held,
        headlines=headlines,
        anchors=anchors,
        shown=pages.keep(calendar_of(headlines[:, None], kinds, roll.times)),
        met=pages.keep(calendar_of(anchors, kinds, roll.times)),
    )
    return Spilled(
        settings=settings,
        links=links,
        order=order,
        times=roll.times,
        digests=roll.digests,
        writers=pages.keep(roll.sources.writers),
        kinds=kinds,
        kind_count=len(headlines),
        versions=pages.keep(loaded.versions),
        given=pages.keep(np.stack([field.prints[field.rows] > 0 for field in fields])),
        spill=spill,
        pages=pages,
        tally=register,
        zones=loaded.zones,
        bands=tuple(field.bands for field in fields),
    )


def number_anchors(spill: Spill, sizes: NDArray[np.int64], width: int) -> NDArray[np.int32]:
    """The numbers of each kind's anchor keys, as ``numbered_anchors`` gives them.

    ``sizes`` counts the records of each kind, ``width`` the anchors that one may have.
    """
    spill.put("sizes", {"kind": np.arange(len(sizes)), "records": sizes})
    spill.do(
        "create table anchor_numbers as "
        "select anchor, row_number() over (order by anchor) - 1 as number from "
        "(select anchor from anchors_0 join sizes using (kind) "
        "group by anchor having sum(records) > 1)"
    )
    found = np.full((len(sizes), width), -1, np.int32)
    query = "select kind, place, number from anchors_0 join anchor_numbers using (anchor)"
    for batch in spill.stream(query):
        found[numbers(batch["kind"]), numbers(batch["place"])] = numbers(batch["number"])
    for table in ("sizes", "anchor_numbers"):
        spill.do(f"drop table {table}")
    return found
