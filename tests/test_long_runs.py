"""One thing over and over takes no more than its time, wherever a pattern looks."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from dedupe.api import cluster
from dedupe.errors import DedupeError
from dedupe.io.article_split import split_article
from dedupe.io.dates import parse_timestamp

LENGTH = 1 << 18
LONGEST = 1.0
"""Seconds of processor time; what takes the square of the length takes minutes."""
BITS = {
    "spaces": " ", "abbreviations": "a.", "dots": ".", "digits": "9", "decimals": "1.",
    "possessives": "a's ", "quotes": '"', "brackets": "(", "ampersands": "&", "entities": "&#1",
    "dashes": " - ", "colons": "a: ", "tags": "UPDATE 1-", "capitals": "Aa ", "zones": " GMT",
    "ideographs": "城", "marks": "a\u0301", "escapes": "\\", "commas": ",", "lines": "A b\n\n",
}  # fmt: skip
WAYS = {
    "a date": lambda text: parse_timestamp(text, 0),
    "a page": lambda text: split_article("page", text.encode()),
    "two headlines": lambda text: cluster([text, text[1:]], jobs=1),
}


@pytest.mark.timing
@pytest.mark.parametrize("bit", BITS.values(), ids=BITS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_long_run_takes_no_more_than_its_time(way, bit: str):
    middle = bit * (LENGTH // len(bit.encode()))
    for text in (middle, f"2025-04-30{middle}ab.", f"(Ab {middle}x GMT"):
        started = time.process_time()
        with suppress(DedupeError):
            way(text)
        assert time.process_time() - started < LONGEST
