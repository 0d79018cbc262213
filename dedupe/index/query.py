"""Look up records without adding them: which cluster each would join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import unique_sorted, unpack
from dedupe.clustering.groups import AcceptedPairs
from dedupe.index.answers import (
    Answer,
    clusters_of,
    hex_name,
    lone_answer,
    names_of,
    stored_answers,
)
from dedupe.index.facts import signed
from dedupe.index.insert import UNKNOWN, find_known
from dedupe.index.matching import IndexMatcher, as_contents
from dedupe.index.newcomers import corpus_part, identities, prepare_newcomers
from dedupe.matching import EXHAUSTIVE
from dedupe.pipeline import corpus_constraints, permitted_pairs
from dedupe.result import EXACT, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.index.newcomers import Newcomers
    from dedupe.index.store import Store
    from dedupe.models import Corpus

MANY, FEW = 1 << 12, 1 << 6
"""Records that are answered at a time; few where each is compared with all of the index."""


def match_only(store: Store, corpus: Corpus) -> list[Answer]:
    """Answer each record as the index stands, and change nothing."""
    with store.reading():
        few = store.facts.leads <= EXHAUSTIVE
        step = FEW if few else MANY
        out: list[Answer] = []
        for start in range(0, len(corpus), step):
            part = np.arange(start, min(start + step, len(corpus)))
            out += answer_part(store, corpus_part(corpus, part))
        return out


def answer_part(store: Store, corpus: Corpus) -> list[Answer]:
    """Answer some records."""
    known = find_known(store, corpus, identities(corpus)).same
    held = unique_sorted(known[known != UNKNOWN]).tolist()
    stored = stored_answers(store, held) if held else {}
    out = [stored.get(number) for number in known.tolist()]
    fresh = np.flatnonzero(known == UNKNOWN)
    if len(fresh):
        new = prepare_newcomers(store, corpus_part(corpus, fresh), new=False)
        for record, answer in zip(fresh.tolist(), guess(store, new), strict=True):
            out[record] = answer
    return [answer for answer in out if answer]


def guess(store: Store, new: Newcomers) -> Iterator[Answer]:
    """Return the answer to each record: it would join the leader that it matches best."""
    ids, digests = new.corpus.ids, signed(new.corpus.digests)
    versions = new.facts["version"].tolist()
    best = best_leaders(store, new) if new.facts["content"].any() else {}
    leaders = {number for number, _, _ in best.values()}
    clusters = clusters_of(store, leaders) if leaders else {}
    names = names_of(store, leaders) if leaders else {}
    for record, (given, digest, version) in enumerate(zip(ids, digests, versions, strict=True)):
        if record not in best:
            yield lone_answer(given or hex_name(digest), hex_name(digest), version)
            continue
        number, score, reason = best[record]
        yield Answer(
            cluster=hex_name(clusters[number].name),
            size=clusters[number].size,
            canonical=False,
            canonical_id=names[number],
            score=score,
            reason=reason,
            version=version,
            new=True,
        )


def best_leaders(store: Store, new: Newcomers) -> dict[int, tuple[int, float, str]]:
    """Return the number, score and reason of the best leader of each record that matches one."""
    matcher = IndexMatcher(store, new, alone=True)
    everything = np.ones(len(matcher.records), bool)
    keys, scores = matcher.accepted(everything, lambda _share: None)
    constraints = corpus_constraints(matcher.corpus, as_contents(matcher), store.settings)
    pairs = permitted_pairs(matcher, constraints, AcceptedPairs(*unpack(keys), scores))
    swap = matcher.new[pairs.left]
    own = np.where(swap, pairs.left, pairs.right)
    leader = np.where(swap, pairs.right, pairs.left)
    equal = matcher.contents[own] == matcher.contents[leader]
    scores = np.where(equal, 1.0, pairs.scores)
    first = np.lexsort((matcher.records[leader], -scores, own))
    own, leader, equal, scores = own[first], leader[first], equal[first], scores[first]
    _, at = np.unique(own, return_index=True)
    own, leader, equal, scores = own[at], leader[at], equal[at], scores[at]
    parts = np.nan_to_num(matcher.similarities(own, leader), nan=-1.0)
    names = [field.name for field in store.settings.field]
    held = len(matcher.held)
    return {
        record - held: (
            int(matcher.held[matcher.records[node]]),
            score,
            EXACT if same else reason_of(names, part),
        )
        for record, node, score, same, part in zip(
            matcher.records[own].tolist(),
            leader.tolist(),
            scores.tolist(),
            equal.tolist(),
            parts.tolist(),
            strict=True,
        )
    }
