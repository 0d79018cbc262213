"""What a desk adds around a headline: leading tags and slugs, a closing outlet name.

The words stay in the tokens; each text only learns where its own story begins and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import find_positions
from dedupe.hashing import hash_spans
from dedupe.text.char_table import CharClass
from dedupe.text.tokenize import COLON, DASH, HYPHEN, PIPE, SPACED, Tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_TAGS = 5
MAX_SLUG = 3
SHORT_SLUG = 4
MAX_OUTLET = 5
LEARN_FROM = 12
LEARN_SHARE = 0.3
BREAKS = HYPHEN | DASH | COLON | PIPE
CAPITALS = 2


@dataclass(frozen=True, slots=True)
class Core:
    """Where the story's own tokens begin and end in each text, and what its tags said."""

    core_starts: NDArray[np.int64]
    core_ends: NDArray[np.int64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]


def phrases(lines: Sequence[str]) -> NDArray[np.uint64]:
    """The sequence hash of each phrase."""
    tokens = tokenize(lines)
    return hash_spans(tokens.hashes, tokens.offsets[:-1], tokens.offsets[1:])


@cache
def tag_phrases() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The shipped tags as sorted sequence hashes: all of them, and those of withdrawal."""
    pairs = [line.split(" ", 1) for line in data_lines("tags.txt")]
    withdrawn = [phrase for char_class, phrase in pairs if char_class == "withdrawn"]
    return np.sort(phrases([phrase for _, phrase in pairs])), np.sort(phrases(withdrawn))


@cache
def outlet_phrases() -> NDArray[np.uint64]:
    """The shipped outlet names as sorted sequence hashes."""
    return np.sort(phrases(data_lines("outlets.txt")))


def data_lines(name: str) -> list[str]:
    """The lines of a shipped word list, comments left out."""
    text = (files("dedupe") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def find_phrases(phrases: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each wanted hash is among the sorted phrases."""
    return find_positions(phrases, wanted) >= 0


def find_core(tokens: Tokens, outlets: NDArray[np.uint64]) -> Core:
    """Strip leading tags and slugs and closing outlets; ``outlets`` are sorted phrase hashes."""
    core_starts, core_ends = tokens.offsets[:-1].copy(), tokens.offsets[1:].copy()
    versions = np.zeros(len(core_starts), dtype=np.int16)
    withdrawn = np.zeros(len(core_starts), dtype=bool)
    if kernel.available():
        phrases = (*tag_phrases(), outlet_phrases(), outlets)
        kernel.find_core(*tokens.arrays(), *phrases, core_starts, core_ends, versions, withdrawn)
        return Core(core_starts, core_ends, versions, withdrawn)
    live = np.arange(len(core_starts))
    for _ in range(MAX_TAGS):
        ends = tag_ends(tokens, core_starts[live], core_ends[live])
        hit = ends > core_starts[live]
        live, ends = live[hit], ends[hit]
        if not len(live):
            break
        note_tags(tokens, core_starts[live], ends, live, versions, withdrawn)
        core_starts[live] = ends
    cut, starts = outlet_starts(tokens, core_starts, core_ends)
    marks = hash_spans(tokens.hashes, starts, core_ends[cut])
    marked = find_phrases(outlets, marks) | find_phrases(outlet_phrases(), marks)
    core_ends[cut[marked]] = starts[marked]
    return Core(core_starts, core_ends, versions, withdrawn)


