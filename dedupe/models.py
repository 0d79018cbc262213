"""The classes that pass between the steps: columns of values, never one object per record."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

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
    ``header`` is its schema.
    """

    path: str
    format: Format
    header: bytes
    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    limits: NDArray[np.int64]
    lines: NDArray[np.int64]
    texts: tuple[list[str], ...]
    ids: list[str]
    sources: list[str]
    times: NDArray[np.int64]
    days_only: NDArray[np.bool_]
    url_keys: NDArray[np.int64]
    dialect: Dialect | None = None

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
        """What became of the lines, or rows of a table below its header, that were met."""
        left_out = self.skipped + self.quarantined + self.repeated_headers
        return self.records + self.blank + left_out


@dataclass(frozen=True)
class Corpus:
    """All records of a run in input order: the batches, and their columns joined."""

    batches: Sequence[Batch]
    texts: tuple[Sequence[str], ...]
    ids: Sequence[str]
    sources: Sequence[str]
    times: NDArray[np.int64]
    days_only: NDArray[np.bool_]
    digests: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def outlets(self) -> NDArray[np.int64]:
        """The number of each record's outlet, -1 for none."""
        from dedupe.io.string_columns import code_strings  # noqa: PLC0415 - io builds on this module

        return code_strings(self.sources).writers


@dataclass(frozen=True, slots=True)
class Pairs:
    """Verified pairs as columns: ``left[i] < right[i]`` are record positions.

    ``scores`` is in 0..1; ``parts`` holds one row a field with that field's similarity,
    or -1 where a record lacks the field.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]
    reasons: Sequence[str]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One group of records that tell the same story; ``members`` are input positions."""

    id: str
    canonical: int
    members: tuple[int, ...]


@dataclass(frozen=True)
class Clustering:
    """Each record's canonical record, with the evidence, as columns in input order.

    ``versions`` is what the tags of the record's headline state, as in UPDATE 2-, 0 for nothing.
    Iterate for :class:`Cluster` values, largest first.
    """

    canonical: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: Sequence[str]
    sizes: NDArray[np.int64]
    versions: NDArray[np.int64]
    keys: Sequence[str]
    record_ids: Sequence[str]
    stats: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clusters)

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """The clusters, largest first, then by the position of their canonical."""
        members: dict[int, list[int]] = {}
        for position, leader in enumerate(self.canonical.tolist()):
            members.setdefault(leader, []).append(position)
        found = [Cluster(self.keys[c], c, tuple(m)) for c, m in members.items()]
        return sorted(found, key=lambda c: (-len(c.members), c.canonical))
