"""What the passes came to, as tables: the verified pairs, and the cluster of each record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import Window
from pyspark.sql import functions as f

from dedupe.backends.spark.part import Demands, Part, both_sides
from dedupe.backends.spark.tables import batch_of, joined, numbers_array, slices, union_of
from dedupe.models import DIGITS
from dedupe.result import CANONICAL, EXACT, LINKED, PairReasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from dedupe.backends.spark.passes import Passes

REASONED = "left long, right long, score double, parts array<double>, reason string"
"""A pair of nodes with its score, its similarity in each field, -1 for none, and its reason."""
ENDS = ["left", "right"]


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
    stage, nodes = passes.stage, passes.nodes.select(*NODE_COLUMNS)
    pairs = verified_pairs(passes, nodes)
    verified, seen = stage.observed("verified", pairs, count=f.count("*"))
    bare = bare_records(passes, records, nodes)
    reasons = stage.keep("reasons", member_reasons(passes, nodes, verified, bare))
    rows = record_rows(records, nodes, reasons, bare)
    found, figures = stage.observed(
        "found", rows, **{name: f.expr(own) for name, own in FIGURES.items()}
    )
    count = seen["count"] + (0 if bare is None else bare.where(IS_MEMBER).count())
    stats = {**clustering_figures(**figures), "pairs": count, **effort}
    return Outcome(found, pair_rows(passes, nodes, verified, bare), stats)


NODE_COLUMNS = ("node", "position", "representative", "leader", "group", "version")
IS_MEMBER = "position <> home"


def verified_pairs(passes: Passes, nodes: DataFrame) -> DataFrame:
    """Return each verified pair of nodes once: copies, and accepted ones by their lowest score."""
    copies = nodes.where("node <> representative")
    copies = copies.select("node", "representative", f.lit(1.0)).toDF(*ENDS, "score")
    every = union_of(copies, *(part.select(*ENDS, "score") for part in passes.verified))
    return every.groupBy(*ordered_ends("left", "right")).agg(f.min("score").alias("score"))


def ordered_ends(one: Column | str, other: Column | str) -> tuple[Column, Column]:
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
    bare = joined(bare, nodes.select("position"), "position", "left_anti")
    last = f.max(f.struct("position", "node", "leader")).alias("last")
    own = joined(bare, nodes.groupBy("group").agg(last), "group", "left").select(
        "position",
        f.coalesce("last.position", "group").alias("home"),
        f.col("last.node").alias("home_node"),
        f.col("last.leader").alias("leader_node"),
    )
    leads = nodes.select(f.col("node").alias("leader_node"), f.col("position").alias("leader"))
    own = joined(own, leads, "leader_node", "left")
    return passes.stage.keep("bare", own.withColumn("leader", f.coalesce("leader", "home")))


def member_reasons(
    passes: Passes, nodes: DataFrame, verified: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return what joined members to their leaders otherwise than as a copy, a row a pair."""
    members = nodes.where("node <> leader and representative <> leader")
    own = f.col("representative")
    wanted = members.select(*ordered_ends(own, f.col("leader")))
    if bare is not None:
        held = bare.where("home_node is not null and home_node <> leader_node")
        wanted = wanted.union(held.select(*ordered_ends(f.col("home_node"), f.col("leader_node"))))
    return with_reasons(passes, joined(wanted.distinct(), verified, ENDS, "left"))


def with_reasons(passes: Passes, pairs: DataFrame) -> DataFrame:
    """Return rows of ``REASONED`` of pairs of nodes; a missing score is that of the last counts."""
    rows = passes.with_sides(pairs, passes.nodes, texts=True)
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
        columns = {"score": scores, "parts": parts.tolist(), "reason": list(reasons)}
        yield batch_of(REASONED, {**ends, **columns})


def record_rows(
    records: DataFrame, nodes: DataFrame, reasons: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return the cluster of each record; :class:`Outcome` names the columns."""
    copied = f.col("representative") == f.col("leader")
    ends = ordered_ends(
        f.when(copied, f.col("node")).otherwise(f.col("representative")), f.col("leader")
    )
    leads = nodes.select(f.col("node").alias("leader"), f.col("position").alias("lead"))
    own_reasons = joined(nodes.select("*", *ends), reasons.drop("parts"), ENDS, "left")
    members = joined(own_reasons, leads, "leader")
    own = f.col("leader") == f.col("node")
    reason = f.when(own, CANONICAL).when(copied, EXACT).otherwise(f.col("reason"))
    score = f.when(own | copied, 1.0).otherwise(f.col("score"))
    rows = members.select(
        "position",
        f.col("lead").alias("leader"),
        score.alias("score"),
        reason.alias("reason"),
        "version",
    )
    if bare is not None:
        rows = rows.union(bare_rows(bare, reasons))
    every = joined(records.select("position"), rows, "position", "left").select(
        "position",
        f.coalesce("leader", "position").alias("leader"),
        f.coalesce("score", f.lit(1.0)).alias("score"),
        f.coalesce("reason", f.lit(CANONICAL)).alias("reason"),
        f.coalesce("version", f.lit(0)).alias("version"),
    )
    every = every.withColumn("size", f.count("*").over(Window.partitionBy("leader")))
    names = (f.col("id").alias("leader_id"), f.col("digest").alias("leader_digest"))
    return joined(every, records.select(f.col("position").alias("leader"), *names), "leader")


def bare_rows(bare: DataFrame, reasons: DataFrame) -> DataFrame:
    """Return the rows of records without text that labels hold together with others."""
    ends = ordered_ends(f.col("home_node"), f.col("leader_node"))
    members = joined(bare.select("*", *ends), reasons.drop("parts"), ENDS, "left")
    reason = f.coalesce("reason", f.lit(LINKED))
    reason = f.when(f.col("position") == f.col("leader"), CANONICAL).otherwise(reason)
    score = f.coalesce("score", f.lit(1.0)).alias("score")
    version = f.lit(0).alias("version")
    return members.select("position", "leader", score, reason.alias("reason"), version)


def pair_rows(
    passes: Passes, nodes: DataFrame, verified: DataFrame, bare: DataFrame | None
) -> DataFrame:
    """Return the verified pairs by position, with their parts and reasons, in no order."""
    rows = with_reasons(passes, verified)
    for side in ENDS:
        own = nodes.select(f.col("node").alias(side), f.col("position").alias(f"{side}_position"))
        rows = joined(rows, own, side).drop(side)
    ends = ordered_ends("left_position", "right_position")
    rows = rows.select(*ends, "score", "parts", "reason")
    if bare is None:
        return rows
    none = f.array(*([f.lit(-1.0)] * len(passes.settings.field)))
    held = bare.where(IS_MEMBER)
    return rows.union(
        held.select(*ordered_ends("position", "home"), f.lit(1.0), none, f.lit(LINKED))
    )


FIGURES = {
    "records": "count(*)",
    "unique": "count_if(leader = position)",
    "clusters": "count_if(leader = position and size > 1)",
    "largest": "max(size)",
    "weakest": "min(if(leader = position, null, score))",
}


def clustering_figures(
    records: int, unique: int, clusters: int, largest: int | None, weakest: float | None
) -> dict[str, object]:
    """Return the figures of the clusters: as :func:`dedupe.result.clustering_counts`."""
    return {
        "records": records,
        "unique": unique,
        "duplicates": records - unique,
        "clusters": clusters,
        "largest_cluster": largest or 0,
        "weakest_link": round(1.0 if weakest is None else weakest, DIGITS),
    }
