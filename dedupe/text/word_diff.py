"""Mark the words in which two texts differ."""

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
TOKEN = rf"(?s)[{CJK}]|[^\W{CJK}]+(?:[.,'\u2019][^\W{CJK}]+)*|\s+|."
"""Compiled where it is used: that takes long for a short run."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a space or a mark of punctuation, and whether the other text lacks it."""

    text: str
    differs: bool = False


def word_diff(left: str, right: str) -> tuple[list[Token], list[Token]]:
    """Both texts as tokens; case, spaces and punctuation do not make a difference.

    >>> [token.text for token in word_diff("Two dead", "Ten dead.")[1] if token.differs]
    ['Ten']
    """
    ours, theirs = re.findall(TOKEN, left), re.findall(TOKEN, right)
    our_words, their_words = word_keys(ours), word_keys(theirs)
    matcher = SequenceMatcher(
        None,
        [ours[position].casefold() for position in our_words],
        [theirs[position].casefold() for position in their_words],
        autojunk=False,
    )
    blocks = matcher.get_matching_blocks()
    here = {our_words[block.a + step] for block in blocks for step in range(block.size)}
    there = {their_words[block.b + step] for block in blocks for step in range(block.size)}
    return mark_tokens(ours, our_words, here), mark_tokens(theirs, their_words, there)


def word_keys(tokens: Sequence[str]) -> list[int]:
    """The places of the tokens that are words."""
    return [position for position, token in enumerate(tokens) if any(map(str.isalnum, token))]


def mark_tokens(tokens: Sequence[str], words: Sequence[int], matched: set[int]) -> list[Token]:
    """Tokens with the unmatched words marked, and what stands between two of them."""
    lone = [position for position in words if position not in matched]
    differs = set(lone)
    following = dict(pairwise(words))
    for position in lone:
        if following.get(position) in differs:
            differs.update(range(position, following[position]))
    return [Token(text, position in differs) for position, text in enumerate(tokens)]
