"""What the passes came to, as tables: the verified pairs, and the cluster of each record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import batch_of, joined, numbers_array
from dedupe.backends.spark.pairs import slices
from dedupe.backends.spark.part import Demands, Part, both_sides
from dedupe.result import CANONICAL, EXACT, LINKED, PairReasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from dedupe.backends.spark.passes import Passes

REASONED = "left long, right long, score double, parts array<double>, reason string"
"""A pair of nodes with its score, its similarity in each field, -1 for none, and its reason."""
ENDS = ["left", "right"]
WEAKEST_DIGITS = 4


@dataclass(frozen=True)
class Outcome:
    """What a run found, on the workers, and its figures.

    ``found`` has a row a record: its ``position`` and that of its ``leader``, ``score``,
    ``reason``, ``version``, the ``size`` of its cluster, and the ``leader_id`` and
    ``leader_digest``. ``pairs`` has the ``left`` and ``right`` positions of the verified pairs,
    their score, parts and reason.
    """

    found: DataFrame
    pairs: DataFrame
    stats: dict[str, object]

    @property
    def records(self) -> int:
        """The number of records."""
        return int(str(self.stats["records"]))


def outcome_of(passes: Passes, records: DataFrame, effort: dict[str, int]) -> Outcome:
    """Return the outcome of passes over staged records."""
    keep = passes.stage.keep
    nodes = joined(passes.nodes.drop("rare", "bands"), passes.state, "node")
    nodes = keep("outcome", nodes.select(*NODE_COLUMNS))
    verified = keep("verified", verified_pairs(passes, nodes))
    bare = bare_records(passes, records, nodes)
    reasons = keep("reasons", member_reasons(passes, nodes, verified, bare))
    found = keep("found", record_rows(records, nodes, reasons, bare))
    pairs = pair_rows(passes, nodes, verified, bare)
    count = verified.count() + (0 if bare is None else bare.where(IS_MEMBER).count())
    return Outcome(found, pairs, {**counts_of(found), "pairs": count, **effort})


NODE_COLUMNS = ("node", "position", "representative", "leader", "group", "version")
IS_MEMBER = "position <> home"


def verified_pairs(passes: Passes, nodes: DataFrame) -> DataFrame:
    """Return each verified pair of nodes once: copies, and accepted ones by their lowest score."""
    copies = nodes.where("node <> representative")
    parts = [copies.select("node", "representative", f.lit(1.0)).toDF(*ENDS, "score")]
    parts += [part.select(*ENDS, "score") for part in passes.verified]
    every = reduce(lambda one, other: one.union(other), parts)
    return every.groupBy(*ordered_ends("left", "right")).agg(f.min("score").alias("score"))


def ordered_ends(one: str, other: str) -> tuple[Column, Column]:
    """Return two ends, the lower first."""
    return f.least(one, other).alias("left"), f.greatest(one, other).alias("right")


def bare_records(passes: Passes, records: DataFrame, nodes: DataFrame) -> DataFrame | None:
    """Return the records without text that labels hold together with others; None without labels.

    ``home`` is the record that stands for each, ``home_node`` its node, if it has a text, and
    ``leader_node`` and ``leader`` are those of its cluster.
    """
    groups = passes.labels.groups
    if groups is None:
        return None
    bare = joined(groups, records.select("position"), "position")
    bare = bare.join(nodes.select("position").hint("merge"), "position", "left_anti")
    last = f.max(f.struct("position", "node", "leader")).alias("last")
    homes = nodes.groupBy("group").agg(last)
    told = bare.join(homes.hint("merge"), "group", "left")
    leads = nodes.select(f.col("node").alias("leader_node"), f.col("position").alias("lead"))
    told = told.select(
        "position",
        f.coalesce("last.position", "group").alias("home"),
        f.col("last.node").alias("home_node"),
        f.col("last.leader").alias("leader_node"),
    )
    told = told.join(leads.hint("merge"), "leader_node", "left")
    leader = f.coalesce("lead", "home").alias("leader")
    return passes.stage.keep(
        "bare", told.select("position", "home", "home_node", "leader_node", leader)
    )


def member_reasons(
    passes: Passes, nodes: DataFrame, verified: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return what joined members to their leaders otherwise than as a copy, a row a pair."""
    members = nodes.where("node <> leader and representative <> leader")
    own = f.col("representative")
    wanted = members.select(*ordered_columns(own, f.col("leader")))
    if bare is not None:
        held = bare.where("home_node is not null and home_node <> leader_node")
        wanted = wanted.union(
            held.select(*ordered_columns(f.col("home_node"), f.col("leader_node")))
        )
    told = wanted.distinct().join(verified.hint("merge"), ENDS, "left")
    return with_reasons(passes, told)


def ordered_columns(one: Column, other: Column) -> tuple[Column, Column]:
    """Return two ends, the lower first."""
    return f.least(one, other).alias("left"), f.greatest(one, other).alias("right")


def with_reasons(passes: Passes, pairs: DataFrame) -> DataFrame:
    """Return rows of ``REASONED`` of pairs of nodes; a missing score is that of the last counts."""
    rows = passes.with_sides(pairs, texts=True)
    return rows.mapInArrow(partial(reason_rows, passes.demands), REASONED)


