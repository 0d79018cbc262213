"""The classes of a check, and its baseline: the accepted clusters, named by their records.

What is accepted is that certain records, by the digests of their bytes, tell one story. So an
entry goes on to excuse those records when the cluster gets another canonical version or another
id, and excuses no record that it does not name: not a new member, and not a further copy.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.errors import InputError
from dedupe.io.files import os_error_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


VERSION = 1
MIN_RECORDS = 2
MISSING = "{reason}; --update-baseline makes it"
NO_BASELINE = "not a baseline, as --update-baseline writes it"


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted cluster: its id, and the sorted digests of its records, copies repeated.

    The text, the headline of its canonical version, is there for readers of the file.
    """

    cluster: str
    records: tuple[str, ...]
    text: str


class BaselineIndex:
    """The entries of a baseline, found by the records that they name; counts what they excuse."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._left = [0] * len(entries)
        self._naming: dict[str, list[int]] = defaultdict(list)
        for position, entry in enumerate(entries):
            for digest in dict.fromkeys(entry.records):
                self._naming[digest].append(position)

    def ties(self, members: Sequence[int], digests: Sequence[str]) -> Iterator[list[int]]:
        """Return the members of a cluster that each entry accepts as one story."""
        if not self._naming:
            return
        naming = [self._naming.get(digest, ()) for digest in digests]
        for position in dict.fromkeys(position for positions in naming for position in positions):
            unclaimed = Counter(self._entries[position].records)
            accepted = []
            for member, digest in zip(members, digests, strict=True):
                if unclaimed[digest] > 0:
                    unclaimed[digest] -= 1
                    accepted.append(member)
            self._left[position] += len(accepted) - 1
            if len(accepted) >= MIN_RECORDS:
                yield accepted

    def stale(self) -> tuple[StaleEntry, ...]:
        """Return the entries that name records which are no duplicates now."""
        pairs = zip(self._entries, self._left, strict=True)
        return tuple(
            StaleEntry(entry.cluster, entry.text, len(entry.records) - 1, left)
            for entry, left in pairs
            if left < len(entry.records) - 1
        )


def read_baseline(path: str) -> list[Entry]:
    """Read the accepted clusters; raises InputError for a file that is no baseline."""
    try:
        baseline = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = os_error_reason(error)
        missing = isinstance(error, FileNotFoundError)
        raise InputError(path, None, MISSING.format(reason=reason) if missing else reason) from None
    except json.JSONDecodeError as error:
        raise InputError(path, error.lineno, f"{NO_BASELINE} ({error.msg})") from None
    except (ValueError, RecursionError):  # not UTF-8, too many digits, too deep
        raise InputError(path, None, NO_BASELINE) from None
    if not isinstance(baseline, dict) or not isinstance(baseline.get("accepted"), list):
        raise InputError(path, None, NO_BASELINE)
    if baseline.get("version") != VERSION:
        record = f"a baseline of version {baseline.get('version')!r}; this dedupe reads {VERSION}"
        raise InputError(path, None, record)
    return [parse_entry(path, number, row) for number, row in enumerate(baseline["accepted"], 1)]


def parse_entry(path: str, number: int, row: Any) -> Entry:  # noqa: ANN401 - whatever the JSON held
    """Return one entry; raises InputError that names the malformed one."""
    match row:
        case {"cluster": str(cluster), "records": [_, _, *_] as records, "text": str(text)} if all(
            isinstance(record, str) for record in records
        ):
            return Entry(cluster, tuple(records), text)
    raise InputError(path, None, f"{NO_BASELINE}: entry {number} needs cluster, records and text")


def encode_baseline(entries: Sequence[Entry]) -> bytes:
    """Return a baseline as JSON, one entry per line in order of ids, for readable diffs."""
    rows = [
        json.dumps(
            {"cluster": entry.cluster, "records": list(entry.records), "text": entry.text},
            ensure_ascii=False,
        )
        for entry in sorted(entries, key=lambda entry: (entry.cluster, entry.records))
    ]
    accepted = "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"
    return f'{{"version": {VERSION}, "accepted": {accepted}}}\n'.encode()
