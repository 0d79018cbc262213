"""``dedupe explain``: show why two texts are, or are not, one story."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts
from dedupe.cli.feature_text import MEANINGS, TWO_VALUED, feature_value_text
from dedupe.cli.options import Command, Request, examples, run_options
from dedupe.escape import escape_controls
from dedupe.io.output import open_output
from dedupe.models import ReadStats
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.cli.console import Styler
    from dedupe.evaluation.contributions import Contribution
    from dedupe.evaluation.counterfactual import FeatureChange, WordChange
    from dedupe.evaluation.explain import Explanation
    from dedupe.evaluation.field_comparison import FieldComparison, NormalizedText, Word
    from dedupe.models import Corpus

HELP = """\
Show why two texts are, or are not, taken for one story.

A and B are two texts; with --in they are two ids or line numbers of that file, and words are
weighed by its counts, as a run on it does. Shown are the folded texts with what was taken off,
the shingles, bands and rare words that they share, each feature with its part in the log-odds, the
guards, and what would have to change for the verdict to be another.
"""

EXAMPLES = examples(
    (
        "Compare two headlines",
        "dedupe explain 'UPDATE 1-Fed raises rates' 'Fed lifts rates to 5 pct'",
    ),
    ("Compare two records by id", "dedupe explain --in stories.jsonl a b"),
    ("By line number, for a program", "dedupe explain --json --in headlines.txt 1 2"),
)
OPERANDS = 2


class PairCommand(Command):
    """Shows the operands as they are read, not as click gathers them."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the operands."""
        return ["[OPTIONS]", "A", "B"]


@click.command(cls=PairCommand, help=HELP, epilog=EXAMPLES)
@click.option(
    "--in",
    "within",
    metavar="FILE",
    help="A and B are ids or line numbers of this file, - for standard input.",
)
@click.option("--json", "in_json", is_flag=True, help="One JSON object instead of text.")
@run_options
def explain_command(request: Request, *, within: str | None, in_json: bool) -> None:
    """Explain one pair."""
    if len(request.files) != OPERANDS:
        given = len(request.files)
        raise click.UsageError(f"expected two operands, A and B, and got {given}")

    left, right = request.files
    files = () if within is None else (within,)
    run_explain(replace(request, files=files), left, right, in_json=in_json)


def run_explain(request: Request, left: str, right: str, *, in_json: bool) -> None:
    """Explain two texts, or two records of the file; the output appears whole or not at all."""
    from dedupe.cli.run import (
        check_destinations,
        encode_json,
        encode_lines,
        open_stats,
        output_style,
    )
    from dedupe.evaluation.explain import as_json

    started = time.perf_counter()
    check_destinations(request)
    read_stats = ReadStats()
    with ExitStack() as open_files:
        stats_file = open_files.enter_context(open_stats("explain", request, request.inputs))
        output = open_files.enter_context(
            open_output(request.output, request.inputs, painted=not in_json)
        )
        corpus, explanation = compute_explanation(request, left, right, read_stats)
        facts = as_json(explanation, corpus)
        lines = explanation_text(explanation, corpus, output_style(request))
        output.write(encode_json(facts) if in_json else encode_lines(lines))
        seconds = time.perf_counter() - started
        outcome = {**facts, "total_seconds": round(seconds, 3)}
        stats_file.write(request.settings, read_stats, outcome)
    if not request.console.quiet:
        outcome_text = "one story" if explanation.joins else "two stories"
        request.console.say(join_facts([outcome_text, count_noun(len(corpus), "record")], seconds))


def compute_explanation(
    request: Request, left: str, right: str, read_stats: ReadStats
) -> tuple[Corpus, Explanation]:
    """Read what there is to read and explain, with progress for whoever watches."""
    from dedupe.cli.run import read_with_progress
    from dedupe.evaluation.explain import corpus_of_texts, explain, find_record
    from dedupe.load import load_corpus

    settings = request.settings
    with read_with_progress(request, read_stats) as (batches, progress):
        if not request.files:
            corpus = corpus_of_texts(left, right, settings)
            return corpus, explain(corpus, 0, 1, settings, progress)
        corpus = load_corpus(batches, len(settings.field))
        path = corpus.batches[0].path if corpus.batches else request.files[0]
        one, other = (find_record(corpus, name, path) for name in (left, right))
        return corpus, explain(corpus, one, other, settings, progress)


MAX_CHANGES = 12
NEGLIGIBLE = 0.005


def explanation_text(explanation: Explanation, corpus: Corpus, paint: Styler) -> Iterator[str]:
    """The lines of an explanation, the verdict first."""
    from dedupe.cli.evaluate import record_description

    yield outcome_line(explanation, paint)
    for side, record in (("A", explanation.left), ("B", explanation.right)):
        if corpus.batches:
            yield paint.faint(f"  {side}  {record_description(corpus, record)}")
    for comparison in explanation.comparisons:
        if comparison.left.raw or comparison.right.raw:
            yield ""
            yield from field_lines(comparison, paint)
    yield ""
    yield from contribution_lines(explanation, paint)
    yield ""
    yield paint.head("Guards")
    for guard in explanation.guards:
        mark = paint.good("pass") if guard.passes else paint.bad("stop")
        yield f"  {mark}  {guard.name}: {guard.saw}"
    yield ""
    yield from change_lines(explanation, paint)