def tag_ends(
    tokens: Tokens, core_starts: NDArray[np.int64], core_ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where the story goes on after one leading tag or slug; the head itself if there is none."""
    ends = core_starts.copy()
    tags, _ = tag_phrases()
    for words in (2, 1):
        for numbers in (1, 0):
            stops = core_starts + words + numbers
            fits = np.flatnonzero((stops < core_ends) & (ends == core_starts))
            at, stop = core_starts[fits], stops[fits]
            good = (tokens.gaps[stop - 1] & BREAKS) > 0
            if numbers:
                good &= tokens.classes[stop - 1] == CharClass.DIGIT
            good &= find_phrases(tags, hash_spans(tokens.hashes, at, at + words))
            ends[fits[good]] = stop[good]
    return slug_ends(tokens, core_starts, core_ends, ends)


def slug_ends(
    tokens: Tokens,
    core_starts: NDArray[np.int64],
    core_ends: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Also take slugs: capitals set off by a bare hyphen, as in ``GLOBAL MARKETS-Stocks up``."""
    for words in range(1, MAX_SLUG + 1):
        stops = core_starts + words
        fits = np.flatnonzero((stops < core_ends) & (ends == core_starts))
        at, stop = core_starts[fits], stops[fits]
        good = (tokens.gaps[stop - 1] & (BREAKS | SPACED)) == HYPHEN
        good &= tokens.cases[stop] > 0
        letters = tokens.ends[stop - 1] - tokens.starts[stop - 1]
        good &= letters >= (SHORT_SLUG if words == 1 else SHORT_SLUG - 1)
        for step in range(words):
            good &= tokens.cases[at + step] == CAPITALS
            if step:
                good &= tokens.gaps[at + step - 1] == SPACED
        ends[fits[good]] = stop[good]
    return ends


def note_tags(
    tokens: Tokens,
    core_starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    versions: NDArray[np.int16],
    withdrawn: NDArray[np.bool_],
) -> None:
    """Record the version number and the withdrawal that a tag states."""
    last = ends - 1
    numbered = (tokens.classes[last] == CharClass.DIGIT) & (
        tokens.ends[last] - tokens.starts[last] == 1
    )
    digits = tokens.codes[tokens.starts[last]].astype(np.int16) - ord("0")
    np.maximum.at(versions, rows[numbered], digits[numbered])
    _, gone = tag_phrases()
    withdrawn[rows] |= find_phrases(gone, hash_spans(tokens.hashes, core_starts, ends))


def outlet_starts(
    tokens: Tokens, core_starts: NDArray[np.int64], core_ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The texts that close with a set-off phrase, and the token where it starts."""
    starts = np.full(len(core_starts), -1)
    for words in range(MAX_OUTLET, 0, -1):
        before = core_ends - words - 1
        rows = np.flatnonzero(before > core_starts)
        gaps = tokens.gaps[before[rows]]
        set_off = (gaps & PIPE) > 0
        set_off |= ((gaps & SPACED) > 0) & ((gaps & (HYPHEN | DASH)) > 0)
        starts[rows[set_off]] = before[rows[set_off]] + 1
    cut = np.flatnonzero(starts >= 0)
    return cut, starts[cut]


def learn_outlets(
    texts: Sequence[str], writers: NDArray[np.int64], written: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The closing phrases, sorted, that are the mark of an outlet and no part of a story.

    A phrase is a mark when it closes at least ``LEARN_FROM`` distinct headlines and
    ``LEARN_SHARE`` of all those of one outlet. ``writers`` numbers the outlet of each text,
    ``written`` is how many distinct headlines each outlet has.
    """
    cut, marks = closing_marks(texts)
    rows = np.stack([marks, writers[cut].astype(np.uint64)])
    (values, owners), counts = np.unique(rows, axis=1, return_counts=True)
    return outlets_among(values, counts, written[owners.astype(np.int64)])


def closing_marks(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The places of the texts that close with a set-off phrase, and the hash of the phrase."""
    tokens = tokenize(texts)
    cut, starts = outlet_starts(tokens, tokens.offsets[:-1], tokens.offsets[1:])
    return cut, hash_spans(tokens.hashes, starts, tokens.offsets[1:][cut])


def outlets_among(
    marks: NDArray[np.uint64], counts: NDArray[np.int64], written: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The closing phrases that are outlets.

    They are told by how many headlines of one writer each closes, and how many that one wrote.
    """
    return np.unique(marks[(counts >= LEARN_FROM) & (counts / written >= LEARN_SHARE)])
