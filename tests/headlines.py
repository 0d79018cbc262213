"""Headlines to test with: invented ones in sixteen languages, and real ones where they are."""

from __future__ import annotations

import gzip
import os
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest
from commandline import FIXTURES, PROJECT
from hypothesis import strategies as st

from dedupe.prepare import prepare_texts
from dedupe.scoring.score import TextScoring, score_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.tokens import PreparedTexts

EXAMPLES = PROJECT / "tests" / "training" / "examples"
DATA = Path(os.environ.get("DATA", PROJECT.parent / "shared" / "data"))
"""Real headlines for evaluation, which are no part of the project; ``DATA`` may name their folder."""
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the evaluation data is not part of the project"
)

# ruff: noqa: E501 - rows of words read best as they are
ODD = (
    "", " ", "!!!", "a", "ab", "U.S. Int'l 1,000 4.3 pct", "UPDATE 2-Ferry tolls - Pell Courier",
    "ＦＥＲＲＹ ﬁre ① ½ İstanbul ǅ ΑΣ", "城南水库大坝 41 亿", "한국어 뉴스", "สวัสดีชาวโลก", "🚢 🇫🇷",
    "a\u0301e\u0308 n\u0303", "\u200bzero\u00adwidth\ufeff", "\ud800 half", "x" * 3000, "C++ C# .NET",
    "a b " * 900, "&amp;&#x41;&#0;&bogus; <b>x</b>", "\U0010ffff\U000e0001", "9" * 400, "\x00\x1b[31m",
    "مرحبا بالعالم", "1万2千人", "12.000,5 1,234.5 1'000 12 000 1,20,000", "II. XII xxi", "[1] (2) - 3",
)  # fmt: skip
"""Texts of every kind that preparation treats in its own way."""

WORDS = (
    "UPDATE", "2-", "RPT-", "Exclusive:", "[video]", "(2011)", " - Reuters", " | ", "#", "@", "...",
    "Fed", "U.S.", "not", "won't", "doesn't", "l'armée", "Türkiye'nin", "twenty", "million", "12,000",
    "12.5", "3.4%", "$2.5m", "€1.2bn", "per", "cent", "May", "Monday", "II", "C++", "C#", ".NET", "A+",
    "rises", "falls", "blow", "out", "blowout", "United", "Nations", "UN", "не", "нет", "двадцать",
    "不", "三", "万", "人", "城南", "水库", "の", "ない", "뉴스", "안", "لا", "ال", "नहीं", "zwei", "nicht", "—", ":", "ß",
)  # fmt: skip
MADE_UP = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=10).map("".join),
    st.sampled_from(ODD),
)
"""Any text, and texts that are made of what preparation looks for."""


@cache
def invented() -> dict[str, list[str]]:
    """Return the invented headlines by language."""
    found: dict[str, list[str]] = {}
    for path in sorted(EXAMPLES.glob("pairs-*.tsv")):
        rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
        found[path.stem.removeprefix("pairs-")] = [text for row in rows for text in row[2:]]
    return found


def some_invented(count: int, seed: int = 1) -> list[str]:
    """Return so many invented headlines of each language."""
    chance = random.Random(seed)
    return [text for texts in invented().values() for text in chance.sample(texts, count)]


def corpora() -> list[Path]:
    """Return the files of real headlines; none where they are not."""
    return sorted([*DATA.glob("*.jsonl.gz"), *DATA.glob("languages/*.jsonl.gz")])


def records_of(path: Path) -> list[bytes]:
    """Return the lines of one of them."""
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


@cache
def some_real(count: int) -> tuple[str, ...]:
    """Return so many real headlines of each file."""
    chance = random.Random(2)
    lines = [line for path in corpora() for line in chance.sample(records_of(path), count)]
    return tuple(str(orjson.loads(line).get("title") or "") for line in lines)


def fixture_texts() -> list[str]:
    """Return the titles and ledes of the fixtures."""
    lines = (FIXTURES / "stories.jsonl").read_bytes().splitlines()
    return [orjson.loads(line).get(name) or "" for line in lines for name in ("title", "lede")]


def prepared(texts: Sequence[str], sources: Sequence[str] = ()) -> PreparedTexts:
    """Return some texts prepared; ``sources`` has the outlet of each, "" for none."""
    names = sorted({*sources} - {""})
    outlets = [names.index(source) if source else -1 for source in sources or [""] * len(texts)]
    return prepare_texts(texts, names, np.array(outlets, np.int32), 1)


def scoring_of(texts: PreparedTexts, numbers: str = "weigh") -> TextScoring:
    """Return the scoring of records that have one text each."""
    rows = np.arange(len(texts), dtype=np.int32)[None]
    return TextScoring(texts, rows, np.ones(1), numbers)


def log_odds(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Return the text score of pairs of headlines, in log-odds."""
    scoring = scoring_of(prepared([text for pair in pairs for text in pair]))
    left = np.arange(0, 2 * len(pairs), 2)
    return score_pairs(scoring, left, left + 1)
