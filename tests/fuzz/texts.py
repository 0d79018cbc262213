"""Texts of any characters: the kernel gives the bits that numpy gives, and pages come apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from dedupe.text.tokenize import tokenize
from kernels import agree

from dedupe.api import cluster
from dedupe.hashing import hash_spans
from dedupe.io.article_split import split_article
from dedupe.text import preprocess
from dedupe.text.affixes import outlet_starts
from fuzz.reading import inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TEXTS = 40
NOW_AND_THEN = 16
"""The whole way by numpy takes thirty times as long, so not every text goes it."""


def texts_of(data: bytes) -> list[str]:
    """Lines of arbitrary Unicode, lone surrogates among it."""
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    return text.split("\n", MOST_TEXTS)


def describe_alike(data: bytes) -> None:
    """Fold and sketch texts, every other time with outlets learned from them."""
    texts = texts_of(data)
    outlets = closing_phrases(texts) if len(data) % 2 else np.zeros(0, np.uint64)
    assert agree(lambda: tuple(map(bits_of, described(texts, outlets, len(data)))))


def described(texts: list[str], outlets: NDArray[np.uint64], seed: int) -> list[object]:
    chunk = preprocess.preprocess_chunk(texts, outlets, seed)
    return [getattr(chunk, name) for name in chunk.__slots__]


def bits_of(value: object) -> object:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def closing_phrases(texts: list[str]) -> NDArray[np.uint64]:
    """The closing phrases of texts, sorted."""
    tokens = tokenize(texts)
    cut, starts = outlet_starts(tokens, tokens.offsets[:-1], tokens.offsets[1:])
    return np.sort(hash_spans(tokens.hashes, starts, tokens.offsets[1:][cut]))


def cluster_alike(data: bytes) -> None:
    """The whole way, candidates and verification too."""
    texts = [text.encode(errors="replace").decode() for text in texts_of(data)]
    if len(data) % NOW_AND_THEN == 0:
        assert agree(lambda: clustered(texts))
    else:
        clustered(texts)


def clustered(texts: list[str]) -> tuple[object, ...]:
    found = cluster(texts, jobs=1)
    return found.canonical, found.scores, tuple(found.reasons), tuple(found.keys)


def take_apart(data: bytes) -> None:
    """Split a page; no letter of it is lost."""
    blocks = split_article("page", data)
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    page = data.decode().removeprefix("\ufeff")
    assert "".join("".join(b.text for b in blocks).split()) == "".join(page.split())


HEADLINES = [
    *inputs(".txt"),
    "UPDATE 1-Some \u4e2d\u56fd news - Reuters\nSome \u4e2d\u56fd news: 1,000 dead".encode(),
    "\ufdfa \u00bd \ufb01 e\u0301 \u0130 \u0e44\u0e17\u0e22\nthe U.S. | 4.3".encode(),
]
TEXTS = {
    "kernel": (describe_alike, HEADLINES),
    "cluster": (cluster_alike, HEADLINES),
    "split": (take_apart, inputs(".txt")),
}