def outcome_line(explanation: Explanation, paint: Styler) -> str:
    """The outcome with the score and the threshold."""
    score, threshold = explanation.breakdown.score, explanation.threshold
    sign = ">=" if score >= threshold else "<"
    told = f"score {score:.3f} {sign} threshold {threshold:g}"
    if explanation.joins:
        why = ", put together by a label" if explanation.linked else ""
        return f"{paint.good('One story')}: {told}{why}"
    stopped = [guard.name for guard in explanation.guards if not guard.passes]
    why = f", stopped by: {', '.join(stopped)}" if stopped else ""
    return f"{paint.bad('Two stories')}: {told}{why}"


def field_lines(comparison: FieldComparison, paint: Styler) -> Iterator[str]:
    """One field of both records: as given, as normalised, and what they share."""
    yield paint.head(comparison.name)
    yield from text_lines("A", comparison.left, paint)
    yield from text_lines("B", comparison.right, paint)
    if not (comparison.left.normalized and comparison.right.normalized):
        return
    left, right, both = comparison.counts
    yield f"  shingles  {both} shared of {left} and {right}"
    yield (
        f"  Jaccard   {comparison.exact:.3f} exact, {comparison.estimated:.3f} by the sketch; "
        f"a band meets with chance {comparison.chance:.3f}"
    )
    yield f"  bands     {', '.join(map(str, comparison.bands)) or 'none met'}"
    yield f"  anchors   {', '.join(comparison.rare_pairs) or 'none met'}"
    if comparison.matches:
        found = (f"{match.left} ~ {match.right} ({match.how})" for match in comparison.matches)
        yield f"  matched   {', '.join(found)}"
    yield f"  only A    {paint.bad(unmatched_text(comparison.left_only)) or '-'}"
    yield f"  only B    {paint.bad(unmatched_text(comparison.right_only)) or '-'}"


def text_lines(side: str, text: NormalizedText, paint: Styler) -> Iterator[str]:
    """One text as given and as normalised, with the rules that were applied."""
    yield f"  {side}         {escape_controls(text.raw)}"
    yield f"    folded  {text.normalized or '(nothing)'}"
    taken = {
        "tag taken off": text.tags,
        "outlet taken off": text.outlet,
        "version": str(text.version) if text.version else "",
        "withdrawn": "yes" if text.withdrawn else "",
        "folded": ", ".join(text.rules),
    }
    rules = [f"{rule}: {value}" for rule, value in taken.items() if value]
    if rules:
        yield paint.faint(f"    rules   {'; '.join(rules)}")


def unmatched_text(words: Iterable[Word]) -> str:
    """Words left over, with their bits."""
    return ", ".join(f"{word.text} {word.bits:.1f}" for word in words)


def contribution_lines(explanation: Explanation, paint: Styler) -> Iterator[str]:
    """Each feature with its value and its part in the log-odds, largest first."""
    breakdown = explanation.breakdown
    if not breakdown.parts:
        yield paint.head("No field is filled in both: the score is 0")
        return
    yield paint.head("Log-odds, largest part first")
    yield f"  {breakdown.base:+7.3f}  before anything is known"
    shown = [part for part in breakdown.parts if abs(part.part) >= NEGLIGIBLE]
    yield from (contribution_line(part, paint) for part in shown)
    rest = sum(part.part for part in breakdown.parts) - sum(part.part for part in shown)
    if len(shown) < len(breakdown.parts):
        yield f"  {rest:+7.3f}  {len(breakdown.parts) - len(shown)} others"
    barred = ", as numbers conflict" if breakdown.score == 0 < math.exp(breakdown.log_odds) else ""
    yield f"  {breakdown.log_odds:+7.3f}  in all: score {breakdown.score:.3f}{barred}"


def contribution_line(part: Contribution, paint: Styler) -> str:
    """One feature."""
    amount = f"{part.part:+7.3f}"
    painted = paint.good(amount) if part.part > 0 else paint.bad(amount)
    value = feature_value_text(part.name, part.value)
    return f"  {painted}  {part.label:<22}{value:>10}  {paint.faint(MEANINGS.get(part.name, ''))}"


def change_lines(explanation: Explanation, paint: Styler) -> Iterator[str]:
    """What would make the verdict another."""
    other = "two stories" if explanation.accepted else "one story"
    yield paint.head(f"What would make them {other}, each alone")
    if explanation.breakdown.score > 0:
        score = explanation.breakdown.score
        word = "above" if explanation.accepted else "of at most"
        yield f"  a threshold {word} {score:.3f}"
    yield from (f"  {feature_change_line(change)}" for change in explanation.features)
    flips = [change for change in explanation.words if change.flips]
    yield from (f"  {word_change_line(change)}" for change in flips[:MAX_CHANGES])
    if not explanation.features and not flips:
        yield "  no single feature and no single word"
    moved = [change for change in explanation.words if not change.flips][:3]
    if moved and not flips:
        yield paint.faint(f"  nearest: {'; '.join(map(word_change_line, moved))}")


def feature_change_line(change: FeatureChange) -> str:
    """A feature that flips the verdict when it alone changes."""
    label = f"{change.field} {change.name}".strip()
    value = feature_value_text(change.name, change.value)
    if change.name in TWO_VALUED:
        return f"{label} {'yes' if change.above else 'no'}, not {value}"
    side = "more than" if change.above else "at most"
    return f"{label} {side} {feature_value_text(change.name, change.bound)}, not {value}"


def word_change_line(change: WordChange) -> str:
    """What the score would be without a word."""
    side = change.side.upper()
    return f"without {change.word!r} in {side}'s {change.field}: score {change.score:.3f}"
