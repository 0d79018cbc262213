"""Records to nodes: texts prepared as in a local run, numbered in order of time.

A node is a record with a text. Equal headlines get one number, and so do equal contents.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import Window
from pyspark.sql import functions as f

from dedupe.backends.spark.tables import batch_of, blobs, decoded, slices
from dedupe.contents import FieldTexts, leading_texts, record_columns, select_keys
from dedupe.io.string_columns import code_strings
from dedupe.packed_texts import pack_texts
from dedupe.prepare import prepare_texts
from dedupe.preprocess import field_texts
from dedupe.tokens import Fact, PreparedTexts, concat_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.backends.spark.tables import Stage
    from dedupe.config import Settings

READ = ("position", "time", "day", "digest", "source")
FACTS = (*READ, "version", "length", "whole", "plain", "withdrawn")
"""What the canonical order and the metadata take of a record."""
PREPARED = (
    "position long, time long, day boolean, digest long, source string, version long, "
    "length long, whole long, plain long, withdrawn boolean, titled binary, generic boolean, "
    "said binary, rare binary, bands binary, texts binary"
)
"""A prepared record: ``titled`` and ``said`` are equal for equal headlines and equal contents.

A record without text has neither. ``rare`` and ``bands`` are its blocking keys, and ``texts`` what
:func:`dedupe.packed_texts.pack_texts` makes.
"""
SIGN = -(1 << 63)
PRINT = 16
"""The bytes of a fingerprint."""


def prepare(stage: Stage, records: DataFrame, settings: Settings) -> tuple[DataFrame, DataFrame]:
    """Return the nodes with their facts and keys, and the ``texts`` by ``node``.

    ``title`` and ``content`` are the first record and the first node with that headline and
    content. The outlet tells generic headlines apart: two outlets' morning briefings are two.
    """
    rows = records.select(*READ, "texts").mapInArrow(partial(prepare_rows, settings), PREPARED)
    digest = f.col("digest").bitwiseXOR(f.lit(SIGN)).alias("unsigned")
    order = [f.col("time"), digest, f.col("position")]
    nodes = stage.number("ordered", rows.where("said is not null"), order, "node")
    alike = Window.partitionBy("titled").orderBy("position")
    firsts = {name: f.first(own).over(alike) for name, own in FIRSTS.items()}
    titled = nodes.drop("texts").withColumns(firsts).drop("titled")
    outlet = f.when(f.col("generic"), f.col("source"))
    same = Window.partitionBy("said", outlet).orderBy("node")
    contents = titled.withColumn("content", f.first("node").over(same)).drop("said")
    return stage.keep("contents", contents), nodes.select("node", "texts")


FIRSTS = {"title": "position", "generic": "generic"}


def prepare_rows(
    settings: Settings, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``PREPARED`` for records as they were read."""
    for rows in slices(incoming):
        yield prepared_rows(rows, settings)


def prepared_rows(rows: pa.RecordBatch, settings: Settings) -> pa.RecordBatch:
    """Return some records prepared."""
    sources = code_strings(rows["source"].to_pylist())
    outlets = sources.writers.astype(np.int32)
    columns = zip(*rows["texts"].to_pylist(), strict=True)
    fields = [
        prepare_texts(
            field_texts(list(map(decoded, column)), field), sources.names, outlets, settings.seed
        )
        for field, column in enumerate(columns)
    ]
    own = np.arange(rows.num_rows, dtype=np.int32)
    known = np.array([np.where(with_text(texts), own, -1) for texts in fields])
    facts = record_columns([FieldTexts([texts], own) for texts in fields], known)
    texts, shape = concat_texts(fields), (len(fields), rows.num_rows)
    present = np.where(known >= 0, np.arange(len(texts), dtype=np.int32).reshape(shape), -1)
    return batch_of(
        PREPARED,
        {
            **{name: rows[name] for name in READ},
            "version": facts.pop("versions"),
            "length": facts.pop("lengths"),
            **facts,
            **content_columns(texts, present),
            "rare": blobs(select_keys(texts.rare_keys, present, every=True).matrix()),
            "bands": blobs(select_keys(texts.band_keys, present, every=True).matrix()),
            "texts": list(pack_texts(texts, present)),
        },
    )


def with_text(texts: PreparedTexts) -> NDArray[np.bool_]:
    """Return whether each text counts: it has tokens and is no placeholder."""
    present = np.asarray(texts.fingerprints.any(axis=1))
    return np.asarray(present & ((texts.facts & Fact.PLACEHOLDER) == 0))


def content_columns(texts: PreparedTexts, present: NDArray[np.int32]) -> dict[str, list[Any]]:
    """Return what tells headlines and contents apart.

    ``present`` has the text of each field and record, -1 for none.
    """
    fingerprints = np.append(texts.fingerprints, np.zeros((1, 2), np.uint64), axis=0)
    titles = leading_texts(present)
    said = np.ascontiguousarray(fingerprints[present].transpose(1, 0, 2)).tobytes()
    width = PRINT * len(present)
    leading = fingerprints[titles].tobytes()
    fields = (present >= 0).argmax(axis=0).tolist()
    filled = enumerate((titles >= 0).tolist())
    rows = [i if some else None for i, some in filled]
    return {
        "titled": [
            None if i is None else bytes([fields[i]]) + leading[i * PRINT : (i + 1) * PRINT]
            for i in rows
        ],
        "said": [None if i is None else said[i * width : (i + 1) * width] for i in rows],
        "generic": ((np.append(texts.facts, 0)[titles] & Fact.GENERIC) > 0).tolist(),
    }
