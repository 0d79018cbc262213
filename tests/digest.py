"""Digests of what must be the same everywhere: ``python digest.py`` in any environment of dedupe.

It needs no more than the package and the fixtures, so that every interpreter can run it. By which
path they were made is told on standard error.
"""

from __future__ import annotations

import json
import sys
from hashlib import blake2b
from itertools import product
from pathlib import Path

import numpy as np

from dedupe import kernel
from dedupe.api import cluster
from dedupe.prepare import prepare_texts

FIXTURES = Path(__file__).parent.parent / "fixtures"
CORPORA = ("stories.jsonl", "demo.jsonl")
SEEDS = (1, 2**32 - 1)
BEFORE = ("", "UPDATE 2-", "BREAKING: ")
AFTER = ("", " - Reuters", "...")
ODD = (
    "", " ", "!!!", "a", "ab", "U.S. Int'l 1,000 4.3 pct", "UPDATE 2-Ferry tolls - Pell Courier",
    "ＦＥＲＲＹ ﬁre ① ½ İstanbul ǅ ΑΣ", "城南水库大坝 41 亿", "한국어 뉴스", "สวัสดีชาวโลก", "🚢 🇫🇷",
    "a\u0301e\u0308 n\u0303", "\u200bzero\u00adwidth\ufeff", "\ud800 half", "x" * 3000,
    "a b " * 900, "&amp;&#x41;&#0;&bogus;", "\U0010ffff\U000e0001", "9" * 400, "\x00\x1b[31m",
    "مرحبا بالعالم",
)  # fmt: skip
"""Texts of every kind that normalising treats in its own way, beside those of the fixtures."""


def corpora() -> list[list[dict[str, str]]]:
    """Return the stories of the fixtures, and many made-up ones."""
    shipped = [(FIXTURES / name).read_bytes().splitlines() for name in CORPORA]
    return [*([json.loads(line) for line in lines] for lines in shipped), made_up()]


def made_up() -> list[dict[str, str]]:
    """Return headlines that differ by tags, outlets, numbers and who does what, on a few days."""
    told = product(BEFORE, ("Zellwick Quarries", "Mayor Droste", "城南水库大坝"),
                   ("buys", "sells"), ("Odlin mill", "41 mln crown dam", "63 million crown dam"),
                   AFTER)  # fmt: skip
    return [
        {
            "id": str(n),
            "title": f"{before}{who} {does} {what}{after}",
            "date": f"2026-03-{n % 9 + 1:02}",
        }
        for n, (before, who, does, what, after) in enumerate(told)
    ]


def texts() -> list[str]:
    """Return the texts of all of these, and odd ones."""
    stories = [story for corpus in corpora() for story in corpus]
    return [
        *ODD,
        *(story[name] for story in stories for name in ("title", "lede") if name in story),
    ]


def digest_of(*parts: bytes) -> str:
    """Return one digest of several values."""
    hashed = blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.hexdigest()


def signatures() -> str:
    """Return the digest of texts as they are compared, and of their keys, under two seeds."""
    told = texts()
    outlets = np.full(len(told), -1, np.int32)
    prepared = [prepare_texts(told, [], outlets, seed) for seed in SEEDS]
    columns = ("tokens", "letters", "fingerprints", "band_keys", "rare_keys")
    return digest_of(*(getattr(own, name).tobytes() for own in prepared for name in columns))


def clusters() -> str:
    """Return the digest of the cluster id of every story, however sure its place is."""
    return digest_of(*(key.encode() for corpus in corpora() for key in cluster(corpus).keys))


if __name__ == "__main__":
    print("the kernel" if kernel.available() else "numpy", file=sys.stderr)
    print(json.dumps({"signatures": signatures(), "clusters": clusters()}))
