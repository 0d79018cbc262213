"""Find the duplicates of a check, and compare them with the limits.

A cluster is split into blocks whose records are known to belong together: records of the corpus
that new records are compared with, and records that a baseline entry accepts. One block is where
the story is kept; each other block is one duplicate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import pack, pack_ordered
from dedupe.config import Settings
from dedupe.gate.models import BaselineIndex, Entry, Finding, Findings, Limits, SourceLocation
from dedupe.io.result_rows import RecordLocations
from dedupe.models import DIGITS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from dedupe.pipeline import Result

Block = set[int]
NO_LIMITS = Limits()
DEFAULT_THRESHOLD = Settings().threshold
EXACT = "exact"
"""The reason of a pair of equal texts, as :mod:`dedupe.result` writes it."""


@dataclass(frozen=True, slots=True)
class ClusterGroup:
    """A cluster of two or more: record positions in input order, and which are of the corpus."""

    canonical: int
    members: list[int]
    known: list[int]

    @property
    def duplicates(self) -> int:
        """Return how many duplicates it has if none is accepted."""
        return len(self.members) - max(len(self.known), 1)


def find_duplicates(
    result: Result,
    corpus: Collection[str] = (),
    accepted: Sequence[Entry] = (),
    limits: Limits = NO_LIMITS,
    threshold: float = DEFAULT_THRESHOLD,
) -> Findings:
    """Find the duplicates; records of the paths in ``corpus`` are only compared with.

    ``threshold`` is the run's: from there on a record is like another at first hand.
    """
    baseline = BaselineIndex(accepted)
    keys = result.clustering.keys
    links = PairLookup(result, threshold)
    matches: list[DuplicateMatch] = []
    troubled: list[ClusterGroup] = []
    potential = 0
    for group in cluster_groups(result, corpus):
        potential += group.duplicates
        ties = baseline.ties(group.members, [keys[member] for member in group.members])
        found = list(group_matches(group, merge_blocks(group, ties), links))
        matches += found
        troubled += [group] if found else []
    matches.sort(key=lambda match: match.duplicate)
    files = Counter[str]()
    for batch in result.corpus.batches:
        files[batch.path] += len(batch)
    checked = tuple((path, count) for path, count in files.items() if path not in corpus)
    records = sum(count for _, count in checked)
    largest = max((len(group.members) for group in troubled), default=0)
    return Findings(
        found=tuple(build_findings(result, matches)),
        files=checked,
        corpus=len(result.corpus) - records,
        clusters=len(troubled),
        largest=largest,
        accepted=potential - len(matches),
        stale=baseline.stale(),
        limits=limits,
        exceeded=exceeded_limits(limits, len(matches), records, largest),
    )


def accepted_entries(result: Result, corpus: Collection[str] = ()) -> list[Entry]:
    """Return the entries that accept every duplicate of a run."""
    clustering = result.clustering
    return [
        Entry(
            cluster=clustering.keys[group.canonical],
            records=tuple(sorted(clustering.keys[member] for member in group.members)),
            text=headline_of(result, group.canonical),
        )
        for group in cluster_groups(result, corpus)
    ]


def cluster_groups(result: Result, corpus: Collection[str]) -> Iterator[ClusterGroup]:
    """Yield the clusters that hold a duplicate which counts."""
    clustering = result.clustering
    known = np.zeros(len(result.corpus), dtype=bool)
    start = 0
    for batch in result.corpus.batches:
        known[start : start + len(batch)] = batch.path in corpus
        start += len(batch)
    members_of: dict[int, list[int]] = defaultdict(list)
    for member in np.flatnonzero(clustering.sizes > 1).tolist():
        members_of[int(clustering.canonical[member])].append(member)
    for canonical, members in members_of.items():
        group = ClusterGroup(canonical, members, [member for member in members if known[member]])
        if group.duplicates:
            yield group


def merge_blocks(group: ClusterGroup, ties: Iterable[Sequence[int]]) -> list[Block]:
    """Return the blocks of a cluster in input order, but first the one where its story is kept.

    That is the one of the corpus, else the largest, else the first. So the later of two records is
    the duplicate, and a report lands on the line that a change has added.
    """
    block_of = {member: {member} for member in group.members}
    for tie in (group.known, *ties):
        union = set[int]().union(*(block_of[member] for member in tie))
        block_of.update(dict.fromkeys(union, union))
    blocks = list({id(block): block for block in block_of.values()}.values())
    known = set(group.known)
    home = min(
        blocks,
        key=lambda block: (
            known.isdisjoint(block),
            -len(block),
            min(block),
        ),
    )
    return [home, *(block for block in blocks if block is not home)]


def group_matches(
    group: ClusterGroup, blocks: Sequence[Block], links: PairLookup
) -> Iterator[DuplicateMatch]:
    """Yield one duplicate for each block but the first."""
    home, *others = blocks
    for block in others:
        record = (
            group.canonical
            if group.canonical in block
            else min(block, key=lambda member: (-links.scores[member], member))
        )
        yield links.match(record, group, home)


def copy_groups(result: Result) -> dict[int, int]:
    """Return the group of each record that has exact copies: a pair of copies has one group."""
    groups: dict[int, int] = {}
    for row in np.flatnonzero(result.pairs.scores >= 1).tolist():
        if result.pairs.reasons[row] == EXACT:
            left, right = int(result.pairs.left[row]), int(result.pairs.right[row])
            group = groups.get(left, groups.get(right, left))
            groups[left] = groups[right] = group
    return groups


def build_findings(result: Result, matches: Iterable[DuplicateMatch]) -> Iterator[Finding]:
    """Yield findings; duplicates of equal content get different fingerprints."""
    positions = RecordLocations(result.corpus)
    keys, canonical = result.clustering.keys, result.clustering.canonical
    seen = Counter[str]()
    for match in matches:
        key = keys[match.duplicate]
        seen[key] += 1
        yield Finding(
            duplicate=location_of(result, positions, match.duplicate),
            original=location_of(result, positions, match.original),
            score=round(match.score, DIGITS),
            reason=match.reason,
            cluster=keys[int(canonical[match.duplicate])],
            fingerprint=key if seen[key] == 1 else f"{key}-{seen[key]}",
            through=None
            if match.through is None
            else location_of(result, positions, match.through),
        )


def location_of(result: Result, positions: RecordLocations, position: int) -> SourceLocation:
    """Return the location and text of a record."""
    return SourceLocation(
        path=positions.path(position),
        line=int(positions.lines[position]),
        id=positions.id(position),
        text=headline_of(result, position),
    )


def headline_of(result: Result, position: int) -> str:
    """Return the first text that a record has."""
    return next((column[position] for column in result.corpus.texts if column[position]), "")


UNLIMITED = (None, None, None)
ROUNDING = 1e-6


def exceeded_limits(limits: Limits, duplicates: int, records: int, largest: int) -> tuple[str, ...]:
    """Describe each limit that the numbers of duplicates and the largest cluster exceed."""
    record = []
    unlimited = (limits.duplicates, limits.rate, limits.cluster) == UNLIMITED
    most = 0 if unlimited else limits.duplicates
    if most is not None and duplicates > most:
        noun = "duplicate" if duplicates == 1 else "duplicates"
        record.append(f"{duplicates:,} {noun}, {f'at most {most:,}' if most else 'none'} allowed")
    if limits.rate is not None and duplicates - limits.rate * records > ROUNDING:
        rate = percent(duplicates / records)
        record.append(f"{rate} duplicates, at most {percent(limits.rate)} allowed")
    if limits.cluster is not None and largest > limits.cluster:
        record.append(f"a cluster of {largest:,}, at most {limits.cluster:,} allowed")
    return tuple(record)


def percent(share: float) -> str:
    """Return a share in percent, with no more digits than it needs.

    >>> percent(0.005), percent(1 / 3), percent(1)
    ('0.5%', '33.33%', '100%')
    """
    return f"{100 * share:.4g}%"


@dataclass(frozen=True, slots=True)
class DuplicateMatch:
    """A duplicate and what it repeats, as positions, with the evidence.

    ``through`` is the record that brings the two together where they are hardly alike.
    """

    duplicate: int
    original: int
    score: float
    reason: str
    through: int | None = None


class PairLookup:
    """The scored pairs of a run, by record."""

    def __init__(self, result: Result, threshold: float) -> None:
        self._threshold = threshold
        self.scores: list[float] = result.clustering.scores.tolist()
        self._reasons = result.clustering.reasons
        self._pairs = result.pairs
        self._pair_keys = pack(result.pairs.left, result.pairs.right)
        self._copies = copy_groups(result)

    def match(self, record: int, group: ClusterGroup, home: Collection[int]) -> DuplicateMatch:
        """Return the record that a record repeats: a copy, the canonical version, or a similar one.

        A record where the story is kept comes first, then an earlier one. A record that matches
        neither repeats the canonical version, which is then itself a duplicate.
        """
        outside = [] if group.known else [member for member in group.members if member < record]
        for members in (home, outside):
            twins = self._copies_among(record, members)
            if twins:
                return DuplicateMatch(record, min(twins), 1.0, EXACT)
        match = self._like(record, group.canonical, home)
        match = replace(match, through=self.through(match, group.members))
        if match.original != group.canonical:
            return match
        for members in (home, outside):
            copies = self._copies_among(group.canonical, [*members, group.canonical])
            earliest = min(copies, default=group.canonical)
            if earliest in members:
                return replace(match, original=earliest)
        earlier = self._matching(record, outside)
        return self._best(record, earlier) if earlier else match

    def _like(self, record: int, canonical: int, home: Collection[int]) -> DuplicateMatch:
        if record == canonical:
            best = min(home, key=lambda member: (-self.scores[member], member))
            return DuplicateMatch(record, best, self.scores[best], self._reasons[best])
        matching = [] if canonical in home else self._matching(record, home)
        if matching:
            return self._best(record, matching)
        return DuplicateMatch(record, canonical, self.scores[record], self._reasons[record])

    def _best(self, record: int, members: Iterable[int]) -> DuplicateMatch:
        best = min(members, key=lambda member: (-self._score(record, member), member))
        return self._verified(record, best)

    def _copies_among(self, record: int, members: Iterable[int]) -> list[int]:
        own = self._copies.get(record)
        return (
            [each for each in members if self._copies.get(each) == own] if own is not None else []
        )

    def through(self, match: DuplicateMatch, members: Sequence[int]) -> int | None:
        """Return the member that links a duplicate to an original it is hardly like, if any.

        That is, of those that match it, one that matches the other too, else the one most like it.
        """
        if match.score >= self._threshold:
            return None
        return min(
            self._matching(match.duplicate, members),
            key=lambda member: (
                self._row(member, match.original) is None,
                -self._score(match.duplicate, member),
                member,
            ),
            default=None,
        )

    def _matching(self, record: int, members: Iterable[int]) -> list[int]:
        return [member for member in members if self._row(record, member) is not None]

    def _score(self, left: int, right: int) -> float:
        return self._verified(left, right).score

    def _verified(self, left: int, right: int) -> DuplicateMatch:
        row = self._row(left, right)
        assert row is not None  # noqa: S101 - asked of pairs that match
        return DuplicateMatch(left, right, float(self._pairs.scores[row]), self._pairs.reasons[row])

    def _row(self, left: int, right: int) -> int | None:
        pair_key = pack_ordered(np.array([left]), np.array([right]))[0]
        row = int(np.searchsorted(self._pair_keys, pair_key))
        return row if row < len(self._pair_keys) and self._pair_keys[row] == pair_key else None
