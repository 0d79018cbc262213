"""Turn what clustering came to into the result: pairs, clusters and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import find_in_sorted, pack_ordered
from dedupe.io.string_columns import HexColumn, NameColumn, StringColumn
from dedupe.models import DIGITS, Clustering, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.clustering.constraints import Constraints
    from dedupe.clustering.groups import AcceptedPairs
    from dedupe.config import Settings
    from dedupe.contents import Contents
    from dedupe.matching import Matcher
    from dedupe.models import Corpus

CANONICAL = "canonical"
EXACT = "exact"
LINKED = "linked"


@dataclass(frozen=True)
class ClusteringState:
    """What clustering came to, by record; -1 in ``node_of`` for a record without text.

    ``representatives`` are the records that stand for exact copies, ``leaders`` the canonical ones.
    ``accepted`` are pairs of nodes of ``matcher``.
    """

    matcher: Matcher
    node_of: NDArray[np.int64]
    representatives: NDArray[np.int64]
    leaders: NDArray[np.int64]
    accepted: AcceptedPairs
    constraints: Constraints
    effort: dict[str, int]


def as_state(
    corpus: Corpus,
    matcher: Matcher,
    representatives: NDArray[np.int64],
    leaders: NDArray[np.int64],
    accepted: AcceptedPairs,
    constraints: Constraints,
) -> ClusteringState:
    """Return the state by record."""
    records = matcher.records
    node_of = np.full(len(corpus), -1)
    node_of[records] = np.arange(len(records))
    own, canonical = np.arange(len(corpus)), np.arange(len(corpus))
    own[records] = records[representatives]
    canonical[records] = records[leaders]
    attach_textless(node_of < 0, constraints.groups, own, canonical)
    effort = vars(matcher.effort)
    return ClusteringState(matcher, node_of, own, canonical, accepted, constraints, dict(effort))


def attach_textless(
    textless: NDArray[np.bool_],
    groups: NDArray[np.int64],
    representatives: NDArray[np.int64],
    leaders: NDArray[np.int64],
) -> None:
    """Put records without text where labels hold them together with another, in place."""
    home = np.arange(len(groups))
    home[groups[~textless]] = np.flatnonzero(~textless)
    bare = np.flatnonzero(textless)
    representatives[bare] = home[groups[bare]]
    leaders[bare] = leaders[representatives[bare]]


def field_similarities(
    state: ClusteringState, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the similarity of each field of pairs of records, -1 where one lacks it.

    The shape is (pairs, fields).
    """
    nodes = state.node_of[left], state.node_of[right]
    out = np.full((len(left), len(state.matcher.settings.field)), -1.0)
    known = np.flatnonzero((nodes[0] >= 0) & (nodes[1] >= 0))
    parts = state.matcher.similarities(nodes[0][known], nodes[1][known])
    out[known] = np.nan_to_num(parts, nan=-1.0)
    return out


def to_pairs(state: ClusteringState, settings: Settings) -> Pairs:
    """Return the verified pairs of records: copies with their representative, and accepted ones.

    A pair that a label and the model both accept has the score of the model.
    """
    copies = np.flatnonzero(state.representatives != np.arange(len(state.representatives)))
    records = state.matcher.records
    left = np.concatenate([copies, records[state.accepted.left]])
    right = np.concatenate([state.representatives[copies], records[state.accepted.right]])
    scores = np.concatenate([np.ones(len(copies)), state.accepted.scores])
    keys = pack_ordered(left, right)
    order = np.lexsort((scores, keys))
    keys, firsts = np.unique(keys[order], return_index=True)
    return as_pairs(state, settings, keys, scores[order][firsts])


