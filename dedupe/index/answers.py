"""Answer what the index knows of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dedupe.result import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.index.store import Store

DIGITS = 4
WRAP = 1 << 64


class Answer(NamedTuple):
    """One record's place in the index, as of the end of the call.

    ``cluster`` stays the same as the cluster grows. ``score`` is the likeness to the record's
    canonical version when it came; ``version`` what the headline's tag states, 0 for nothing.
    ``new`` says whether the index did not hold the record, ``opens`` whether it held no other of
    its story, so that ``unique`` lets the record through. ``merged`` names the clusters that this
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

    def row(self) -> dict[str, Any]:
        """Return the object that goes into a record."""
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
        row["opens"] = self.opens
        if self.merged:
            row["merged"] = list(self.merged)
        if self.canonical_changed is not None:
            row["canonical_changed"] = self.canonical_changed
        return row


class ClusterRow(NamedTuple):
    """A cluster as the index holds it: ``canonical`` is the number of a record."""

    number: int
    name: int
    canonical: int
    size: int


def hex_name(digest: int) -> str:
    """Return a digest as clusters, and records without an id, are named by it."""
    return f"{digest % WRAP:016x}"


def lone_answer(name: str, digest: str, version: int) -> Answer:
    """Return the answer to a record that is a cluster of its own."""
    return Answer(digest, 1, True, name, 1.0, CANONICAL, version, True, (), None, True)  # noqa: FBT003 - in the order of Answer


def clusters_of(store: Store, numbers: Iterable[int]) -> dict[int, ClusterRow]:
    """Return the cluster of each of some records."""
    columns = (
        "record.number, record.cluster, coalesce(cluster.name, digest),"
        " coalesce(cluster.canonical, record.number), coalesce(cluster.size, 1)"
    )
    rows = store.rows(columns, numbers, "LEFT JOIN cluster ON cluster.number = record.cluster")
    return {row[0]: ClusterRow(*row[1:]) for row in rows}


def names_of(store: Store, numbers: Iterable[int]) -> dict[int, str]:
    """Return the id of each of some records, given or made from its bytes."""
    rows = store.rows("record.number, id, digest", numbers)
    return {number: given or hex_name(digest) for number, given, digest in rows}


def stored_answers(store: Store, numbers: list[int]) -> dict[int, Answer]:
    """Return the answer to each of some records that the index holds."""
    clusters = clusters_of(store, numbers)
    names = names_of(store, {row.canonical for row in clusters.values()})
    rows = store.rows("record.number, score, reason, version", numbers)
    return {
        number: Answer(
            cluster=hex_name(clusters[number].name),
            size=clusters[number].size,
            canonical=number == clusters[number].canonical,
            canonical_id=names[clusters[number].canonical],
            score=score,
            reason=reason,
            version=version,
            new=False,
        )
        for number, score, reason, version in rows
    }
