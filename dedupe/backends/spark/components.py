"""Connected components of a graph that no machine holds: large-star and small-star in turn.

Each round moves edges closer to the lowest node of their component; few rounds are needed (Kiveris
et al. 2014, Connected Components in MapReduce and Beyond). Once few edges are left one worker
joins them by disjoint sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.backends.spark.arrow import batch_of, joined, numbers_array
from dedupe.clustering.groups import connected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.stage import Stage

FEW_EDGES = 1 << 21
"""One worker joins so many edges: 100 MB."""
EDGES = "left long, right long"
COMPONENT = "node long, component long"


def components(stage: Stage, name: str, edges: DataFrame) -> DataFrame:
    """Return the component of each node that edges connect: its lowest node.

    ``edges`` have a ``left`` and a ``right``. The table ``name`` is overwritten by other calls.
    """
    if edges.count() > FEW_EDGES:
        edges, done = shrunk(stage, name, edges)
        if done:
            return stage.keep(f"{name}-found", as_components(edges))
    return stage.keep(f"{name}-found", edges.coalesce(1).mapInArrow(join_rows, COMPONENT))


def shrunk(stage: Stage, name: str, edges: DataFrame) -> tuple[DataFrame, bool]:
    """Return fewer edges between the same nodes, and whether they are stars already."""
    found, before, turn = stage.keep(f"{name}-0", ordered(edges)), None, 0
    while found.count() > FEW_EDGES:
        turn += 1
        found = stage.keep(f"{name}-{turn % 2}", small_star(large_star(found)))
        total = found.agg(f.count("*"), f.sum(f.hash("left", "right").cast("long"))).collect()[0]
        if before == tuple(total):
            return found, True
        before = tuple(total)
    return found, False


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
