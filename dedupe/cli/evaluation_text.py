"""An evaluation as tables for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dedupe.cli.feature_text import worded
from dedupe.cli.summary import counted
from dedupe.judge.evaluate import place_of
from dedupe.stories import NO_TIME
from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dedupe.cli.paint import Paint
    from dedupe.judge.evaluate import Evaluation
    from dedupe.judge.losses import Losses
    from dedupe.judge.metrics import Figure
    from dedupe.judge.mistakes import Mistake
    from dedupe.judge.verdict import Part
    from dedupe.stories import Corpus

FIRST = 16
COLUMN = 26
TOLD_PARTS = 8
RATES = ("precision", "recall", "f1")
ROWS = {"pairwise": "", "B-cubed": "bcubed_"}
SINGLES = {"adjusted Rand": "ari", "updates merged": "updates_merged"}


def evaluation_text(evaluation: Evaluation, corpus: Corpus, paint: Paint) -> Iterator[str]:
    """The lines of an evaluation."""
    yield gold_line(evaluation.counts)
    yield ""
    yield from figure_table(evaluation.figures, paint)
    if evaluation.losses:
        yield ""
        yield from loss_table(evaluation.losses, paint)
    if evaluation.mistakes:
        yield ""
        yield paint.head("Worst errors")
        for number, (mistake, cause) in enumerate(
            zip(evaluation.mistakes, evaluation.causes, strict=True), 1
        ):
            yield from error_lines(number, mistake, cause, corpus, paint)


def gold_line(counts: Mapping[str, int]) -> str:
    """Word what was compared."""
    if "labelled_pairs" in counts:
        kinds = (
            counted(counts["duplicates"], "duplicate"),
            counted(counts["updates"], "update"),
            f"{counts['others']:,} not",
        )
        return f"{counted(counts['labelled_pairs'], 'labelled pair')}: {', '.join(kinds)}"
    records = counted(counts["gold_records"], "record")
    clusters = counted(counts["gold_clusters"], "gold cluster")
    found = counted(counts["found_clusters"], "cluster")
    out = f"; {counted(counts['left_out'], 'record')} without gold left out"
    return f"{records} in {clusters}, found in {found}" + (out if counts["left_out"] else "")


def figure_table(figures: Mapping[str, Figure], paint: Paint) -> Iterator[str]:
    """The figures with their intervals: precision, recall and F1 a row, then single ones."""
    yield paint.head(" " * FIRST + "".join(f"{name:<{COLUMN}}" for name in RATES).rstrip())
    for title, prefix in ROWS.items():
        if prefix + "f1" in figures:
            cells = "".join(f"{cell(figures[prefix + rate]):<{COLUMN}}" for rate in RATES)
            yield f"{title:<{FIRST}}{cells}".rstrip()
    for title, name in SINGLES.items():
        if name in figures:
            yield f"{title:<{FIRST}}{cell(figures[name])}"


def cell(figure: Figure) -> str:
    """A figure with its interval; ``-`` where it is not defined."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4f}"
    return f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]"


def loss_table(losses: Losses, paint: Paint) -> Iterator[str]:
    """Where gold pairs went."""
    yield paint.head(f"Candidate recall, of {counted(losses.pairs, 'gold pair')}")
    for title, count in (
        ("found together", losses.found),
        ("never compared: no band or anchor in common, or beyond the window", losses.never),
        ("compared, but scored below the threshold", losses.below),
        ("accepted, but put into two clusters", losses.apart),
    ):
        share = count / losses.pairs if losses.pairs else 0
        yield f"  {count:>10,} {share:>7.2%}  {title}"


def error_lines(
    number: int, mistake: Mistake, cause: str, corpus: Corpus, paint: Paint
) -> Iterator[str]:
    """One error: what went wrong, both records, and the features that told most."""
    kind = "put together, but are two" if mistake.merged else "left apart, but are one"
    ending = f" ({cause})" if cause else ""
    yield f"{number}. {paint.bad(kind)}{ending}, score {mistake.verdict.score:.3f}"
    for record in (mistake.left, mistake.right):
        yield paint.faint(f"   {whereabouts(corpus, record)}")
        yield from (f"     {visible(texts[record])}" for texts in corpus.texts if texts[record])
    if mistake.verdict.parts:
        shown = mistake.verdict.parts[:TOLD_PARTS]
        yield "   " + ", ".join(part_text(part, paint) for part in shown)


def whereabouts(corpus: Corpus, record: int) -> str:
    """A record's place, id, outlet and time."""
    path, line = place_of(corpus, record)
    facts = [f"{path}:{line}", corpus.ids[record], corpus.sources[record]]
    time = int(corpus.times[record])
    return visible("  ".join(filter(None, [*facts, "" if time == NO_TIME else moment(time)])))


def moment(seconds: int) -> str:
    """A time as people write it; far-off ones as seconds."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def part_text(part: Part, paint: Paint) -> str:
    """A feature with its value and its part in the log-odds."""
    text = f"{part.label} {worded(part.name, part.value)} ({part.part:+.2f})"
    return paint.good(text) if part.part > 0 else paint.bad(text)
