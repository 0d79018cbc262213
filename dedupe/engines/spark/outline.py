"""A run whose texts are on workers: the driver holds a few numbers a record, and the rounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as f

from dedupe.canonical import order_by
from dedupe.engines.spark import pairs, verdicts
from dedupe.engines.spark.carry import frame_of, is_far, sorted_columns
from dedupe.engines.spark.texts import hold, spelled_in, tell
from dedupe.engines.spark.verdicts import RECURRENCE, RETURNS, Bench
from dedupe.errors import EngineError
from dedupe.pipeline.case import policy
from dedupe.pipeline.describe import kinds_of, stated_versions
from dedupe.pipeline.evidence import evidence_of
from dedupe.pipeline.judged import Judged, nothing_judged
from dedupe.pipeline.judging import slices
from dedupe.pipeline.outline import Outline
from dedupe.pipeline.register import Register, numbered, numbered_anchors
from dedupe.pipeline.spans import calendar_of
from dedupe.verify import CONTEXT, Ends, context_rows
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
    from dedupe.pipeline.judging import Judge
    from dedupe.pipeline.links import Links
    from dedupe.pipeline.register import Counts
    from dedupe.settings import Settings

LOW = 0xFFFFFFFF
SLICE = 1 << 26
"""So many pairs are on their way at a time, which take some 200 bytes each."""
FAR_SLICE = 1 << 24
"""The same under Spark Connect, which takes a table of 3 GiB at most."""
FEW = 1 << 20
"""So many numbers may be sent to every worker."""


@dataclass(frozen=True, slots=True)
class Sparked(Outline):
    """A run whose texts are in staged tables: ``keys`` a field and ``texts`` with a row a kind."""

    stage: Stage
    keys: tuple[DataFrame, ...]
    texts: DataFrame

    @property
    def at_once(self) -> int:
        """So many pairs are on their way at a time."""
        return FAR_SLICE if is_far(self.stage.spark) else SLICE

    def propose(self, kinds: NDArray[np.int64], crowd: Crowd | None = None) -> Candidates:
        """Candidate pairs among some kinds."""
        if not len(kinds) or (crowd is not None and not len(crowd.kinds)):
            return pairs.nothing_proposed()
        return pairs.meet(self.stage.spark, self.keys, kinds, crowd)

    def judge(self, counts: Counts, floor: float, *, screened: bool) -> Judge:
        """How pairs of records are judged under some counts."""
        bench = self.bench(counts, floor if screened else 0.0)
        return partial(self.judge_at, bench, counts, floor)

    def judge_at(
        self,
        bench: Bench,
        counts: Counts,
        floor: float,
        codes: NDArray[np.int64],
        progress: Callable[[float], None],
    ) -> tuple[Judged, NDArray[np.int64]]:
        """The verdicts on coded pairs of records, and the codes of those below ``floor``."""
        judged, hopeless = [nothing_judged(len(self.settings.field))], [codes[:0]]
        for some, share in slices(np.sort(codes), progress, self.at_once):
            found, hopes = self.verdicts(some, counts, bench)
            judged.append(found.where(hopes >= floor))
            hopeless.append(some[hopes < floor])
            share(1)
        return Judged.joined(judged), np.concatenate(hopeless)

    def verdicts(
        self, codes: NDArray[np.int64], counts: Counts, bench: Bench
    ) -> tuple[Judged, NDArray[np.float64]]:
        """The verdicts on sorted codes of records, and what the pairs may come to."""
        ends = self.ends(codes >> 32, codes & LOW)
        asked = {
            "code": codes,
            "left": ends.left,
            "right": ends.right,
            "hours": ends.hours,
            "same": ends.same_source,
            **self.recurring(ends, counts),
        }
        texts = self.texts_of(np.unique([ends.left, ends.right]))
        told = verdicts.judge(texts, frame_of(self.stage.spark, asked), bench)
        names = [f"part_{field}" for field in range(len(self.settings.field))]
        found = answers(told, "code", codes, "score", "hope", *names)
        parts = np.stack([found[name] for name in names], axis=1)
        return Judged(codes, found["score"], parts), found["hope"]

    def reach(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many seconds apart two records of each kind are still one story."""
        if not len(kinds):
            return kinds
        counts = self.counts(np.flatnonzero(self.kinds >= 0))
        unknown = np.full(len(kinds), np.nan)
        context = self.recurring(Ends(kinds, kinds, unknown, unknown), counts)
        asked = frame_of(self.stage.spark, {"left": kinds, **context})
        told = verdicts.reach(self.texts_of(kinds), asked, self.bench(counts, 0.0))
        order = np.argsort(kinds)
        reached = np.empty(len(kinds), np.int64)
        reached[order] = answers(told, "kind", kinds[order], "reach")["reach"]
        return reached

    def texts_of(self, kinds: NDArray[np.int64]) -> DataFrame:
        """The texts of at least some kinds: where they are few, the others are not sent about."""
        if len(kinds) > min(FEW, self.kind_count // 2):
            return self.texts
        wanted = frame_of(self.stage.spark, {"kind": kinds})
        return self.texts.join(f.broadcast(wanted), "kind", "left_semi")

    def recurring(self, ends: Ends, counts: Counts) -> dict[str, NDArray[np.float64]]:
        """How often what two kinds show returns, by the names of ``RECURRENCE`` and ``RETURNS``."""
        signs = self.tally.headlines, self.tally.anchors
        context = context_rows(evidence_of(self.settings, (), (), signs, counts), ends)
        places = [CONTEXT.index(name) for name in RECURRING]
        names = (*RECURRENCE, *RETURNS)
        return {name: context[:, place] for name, place in zip(names, places, strict=True)}

    def bench(self, counts: Counts, floor: float) -> Bench:
        """What workers need of some counts."""
        signs = self.tally.anchors.shape[1]
        return Bench(self.settings, self.tally.vocabulary, counts.weights, signs, floor)


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
        stage=stage,
        tally=register_of(fields, rows, keys[0], kinds, roll.times),
        keys=keys,
        texts=texts,
    )


def register_of(
    fields: Sequence[Told],
    rows: Sequence[NDArray[np.int64]],
    keys: DataFrame,
    kinds: NDArray[np.int64],
    times: NDArray[np.int64],
) -> Register:
    """What of the words is counted; ``keys`` are those of the first field."""
    spelled: dict[str, int] = {}
    for own in fields:
        spelled.update(spelled_in(own))
    vocabulary = learn_vocabulary(by_hash(spelled))
    headlines = numbered(fields[0].prints[rows[0]])
    anchored = sorted_columns(keys, "kind", "anchors")["anchors"].tolist()
    width = len(anchored[0]) if anchored else 1
    anchors = np.array(anchored, np.int64).reshape(-1, width).view(np.uint64)
    numbers = numbered_anchors(anchors, kinds)
    return Register(
        vocabulary=vocabulary,
        rows=tuple(rows),
        held=tuple(hold(own, vocabulary) for own in fields),
        headlines=headlines,
        anchors=numbers,
        shown=calendar_of(headlines[:, None], kinds, times),
        met=calendar_of(numbers, kinds, times),
    )


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
        told = own.table.join(frame_of(stage.spark, named), "first")
        keys.append(stage.keep(f"keys_{field}", told.select("kind", "bands", "anchors")))
        spelled = told.select(
            "kind", *(f.col(name).alias(f"{name}_{field}") for name in ("words", "zones", "text"))
        )
        texts = spelled if texts is None else texts.join(spelled, "kind")
    if texts is None:
        raise ValueError("a run has a field")
    return tuple(keys), stage.keep("texts", texts)
