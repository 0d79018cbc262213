"""The passes of a run as tables: candidates, scores, accepted pairs, clusters, until none is new.

The driver holds counts, and what labels keep apart. Each pass goes through the same steps as
:func:`dedupe.pipeline.cluster_until_stable`, and calls the same functions on the workers. It keeps
six tables: streams of keys, scored pairs, accepted pairs, components, leaders, and the next nodes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import Window
from pyspark.sql import functions as f

from dedupe.backends.spark.groups import components
from dedupe.backends.spark.keys import (
    BAND,
    BEFORE,
    FIRST,
    IN_PLAY,
    keys_of,
    stream_keys,
    with_counts,
)
from dedupe.backends.spark.pairs import (
    ACCEPTED,
    LEADERS,
    MISFITS,
    REACH,
    SCORED,
    STANDS,
    accepted_rows,
    all_pairs_rows,
    cluster_rows,
    copy_rows,
    misfit_rows,
    reach_rows,
    scored_rows,
)
from dedupe.backends.spark.prepare import prepare
from dedupe.backends.spark.tables import FEW, SORT, columns_of, joined, union_of
from dedupe.blocking.keys import BANDS
from dedupe.matching import EXHAUSTIVE, Effort
from dedupe.pipeline import MOST_RELEASES
from dedupe.prepare import RARE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

    from dedupe.backends.spark.groups import Labels
    from dedupe.backends.spark.tables import Stage

KEYS_OF_FIELD = RARE_KEYS + BANDS + 1
"""A node has at most so many keys for each field, that of its title among them."""
ALL_KEYS = "rare bands title"
FEW_PAIRS = 1 << 14
"""At most so many pairs, with the texts of one node each, are sent to every worker."""
META = ("position", "time", "day", "source", "content", "group", "version")
"""What metadata and constraints take of a node."""


class Passes:
    """A run on its way: tables of nodes, of known pairs and of what recurs.

    ``nodes`` have, beside their facts, the node that stands for each and the ``size`` of its group,
    the ``leader`` of each and what it ``was`` a pass before, how often it was ``released``, and its
    marks in this pass. ``linked`` has the edges that labels put between nodes. ``playing`` counts
    the nodes in play, ``equal`` those with a ``previous``, ``moved`` those with a new leader, and
    ``found`` the pairs in the last stream.
    """

    def __init__(self, stage: Stage, records: DataFrame, labels: Labels) -> None:
        self.stage, self.labels, self.effort = stage, labels, Effort()
        self.demands, self.settings = labels.demands, labels.demands.settings
        nodes, self.texts = prepare(stage, records, self.settings)
        nodes = self.grouped(nodes)
        self.streams: list[DataFrame] = []
        self.scored: list[DataFrame] = []
        self.verified: list[DataFrame] = []
        self.compared: DataFrame | None = None
        everything = nodes.withColumn("marks", f.lit(IN_PLAY) + equal("content", "node") * FIRST)
        self.stream(keys_of(everything, "rare title"), pairs=False)
        self.enter(self.represented(everything))
        self.linked = self.label_edges() if labels.groups is not None else None

    def grouped(self, nodes: DataFrame) -> DataFrame:
        """Return nodes with the group of each and its number of ``members`` with a text."""
        if self.labels.groups is None:
            return nodes.select("*", f.col("position").alias("group"), f.lit(1).alias("members"))
        own = joined(nodes, self.labels.groups, "position", "left")
        own = own.withColumn("group", f.coalesce("group", "position"))
        return own.withColumn("members", f.count("*").over(Window.partitionBy("group")))

    def represented(self, nodes: DataFrame) -> DataFrame:
        """Return nodes with the one that stands for each, which leads it at first."""
        several = nodes.withColumn("copies", f.count("*").over(Window.partitionBy("content")))
        several = several.where("copies > 1")
        firsts = joined(
            with_counts(several.where("content = node"), self.counts()), self.texts, "node"
        )
        reach = firsts.mapInArrow(partial(reach_rows, self.demands), REACH)
        copies = joined(several.drop("rare", "bands"), reach, "content").repartition("content")
        in_order = copies.sortWithinPartitions("content", "node")
        stands = in_order.mapInArrow(partial(copy_rows, self.demands), STANDS)
        own = joined(nodes, self.stage.keep("copies", stands), "node", "left").drop("marks")
        own = own.withColumn("representative", f.coalesce("representative", "node"))
        size = f.count("*").over(Window.partitionBy("representative")).alias("size")
        leader, was = f.col("representative").alias("leader"), f.lit(-1).cast("long").alias("was")
        return own.select("*", size, leader, was, f.lit(0).alias("released"))

    def label_edges(self) -> DataFrame:
        """Return edges between the representatives of the nodes of each group."""
        own = self.nodes.where("members > 1").select("group", "representative").distinct()
        first = f.min("representative").over(Window.partitionBy("group")).alias("left")
        edges = own.select(first, f.col("representative").alias("right"))
        return self.stage.keep("linked", edges.where("left <> right").distinct())

    def run(self, progress: Callable[[float], None]) -> dict[str, int]:
        """Match and cluster until a pass accepts no pair; return what it took."""
        while True:
            self.effort.passes += 1
            self.find(self.candidates())
            fresh, count = self.at_threshold()
            progress(1)
            linked = self.linked if self.effort.passes == 1 else None
            links = 0 if linked is None else linked.count()
            if not count + links:
                break
            self.verified.append(fresh)
            self.cluster(fresh, linked, count + links)
            if not self.moved:
                break
        self.effort.scored_pairs = self.known().count()
        return dict(vars(self.effort))

    def name(self, table: str) -> str:
        """Return the name of a table of this pass."""
        return f"{table}-{self.effort.passes}"

    def enter(self, nodes: DataFrame) -> None:
        """Keep the nodes with their new leaders as those that the next pass begins with.

        ``previous`` is the node in play before one in play that has its content.
        """
        in_play = f.col("leader") == f.col("node")
        alike = Window.partitionBy("content", in_play).orderBy("node")
        rows = nodes.withColumn("previous", f.when(in_play, f.lag("node").over(alike)))
        first = (in_play & f.col("previous").isNull()).cast("long")
        marks = equal("leader", "node") * IN_PLAY + equal("was", "node") * BEFORE + first * FIRST
        self.nodes, seen = self.stage.observed(
            self.name("nodes"),
            rows.withColumn("marks", marks),
            playing=f.sum(equal("leader", "node")),
            equal=f.count("previous"),
            moved=f.count(f.when(f.col("leader") != f.col("was"), 1)),
        )
        self.playing, self.equal, self.moved = (
            int(seen[name] or 0) for name in ("playing", "equal", "moved")
        )

    def in_play(self) -> DataFrame:
        """Return the nodes in play."""
        return self.nodes.where(f.col("marks").bitwiseAND(IN_PLAY) > 0)

    def candidates(self) -> DataFrame:
        """Return the candidate pairs of keys whose nodes moved in or out of play, counted anew."""
        keys = keys_of(self.nodes, ALL_KEYS)
        if self.effort.passes > 1:
            marks = f.col("marks")
            was_in_play = f.shiftright(marks.bitwiseAND(BEFORE), 1)
            moved = self.nodes.where(marks.bitwiseAND(IN_PLAY) != was_in_play)
            touched = keys_of(moved, ALL_KEYS).select("key").distinct()
            few = self.moved * KEYS_OF_FIELD * len(self.settings.field) <= FEW
            keys = keys.join(touched.hint("broadcast" if few else SORT), "key", "left_semi")
        found = self.stream(keys, pairs=True)
        return found.where("pair is not null").select("pair").distinct()

    def stream(self, keys: DataFrame, *, pairs: bool) -> DataFrame:
        """Keep the stream of some keys; what is counted in it takes the place of earlier counts."""
        rare = f.when(f.col("key") < BAND, f.col("size"))
        found, seen = self.stage.observed(
            self.name("stream"),
            stream_keys(keys, pairs=pairs),
            size=f.max(rare),
            cut=f.sum("cut"),
            pairs=f.count("pair"),
        )
        self.found = int(seen["pairs"])
        if not pairs:
            self.effort.largest_bucket = int(seen["size"] or 0)
            self.effort.cut_look_backs = int(seen["cut"] or 0)
        turn = f.lit(self.effort.passes).alias("turn")
        count = f.struct(turn, "key", "days", "weeks", "contents").alias("count")
        own = found.where("key is not null").select("key", count)
        self.streams = [*self.streams, own] if self.effort.passes > 1 else [own]
        return found

    def counts(self, few: DataFrame | None = None) -> DataFrame:
        """Return the last count of each key, or of each key that a ``few`` nodes have."""
        every = union_of(*self.streams)
        if few is not None:
            keys = keys_of(few, "rare title").select("key").distinct()
            every = every.join(f.broadcast(keys), "key", "left_semi")
        return every.groupBy("key").agg(f.max("count").alias("count"))

    def find(self, candidates: DataFrame) -> None:
        """Score the new candidates, neighbours of one content, and all pairs of few nodes."""
        equal = self.nodes.where("previous is not null")
        neighbours = f.shiftleft("previous", 32).bitwiseOR(f.col("node")).alias("pair")
        pairs = candidates.select("pair", f.lit(1).alias("found")).union(
            equal.select(neighbours, f.lit(0))
        )
        pairs = pairs.groupBy("pair").agg(f.max("found").alias("found"))
        worker = partial(scored_rows, self.demands)
        few = self.found + self.equal <= FEW_PAIRS
        scored = both(ends_of(pairs), self.texts, ("texts",), few=few).mapInArrow(worker, SCORED)
        if self.playing <= EXHAUSTIVE and self.is_new():
            self.compared = self.in_play().select("node")
            rows = joined(self.compared, self.texts, "node").repartition(1)
            every = partial(all_pairs_rows, self.demands)
            scored = scored.union(rows.sortWithinPartitions("node").mapInArrow(every, SCORED))
        compared = f.sum(f.when(f.col("pair") < 0, f.col("odds")))
        kept, seen = self.stage.observed(self.name("scored"), scored, compared=compared)
        self.effort.candidate_pairs += int(seen["compared"] or 0) + self.equal
        self.scored.append(kept.where("pair >= 0"))

    def is_new(self) -> bool:
        """Return whether a node is in play that was not when all were last compared."""
        if self.compared is None:
            return True
        return not self.in_play().join(self.compared, "node", "left_anti").isEmpty()

    def known(self) -> DataFrame:
        """Return all pairs whose text score is near the threshold or above."""
        return union_of(*self.scored).distinct()

    def at_threshold(self) -> tuple[DataFrame, int]:
        """Return the known pairs in play that are accepted and allowed, and their number."""
        rows = self.with_sides(ends_of(self.known()), self.in_play())
        accepted = rows.mapInArrow(partial(accepted_rows, self.demands), ACCEPTED)
        kept, seen = self.stage.observed(self.name("accepted"), accepted, count=f.count("*"))
        return kept, int(seen["count"])

    def cluster(self, fresh: DataFrame, linked: DataFrame | None, edges: int) -> None:
        """Cluster what accepted pairs and so many edges connect, and give the nodes new leaders."""
        ends = fresh.select("left", "right")
        ends = ends if linked is None else ends.union(linked)
        found = components(self.stage, self.name("components"), ends, edges)
        few = edges <= FEW_PAIRS
        nodes = self.nodes.join(found.hint("broadcast" if few else SORT), "node").drop("bands")
        texts = self.texts.join(f.broadcast(found), "node", "left_semi") if few else self.texts
        rows = with_counts(nodes, self.counts(nodes if few else None)).drop("rare")
        rows = joined(rows, texts, "node")
        own = fresh.groupBy(f.col("right").alias("node"))
        lists = (f.collect_list(name).alias(f"{name}s") for name in ("left", "score"))
        rows = joined(rows, own.agg(*lists), "node", "left")
        if linked is not None:
            held = linked.groupBy(f.col("right").alias("node"))
            rows = joined(rows, held.agg(f.collect_list("left").alias("linked")), "node", "left")
        in_order = rows.repartition("component").sortWithinPartitions("component", "node")
        worker = partial(cluster_rows, self.demands, self.leaders_apart())
        moves = self.stage.keep(self.name("leaders"), in_order.mapInArrow(worker, LEADERS))
        if linked is not None:
            stands = moves.where("stand <> node").select("node", "stand", f.lit(1.0).alias("score"))
            low, high = f.least("node", "stand"), f.greatest("node", "stand")
            self.verified.append(stands.select(low.alias("left"), high.alias("right"), "score"))
        moved = moves.select(f.col("node").alias("leader"), f.col("leader").alias("new"))
        state = joined(self.nodes.drop("was"), moved, "leader", "left")
        new = {"was": f.col("leader"), "leader": f.coalesce("new", "leader")}
        state = state.withColumns(new).drop("new")
        if not (self.settings.linkage == "average" and self.settings.window is None):
            state = self.release(state)
        self.enter(state)

    def leaders_apart(self) -> NDArray[np.int64] | None:
        """Return the leaders of the groups that labels keep apart, in two rows; None at first."""
        apart = self.demands.apart
        if self.effort.passes == 1 or not len(apart):
            return None
        groups = np.unique(np.concatenate([apart >> 32, apart & 0xFFFFFFFF]))
        held = columns_of(self.nodes.where(f.col("group").isin(groups.tolist())), "group", "leader")
        leaders = dict(zip(held["group"].tolist(), held["leader"].tolist(), strict=True))
        pairs = zip((apart >> 32).tolist(), (apart & 0xFFFFFFFF).tolist(), strict=True)
        known = [(leaders[a], leaders[b]) for a, b in pairs if a in leaders and b in leaders]
        return np.array(known, np.int64).reshape(-1, 2).T

    def release(self, state: DataFrame) -> DataFrame:
        """Return the state after members that do not match their leader were put back in play."""
        members = f"leader <> node and members = 1 and released < {MOST_RELEASES}"
        pairs = state.where(members).select(
            f.col("node").alias("left"), f.col("leader").alias("right")
        )
        rows = self.with_sides(pairs, self.nodes, texts=self.settings.linkage == "leader")
        misfits = rows.mapInArrow(partial(misfit_rows, self.demands), MISFITS)
        rows = joined(state, misfits.withColumn("unfit", f.lit(1)), "node", "left")
        leader = f.when(f.col("unfit") == 1, f.col("node")).otherwise(f.col("leader"))
        released = f.col("released") + f.coalesce("unfit", f.lit(0))
        return rows.withColumns({"leader": leader, "released": released}).drop("unfit")

    def with_sides(self, pairs: DataFrame, nodes: DataFrame, *, texts: bool = False) -> DataFrame:
        """Return pairs of some nodes with the metadata of both, what recurs, and their texts."""
        wanted = pairs.select("left").union(pairs.select("right")).distinct().toDF("node")
        own = with_counts(joined(nodes, wanted, "node"), self.counts())
        names: tuple[str, ...] = (*META, "counts")
        if texts:
            own, names = joined(own, self.texts, "node"), (*names, "texts")
        return both(pairs, own, names)


def equal(one: str, other: str) -> Column:
    """Return 1 where two columns are equal, else 0."""
    return (f.col(one) == f.col(other)).cast("long")


def ends_of(pairs: DataFrame) -> DataFrame:
    """Return pairs with both their nodes."""
    low = f.col("pair").bitwiseAND(0xFFFFFFFF)
    return pairs.select("*", f.shiftright("pair", 32).alias("left"), low.alias("right"))


def both(
    pairs: DataFrame, nodes: DataFrame, names: tuple[str, ...], *, few: bool = False
) -> DataFrame:
    """Return pairs with some columns of both their nodes, named left_ and right_.

    A ``few`` pairs are sent to the nodes, which stay where they are.
    """
    for side in ("left", "right"):
        columns = (f.col(name).alias(f"{side}_{name}") for name in names)
        own = nodes.select(f.col("node").alias(side), *columns)
        pairs = own.join(f.broadcast(pairs), side) if few else joined(pairs, own, side)
    return pairs
