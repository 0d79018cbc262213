"""The classes that pass between the steps: columns of values, never one object per record."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from dedupe.frames import Column, Tabular, frame_of_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.api.records import Records
    from dedupe.frames import Library
    from dedupe.preprocess import PreparedBatch

Format = Literal["jsonl", "csv", "tsv", "lines", "parquet"]
InputFormat = Format | Literal["feed"]
"""What ``--from`` takes; feeds become JSON Lines as they are read."""

HOUR = 3600
NO_TIME = -(2**63)
"""The ``times`` value of a record that has no readable date."""


class Dialect(NamedTuple):
    """How the rows of a table are written: what parts cells, and what escapes a character."""

    delimiter: str
    escape: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one file, as columns of equal length.

    ``data[starts[i]:ends[i]]`` is the record without its line ending,
    ``data[starts[i]:limits[i]]`` the record with it. ``texts`` holds one column a field,
    in the order of the settings; an absent text is ``""``. ``times`` is in seconds since
    1970 (UTC), or ``NO_TIME``; ``days_only`` says that a time is a day without a time of day.
    ``url_keys`` are equal for records of one url, 0 for one without. ``dialect`` is that of a
    table. Of Parquet each record is a line of JSON, ``lines`` are the numbers of its rows, and
    ``header`` is its schema. ``prepared`` returns what was prepared of its records ahead.
    """

    path: str
    format: Format
    header: bytes
    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    limits: NDArray[np.int64]
    lines: NDArray[np.int64]
    texts: tuple[Sequence[str], ...]
    ids: Sequence[str]
    sources: Sequence[str]
    times: NDArray[np.int64]
    days_only: NDArray[np.bool_]
    url_keys: NDArray[np.int64]
    dialect: Dialect | None = None
    prepared: Callable[[], PreparedBatch] | None = None

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(slots=True)
class ReadStats:
    """What the reader met, counted while it reads; the one value here that changes.

    ``columns`` counts, for each role (title, lede, date, source, id), the records that took it
    from each name. ``likely`` names a column that looks like a role that no name was found for.
    ``examples`` hold the first record without text, date that cannot be read, and record left out.
    """

    files: int = 0
    bytes: int = 0
    records: int = 0
    blank: int = 0
    skipped: int = 0
    quarantined: int = 0
    undated: int = 0
    met: int = 0
    checksum: str = ""
    repeated_headers: int = 0
    without_text: int = 0
    empty_texts: bool = False
    fields: list[str] = field(default_factory=list)
    columns: dict[str, dict[str, int]] = field(default_factory=dict)
    likely: dict[str, str] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    placeholders: dict[str, int] = field(default_factory=dict)

    @property
    def accounted(self) -> int:
        """The number of lines, or rows below a header, that were read or counted as left out."""
        left_out = self.skipped + self.quarantined + self.repeated_headers
        return self.records + self.blank + left_out


