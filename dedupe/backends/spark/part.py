"""Some nodes on a worker, as the steps of a local run take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.arrays import order_positions
from dedupe.backends.spark.keys import TITLE
from dedupe.backends.spark.tables import numbers_array
from dedupe.blocking.look_back import Buckets
from dedupe.clustering.constraints import Constraints
from dedupe.contents import textless_contents
from dedupe.io.string_columns import code_strings
from dedupe.matching import Matcher
from dedupe.models import Corpus
from dedupe.packed_texts import no_texts, unpack_texts
from dedupe.pipeline import canonical_order
from dedupe.scoring.metadata import RecordMeta, Recurrence
from dedupe.scoring.model import log_odds_of
from dedupe.scoring.score import TextScoring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.clustering.canonical import CanonicalOrder
    from dedupe.config import Settings

TOGETHER = 1 << 13
"""At least so many rows of whole groups are taken together."""


@dataclass(frozen=True)
class Demands:
    """What a run asks of all its parts: the settings, and the groups that labels keep apart."""

    settings: Settings
    apart: NDArray[np.int64]


class PartMatcher(Matcher):
    """Scores pairs of the nodes of a part, each a row; what recurs came with them."""

    def __init__(self, rows: pa.Table, records: NDArray[np.int64], settings: Settings) -> None:
        self.settings, self.records = settings, records
        self.meta = RecordMeta(
            numbers_array(rows["time"]),
            numbers_array(rows["day"]).astype(bool),
            code_strings(rows["source"].to_pylist()).writers,
        )
        _, self.contents = np.unique(numbers_array(rows["content"]), return_inverse=True)
        self.scoring = text_scoring(rows, settings)
        self.rare, self.recurrence = recurrence_of(rows)
        self.reaches = numbers_array(rows["reach"]) if "reach" in rows.schema.names else None
        self.threshold = log_odds_of(settings.threshold)

    def reach(self) -> NDArray[np.int64]:
        """Return how many seconds apart two records of each content are still one story."""
        assert self.reaches is not None  # noqa: S101 - whoever groups copies joins it
        return self.reaches[np.unique(self.contents, return_index=True)[1]]


class Part:
    """Some nodes, each a row: what scores them, what is demanded of them, and their order.

    ``rows`` are a table or a batch; ``matcher.records`` numbers them in the order of input.
    """

    def __init__(self, demands: Demands, rows: pa.Table) -> None:
        settings = demands.settings
        order = np.argsort(numbers_array(rows["position"]), kind="stable")
        self.rows, self._order = rows, order
        self.matcher = PartMatcher(rows, order_positions(order), settings)
        times = self.column("time")
        groups = self.column("group")
        self.constraints = Constraints(
            groups=groups,
            apart=demands.apart,
            versions=self.column("version") if settings.updates == "split" else None,
            window=settings.window,
        )
        self._times = times

    def column(self, name: str) -> NDArray[Any]:
        """Return a column in the order of input."""
        return numbers_array(self.rows[name])[self._order]

    @property
    def order(self) -> CanonicalOrder:
        """The canonical policy over the records."""
        count = len(self._order)
        sources = self.rows["source"].take(pa.array(self._order)).to_pylist()
        digests = self.column("digest").view(np.uint64)
        days = self.column("day").astype(bool)
        corpus = Corpus((), (), [""] * count, sources, self._times, days, digests)
        contents = textless_contents(
            self.column("version").astype(np.uint8),
            self.column("length").astype(np.int32),
            self.column("whole").astype(np.int8),
            self.column("plain").astype(np.int8),
            self.column("withdrawn").astype(bool),
        )
        return canonical_order(corpus, contents, self.matcher.settings)


def text_scoring(rows: pa.Table, settings: Settings) -> TextScoring:
    """Return what scores the texts of some rows; without texts it knows only their number."""
    fields = len(settings.field)
    weights = np.array([field.weight for field in settings.field], np.float64)
    texts, own = no_texts(), np.full((fields, rows.num_rows), -1, np.int32)
    if "texts" in rows.schema.names:
        texts, own = unpack_texts(rows["texts"].to_pylist(), fields)
    return TextScoring(texts, own, weights, settings.numbers)


def recurrence_of(rows: pa.Table) -> tuple[Buckets, Recurrence]:
    """Return the buckets of rare stems that rows are in, and what recurs in these."""
    count = rows.num_rows
    members, starts = np.zeros(0, np.uint32), np.zeros(1, np.int64)
    titles = np.ones((count, 2), np.int64)
    if "counts" not in rows.schema.names:
        none = Buckets(members, starts, np.zeros((count, 1), np.uint32))
        return none, Recurrence(np.zeros((0, 3), np.int64), titles)
    owners, held = flat_counts(rows["counts"])
    rare = held[0] < TITLE
    own = owners[~rare]
    titles[own] = held[1:3, ~rare].T
    owners, keys = owners[rare], held[0, rare]
    _, firsts, numbers = np.unique(keys, return_index=True, return_inverse=True)
    sizes = np.bincount(owners, minlength=count)
    of = np.zeros((count, int(sizes.max(initial=1))), np.uint32)
    of[owners, np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)] = numbers + 1
    stems = np.ascontiguousarray(held[1:, rare][:, firsts].T)
    return Buckets(members, starts, of), Recurrence(stems, titles)


def flat_counts(
    column: pa.Array | pa.ChunkedArray,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row of each count of a column of ``counts``, and the counts."""
    lists = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    sizes = list_sizes(lists)
    values = lists.flatten()
    names = ("key", "days", "weeks", "contents")
    held = [numbers_array(values.field(name)) for name in names] if len(values) else []
    shape = np.array(held, np.int64) if held else np.zeros((len(names), 0), np.int64)
    return np.repeat(np.arange(len(sizes)), sizes), shape


def list_ends(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the row of each value of a column of lists, and the values."""
    lists = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    sizes = list_sizes(lists)
    return np.repeat(np.arange(len(sizes)), sizes), numbers_array(lists.flatten())


def list_sizes(lists: pa.Array) -> NDArray[np.int64]:
    """Return the lengths of lists, 0 for one that is null."""
    return np.asarray(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def both_sides(rows: pa.RecordBatch) -> pa.Table:
    """Return the rows of both nodes of each pair: all that are left, then all that are right."""
    sides = []
    for side in ("left_", "right_"):
        names = [name for name in rows.schema.names if name.startswith(side)]
        own = pa.Table.from_batches([rows]).select(names)
        sides.append(own.rename_columns([name.removeprefix(side) for name in names]))
    return pa.concat_tables(sides).combine_chunks()


def whole_groups(incoming: Iterable[pa.RecordBatch], key: str) -> Iterator[pa.Table]:
    """Yield rows that come sorted by a key, many at a time, never a part of those of one key."""
    held: list[pa.RecordBatch] = []
    for batch in incoming:
        keys = numbers_array(batch[key])
        if not len(keys):
            continue
        last = int(np.searchsorted(keys, keys[-1]))
        if held and (last or held[-1][key][-1].as_py() != keys[-1]):
            count = sum(part.num_rows for part in held) + last
            if count >= TOGETHER:
                yield pa.Table.from_batches([*held, batch.slice(0, last)])
                held, batch = [], batch.slice(last)  # noqa: PLW2901 - what is left of it
        held.append(batch)
    if held:
        yield pa.Table.from_batches(held)
