"""From the result of a run to the duplicates that count.

A cluster is taken apart into blocks whose records are known to go together: those of the corpus
that new records are held against, and those that an entry of the baseline accepts. One block is
where the story is kept; each other block is one duplicate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.gate.baseline import Book, Entry
from dedupe.gate.evidence import Echo, Links
from dedupe.gate.verdict import exceeded
from dedupe.settings import Settings
from dedupe.stories import Finding, Findings, Limits, Place
from dedupe.writing.pairing import Places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from dedupe.pipeline import Result

Block = set[int]
NO_LIMITS = Limits()
USUAL = Settings().threshold


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster of two or more: record positions in input order, and which are of the corpus."""

    canonical: int
    members: list[int]
    known: list[int]

    @property
    def duplicates(self) -> int:
        """How many duplicates it has if none is accepted."""
        return len(self.members) - max(len(self.known), 1)


def inspect(
    result: Result,
    corpus: Collection[str] = (),
    accepted: Sequence[Entry] = (),
    limits: Limits = NO_LIMITS,
    threshold: float = USUAL,
) -> Findings:
    """Find what is told twice; records of the paths in ``corpus`` are only compared with.

    ``threshold`` is the run's: from there on a record is like another at first hand.
    """
    book = Book(accepted)
    keys = result.clustering.keys
    links = Links(result, threshold)
    echoes: list[Echo] = []
    troubled: list[Group] = []
    potential = 0
    for group in groups_of(result, corpus):
        potential += group.duplicates
        ties = book.ties(group.members, [keys[member] for member in group.members])
        found = list(echoes_of(group, blocks_of(group, ties), links))
        echoes += found
        troubled += [group] if found else []
    echoes.sort(key=lambda echo: echo.duplicate)
    files = Counter[str]()
    for batch in result.corpus.batches:
        files[batch.path] += len(batch)
    checked = tuple((path, count) for path, count in files.items() if path not in corpus)
    records = sum(count for _, count in checked)
    largest = max((len(group.members) for group in troubled), default=0)
    return Findings(
        found=tuple(findings_of(result, echoes)),
        files=checked,
        corpus=len(result.corpus) - records,
        clusters=len(troubled),
        largest=largest,
        accepted=potential - len(echoes),
        stale=book.stale(),
        limits=limits,
        exceeded=exceeded(limits, len(echoes), records, largest),
    )


def accepting(result: Result, corpus: Collection[str] = ()) -> list[Entry]:
    """The entries that accept every duplicate of a run."""
    clustering = result.clustering
    return [
        Entry(
            cluster=clustering.keys[group.canonical],
            records=tuple(sorted(clustering.keys[member] for member in group.members)),
            text=headline(result, group.canonical),
        )
        for group in groups_of(result, corpus)
    ]


def groups_of(result: Result, corpus: Collection[str]) -> Iterator[Group]:
    """The clusters that hold a duplicate which counts."""
    clustering = result.clustering
    known = np.zeros(len(result.corpus), dtype=bool)
    start = 0
    for batch in result.corpus.batches:
        known[start : start + len(batch)] = batch.path in corpus
        start += len(batch)
    held: dict[int, list[int]] = defaultdict(list)
    for member in np.flatnonzero(clustering.sizes > 1).tolist():
        held[int(clustering.canonical[member])].append(member)
    for canonical, members in held.items():
        group = Group(canonical, members, [member for member in members if known[member]])
        if group.duplicates:
            yield group


def blocks_of(group: Group, ties: Iterable[Sequence[int]]) -> list[Block]:
    """The blocks of a cluster, in input order, but first the one where its story is kept.

    That is the one of the corpus, else the largest, else the canonical version's.
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
            group.canonical not in block,
            min(block),
        ),
    )
    return [home, *(block for block in blocks if block is not home)]


def echoes_of(group: Group, blocks: Sequence[Block], links: Links) -> Iterator[Echo]:
    """One duplicate for each block but the first."""
    home, *others = blocks
    for block in others:
        told = (
            group.canonical
            if group.canonical in block
            else min(block, key=lambda member: (-links.scores[member], member))
        )
        echo = links.echo(told, group.canonical, home)
        yield replace(echo, through=links.through(echo, group.members))


def findings_of(result: Result, echoes: Iterable[Echo]) -> Iterator[Finding]:
    """Name the records of echoes; equal duplicates get fingerprints that tell them apart."""
    places = Places(result.corpus)
    keys, canonical = result.clustering.keys, result.clustering.canonical
    seen = Counter[str]()
    for echo in echoes:
        key = keys[echo.duplicate]
        seen[key] += 1
        yield Finding(
            duplicate=place_of(result, places, echo.duplicate),
            original=place_of(result, places, echo.original),
            score=round(echo.score, 4),
            reason=echo.reason,
            cluster=keys[int(canonical[echo.duplicate])],
            fingerprint=key if seen[key] == 1 else f"{key}-{seen[key]}",
            through=None if echo.through is None else place_of(result, places, echo.through),
        )


def place_of(result: Result, places: Places, position: int) -> Place:
    """Where a record stands, and what it says."""
    return Place(
        path=places.path(position),
        line=int(places.lines[position]),
        id=places.id(position),
        text=headline(result, position),
    )


def headline(result: Result, position: int) -> str:
    """The first text that a record has."""
    return next((column[position] for column in result.corpus.texts if column[position]), "")