@dataclass(frozen=True)
class Corpus:
    """All records of a run in input order: the batches, and their columns joined.

    ``prepared`` has the first record of each batch whose texts were prepared ahead, and what
    returns them.
    """

    batches: Sequence[Batch]
    texts: tuple[Sequence[str], ...]
    ids: Sequence[str]
    sources: Sequence[str]
    times: NDArray[np.int64]
    days_only: NDArray[np.bool_]
    digests: NDArray[np.uint64]
    prepared: list[tuple[int, Callable[[], PreparedBatch]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def outlets(self) -> NDArray[np.int64]:
        """The number of each record's outlet, -1 for none."""
        from dedupe.io.string_columns import code_strings  # noqa: PLC0415 - io builds on this module

        return code_strings(self.sources).writers


DIGITS = 4
"""Decimal places of scores and shares in output."""

SHOWN_CLUSTERS = 10
SHOWN_LETTERS = 120
"""What a notebook shows of a clustering: its largest clusters, and of each text the beginning."""


class Pair(NamedTuple):
    """Two records that tell the same story, as input positions, with the evidence."""

    left: int
    right: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(Tabular):
    """Verified pairs as columns: ``left[i] < right[i]`` are record positions.

    ``scores`` is in 0..1; ``parts`` holds one row a field with that field's similarity,
    or -1 where a record lacks the field. Iterate for :class:`Pair` values.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]
    reasons: Sequence[str]

    def __len__(self) -> int:
        return len(self.left)

    def __iter__(self) -> Iterator[Pair]:
        ends = self.left.tolist(), self.right.tolist()
        return map(Pair, *ends, self.scores.tolist(), self.reasons)

    @overload
    def __getitem__(self, number: int) -> Pair: ...
    @overload
    def __getitem__(self, number: slice) -> list[Pair]: ...
    def __getitem__(self, number: int | slice) -> Pair | list[Pair]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"there are {len(self):,} pairs, got {number}")
        ends = int(self.left[number]), int(self.right[number])
        return Pair(*ends, float(self.scores[number]), self.reasons[number])

    def __repr__(self) -> str:
        return f"<Pairs: {len(self):,}>"

    def as_frame(self, library: Library) -> Any:  # noqa: ANN401 - of that library
        """Return a row a pair: left, right, score, reason."""
        columns = {
            "left": Column("integer", self.left.tolist()),
            "right": Column("integer", self.right.tolist()),
            "score": Column("number", self.scores.tolist()),
            "reason": Column("string", self.reasons),
        }
        return frame_of_columns(columns, library)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One group of records that tell the same story; ``members`` are input positions."""

    id: str
    canonical: int
    members: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.members)


class Layout(NamedTuple):
    """The clusters, largest first, then by canonical record, as spans of ``members``."""

    leaders: NDArray[np.int64]
    starts: NDArray[np.int64]
    members: NDArray[np.int64]
    labels: NDArray[np.int64]


def lay_out(canonical: NDArray[np.int64]) -> Layout:
    """Return the layout of the clusters that these canonical records lead."""
    import numpy as np  # noqa: PLC0415 - the command line loads this module for its help

    sizes = np.bincount(canonical, minlength=len(canonical))
    leaders = np.flatnonzero(sizes)
    leaders = leaders[np.argsort(-sizes[leaders], kind="stable")]
    numbers = np.zeros(len(canonical), np.int64)
    numbers[leaders] = np.arange(len(leaders))
    labels = numbers[canonical]
    starts = np.concatenate([[0], np.cumsum(sizes[leaders])])
    return Layout(leaders, starts, np.argsort(labels, kind="stable"), labels)


@dataclass(frozen=True, eq=False)
class Clustering(Tabular):
    """Each record's canonical record, with the evidence, as columns in input order.

    ``canonical`` is the position of the version that is kept, ``scores`` and ``reasons`` say how
    the record matches it, ``sizes`` counts the records of its cluster. ``versions`` is what the
    tags of the record's headline state, as in UPDATE 2-, 0 for nothing.

    A clustering is a sequence of :class:`Cluster` values, largest first.
    """

    canonical: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: Sequence[str]
    sizes: NDArray[np.int64]
    versions: NDArray[np.int64]
    keys: Sequence[str]
    record_ids: Sequence[str]
    stats: dict[str, Any] = field(default_factory=dict)
    texts: Sequence[str] = ()
    """The headlines, where they are at hand."""
    records: Records | None = None
    """What was clustered, where it can be gone through again."""
    rerun: Callable[[float], Clustering] | None = None
    """What clusters the same records at another threshold."""

    def __len__(self) -> int:
        return len(self.layout.leaders)

    def __iter__(self) -> Iterator[Cluster]:
        return map(self.cluster_at, range(len(self)))

    @overload
    def __getitem__(self, number: int) -> Cluster: ...
    @overload
    def __getitem__(self, number: slice) -> list[Cluster]: ...
    def __getitem__(self, number: int | slice) -> Cluster | list[Cluster]:
        if isinstance(number, slice):
            return [self.cluster_at(each) for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"there are {len(self):,} clusters, got {number}")
        return self.cluster_at(number % len(self))

    @property
    def clusters(self) -> list[Cluster]:
        """The clusters, largest first, then by the position of their canonical."""
        return list(self)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The number of each record's cluster: ``clustering[labels[i]]`` has record ``i``."""
        return self.layout.labels

    @cached_property
    def layout(self) -> Layout:
        """The clusters as arrays."""
        return lay_out(self.canonical)

    def cluster_at(self, number: int) -> Cluster:
        """Return the cluster of a number, from 0."""
        layout = self.layout
        leader = int(layout.leaders[number])
        members = layout.members[layout.starts[number] : layout.starts[number + 1]]
        return Cluster(self.keys[leader], leader, tuple(members.tolist()))

    def cluster_of(self, position: int) -> Cluster:
        """Return the cluster of the record at a position of the input."""
        if not -len(self.labels) <= position < len(self.labels):
            raise IndexError(f"there are {len(self.labels):,} records, got {position}")
        return self.cluster_at(int(self.labels[position]))

    def at(self, threshold: float) -> Clustering:
        """Return the clustering of the same records at another threshold, lower or higher.

        It is the one that a new run would give. Texts are not read and prepared again; pairs are
        matched anew, since another threshold compares others. Raises SettingsError for a threshold
        out of range, TypeError for a clustering that was loaded from a file.
        """
        if self.rerun is None:
            raise TypeError("this clustering has lost its texts; call cluster() again")
        return self.rerun(threshold)

    def columns(self) -> dict[str, Column]:
        """Return what is known of each record as columns, as ``dedupe cluster`` adds them."""
        leaders = self.canonical.tolist()
        return {
            "cluster": Column("string", [self.keys[leader] for leader in leaders]),
            "size": Column("integer", self.sizes.tolist()),
            "canonical": Column("boolean", [own == at for at, own in enumerate(leaders)]),
            "canonical_id": Column("string", [self.record_ids[leader] for leader in leaders]),
            "score": Column("number", self.scores.round(DIGITS).tolist()),
            "reason": Column("string", self.reasons),
            "version": Column("integer", [each or None for each in self.versions.tolist()]),
        }

    def to_frame(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """Return the frame that was clustered, with columns such as ``dedupe_cluster`` added.

        Raises TypeError where it was no frame; InputError where it has such a column already.
        """
        if self.records is None or not self.records.is_frame:
            raise TypeError("no frame was clustered; call to_pandas(), to_polars() or to_arrow()")
        return self.records.widen(self.columns(), None)

    def as_frame(self, library: Library) -> Any:  # noqa: ANN401 - as above
        """Return the input with columns added; of an iterator, which is gone, ids alone."""
        if self.records is not None:
            return self.records.widen(self.columns(), library)
        ids = Column("string", list(self.record_ids))
        return frame_of_columns({"id": ids, **self.columns()}, library)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the prepared texts, which are many times larger."""
        return {**vars(self), "rerun": None}

    def _summary_line(self) -> str:
        """Describe the clustering in figures."""
        sizes = self.layout.starts[1:] - self.layout.starts[:-1]
        several = int((sizes > 1).sum())
        largest = [f"the largest of {int(sizes[0]):,}"] if several else []
        counts = [
            f"{count:,} {noun}{'' if count == 1 else 's'}"
            for noun, count in (("record", len(self.canonical)), ("cluster", len(self)))
        ]
        return ", ".join([*counts, f"{several:,} of two or more", *largest])

    def __repr__(self) -> str:
        return f"<Clustering of {self._summary_line()}>"

    def _repr_html_(self) -> str:
        """Return the largest clusters of two or more as a table, as notebooks show it."""
        from html import escape  # noqa: PLC0415 - for notebooks

        rows = []
        for group in self[:SHOWN_CLUSTERS]:
            if len(group) > 1:
                text = self.texts[group.canonical] if self.texts else ""
                if len(text) > SHOWN_LETTERS:
                    text = text[: SHOWN_LETTERS - 1] + "\u2026"
                cells = f"{len(group):,}", text, self.record_ids[group.canonical]
                rows.append(
                    "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
                )
        head = "<tr><th>records</th><th>canonical</th><th>id</th></tr>"
        table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
        return f"<p>{self._summary_line()}</p>" + (table if rows else "")
