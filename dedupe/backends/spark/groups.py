"""Groups of records that labels, ids or urls hold together, and connected components.

Components of a graph that no machine holds are found by large-star and small-star in turn: each
round moves edges closer to the lowest node of their component (Kiveris et al. 2014, Connected
Components in MapReduce and Beyond). Once few edges are left one worker joins them by disjoint sets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import Window
from pyspark.sql import functions as f

from dedupe.arrays import NO_PAIRS, pack_ordered
from dedupe.arrays import components as few_components
from dedupe.backends.spark.part import Demands
from dedupe.backends.spark.tables import (
    FEW,
    SORT,
    batch_of,
    frame_of,
    joined,
    numbers_array,
    union_of,
)
from dedupe.clustering.groups import connected
from dedupe.io.ids import ID
from dedupe.io.labels import Links, read_label_links, read_labels
from dedupe.io.string_columns import code_strings, pack_strings
from dedupe.models import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.tables import Stage
    from dedupe.config import Settings

FEW_EDGES = 1 << 21
"""One worker joins so many edges: 100 MB."""
EDGES = "left long, right long"
COMPONENT = "node long, component long"


@dataclass(frozen=True)
class Labels:
    """The groups that records belong to by labels, ids or urls, and what holds for all parts.

    ``groups`` has the lowest position of the group of each record that is in one with others.
    """

    demands: Demands
    groups: DataFrame | None


def read_demands(stage: Stage, records: DataFrame, settings: Settings) -> Labels:
    """Return what labels and settings demand, or raise as ``read_label_links`` of io does."""
    links = label_links(records, settings)
    named = np.concatenate([links.must, links.cannot], axis=1)
    positions, ends = np.unique(named, return_inverse=True)
    must, cannot = np.split(ends.reshape(2, -1), [links.must.shape[1]], axis=1)
    groups = positions[few_components(must, len(positions))]
    parted = groups[cannot]
    demands = Demands(replace(settings, jobs=1), np.unique(pack_ordered(*parted)))
    if not settings.same and not links.must.size:
        return Labels(demands, None)
    fixed = positions[np.isin(groups, parted)]
    edges = frame_of(stage.spark, EDGES, dict(zip(("left", "right"), links.must, strict=True)))
    edges = union_of(edges, *(same_edges(stage, records, key, fixed) for key in settings.same))
    edges = stage.keep("edges", edges)
    found = components(stage, "groups", edges, edges.count())
    return Labels(demands, found.toDF("position", "group"))


def label_links(records: DataFrame, settings: Settings) -> Links:
    """Return the links of a file of labels, as positions."""
    if settings.links is None:
        return Links(NO_PAIRS, NO_PAIRS)
    labels = read_labels(settings.links, settings.max_ratio)
    names = sorted({name for label in labels for name in (label.a, label.b)})
    key = f.lower(f.lpad(f.hex("digest"), 16, "0"))
    named = f.broadcast(frame_of(records.sparkSession, "name string", {"name": names}))
    known = records.select("position", "id", "digest", key.alias("key"))
    last = known.orderBy(f.desc("position")).limit(1)
    by_id = known.join(named, f.col("id") == f.col("name"), "left_semi")
    by_key = known.join(named, f.col("key") == f.col("name"), "left_semi")
    rows = sorted(by_id.union(by_key).union(last).drop("key").distinct().collect())
    ids, digests = pack_strings([row.id for row in rows]), [row.digest for row in rows]
    none, marks = np.zeros(len(rows), np.int64), np.array(digests, np.int64).view(np.uint64)
    sources = code_strings([""] * len(rows))
    links = read_label_links(Corpus((), (), ids, sources, none, none > 0, marks), settings)
    positions = np.array([row.position for row in rows], np.int64)
    return Links(positions[links.must], positions[links.cannot], links.unknown)


def same_edges(stage: Stage, records: DataFrame, key: str, fixed: NDArray[np.int64]) -> DataFrame:
    """Return each record of an id, or of a url, with the first one that has it.

    Records that labels keep apart from others are left out: labels win.
    """
    name, none = ("id", "") if key == ID else ("page", 0)
    known = records.where(f.col(name) != none).select("position", f.col(name).alias("name"))
    if len(fixed):
        named = frame_of(stage.spark, "position long", {"position": fixed})
        known = known.join(
            named.hint("broadcast" if len(fixed) <= FEW else SORT), "position", "left_anti"
        )
    first = f.min("position").over(Window.partitionBy("name")).alias("left")
    return known.select(first, f.col("position").alias("right")).where("left <> right")


def components(stage: Stage, name: str, edges: DataFrame, count: int) -> DataFrame:
    """Return the component of each node that so many edges connect: its lowest node.

    ``edges`` have a ``left`` and a ``right``. ``name`` is that of the table.
    """
    if count > FEW_EDGES:
        edges, stars = shrunk(stage, name, edges)
        if stars:
            return stage.keep(name, as_components(edges))
    return stage.keep(name, edges.coalesce(1).mapInArrow(join_rows, COMPONENT))


def shrunk(stage: Stage, name: str, edges: DataFrame) -> tuple[DataFrame, bool]:
    """Return fewer edges between the same nodes, and whether they are stars already."""
    mark = f.sum(f.hash("left", "right").cast("long"))
    found, seen = stage.observed(f"{name}-0", ordered(edges), count=f.count("*"), mark=mark)
    turn, stars = 0, False
    while seen["count"] > FEW_EDGES and not stars:
        turn, before = 1 - turn, seen
        closer = small_star(large_star(found))
        found, seen = stage.observed(f"{name}-{turn}", closer, count=f.count("*"), mark=mark)
        stars = seen == before
    return found, stars


def ordered(edges: DataFrame) -> DataFrame:
    """Return the distinct edges between two nodes, the lower first."""
    ends = edges.where(f.col("left") != f.col("right")).select(
        f.least("left", "right").alias("left"), f.greatest("left", "right").alias("right")
    )
    return ends.distinct()


def large_star(edges: DataFrame) -> DataFrame:
    """Connect the higher neighbours of each node with the lowest of its neighbourhood."""
    both = edges.union(edges.select("right", "left")).toDF("node", "other")
    lowest = both.groupBy("node").agg(f.least("node", f.min("other")).alias("low"))
    higher = joined(both.where("other > node"), lowest, "node")
    return ordered(higher.select(f.col("low").alias("left"), f.col("other").alias("right")))


def small_star(edges: DataFrame) -> DataFrame:
    """Connect each node and its lower neighbours with the lowest of these."""
    down = edges.select(f.col("right").alias("node"), f.col("left").alias("other"))
    lowest = down.groupBy("node").agg(f.min("other").alias("low"))
    own = lowest.select(f.col("low").alias("left"), f.col("node").alias("right"))
    lower = joined(down, lowest, "node")
    return ordered(own.union(lower.select("low", "other")))


def as_components(stars: DataFrame) -> DataFrame:
    """Return the component of each node of edges that all end at the lowest one."""
    own = stars.select(f.col("right").alias("node"), f.col("left").alias("component"))
    return own.union(stars.select("left", "left")).distinct()


def join_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the components of all edges."""
    parts = [np.stack([numbers_array(b["left"]), numbers_array(b["right"])]) for b in incoming]
    ends = np.concatenate([np.zeros((2, 0), np.int64), *parts], axis=1)
    nodes, places = np.unique(ends, return_inverse=True)
    left, right = places.reshape(2, -1)
    found = connected(len(nodes), left, right)
    yield batch_of(COMPONENT, {"node": nodes, "component": nodes[found]})
