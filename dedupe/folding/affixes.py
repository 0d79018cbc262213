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
from dedupe.folding.scan import COLON, DASH, HYPHEN, PIPE, SPACED, Tokens, scan
from dedupe.folding.table import Kind
from dedupe.hashing import find, hash_spans

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

    heads: NDArray[np.int64]
    tails: NDArray[np.int64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]


def phrases(lines: Sequence[str]) -> NDArray[np.uint64]:
    """The sequence hash of each phrase."""
    tokens = scan(lines)
    return hash_spans(tokens.hashes, tokens.offsets[:-1], tokens.offsets[1:])


@cache
def tag_phrases() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The shipped tags as sorted sequence hashes: all of them, and those of withdrawal."""
    pairs = [line.split(" ", 1) for line in data_lines("tags.txt")]
    withdrawn = [phrase for kind, phrase in pairs if kind == "withdrawn"]
    return np.sort(phrases([phrase for _, phrase in pairs])), np.sort(phrases(withdrawn))


@cache
def outlet_phrases() -> NDArray[np.uint64]:
    """The shipped outlet names as sorted sequence hashes."""
    return np.sort(phrases(data_lines("outlets.txt")))


def data_lines(name: str) -> list[str]:
    """The lines of a shipped word list, comments left out."""
    text = (files("dedupe") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def known(phrases: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each wanted hash is among the sorted phrases."""
    return find(phrases, wanted) >= 0


def find_core(tokens: Tokens, outlets: NDArray[np.uint64]) -> Core:
    """Strip leading tags and slugs and closing outlets; ``outlets`` are sorted phrase hashes."""
    heads, tails = tokens.offsets[:-1].copy(), tokens.offsets[1:].copy()
    versions = np.zeros(len(heads), dtype=np.int16)
    withdrawn = np.zeros(len(heads), dtype=bool)
    if kernel.available():
        phrases = (*tag_phrases(), outlet_phrases(), outlets)
        kernel.find_core(*tokens.arrays(), *phrases, heads, tails, versions, withdrawn)
        return Core(heads, tails, versions, withdrawn)
    live = np.arange(len(heads))
    for _ in range(MAX_TAGS):
        ends = tag_ends(tokens, heads[live], tails[live])
        hit = ends > heads[live]
        live, ends = live[hit], ends[hit]
        if not len(live):
            break
        note_tags(tokens, heads[live], ends, live, versions, withdrawn)
        heads[live] = ends
    cut, starts = outlet_starts(tokens, heads, tails)
    marks = hash_spans(tokens.hashes, starts, tails[cut])
    marked = known(outlets, marks) | known(outlet_phrases(), marks)
    tails[cut[marked]] = starts[marked]
    return Core(heads, tails, versions, withdrawn)


def tag_ends(
    tokens: Tokens, heads: NDArray[np.int64], tails: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where the story goes on after one leading tag or slug; the head itself if there is none."""
    ends = heads.copy()
    tags, _ = tag_phrases()
    for words in (2, 1):
        for numbers in (1, 0):
            stops = heads + words + numbers
            fits = np.flatnonzero((stops < tails) & (ends == heads))
            at, stop = heads[fits], stops[fits]
            good = (tokens.gaps[stop - 1] & BREAKS) > 0
            if numbers:
                good &= tokens.kinds[stop - 1] == Kind.DIGIT
            good &= known(tags, hash_spans(tokens.hashes, at, at + words))
            ends[fits[good]] = stop[good]
    return slug_ends(tokens, heads, tails, ends)


def slug_ends(
    tokens: Tokens, heads: NDArray[np.int64], tails: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Also take slugs: capitals set off by a bare hyphen, as in ``GLOBAL MARKETS-Stocks up``."""
    for words in range(1, MAX_SLUG + 1):
        stops = heads + words
        fits = np.flatnonzero((stops < tails) & (ends == heads))
        at, stop = heads[fits], stops[fits]
        good = (tokens.gaps[stop - 1] & (BREAKS | SPACED)) == HYPHEN
        good &= tokens.cases[stop] > 0
        letters = tokens.stops[stop - 1] - tokens.starts[stop - 1]
        good &= letters >= (SHORT_SLUG if words == 1 else SHORT_SLUG - 1)
        for step in range(words):
            good &= tokens.cases[at + step] == CAPITALS
            if step:
                good &= tokens.gaps[at + step - 1] == SPACED
        ends[fits[good]] = stop[good]
    return ends


def note_tags(
    tokens: Tokens,
    heads: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    versions: NDArray[np.int16],
    withdrawn: NDArray[np.bool_],
) -> None:
    """Record the version number and the withdrawal that a tag states."""
    last = ends - 1
    numbered = (tokens.kinds[last] == Kind.DIGIT) & (tokens.stops[last] - tokens.starts[last] == 1)
    digits = tokens.codes[tokens.starts[last]].astype(np.int16) - ord("0")
    np.maximum.at(versions, rows[numbered], digits[numbered])
    _, gone = tag_phrases()
    withdrawn[rows] |= known(gone, hash_spans(tokens.hashes, heads, ends))


def outlet_starts(
    tokens: Tokens, heads: NDArray[np.int64], tails: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The texts that close with a set-off phrase, and the token where it starts."""
    starts = np.full(len(heads), -1)
    for words in range(MAX_OUTLET, 0, -1):
        before = tails - words - 1
        rows = np.flatnonzero(before > heads)
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
    cut, marks = closings(texts)
    rows = np.stack([marks, writers[cut].astype(np.uint64)])
    (values, owners), counts = np.unique(rows, axis=1, return_counts=True)
    return outlets_among(values, counts, written[owners.astype(np.int64)])


def closings(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The places of the texts that close with a set-off phrase, and the hash of the phrase."""
    tokens = scan(texts)
    cut, starts = outlet_starts(tokens, tokens.offsets[:-1], tokens.offsets[1:])
    return cut, hash_spans(tokens.hashes, starts, tokens.offsets[1:][cut])


def outlets_among(
    marks: NDArray[np.uint64], counts: NDArray[np.int64], written: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The closing phrases that are outlets.

    They are told by how many headlines of one writer each closes, and how many that one wrote.
    """
    return np.unique(marks[(counts >= LEARN_FROM) & (counts / written >= LEARN_SHARE)])
