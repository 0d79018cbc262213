"""What labels and settings demand of records: their groups as a table, the labels on the driver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.arrays import components as few_components
from dedupe.arrays import pack_ordered
from dedupe.backends.spark.arrow import asked_of, frame_of, joined, table_of
from dedupe.backends.spark.components import components
from dedupe.backends.spark.part import Demands
from dedupe.clustering.constraints import NO_PAIRS
from dedupe.io.ids import ID
from dedupe.io.labels import Links, read_label_links, read_labels
from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.models import Corpus

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.stage import Stage
    from dedupe.config import Settings

GROUPED = "position long, group long"


@dataclass(frozen=True)
class Labels:
    """The groups that records belong to by labels, ids or urls, and what holds for all parts.

    ``groups`` has the lowest position of the group of each record that is in one with others.
    """

    demands: Demands
    groups: DataFrame | None


def read_demands(stage: Stage, records: DataFrame, settings: Settings) -> Labels:
    """Return what labels and settings demand; raises as ``read_label_links``."""
    links = label_links(records, settings)
    named = np.concatenate([links.must, links.cannot], axis=1)
    positions, ends = np.unique(named, return_inverse=True)
    must, cannot = np.split(ends.reshape(2, -1), [links.must.shape[1]], axis=1)
    groups = positions[few_components(must, len(positions))]
    parted = groups[cannot]
    demands = Demands(replace(settings, jobs=1), np.unique(pack_ordered(*parted)))
    edges = [frame_of(stage.spark, dict(zip(("left", "right"), links.must, strict=True)))]
    fixed = positions[np.isin(groups, parted)]
    edges += [same_edges(stage, records, key, fixed) for key in settings.same]
    if not settings.same and not links.must.size:
        return Labels(demands, None)
    found = edges[0]
    for more in edges[1:]:
        found = found.union(more)
    grouped = components(stage, "groups", found).toDF("position", "group")
    return Labels(demands, grouped)


def label_links(records: DataFrame, settings: Settings) -> Links:
    """Return the links of a file of labels, as positions."""
    if settings.links is None:
        return Links(NO_PAIRS, NO_PAIRS)
    labels = read_labels(settings.links, settings.max_ratio)
    names = sorted({name for label in labels for name in (label.a, label.b)})
    key = f.lower(f.lpad(f.hex("digest"), 16, "0"))
    named = f.broadcast(frame_of(records.sparkSession, {"name": names}))
    told = records.select("position", "id", "digest", key.alias("key"))
    last = told.orderBy(f.desc("position")).limit(1)
    by_id = told.join(named, f.col("id") == f.col("name"), "left_semi")
    by_key = told.join(named, f.col("key") == f.col("name"), "left_semi")
    found = table_of(by_id.union(by_key).union(last).drop("key").distinct()).sort_by("position")
    links = read_label_links(small_corpus(found), settings)
    positions = found["position"].to_numpy()
    return Links(positions[links.must], positions[links.cannot], links.unknown)


def small_corpus(table: pa.Table) -> Corpus:
    """Return a corpus of records of which only ids and digests are known."""
    ids, sources = StringPacker(), StringCoder()
    ids.add(table["id"].to_pylist())
    sources.add([""] * table.num_rows)
    none = np.zeros(table.num_rows, np.int64)
    digests = table["digest"].to_numpy().view(np.uint64)
    return Corpus((), (), ids.packed(), sources.coded(), none, none.astype(bool), digests)


def same_edges(stage: Stage, records: DataFrame, key: str, fixed: NDArray[np.int64]) -> DataFrame:
    """Return each record of an id, or of a url, with the first one that has it.

    Records that labels keep apart from others are left out: labels win.
    """
    name, none = ("id", "") if key == ID else ("page", 0)
    known = records.where(f.col(name) != none).select("position", f.col(name).alias("name"))
    if len(fixed):
        known = known.join(asked_of(stage.spark, {"position": fixed}), "position", "left_anti")
    firsts = known.groupBy("name").agg(f.min("position").alias("left"))
    both = joined(known, firsts, "name").where(f.col("left") != f.col("position"))
    return both.select("left", f.col("position").alias("right"))
