"""An explanation as lines for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dedupe.cli.evaluation_text import whereabouts
from dedupe.cli.feature_text import MEANINGS, TWO_VALUED, worded
from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.cli.paint import Paint
    from dedupe.judge.explain import Explanation
    from dedupe.judge.sight import Sight, Text, Word
    from dedupe.judge.verdict import Part
    from dedupe.judge.whatif import FeatureChange, WordChange
    from dedupe.stories import Corpus

MOST = 12
NEGLIGIBLE = 0.005


def explanation_text(explanation: Explanation, corpus: Corpus, paint: Paint) -> Iterator[str]:
    """The lines of an explanation, the verdict first."""
    yield verdict_line(explanation, paint)
    for side, record in (("A", explanation.left), ("B", explanation.right)):
        if corpus.batches:
            yield paint.faint(f"  {side}  {whereabouts(corpus, record)}")
    for sight in explanation.sights:
        if sight.left.raw or sight.right.raw:
            yield ""
            yield from sight_lines(sight, paint)
    yield ""
    yield from part_lines(explanation, paint)
    yield ""
    yield paint.head("Guards")
    for guard in explanation.guards:
        mark = paint.good("pass") if guard.passes else paint.bad("stop")
        yield f"  {mark}  {guard.name}: {guard.saw}"
    yield ""
    yield from change_lines(explanation, paint)


def verdict_line(explanation: Explanation, paint: Paint) -> str:
    """The outcome with the score and the threshold."""
    score, threshold = explanation.verdict.score, explanation.threshold
    sign = ">=" if score >= threshold else "<"
    told = f"score {score:.3f} {sign} threshold {threshold:g}"
    if explanation.joins:
        why = ", put together by a label" if explanation.linked else ""
        return f"{paint.good('One story')}: {told}{why}"
    stopped = [guard.name for guard in explanation.guards if not guard.passes]
    why = f", stopped by: {', '.join(stopped)}" if stopped else ""
    return f"{paint.bad('Two stories')}: {told}{why}"


def sight_lines(sight: Sight, paint: Paint) -> Iterator[str]:
    """One field of both records: as given, as folded, and what they share."""
    yield paint.head(sight.name)
    yield from text_lines("A", sight.left, paint)
    yield from text_lines("B", sight.right, paint)
    if not (sight.left.folded and sight.right.folded):
        return
    ours, theirs, both = sight.counts
    yield f"  shingles  {both} shared of {ours} and {theirs}"
    yield (
        f"  Jaccard   {sight.exact:.3f} exact, {sight.estimated:.3f} by the sketch; "
        f"a band meets with chance {sight.chance:.3f}"
    )
    yield f"  bands     {', '.join(map(str, sight.bands)) or 'none met'}"
    yield f"  anchors   {', '.join(sight.anchors) or 'none met'}"
    if sight.matches:
        found = (f"{match.left} ~ {match.right} ({match.how})" for match in sight.matches)
        yield f"  matched   {', '.join(found)}"
    yield f"  only A    {paint.bad(loose_words(sight.left_only)) or '-'}"
    yield f"  only B    {paint.bad(loose_words(sight.right_only)) or '-'}"


def text_lines(side: str, text: Text, paint: Paint) -> Iterator[str]:
    """One text as given and as folded, with the rules that were applied."""
    yield f"  {side}         {visible(text.raw)}"
    yield f"    folded  {text.folded or '(nothing)'}"
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


def loose_words(words: Iterable[Word]) -> str:
    """Words left over, with their bits."""
    return ", ".join(f"{word.text} {word.bits:.1f}" for word in words)


def part_lines(explanation: Explanation, paint: Paint) -> Iterator[str]:
    """Each feature with its value and its part in the log-odds, largest first."""
    verdict = explanation.verdict
    if not verdict.parts:
        yield paint.head("No field is filled in both: the score is 0")
        return
    yield paint.head("Log-odds, largest part first")
    yield f"  {verdict.base:+7.3f}  before anything is known"
    shown = [part for part in verdict.parts if abs(part.part) >= NEGLIGIBLE]
    yield from (part_line(part, paint) for part in shown)
    rest = sum(part.part for part in verdict.parts) - sum(part.part for part in shown)
    if len(shown) < len(verdict.parts):
        yield f"  {rest:+7.3f}  {len(verdict.parts) - len(shown)} others"
    barred = ", as numbers conflict" if verdict.score == 0 < math.exp(verdict.log_odds) else ""
    yield f"  {verdict.log_odds:+7.3f}  in all: score {verdict.score:.3f}{barred}"


def part_line(part: Part, paint: Paint) -> str:
    """One feature."""
    amount = f"{part.part:+7.3f}"
    painted = paint.good(amount) if part.part > 0 else paint.bad(amount)
    value = worded(part.name, part.value)
    return f"  {painted}  {part.label:<22}{value:>10}  {paint.faint(MEANINGS.get(part.name, ''))}"


def change_lines(explanation: Explanation, paint: Paint) -> Iterator[str]:
    """What would make the verdict another."""
    other = "two stories" if explanation.accepted else "one story"
    yield paint.head(f"What would make them {other}, each alone")
    if explanation.verdict.score > 0:
        score = explanation.verdict.score
        word = "above" if explanation.accepted else "of at most"
        yield f"  a threshold {word} {score:.3f}"
    yield from (f"  {feature_line(change)}" for change in explanation.features)
    flips = [change for change in explanation.words if change.flips]
    yield from (f"  {word_line(change)}" for change in flips[:MOST])
    if not explanation.features and not flips:
        yield "  no single feature and no single word"
    moved = [change for change in explanation.words if not change.flips][:3]
    if moved and not flips:
        yield paint.faint(f"  nearest: {'; '.join(map(word_line, moved))}")


def feature_line(change: FeatureChange) -> str:
    """A feature that flips the verdict when it alone changes."""
    label = f"{change.field} {change.name}".strip()
    value = worded(change.name, change.value)
    if change.name in TWO_VALUED:
        return f"{label} {'yes' if change.above else 'no'}, not {value}"
    side = "more than" if change.above else "at most"
    return f"{label} {side} {worded(change.name, change.bound)}, not {value}"


def word_line(change: WordChange) -> str:
    """What the score would be without a word."""
    side = change.side.upper()
    return f"without {change.word!r} in {side}'s {change.field}: score {change.score:.3f}"
