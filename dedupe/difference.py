"""Where two texts differ, word by word, for a person to see at a glance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Scripts without spaces are compared character by character.
CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+(?:[.,'\u2019][^\W{CJK}]+)*|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a space or a mark of punctuation, and whether the other text lacks it."""

    text: str
    differs: bool = False


def difference(left: str, right: str) -> tuple[list[Token], list[Token]]:
    """Both texts as tokens; case, spaces and punctuation do not make a difference.

    >>> [token.text for token in difference("Two dead", "Ten dead.")[1] if token.differs]
    ['Ten']
    """
    ours, theirs = TOKEN.findall(left), TOKEN.findall(right)
    our_words, their_words = words_of(ours), words_of(theirs)
    matcher = SequenceMatcher(
        None,
        [ours[place].casefold() for place in our_words],
        [theirs[place].casefold() for place in their_words],
        autojunk=False,
    )
    blocks = matcher.get_matching_blocks()
    here = {our_words[block.a + step] for block in blocks for step in range(block.size)}
    there = {their_words[block.b + step] for block in blocks for step in range(block.size)}
    return marked(ours, our_words, here), marked(theirs, their_words, there)


def words_of(tokens: Sequence[str]) -> list[int]:
    """The places of the tokens that are words."""
    return [place for place, token in enumerate(tokens) if any(map(str.isalnum, token))]


def marked(tokens: Sequence[str], words: Sequence[int], matched: set[int]) -> list[Token]:
    """Tokens with the unmatched words marked, and what stands between two of them."""
    lone = [place for place in words if place not in matched]
    differs = set(lone)
    following = dict(pairwise(words))
    for place in lone:
        if following.get(place) in differs:
            differs.update(range(place, following[place]))
    return [Token(text, place in differs) for place, text in enumerate(tokens)]
