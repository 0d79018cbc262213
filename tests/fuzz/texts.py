"""Texts of any characters: the kernel gives the bits that numpy gives, and pages come apart."""

from __future__ import annotations

import numpy as np
from kernels import agree

from dedupe.api import cluster
from dedupe.io.article_split import split_article
from dedupe.prepare import prepare_texts
from fuzz.reading import inputs

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


def prepare_alike(data: bytes) -> None:
    """Prepare texts, every other time with the last one as the outlet of all."""
    texts = texts_of(data)
    sources = texts[-1:] if len(data) % 2 else []
    outlets = np.full(len(texts), len(sources) - 1, np.int32)
    assert agree(lambda: prepare_texts(texts, sources, outlets, len(data)))


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
    "kernel": (prepare_alike, HEADLINES),
    "cluster": (cluster_alike, HEADLINES),
    "split": (take_apart, inputs(".txt")),
}
