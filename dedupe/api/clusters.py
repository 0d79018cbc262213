"""Cluster records in memory: the functions that a program calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from dedupe.api.keywords import NAME, checked_settings
from dedupe.api.records import open_records, read_records
from dedupe.load import load_corpus
from dedupe.pipeline import Clock, run_prepared
from dedupe.preprocess import prepare_ahead, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Unpack

    from dedupe.api.records import ArrowStream, Input, Record, Records
    from dedupe.config import Settings, SettingsKeywords
    from dedupe.contents import Contents
    from dedupe.gate.models import Findings
    from dedupe.models import Batch, Clustering, Corpus, Pairs
    from dedupe.pipeline import Result

    Progress = Callable[[str, int, int | None], None]
    """Gets a stage, how many records it has done, and how many there are, if that is known."""

AGAINST = "against"


Item = TypeVar("Item", bound="Record")
FrameType = TypeVar("FrameType", bound="ArrowStream")


def cluster(
    stories: Input,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> Clustering:
    """Group records that tell the same story; iterate the result for its clusters, largest first.

    A record is a dict with the fields that the settings name, or a string, which is taken as the
    first field. ``stories`` may also be a data frame of pandas, polars or pyarrow, or a column of
    strings of one. Settings are given whole or by keyword, as in ``threshold=0.8`` or
    ``keep=["earliest"]``; a keyword wins over ``settings``.

    Each :class:`~dedupe.Cluster` has an ``id`` made from content, its ``canonical`` and its
    ``members``; these are positions in ``stories``, from 0.

    >>> from dedupe import cluster
    >>> stories = [
    ...     {"id": "a", "title": "Old lighthouse at Pell Point stays lit for fifty years"},
    ...     {"id": "b", "title": "Ferry tolls rise by ten pence"},
    ...     {"id": "c", "title": "UPDATE 1-Old lighthouse at Pell Point stays lit for fifty years"},
    ... ]
    >>> [group.members for group in cluster(stories, keep="first")]
    [(0, 2), (1,)]

    ``progress`` is called with a stage (reading, preparing, matching), the records done and their
    number, None where it is not known; matching may begin anew. What it raises ends the run.

    A record without a text is in a cluster of its own. So is one that cannot be read, where
    ``on_error`` is ``"skip"``.

    Raises InputError where no record has a text, even an empty one, and with the position of a
    record that has a text of a wrong type or a value that JSON cannot hold; SettingsError for a
    setting that is unknown or out of range; TypeError for another kind of value.
    """
    return run_records("cluster()", stories, settings, given, progress).clustering()


@overload
def unique(
    stories: FrameType,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> FrameType: ...
@overload
def unique(
    stories: Iterable[Item],
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> list[Item]: ...
def unique(
    stories: Input,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> Any:
    """Return one record of every story, in input order and of the kind that was given.

    Of a data frame these are its rows, with the same columns and index; else a list of the same
    objects. ``stories`` are dicts with the fields that the settings name, strings, a data frame, or
    a column of strings. Settings are given whole or by keyword, as in ``threshold=0.8``.

    Raises InputError where no record has a text, and with the position of a record that cannot be
    read; SettingsError for a wrong setting; TypeError for another kind of value.

    >>> from dedupe import unique
    >>> unique(["Ferry tolls rise", "Lamp out", "Ferry tolls to rise"], keep="first")
    ['Ferry tolls rise', 'Lamp out']
    """
    found = run_records("unique()", stories, settings, given, progress, again=True)
    canonical = found.result.clustering.canonical
    return found.records.select(canonical == np.arange(len(canonical)))


def pairs(
    stories: Input,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> Pairs:
    """Return the pairs of records that tell the same story, as positions in ``stories``.

    Takes and raises what :func:`cluster` does.

    >>> from dedupe import pairs
    >>> for pair in pairs(["Lamp out", "Ferry tolls rise in June", "Ferry tolls rise in June!"]):
    ...     print(pair.left, pair.right, pair.score, pair.reason)
    1 2 1.0 exact
    """
    return run_records("pairs()", stories, settings, given, progress).result.pairs


def check(
    stories: Input,
    settings: Settings | None = None,
    *,
    against: Input | None = None,
    max_duplicates: int | None = None,
    max_rate: float | None = None,
    max_cluster: int | None = None,
    progress: Progress | None = None,
    **given: Unpack[SettingsKeywords],
) -> Findings:
    """Return the duplicates among records, and whether they are within limits.

    Without a limit no duplicate is allowed. Records of ``against`` are only compared with, as an
    archive is. Else takes and raises what :func:`cluster` does.

    >>> from dedupe import check
    >>> found = check(["Lamp out", "Ferry tolls rise in June", "Ferry tolls rise in June!"])
    >>> found.passed, [(each.duplicate.position, each.original.position) for each in found.found]
    (False, [(2, 1)])
    """
    from dedupe.gate.gate import find_duplicates  # noqa: PLC0415 - a function of its own
    from dedupe.gate.models import Limits  # noqa: PLC0415 - the same

    limits = Limits(max_duplicates, max_rate, max_cluster)
    found = run_records("check()", stories, settings, given, progress, against=against)
    corpus = () if against is None else (AGAINST,)
    return find_duplicates(found.result, corpus, (), limits, found.settings.threshold)


@dataclass(frozen=True, slots=True)
class Run:
    """Records that were clustered, with what another run over them needs."""

    records: Records
    corpus: Corpus
    contents: Contents
    settings: Settings
    result: Result

    def clustering(self) -> Clustering:
        """Return the clusters as a program uses them."""
        return replace(
            self.result.clustering,
            texts=self.corpus.texts[0],
            records=self.records.lasting,
            rerun=self.at,
        )

    def at(self, threshold: float) -> Clustering:
        """Return the clusters at another threshold."""
        settings = replace(self.settings, threshold=threshold)
        result = run_prepared(
            self.corpus, self.contents, settings, lambda _stage, _share: None, Clock()
        )
        return replace(self, settings=settings, result=result).clustering()


def run_records(
    call: str,
    stories: Input,
    settings: Settings | None,
    given: SettingsKeywords,
    progress: Progress | None,
    *,
    against: Input | None = None,
    again: bool = False,
) -> Run:
    """Cluster the given records; with ``again`` they can be iterated once more."""
    chosen = checked_settings(settings, given, call, may_skip=True)
    records = open_records(stories, chosen, call)
    if again and not records.lasting:
        records = replace(records, items=list(records.items))
    sources = [(NAME, records)]
    if against is not None:
        sources.insert(0, (AGAINST, open_records(against, chosen, call)))
    counts = [len(own) for _, own in sources]
    reporter = ProgressReporter(progress, sum(counts) if all(counts) else None)
    clock = Clock()
    batches = reporter.reading(
        batch for name, own in sources for batch in read_records(own, chosen, name)
    )
    ahead = prepare_ahead(batches, chosen)
    corpus = load_corpus(ahead, len(chosen.field), keep=without_bytes)
    clock.stop("reading")
    reporter.total = len(corpus)
    contents = preprocess(corpus, chosen.seed, chosen.jobs, partial(reporter, "preparing"))
    clock.stop("preparing")
    result = run_prepared(corpus, contents, chosen, reporter, clock)
    return Run(records, corpus, contents, chosen, result)


def without_bytes(batches: Iterable[Batch]) -> tuple[Batch, ...]:
    """Return batches without the bytes of their records, which the program has."""
    return tuple(replace(batch, data=b"") for batch in batches)


@dataclass(slots=True)
class ProgressReporter:
    """Reports to a program how far a run is, in records."""

    progress: Progress | None
    total: int | None

    def __call__(self, stage: str, share: float) -> None:
        """Report the share of a stage that is done, 0 to 1."""
        if self.progress and self.total is not None:
            self.progress(stage, round(share * self.total), self.total)

    def reading(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass batches on, and report how many records have come."""
        records = 0
        for batch in batches:
            records += len(batch)
            if self.progress:
                self.progress("reading", records, self.total)
            yield batch