def as_pairs(
    state: ClusteringState,
    settings: Settings,
    keys: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> Pairs:
    """Return pairs of records with their field similarities and reasons.

    A pair is there by a label alone if the model gave it no score.
    """
    left, right = keys >> 32, keys & 0xFFFFFFFF
    parts = field_similarities(state, left, right)
    names = [field.name for field in settings.field]
    contents = np.full(len(state.node_of), -1)
    contents[state.matcher.records] = state.matcher.contents
    equal = (contents[left] == contents[right]) & (contents[left] >= 0)
    linked = linked_records(state, left, right) & (scores >= 1)
    return Pairs(left, right, scores, parts.T, PairReasons(names, parts, equal, linked))


@dataclass(frozen=True, eq=False)
class PairReasons(StringColumn):
    """The reasons of pairs, in words: ``parts`` has a row a pair, its similarity in each field."""

    names: Sequence[str]
    parts: NDArray[np.float64]
    equal: NDArray[np.bool_]
    linked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.parts)

    def at(self, position: int) -> str:
        """One reason."""
        if self.equal[position]:
            return EXACT
        if self.linked[position]:
            return LINKED
        return reason_of(self.names, self.parts[position].tolist())


@dataclass(frozen=True, eq=False)
class RecordReasons(StringColumn):
    """The reason of each record: that of the pair at its place among some, -1 for a canonical."""

    places: NDArray[np.int64]
    pairs: Sequence[Sequence[str]]

    def __len__(self) -> int:
        return len(self.places)

    def at(self, position: int) -> str:
        """One reason."""
        place = int(self.places[position])
        if place < 0:
            return CANONICAL
        known, distant = self.pairs
        return known[place] if place < len(known) else distant[place - len(known)]


def linked_records(
    state: ClusteringState, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether labels hold records together."""
    groups = state.constraints.groups
    return np.asarray(groups[left] == groups[right])


def reason_of(names: Sequence[str], parts: Sequence[float]) -> str:
    """Return a pair's similarities in words, as in ``title 0.96 lede 0.91``.

    >>> reason_of(["title", "lede"], [0.956, -1])
    'title 0.96'
    """
    return " ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0)


def to_clustering(
    corpus: Corpus, contents: Contents, state: ClusteringState, pairs: Pairs
) -> Clustering:
    """Return each record's canonical record with the evidence that joined it."""
    leaders = state.leaders
    members = np.flatnonzero(leaders != np.arange(len(leaders)))
    own = np.where(
        state.representatives[members] == leaders[members], members, state.representatives[members]
    )
    wanted = pack_ordered(own, leaders[members])
    found = find_in_sorted(pack_ordered(pairs.left, pairs.right), wanted)
    far = np.flatnonzero(found < 0)
    keys, inverse = np.unique(wanted[far], return_inverse=True)
    distant = distant_pairs(state, keys)
    found[far] = len(pairs) + inverse
    scores, places = np.ones(len(leaders)), np.full(len(leaders), -1)
    scores[members] = np.concatenate([pairs.scores, distant.scores])[found]
    places[members] = found
    keys_column = HexColumn(corpus.digests)
    return Clustering(
        canonical=leaders,
        scores=scores,
        reasons=RecordReasons(places, (pairs.reasons, distant.reasons)),
        sizes=np.bincount(leaders, minlength=len(leaders))[leaders],
        versions=contents.versions.astype(np.int64),
        keys=keys_column,
        record_ids=NameColumn(corpus.ids, keys_column),
        stats=clustering_counts(leaders, scores),
    )


def distant_pairs(state: ClusteringState, keys: NDArray[np.int64]) -> Pairs:
    """Return the pairs of records and canonical ones that joined by others, with their scores."""
    left, right = keys >> 32, keys & 0xFFFFFFFF
    nodes = state.node_of[left], state.node_of[right]
    scores = np.ones(len(keys))
    known = np.flatnonzero((nodes[0] >= 0) & (nodes[1] >= 0) & ~linked_records(state, left, right))
    scores[known] = state.matcher.scores(nodes[0][known], nodes[1][known])
    return as_pairs(state, state.matcher.settings, keys, scores)


def clustering_counts(leaders: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, object]:
    """Return the figures of a clustering: records, clusters, the largest and the weakest."""
    sizes = np.bincount(leaders, minlength=len(leaders))
    members = leaders != np.arange(len(leaders))
    return {
        "records": len(leaders),
        "unique": int((sizes > 0).sum()),
        "duplicates": int(members.sum()),
        "clusters": int((sizes > 1).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
        "weakest_link": round(float(scores[members].min(initial=1.0)), DIGITS),
    }
