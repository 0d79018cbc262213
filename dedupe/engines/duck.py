"""A run whose texts, keys and pairs of keys are in DuckDB; the rounds are those of any run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.canonical import order_by
from dedupe.engines.arrow import numbers
from dedupe.engines.load import load
from dedupe.engines.pages import Pages
from dedupe.engines.shelf import Shelf
from dedupe.engines.spill import open_spill
from dedupe.engines.spilled import Spilled
from dedupe.pipeline import Clock, Result, conclude
from dedupe.pipeline.case import policy
from dedupe.pipeline.links import links_of
from dedupe.pipeline.register import Register, numbered
from dedupe.pipeline.spans import calendar_of
from dedupe.stories import Corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.engines.load import Loaded
    from dedupe.engines.spill import Spill
    from dedupe.pipeline.links import Links
    from dedupe.settings import Settings
    from dedupe.stories import Batch


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
