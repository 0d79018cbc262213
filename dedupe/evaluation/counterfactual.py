"""Find the single words without which the decision on a pair would be another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.prepare import prepare_texts
from dedupe.preprocess import LONGEST_SUPPORT
from dedupe.scoring.model import probability
from dedupe.scoring.score import score_pairs
from dedupe.text.word_diff import word_diff
from dedupe.tokens import concat_texts, select_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.evaluation.open_corpus import OpenCorpus
    from dedupe.text.word_diff import Token

MOST_WORDS = 100
LEAST_CHANGE = 5e-4


@dataclass(frozen=True, slots=True)
class WordChange:
    """What the score would be without one word of one text; ``side`` is ``a`` or ``b``."""

    field: str
    side: str
    word: str
    score: float
    flips: bool


@dataclass(frozen=True, slots=True)
class ShorterText:
    """A text without one of its words."""

    field: int
    side: int
    word: str
    text: str


def word_changes(
    opened: OpenCorpus, pair: tuple[int, int], adjustment: float
) -> tuple[WordChange, ...]:
    """Return the score of a pair without each word that matters, the greatest change first.

    A pair below the threshold is tried without what one side alone has; a pair above it without
    what both share, taken out of the left text. What metadata adds stays as it is.
    """
    threshold = opened.settings.threshold
    nodes = opened.node_of[list(pair)]
    log_odds = score_pairs(opened.matcher.scoring, nodes[:1], nodes[1:])
    before = float(probability(log_odds + adjustment)[0])
    passes = before >= threshold
    cuts = [
        cut
        for field in range(len(opened.corpus.texts))
        for cut in shorter_texts(opened, field, pair, shared=passes)
    ][:MOST_WORDS]
    scores = probability(rescored(opened, pair, cuts) + adjustment).tolist()
    changes = [
        WordChange(
            opened.settings.field[cut.field].name,
            "ab"[cut.side],
            cut.word,
            score,
            (score >= threshold) != passes,
        )
        for cut, score in zip(cuts, scores, strict=True)
        if abs(score - before) >= LEAST_CHANGE
    ]
    return tuple(sorted(changes, key=lambda change: change.score if passes else -change.score))


def shorter_texts(
    opened: OpenCorpus, field: int, pair: tuple[int, int], *, shared: bool
) -> Iterator[ShorterText]:
    """Yield one field of either record without each of the words that could matter."""
    texts = [opened.corpus.texts[field][record] for record in pair]
    if (opened.contents.rows[field, list(pair)] < 0).any():
        return
    if field:
        texts = [text[:LONGEST_SUPPORT] for text in texts]
    for side, tokens in enumerate(word_diff(*texts)[: 1 if shared else 2]):
        for at, token in enumerate(tokens):
            if is_word(token) and token.differs != shared:
                rest = "".join(token.text for token in (*tokens[:at], *tokens[at + 1 :]))
                yield ShorterText(field, side, token.text, rest)


def is_word(token: Token) -> bool:
    """Return whether a token is a word; a single ideograph is none."""
    return any(map(str.isalnum, token.text)) and (len(token.text) > 1 or token.text.isascii())


def rescored(
    opened: OpenCorpus, pair: tuple[int, int], cuts: Sequence[ShorterText]
) -> NDArray[np.float64]:
    """Return the log-odds of the texts of a pair of records after each cut.

    Records 0 and 1 are the pair as it is; each cut adds one that takes the place of its side.
    """
    rows = opened.contents.rows[:, list(pair)]
    whole, inverse = np.unique(rows, return_inverse=True)
    own = inverse.reshape(rows.shape) - int(whole[0] < 0)
    texts = select_texts(opened.contents.texts, whole[whole >= 0].astype(np.int64))
    sides = np.array([cut.side for cut in cuts], dtype=np.int64)
    changed = own[:, sides].astype(np.int32)
    sources = [opened.corpus.sources[record] for record in pair]
    shorter = prepare_texts(
        [cut.text for cut in cuts], sources, sides.astype(np.int32), opened.settings.seed
    )
    for at, cut in enumerate(cuts):
        empty = shorter.offsets[at] == shorter.offsets[at + 1]
        changed[cut.field, at] = -1 if empty else len(texts) + at
    scoring = replace(
        opened.matcher.scoring,
        texts=concat_texts([texts, shorter]),
        rows=np.ascontiguousarray(np.concatenate([own.astype(np.int32), changed], axis=1)),
    )
    tried = np.arange(2, 2 + len(cuts))
    return score_pairs(scoring, np.where(sides, 0, tried), np.where(sides, tried, 1))
