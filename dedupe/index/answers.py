"""Answer what the index knows of a record."""

from __future__ import annotations

from functools import partial
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dedupe.clustering.result import CANONICAL, EXACT, reason_of
from dedupe.index.row_queries import SCORES, places_of
from dedupe.index.text_cache import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.index.assign import Assignment, ClusterUpdate
    from dedupe.index.database import Store
    from dedupe.index.match import MatchResult
    from dedupe.models import Corpus

DIGITS = 4


class Answer(NamedTuple):
    """One record's place in the index, as of the end of the call.

    ``cluster`` stays the same as the cluster grows. ``score`` is the likeness to the record's
    canonical version when it came; ``version`` what the headline's tag states, 0 for nothing.
    ``new`` tells whether the index did not hold the record; ``merged`` names the clusters that this
    record brought into its own, and ``canonical_changed`` the id of the canonical version that it
    took the place of.
    """

    cluster: str
    size: int
    canonical: bool
    canonical_id: str
    score: float
    reason: str
    version: int
    new: bool
    merged: tuple[str, ...] = ()
    canonical_changed: str | None = None
    opens: bool = False
    """Whether the record is the first of its cluster, so that ``unique`` lets it through."""

    def row(self) -> dict[str, Any]:
        """As the object that goes into a record."""
        row: dict[str, Any] = {
            "cluster": self.cluster,
            "size": self.size,
            "canonical": self.canonical,
            "canonical_id": self.canonical_id,
            "score": round(self.score, DIGITS),
            "reason": self.reason,
        }
        if self.version:
            row["version"] = self.version
        row["new"] = self.new
        if self.merged:
            row["merged"] = list(self.merged)
        if self.canonical_changed is not None:
            row["canonical_changed"] = self.canonical_changed
        return row


def answers_of(
    matches: MatchResult, positions: Assignment, groups: Sequence[ClusterUpdate]
) -> list[Answer]:
    """The answer to each newcomer; of no worth for the records before them."""
    corpus, versions = matches.corpus, matches.of(VERSION).tolist()
    scores, own = positions.scores.tolist(), hexes(corpus.digests)
    names = [given or digest for given, digest in zip(corpus.ids, own, strict=True)]
    answers = opens_cluster(names, own, versions)
    for group in groups:
        canonical_id, name = names[group.top], f"{group.name:016x}"
        for record in group.fresh:
            is_leader = record == group.top
            answers[record] = Answer(
                cluster=name,
                size=group.size,
                canonical=is_leader,
                canonical_id=canonical_id,
                score=scores[record],
                reason=positions.reasons[record],
                version=versions[record],
                new=True,
                merged=tuple(f"{name:016x}" for _, name in group.absorbed) if is_leader else (),
                canonical_changed=(
                    names[group.former] if is_leader and group.former is not None else None
                ),
                opens=not group.old and record == group.fresh[0],
            )
    return answers


def opens_cluster(names: list[str], digests: list[str], versions: list[int]) -> list[Answer]:
    """The answers to records that are a cluster of their own each."""
    alike = Answer("", 1, True, "", 1.0, CANONICAL, 0, True, opens=True)  # noqa: FBT003 - in the order of Answer
    columns: list[Iterable[object]] = [repeat(value, len(names)) for value in alike]
    for name, own in (("cluster", digests), ("canonical_id", names), ("version", versions)):
        columns[Answer._fields.index(name)] = own
    return list(map(partial(tuple.__new__, Answer), zip(*columns, strict=True)))


def hexes(digests: NDArray[np.uint64]) -> list[str]:
    """Each record's digest, as clusters are named by."""
    told = digests.astype(">u8").tobytes().hex()
    return [told[at : at + 16] for at in range(0, len(told), 16)]


def name_of(corpus: Corpus, record: int) -> str:
    """A record's id, given or made from its bytes."""
    return corpus.ids[record] or f"{int(corpus.digests[record]):016x}"


def stored_answers(store: Store, seqs: NDArray[np.int64]) -> dict[int, Answer]:
    """The answer to each record that the index holds already."""
    return dict(starmap(stored_answer, places_of(store.database, seqs).items()))


def stored_answer(
    seq: int, row: tuple[int, int, int, str, int, int, str, int]
) -> tuple[int, Answer]:
    """One of them."""
    name, size, canonical, given, digest, score, reason, version = row
    return seq, Answer(
        cluster=f"{name % (1 << 64):016x}",
        size=size,
        canonical=seq == canonical,
        canonical_id=given or f"{digest % (1 << 64):016x}",
        score=score / SCORES,
        reason=reason,
        version=version,
        new=False,
    )


def duplicate_guesses(matches: MatchResult) -> list[Answer]:
    """Where each unknown record would go: to the canonical version that it matches best."""
    old = len(matches.leaders.seqs)
    if not len(matches.left):
        names = [name_of(matches.corpus, record) for record in range(old, len(matches.corpus))]
        versions = matches.of(VERSION)[old:].tolist()
        return opens_cluster(names, hexes(matches.corpus.digests[old:]), versions)
    best: dict[int, int] = {}
    order = np.lexsort((matches.left, -matches.scores))
    for pair in order.tolist():
        best.setdefault(int(matches.right[pair]), pair)
    versions = matches.of(VERSION).tolist()
    alike = matches.alike(matches.left, matches.right)
    return [
        duplicate_guess(matches, record, versions[record], best.get(record), alike)
        for record in range(old, len(matches.corpus))
    ]


def duplicate_guess(
    matches: MatchResult, record: int, version: int, pair: int | None, alike: NDArray[np.bool_]
) -> Answer:
    """One of them; a record that matches nothing would open a cluster."""
    corpus = matches.corpus
    if pair is None:
        digest = f"{int(corpus.digests[record]):016x}"
        return opens_cluster([name_of(corpus, record)], [digest], [version])[0]
    leader = int(matches.left[pair])
    names = [field.name for field in matches.settings.field]
    return Answer(
        cluster=f"{int(matches.leaders.names[leader]):016x}",
        size=int(matches.leaders.sizes[leader]),
        canonical=False,
        canonical_id=name_of(corpus, leader),
        score=float(matches.scores[pair]),
        reason=EXACT if alike[pair] else reason_of(names, matches.parts[pair].tolist()),
        version=version,
        new=True,
    )