def reason_rows(demands: Demands, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``REASONED`` for pairs with what scores them."""
    names = [field.name for field in demands.settings.field]
    for rows in slices(incoming):
        part = Part(demands, both_sides(rows))
        matcher, left = part.matcher, np.arange(rows.num_rows)
        right = left + rows.num_rows
        groups = numbers_array(part.rows["group"])
        together, equal = (
            groups[left] == groups[right],
            matcher.contents[left] == matcher.contents[right],
        )
        scores = np.asarray(rows["score"].to_numpy(zero_copy_only=False), float).copy()
        unknown = np.flatnonzero(np.isnan(scores))
        scores[unknown] = 1.0
        unknown = unknown[~together[unknown]]
        scores[unknown] = matcher.scores(left[unknown], right[unknown])
        similar = matcher.similarities(left, right)
        parts = np.nan_to_num(similar, nan=-1.0)
        reasons = PairReasons(names, parts, equal, together & (scores >= 1))
        ends = {name: rows[name] for name in ENDS}
        told = {**ends, "score": scores, "parts": parts.tolist(), "reason": list(reasons)}
        yield batch_of(REASONED, told)


def record_rows(
    records: DataFrame, nodes: DataFrame, reasons: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return the cluster of each record; :class:`Outcome` names the columns."""
    copied = f.col("representative") == f.col("leader")
    ends = ordered_columns(
        f.when(copied, f.col("node")).otherwise(f.col("representative")), f.col("leader")
    )
    told = nodes.select("*", *ends).join(reasons.drop("parts").hint("merge"), ENDS, "left")
    leads = nodes.select(f.col("node").alias("leader"), f.col("position").alias("lead"))
    told = joined(told, leads, "leader")
    own = f.col("leader") == f.col("node")
    reason = f.when(own, CANONICAL).when(copied, EXACT).otherwise(f.col("reason"))
    score = f.when(own | copied, 1.0).otherwise(f.col("score"))
    rows = told.select(
        "position",
        f.col("lead").alias("leader"),
        score.alias("score"),
        reason.alias("reason"),
        "version",
    )
    if bare is not None:
        rows = rows.union(bare_rows(bare, reasons))
    every = records.select("position").join(rows.hint("merge"), "position", "left")
    every = every.select(
        "position",
        f.coalesce("leader", "position").alias("leader"),
        f.coalesce("score", f.lit(1.0)).alias("score"),
        f.coalesce("reason", f.lit(CANONICAL)).alias("reason"),
        f.coalesce("version", f.lit(0)).alias("version"),
    )
    sizes = every.groupBy("leader").agg(f.count("*").alias("size"))
    names = (f.col("id").alias("leader_id"), f.col("digest").alias("leader_digest"))
    leaders = records.select(f.col("position").alias("leader"), *names)
    return joined(every, joined(sizes, leaders, "leader"), "leader")


def bare_rows(bare: DataFrame, reasons: DataFrame) -> DataFrame:
    """Return the rows of records without text that labels hold together with others."""
    ends = ordered_columns(f.col("home_node"), f.col("leader_node"))
    told = bare.select("*", *ends).join(reasons.drop("parts").hint("merge"), ENDS, "left")
    reason = f.coalesce("reason", f.lit(LINKED))
    reason = f.when(f.col("position") == f.col("leader"), CANONICAL).otherwise(reason)
    score = f.coalesce("score", f.lit(1.0)).alias("score")
    return told.select(
        "position", "leader", score, reason.alias("reason"), f.lit(0).alias("version")
    )


def pair_rows(
    passes: Passes, nodes: DataFrame, verified: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return the verified pairs by position, with their parts and reasons, in no order."""
    told = with_reasons(passes, verified)
    for side in ENDS:
        own = nodes.select(f.col("node").alias(side), f.col("position").alias(f"{side}_position"))
        told = joined(told, own, side).drop(side)
    ends = ordered_ends("left_position", "right_position")
    told = told.select(*ends, "score", "parts", "reason")
    if bare is None:
        return told
    fields = len(passes.settings.field)
    none = f.array(*([f.lit(-1.0)] * fields)).alias("parts")
    held = bare.where(IS_MEMBER).select(
        *ordered_ends("position", "home"), f.lit(1.0).alias("score"), none, f.lit(LINKED)
    )
    return told.union(held)


def counts_of(found: DataFrame) -> dict[str, object]:
    """Return the figures of the clusters: as :func:`dedupe.result.clustering_counts`."""
    leads = f.col("leader") == f.col("position")
    row = found.agg(
        f.count("*").alias("records"),
        f.count(f.when(leads, 1)).alias("unique"),
        f.count(f.when(leads & (f.col("size") > 1), 1)).alias("clusters"),
        f.max("size").alias("largest"),
        f.min(f.when(~leads, f.col("score"))).alias("weakest"),
    ).collect()[0]
    return {
        "records": row.records,
        "unique": row.unique,
        "duplicates": row.records - row.unique,
        "clusters": row.clusters,
        "largest_cluster": row.largest or 0,
        "weakest_link": round(1.0 if row.weakest is None else row.weakest, WEAKEST_DIGITS),
    }
