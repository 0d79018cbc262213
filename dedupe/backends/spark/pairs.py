"""Score, accept and cluster pairs on the workers, by the functions of a local run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedupe.arrays import pack, unpack
from dedupe.backends.spark.part import (
    Demands,
    Part,
    both_sides,
    list_ends,
    text_scoring,
    whole_groups,
)
from dedupe.backends.spark.tables import batch_of, numbers_array, slices
from dedupe.clustering.constraints import NO_GROUPS
from dedupe.clustering.groups import (
    AcceptedPairs,
    Grouping,
    cluster_nodes,
    connected,
    join_pairs,
    linked_pairs,
)
from dedupe.pipeline import build_grouping, group_copies, permission, rank_nodes
from dedupe.scoring.metadata import reach_seconds
from dedupe.scoring.model import log_odds_of, probability
from dedupe.scoring.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

REACH = "content long, reach long"
STANDS = "node long, representative long"
SCORED = "pair long, odds double"
"""A pair near the threshold or above; -1 with the number of pairs that were scored."""
ACCEPTED = "left long, right long, score double"
LEADERS = "node long, leader long, stand long"
"""The leader of a node, and the node that stands for those that labels hold together with it."""
MISFITS = "node long"


def least_odds(demands: Demands, most_support: float) -> float:
    """Return the log-odds of a text score that metadata can raise to the threshold."""
    return log_odds_of(demands.settings.threshold) - most_support


def reach_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return how far apart in time equal records are one story, for the first of each content."""
    for batch in incoming:
        matcher = Part(demands, batch).matcher
        nodes = np.arange(batch.num_rows)
        needed = matcher.threshold - matcher.text_odds(nodes, nodes)
        model, meta = matcher.scoring.model, matcher.meta
        reach = reach_seconds(model, meta, matcher.recurrence, matcher.rare, nodes, needed)
        reach[numbers_array(batch["generic"]).astype(bool)] = 0
        yield batch_of(REACH, {"content": batch["content"], "reach": reach})


def copy_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the representative of each node of contents that several have, by content."""
    for rows in whole_groups(incoming, "content"):
        part = Part(demands, rows)
        found = group_copies(part.matcher, part.constraints, part.order)
        nodes = numbers_array(rows["node"])
        yield batch_of(STANDS, {"node": nodes, "representative": nodes[found]})


def scored_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``SCORED`` for pairs with the texts of both nodes."""
    count = 0
    for rows in slices(incoming):
        scoring = text_scoring(both_sides(rows), demands.settings)
        left = np.arange(rows.num_rows)
        odds = score_pairs(scoring, left + rows.num_rows, left)
        count += int(numbers_array(rows["found"]).sum())
        near = odds >= least_odds(demands, scoring.model.most_support)
        yield batch_of(SCORED, {"pair": numbers_array(rows["pair"])[near], "odds": odds[near]})
    yield batch_of(SCORED, {"pair": [-1], "odds": [float(count)]})


def all_pairs_rows(
    demands: Demands, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``SCORED`` for all pairs of nodes with their texts."""
    held = list(incoming)
    if not held:
        return
    rows = pa.Table.from_batches(held).combine_chunks()
    scoring, nodes = text_scoring(rows, demands.settings), numbers_array(rows["node"])
    left, right = np.triu_indices(len(nodes), 1)
    odds = score_pairs(scoring, left, right)
    near = odds >= least_odds(demands, scoring.model.most_support)
    pairs = pack(nodes[left[near]], nodes[right[near]])
    yield batch_of(SCORED, {"pair": pairs, "odds": odds[near]})
    yield batch_of(SCORED, {"pair": [-1], "odds": [float(len(left))]})


def accepted_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the known pairs that reach the threshold and that constraints allow."""
    for rows in slices(incoming):
        part = Part(demands, both_sides(rows))
        matcher, left = part.matcher, np.arange(rows.num_rows)
        odds = numbers_array(rows["odds"]) + matcher.adjust(left, left + rows.num_rows)
        own = np.flatnonzero(odds >= matcher.threshold)
        pairs = AcceptedPairs(own, own + rows.num_rows, probability(odds[own]))
        allowed = permission(matcher, part.constraints, pairs)
        told = {name: numbers_array(rows[name])[own][allowed] for name in ("left", "right")}
        yield batch_of(ACCEPTED, {**told, "score": pairs.scores[allowed]})


def misfit_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the left nodes of pairs that do not match the right ones, their leaders."""
    settings = demands.settings
    for rows in slices(incoming):
        part = Part(demands, both_sides(rows))
        matcher, left = part.matcher, np.arange(rows.num_rows)
        pairs = AcceptedPairs(left, left + rows.num_rows, np.ones(rows.num_rows))
        fit = permission(matcher, part.constraints, pairs)
        if settings.linkage == "leader":
            equal = matcher.contents[pairs.left] == matcher.contents[pairs.right]
            fit &= equal | (matcher.scores(pairs.left, pairs.right) >= settings.threshold)
        yield batch_of(MISFITS, {"node": numbers_array(rows["left"])[~fit]})


def cluster_rows(
    demands: Demands, leaders_apart: NDArray[np.int64] | None, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``LEADERS`` for nodes by component, with the pairs that connect them.

    ``leaders_apart`` are two rows of leaders that may never be together; None where no node has
    another leader yet.
    """
    for rows in whole_groups(incoming, "component"):
        table = rows.sort_by("node").combine_chunks()
        nodes = numbers_array(table["node"])
        part = Part(demands, table)
        grouping = part_grouping(part, nodes, leaders_apart)
        owners, lefts = list_ends(table["lefts"])
        _, scores = list_ends(table["scores"])
        fresh = AcceptedPairs(np.searchsorted(nodes, lefts), owners, scores)
        pairs = join_pairs(linked_pairs(grouping.groups), fresh)
        rank = partial(rank_nodes, part.matcher, part.order)
        leaders = cluster_nodes(grouping, np.arange(len(nodes)), pairs, rank, part.matcher.scores)
        told = {"node": nodes, "leader": nodes[leaders], "stand": nodes[grouping.groups]}
        yield batch_of(LEADERS, told)


def part_grouping(
    part: Part, nodes: NDArray[np.int64], leaders_apart: NDArray[np.int64] | None
) -> Grouping:
    """Return how the nodes of a part, all in play, are to be clustered."""
    table, matcher, own = part.rows, part.matcher, np.arange(len(nodes))
    labels = own
    if "linked" in table.schema.names:
        owners, lefts = list_ends(table["linked"])
        labels = connected(len(nodes), np.searchsorted(nodes, lefts), owners)
    held = np.empty(len(nodes), np.int64)
    held[matcher.records] = labels
    joint = replace(part.constraints, groups=held, apart=NO_GROUPS)
    grouping = build_grouping(matcher, own, joint, part.order)
    pinned = part.constraints.pinned(matcher.records)
    values, apart = numbers_array(table["group"]), np.stack(unpack(part.constraints.apart))
    if leaders_apart is not None:
        values, apart = nodes, leaders_apart
        pinned |= np.isin(nodes, apart)
    known, firsts = np.unique(values, return_index=True)
    places = np.searchsorted(known, apart).clip(0, len(known) - 1)
    both = (known[places] == apart).all(axis=0)
    return replace(
        grouping,
        sizes=numbers_array(table["size"]),
        pinned=pinned,
        apart=grouping.groups[firsts[places[:, both]]],
    )
