"""The classes of a check: findings, locations, limits and stale baseline entries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where a record stands, its id (given, or made from its bytes) and its headline.

    ``line`` counts the lines of a file, from 1. For a record in memory ``position`` is its place
    in what was given, from 0.
    """

    path: str
    line: int
    id: str
    text: str

    @property
    def position(self) -> int:
        """The position of a record in memory, from 0, which has no line of a file."""
        return self.line - 1


@dataclass(frozen=True, slots=True)
class Finding:
    """A record that tells again what another told, and why it is thought so.

    ``score`` is in 0..1, the likeness of the two; where it is below the threshold, ``through``
    is a record by whose likeness they came together. ``fingerprint`` is made from the duplicate's
    bytes, and distinct among the findings of a run.
    """

    duplicate: SourceLocation
    original: SourceLocation
    score: float
    reason: str
    cluster: str
    fingerprint: str
    through: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a check lets pass; with no limit at all, no duplicate.

    ``rate`` is the share of the records, ``cluster`` the size of a cluster.
    """

    duplicates: int | None = None
    rate: float | None = None
    cluster: int | None = None


@dataclass(frozen=True, slots=True)
class StaleEntry:
    """A baseline's entry that accepts more duplicates than there still are."""

    cluster: str
    text: str
    accepted: int
    left: int


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """What a check found, in input order, and its verdict.

    ``files`` are the paths that were checked, with their records; ``corpus`` counts the records
    that were only compared with. ``clusters`` and ``largest`` are of clusters with a finding,
    ``accepted`` counts the duplicates that the baseline let pass. ``exceeded`` words each limit
    that was not kept.
    """

    found: tuple[Finding, ...]
    files: tuple[tuple[str, int], ...]
    corpus: int
    clusters: int
    largest: int
    accepted: int
    stale: tuple[StaleEntry, ...]
    limits: Limits
    exceeded: tuple[str, ...]

    def __repr__(self) -> str:
        outcome = "passed" if self.passed else f"failed ({'; '.join(self.exceeded)})"
        return f"<Findings: {len(self.found):,} found in {self.records:,} records, {outcome}>"

    @property
    def passed(self) -> bool:
        """Whether every limit was kept."""
        return not self.exceeded

    @property
    def records(self) -> int:
        """How many records were checked."""
        return sum(records for _, records in self.files)
