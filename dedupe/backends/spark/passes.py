"""The passes of a run as tables: candidates, scores, accepted pairs, clusters, until none is new.

The driver holds counts, and what labels keep apart. Each pass goes through the same steps as
:func:`dedupe.pipeline.cluster_until_stable`, and calls the same functions on the workers.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import FEW, SORT, columns_of, joined
from dedupe.backends.spark.components import components
from dedupe.backends.spark.nodes import (
    prepare,
    representatives,
    stream_keys,
    stream_sorted,
    with_counts,
)
from dedupe.backends.spark.pairs import (
    ACCEPTED,
    LEADERS,
    MISFITS,
    NEIGHBOURS,
    SCORED,
    accepted_rows,
    all_pairs_rows,
    cluster_rows,
    misfit_rows,
    neighbour_rows,
    scored_rows,
)
from dedupe.backends.spark.streams import BAND, BEFORE, FIRST, IN_PLAY, KEYS, KeyStream, key_rows
from dedupe.blocking.keys import BANDS
from dedupe.matching import EXHAUSTIVE, Effort
from dedupe.pipeline import MOST_RELEASES
from dedupe.prepare import RARE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column, DataFrame

    from dedupe.backends.spark.constraints import Labels
    from dedupe.backends.spark.stage import Stage

COUNTED = ("key", "days", "weeks", "contents")
KEYS_OF_FIELD = RARE_KEYS + BANDS + 1
"""A node has at most so many keys for each field, that of its title among them."""
META = ("position", "time", "day", "source", "content", "group", "version")
"""What metadata and constraints take of a node."""
TEXTS = ("tokens", "letters", "meta")


class Passes:
    """A run on its way: tables of nodes, of known pairs and of the state of each node.

    ``state`` has the ``leader`` of each node, how often it was ``released``, and whether it was in
    play ``before``, in the last pass. ``play`` has the nodes with their marks in this pass,
    ``linked`` the edges that labels put between nodes; ``moved`` counts those with a new leader.
    """

    def __init__(self, stage: Stage, records: DataFrame, labels: Labels) -> None:
        self.stage, self.labels = stage, labels
        self.demands, self.settings = labels.demands, labels.demands.settings
        nodes, self.texts = prepare(stage, records, self.settings)
        nodes = self.grouped(nodes)
        everything = nodes.withColumn("marks", first_marks())
        stream = stage.keep(
            "stream-0", stream_keys(everything, "rare title", KeyStream(pairs=False))
        )
        self.effort = first_effort(stream)
        self.counts = stream.where("key is not null").select(*COUNTED)
        self.nodes = representatives(stage, nodes, self.texts, self.counts, labels)
        told = (f.col("representative").alias("leader"), f.lit(0).alias("released"))
        self.state = stage.keep("state-0", self.nodes.select("node", *told, not_before()))
        self.linked = self.label_edges() if labels.groups is not None else None
        self.scored: list[DataFrame] = []
        self.verified: list[DataFrame] = []
        self.compared: DataFrame | None = None
        self.play, self.moved = self.nodes, 0

    def grouped(self, nodes: DataFrame) -> DataFrame:
        """Return nodes with the group of each, and whether it is in one with no other node."""
        if self.labels.groups is None:
            own = {"group": f.col("position"), "single": f.lit(True)}  # noqa: FBT003 - a value
            return nodes.withColumns(own)
        told = nodes.join(self.labels.groups.hint("merge"), "position", "left")
        told = told.withColumn("group", f.coalesce("group", "position"))
        counts = told.groupBy("group").agg((f.count("*") == 1).alias("single"))
        return self.stage.keep("grouped", joined(told, counts, "group"))

    def label_edges(self) -> DataFrame:
        """Return edges between the representatives of the nodes of each group."""
        own = self.nodes.where("not single").select("group", "representative").distinct()
        firsts = own.groupBy("group").agg(f.min("representative").alias("left"))
        edges = joined(own, firsts, "group").where(f.col("left") != f.col("representative"))
        return self.stage.keep(
            "linked", edges.select("left", f.col("representative").alias("right")).distinct()
        )

    def run(self, progress: Callable[[float], None]) -> dict[str, int]:
        """Match and cluster until a pass accepts no pair; return what it took."""
        while True:
            self.effort.passes += 1
            fresh = self.accept()
            count = fresh.count()
            progress(1)
            linked = self.linked if self.effort.passes == 1 else None
            if not count and (linked is None or not linked.count()):
                break
            self.verified.append(fresh)
            if not self.cluster(fresh, linked):
                break
        self.effort.scored_pairs = self.known().count()
        return dict(vars(self.effort))

    def name(self, table: str) -> str:
        """Return the name of a table of this pass."""
        return f"{table}-{self.effort.passes}"

    def accept(self) -> DataFrame:
        """Return the pairs that this pass accepts and constraints allow."""
        in_play, before = f.col("leader") == f.col("node"), f.col("before")
        marks = in_play.cast("long") * IN_PLAY + before.cast("long") * BEFORE
        nodes = self.nodes.drop("representative", "size")
        play = joined(nodes, self.state.select("node", marks.alias("marks")), "node")
        play = self.with_firsts(play)
        self.play = play
        moved = f.col("marks").bitwiseAND(IN_PLAY) != f.shiftright(
            f.col("marks").bitwiseAND(BEFORE), 1
        )
        stream = self.stream(play, moved)
        candidates = stream.where("pair is not null").select("pair").distinct()
        self.update_counts(stream)
        self.find(candidates, play)
        return self.at_threshold(play)

    def with_firsts(self, play: DataFrame) -> DataFrame:
        """Return nodes that know the node in play before them of their content, if any."""
        in_order = play.repartition("content").sortWithinPartitions("content", "node")
        told = in_order.mapInArrow(neighbour_rows, NEIGHBOURS)
        return self.stage.keep(self.name("play"), told)

    def stream(self, play: DataFrame, moved: Column) -> DataFrame:
        """Return the candidate pairs and counts of keys whose nodes moved in or out of play."""
        kinds = "rare bands title"
        if self.effort.passes == 1:
            found = stream_keys(play, kinds, KeyStream(pairs=True))
        else:
            keys = play.mapInArrow(partial(key_rows, kinds), KEYS)
            touched = play.where(moved).mapInArrow(partial(key_rows, kinds), KEYS)
            touched = touched.select("key").distinct()
            few = self.moved * KEYS_OF_FIELD * len(self.settings.field) <= FEW
            touched = touched.hint("broadcast" if few else SORT)
            some = keys.join(touched, "key", "left_semi")
            found = stream_sorted(some, KeyStream(pairs=True))
        return self.stage.keep(self.name("stream"), found)

    def update_counts(self, stream: DataFrame) -> None:
        """Take in the counts of the keys that were counted anew."""
        fresh = stream.where("key is not null").select(*COUNTED)
        if self.effort.passes == 1:
            self.counts = fresh
            return
        kept = self.counts.join(fresh.select("key").hint("merge"), "key", "left_anti")
        self.counts = self.stage.keep(self.name("counts"), kept.union(fresh))

    def find(self, candidates: DataFrame, play: DataFrame) -> None:
        """Score the new candidates, neighbours of one content, and all pairs of few nodes."""
        playing = play.where(f.col("marks").bitwiseAND(IN_PLAY) > 0)
        equal = playing.where("previous is not null")
        counts = playing.agg(f.count("*"), f.count("previous")).collect()[0]
        neighbours = equal.select(pair_key(f.col("previous"), f.col("node")).alias("pair"))
        told = candidates.withColumn("found", f.lit(1)).union(
            neighbours.withColumn("found", f.lit(0))
        )
        pairs = told.groupBy("pair").agg(f.max("found").alias("found"))
        worker = partial(scored_rows, self.demands)
        scored = self.both(pairs, self.texts, TEXTS).mapInArrow(worker, SCORED)
        if counts[0] <= EXHAUSTIVE and self.is_new(playing):
            self.compared = self.stage.keep(self.name("compared"), playing.select("node"))
            few = joined(playing.select("node"), self.texts, "node").repartition(1)
            every = few.sortWithinPartitions("node").mapInArrow(
                partial(all_pairs_rows, self.demands), SCORED
            )
            scored = scored.union(every)
        found = self.stage.keep(self.name("scored"), scored)
        compared = found.where("pair < 0").agg(f.sum("odds")).collect()[0][0]
        self.effort.candidate_pairs += int(compared or 0) + counts[1]
        self.scored.append(found.where("pair >= 0"))

    def is_new(self, playing: DataFrame) -> bool:
        """Return whether a node is in play that was not when all were last compared."""
        if self.compared is None:
            return True
        return not playing.join(self.compared, "node", "left_anti").isEmpty()

    def known(self) -> DataFrame:
        """Return all pairs whose text score is near the threshold or above."""
        return reduce(lambda one, other: one.union(other), self.scored).distinct()

    def at_threshold(self, play: DataFrame) -> DataFrame:
        """Return the known pairs in play that reach the threshold and that constraints allow."""
        playing = play.where(f.col("marks").bitwiseAND(IN_PLAY) > 0)
        known = self.known()
        ends = known.select(*ends_of("pair"), "odds")
        wanted = ends.select("left").union(ends.select("right")).distinct().toDF("node")
        sides = with_counts(joined(playing, wanted, "node"), self.counts)
        sides = self.stage.keep(self.name("sides"), sides.select("node", *META, "counts"))
        rows = self.both(ends, sides, (*META, "counts"))
        worker = partial(accepted_rows, self.demands)
        return self.stage.keep(self.name("accepted"), rows.mapInArrow(worker, ACCEPTED))

    def both(self, pairs: DataFrame, table: DataFrame, names: tuple[str, ...]) -> DataFrame:
        """Return pairs with some columns of both their nodes, named left_ and right_."""
        if "left" not in pairs.columns:
            pairs = pairs.select("*", *ends_of("pair"))
        for side in ("left", "right"):
            own = table.select(
                f.col("node").alias(side), *(f.col(name).alias(f"{side}_{name}") for name in names)
            )
            pairs = joined(pairs, own, side)
        return pairs

    def cluster(self, fresh: DataFrame, linked: DataFrame | None) -> bool:
        """Cluster what accepted pairs connect; return whether any node has another leader."""
        edges = fresh.select("left", "right")
        edges = edges if linked is None else edges.union(linked)
        found = components(self.stage, "components", edges)
        rows = joined(self.nodes, found, "node").drop("bands")
        marked = joined(rows, self.play.select("node", "marks"), "node")
        rows = joined(with_counts(marked, self.counts), self.texts, "node")
        lists = fresh.groupBy(f.col("right").alias("node")).agg(
            f.collect_list("left").alias("lefts"), f.collect_list("score").alias("scores")
        )
        rows = rows.join(lists.hint("merge"), "node", "left")
        if linked is not None:
            own = linked.groupBy(f.col("right").alias("node"))
            held = own.agg(f.collect_list("left").alias("linked"))
            rows = rows.join(held.hint("merge"), "node", "left")
        in_order = rows.repartition("component").sortWithinPartitions("component", "node")
        worker = partial(cluster_rows, self.demands, self.leaders_apart())
        moves = self.stage.keep(self.name("leaders"), in_order.mapInArrow(worker, LEADERS))
        if linked is not None:
            held = moves.where("stand <> node")
            pair = (
                f.least("node", "stand").alias("left"),
                f.greatest("node", "stand").alias("right"),
            )
            self.verified.append(held.select(*pair, f.lit(1.0).alias("score")))
        return self.move(moves)

    def leaders_apart(self) -> np.ndarray | None:
        """Return the leaders of the groups that labels keep apart, in two rows; None at first."""
        apart = self.demands.apart
        if self.effort.passes == 1 or not len(apart):
            return None
        groups = np.unique(np.concatenate([apart >> 32, apart & 0xFFFFFFFF]))
        own = self.nodes.where(f.col("group").isin(groups.tolist())).select("node", "group")
        held = columns_of(joined(own, self.state, "node"), "group", "leader")
        leaders = dict(zip(held["group"].tolist(), held["leader"].tolist(), strict=True))
        pairs = zip((apart >> 32).tolist(), (apart & 0xFFFFFFFF).tolist(), strict=True)
        known = [(leaders[a], leaders[b]) for a, b in pairs if a in leaders and b in leaders]
        return np.array(known, np.int64).reshape(-1, 2).T

    def move(self, moves: DataFrame) -> bool:
        """Note the new leaders; return whether there are any."""
        told = moves.select(f.col("node").alias("leader"), f.col("leader").alias("new"))
        state = self.state.join(told.hint("merge"), "leader", "left")
        new = f.coalesce("new", "leader").alias("leader")
        before = (f.col("leader") == f.col("node")).alias("before")
        was = f.col("leader").alias("was")
        state = state.select("node", new, "released", before, was)
        if not (self.settings.linkage == "average" and self.settings.window is None):
            state = self.release(self.stage.keep(self.name("moved"), state))
        state = self.stage.keep(self.name("state"), state)
        self.state = state.drop("was")
        self.moved = state.where("leader <> was").count()
        return bool(self.moved)

    def release(self, state: DataFrame) -> DataFrame:
        """Return the state after members that do not match their leader were put back in play."""
        single = self.nodes.where("single").select("node")
        members = state.where(f"leader <> node and released < {MOST_RELEASES}")
        pairs = joined(members, single, "node").select(
            f.col("node").alias("left"), f.col("leader").alias("right")
        )
        rows = self.with_sides(pairs, texts=self.settings.linkage == "leader")
        misfits = rows.mapInArrow(partial(misfit_rows, self.demands), MISFITS)
        told = state.join(misfits.withColumn("unfit", f.lit(1)).hint("merge"), "node", "left")
        unfit = f.col("unfit").isNotNull()
        leader = f.when(unfit, f.col("node")).otherwise(f.col("leader")).alias("leader")
        released = (f.col("released") + f.coalesce("unfit", f.lit(0))).alias("released")
        return told.select("node", leader, released, "before", "was")

    def with_sides(self, pairs: DataFrame, *, texts: bool) -> DataFrame:
        """Return pairs with what scores them: the metadata of both nodes, and their texts."""
        wanted = pairs.select("left").union(pairs.select("right")).distinct().toDF("node")
        own = with_counts(joined(self.play, wanted, "node"), self.counts)
        names: tuple[str, ...] = (*META, "counts")
        if texts:
            own, names = joined(own, self.texts, "node"), (*names, *TEXTS)
        return self.both(pairs, own, names)


def first_effort(stream: DataFrame) -> Effort:
    """Return the figures of the buckets of rare stems."""
    rare = stream.where(f"key < {BAND}").agg(f.max("size"), f.sum("cut")).collect()[0]
    return Effort(largest_bucket=int(rare[0] or 0), cut_look_backs=int(rare[1] or 0))


def first_marks() -> Column:
    """Return the marks of a node when all are in play."""
    first = (f.col("content") == f.col("node")).cast("long") * FIRST
    return first + f.lit(IN_PLAY)


def not_before() -> Column:
    """Return that a node was not in play."""
    return f.lit(False).alias("before")  # noqa: FBT003 - a value


def pair_key(left: Column, right: Column) -> Column:
    """Return the pair key of two nodes."""
    return f.shiftleft(left, 32).bitwiseOR(right)


def ends_of(pair: str) -> tuple[Column, Column]:
    """Return both nodes of a pair key."""
    low = f.col(pair).bitwiseAND(0xFFFFFFFF)
    return f.shiftright(pair, 32).alias("left"), low.alias("right")
