"""A run whose texts are on workers: the driver holds a few numbers a record, and the rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.canonical import order_by
from dedupe.engines.arrow import matrix_of
from dedupe.engines.spark import pairs, verdicts
from dedupe.engines.spark.carry import FEW, asked_of, joined, sorted_columns, table_of
from dedupe.engines.spark.texts import spelled_in, tell, words_of
from dedupe.engines.spark.verdicts import RECURRENCE, RETURNS, Bench
from dedupe.engines.worded import Worded, hold
from dedupe.errors import EngineError
from dedupe.pipeline.case import policy
from dedupe.pipeline.describe import kinds_of, stated_versions
from dedupe.pipeline.register import Register, numbered, numbered_anchors
from dedupe.pipeline.spans import calendar_of
from dedupe.verify import CONTEXT, Ends, Verdicts, context_rows
from dedupe.verify import RETURNS as RECURRING
from dedupe.words import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from dedupe.candidates import Candidates, Crowd
    from dedupe.engines.roll import Roll
    from dedupe.engines.spark.stage import Stage
    from dedupe.engines.spark.texts import Told
    from dedupe.pipeline.links import Links
    from dedupe.settings import Settings
    from dedupe.verify import Evidence

AT_ONCE, A_KIND = 1 << 25, 8
"""So many pairs are judged at a time, and so many a kind of record where these are many."""


@dataclass(frozen=True, slots=True)
class Sparked(Worded):
    """A run whose texts are in staged tables: ``keys`` a field and ``texts`` with a row a kind.

    Pairs that are looked at take some 200 bytes each on their way, and Spark Connect takes a table
    of 3 GiB at most.
    """

    LOOKED_AT = 1 << 24

    stage: Stage
    keys: tuple[DataFrame, ...]
    texts: DataFrame

    @property
    def at_once(self) -> int:
        """So many pairs are judged at a time, that the texts are sent about seldom."""
        return max(AT_ONCE, A_KIND * self.kind_count)

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        if not len(kinds) or (crowd is not None and not len(crowd.kinds)):
            return pairs.nothing_proposed()
        return pairs.meet(self.stage, self.keys, kinds, crowd)

    def look(self, evidence: Evidence, ends: Ends, progress: Callable[[float], None]) -> Verdicts:
        """The verdicts on pairs of kinds, by the workers."""
        places = np.arange(len(ends))
        asked = {
            "place": places,
            "left": ends.left,
            "right": ends.right,
            "hours": ends.hours,
            "same": ends.same_source,
            **recurring(evidence, ends),
        }
        texts = self.texts_of(np.unique([ends.left, ends.right]))
        told = verdicts.judge(texts, asked_of(self.stage.spark, asked), self.bench(evidence))
        names = [f"part_{field}" for field in range(len(self.zones))]
        found = answers(told, "place", places, "score", "hope", *names)
        progress(1)
        return Verdicts(
            found["score"], found["hope"], np.stack([found[name] for name in names], axis=1)
        )

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        if not len(kinds):
            return kinds
        evidence = self.evidence(self.counts(np.flatnonzero(self.kinds >= 0)))
        unknown = np.full(len(kinds), np.nan)
        context = recurring(evidence, Ends(kinds, kinds, unknown, unknown))
        asked = asked_of(self.stage.spark, {"left": kinds, **context})
        told = verdicts.reach(self.texts_of(kinds), asked, self.bench(evidence))
        order = np.argsort(kinds)
        reached = np.empty(len(kinds), np.int64)
        reached[order] = answers(told, "kind", kinds[order], "reach")["reach"]
        return reached

    def texts_of(self, kinds: NDArray[np.int64]) -> DataFrame:
        """The texts of at least some kinds: where they are few, the others are not sent about."""
        if len(kinds) > min(FEW, self.kind_count // 2):
            return self.texts
        return self.texts.join(asked_of(self.stage.spark, {"kind": kinds}), "kind", "left_semi")

    def bench(self, evidence: Evidence) -> Bench:
        """What workers need of the evidence beside their texts."""
        weights = tuple(column.weights for column in evidence.columns)
        return Bench(self.settings, self.tally.vocabulary, weights, self.tally.anchors.shape[1])


def recurring(evidence: Evidence, ends: Ends) -> dict[str, NDArray[np.float64]]:
    """How often what two kinds show returns, by the names of ``RECURRENCE`` and ``RETURNS``."""
    context = context_rows(evidence, ends)
    places = [CONTEXT.index(name) for name in RECURRING]
    names = (*RECURRENCE, *RETURNS)
    return {name: context[:, place] for name, place in zip(names, places, strict=True)}


def answers(
    told: DataFrame, key: str, asked: NDArray[np.int64], *names: str
) -> Mapping[str, NDArray[np.float64]]:
    """Columns in the order of what was asked, sorted; raises EngineError where some are missing."""
    found = sorted_columns(told, key, *names)
    if not np.array_equal(found[key], asked):
        raise EngineError(f"Spark gave {len(found[key]):,} rows of the {len(asked):,} asked for")
    return found


def open_sparked(
    stage: Stage,
    records: DataFrame,
    roll: Roll,
    settings: Settings,
    links: Links,
    progress: Callable[[float], None],
) -> Sparked:
    """Fold and sketch staged records on the workers, and gather what rounds ask of them."""
    fields: list[Told] = []
    for field in range(len(settings.field)):
        fields.append(tell(stage, records, settings, field))
        progress((field + 1) / len(settings.field))
    kinds, rows = kinds_of([own.prints for own in fields], [own.rows for own in fields], roll.times)
    keys, texts = tables_by_kind(stage, fields, rows)
    register, zones = register_of(fields, rows, keys[0], kinds, roll.times)
    return Sparked(
        settings=settings,
        links=links,
        order=order_by(policy(settings), roll.qualities(withdrawn_in(fields))),
        times=roll.times,
        digests=roll.digests,
        writers=roll.sources.writers,
        kinds=kinds,
        kind_count=len(rows[0]),
        versions=stated_versions([(o.rows, o.prints, o.versions) for o in fields], len(kinds)),
        given=np.stack([own.prints[own.rows] > 0 for own in fields]),
        tally=register,
        zones=zones,
        stage=stage,
        keys=keys,
        texts=texts,
    )


def register_of(
    fields: Sequence[Told],
    rows: Sequence[NDArray[np.int64]],
    keys: DataFrame,
    kinds: NDArray[np.int64],
    times: NDArray[np.int64],
) -> tuple[Register, tuple[NDArray[np.uint8], ...]]:
    """What of the words is counted, and the zones; ``keys`` are those of the first field."""
    spelled: dict[str, int] = {}
    for own in fields:
        spelled.update(spelled_in(own))
    vocabulary = learn_vocabulary(by_hash(spelled))
    held, zones = zip(*(hold(words_of(own), vocabulary) for own in fields), strict=True)
    headlines = numbered(fields[0].prints[rows[0]])
    anchored = table_of(keys.select("kind", "anchors")).sort_by("kind")["anchors"]
    anchors = matrix_of(anchored.combine_chunks()).view(np.uint64)
    numbers = numbered_anchors(anchors, kinds)
    register = Register(
        vocabulary=vocabulary,
        rows=tuple(rows),
        held=held,
        headlines=headlines,
        anchors=numbers,
        shown=calendar_of(headlines[:, None], kinds, times),
        met=calendar_of(numbers, kinds, times),
    )
    return register, zones


def withdrawn_in(fields: Sequence[Told]) -> NDArray[np.bool_]:
    """Whether a text of each record states that it is withdrawn."""
    return np.asarray(np.any([own.withdrawn[own.rows] for own in fields], axis=0))


def tables_by_kind(
    stage: Stage, fields: Sequence[Told], rows: Sequence[NDArray[np.int64]]
) -> tuple[tuple[DataFrame, ...], DataFrame]:
    """For each field the keys of each kind, and one table of the texts of each kind."""
    keys, texts = [], None
    for field, (own, row) in enumerate(zip(fields, rows, strict=True)):
        named = {"kind": np.arange(len(row)), "first": own.firsts[row]}
        told = own.table.join(asked_of(stage.spark, named), "first")
        keys.append(stage.keep(f"keys_{field}", told.select("kind", "bands", "anchors")))
        spelled = told.select(
            "kind", *(f.col(name).alias(f"{name}_{field}") for name in ("words", "zones", "text"))
        )
        texts = spelled if texts is None else joined(texts, spelled, "kind")
    if texts is None:
        raise ValueError("a run has a field")
    return tuple(keys), stage.keep("texts", texts)
