"""Invented stories, the same for a seed: for what is measured without any corpus."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

SEED = 4
DAY_ONE = datetime(2026, 3, 1, tzinfo=UTC)
MINUTES = 60 * 24 * 30
SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
WORDS = 6_000
SOURCES = ("Northern Wire", "Evening Ledger", "Harbour News", "Pell Courier")
TAGS = ("UPDATE 1-", "BREAKING: ", "RPT-")
TOLD_AGAIN = 0.25
TAGGED = 0.1
CHANGED = 2


def invented(count: int, seed: int = SEED) -> list[bytes]:
    """So many stories with headline and lede as lines of JSON, one in four a retelling."""
    chance = random.Random(seed)
    words = vocabulary(chance)
    told: list[dict[str, Any]] = []
    for number in range(count):
        if told and chance.random() < TOLD_AGAIN:
            story = retold(chance, chance.choice(told), words)
        else:
            story = {
                "title": sentence(chance, words, chance.randint(7, 13)).capitalize(),
                "lede": sentence(chance, words, chance.randint(12, 24)).capitalize() + ".",
                "minutes": chance.randrange(MINUTES),
            }
        told.append(story)
        told[-1] |= {"id": f"s{number}", "source": chance.choice(SOURCES)}
    return [line_of(story) for story in told]


def vocabulary(chance: random.Random) -> list[str]:
    """Words of two to four syllables, and some numbers."""
    made = ("".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(WORDS))
    return [*made, *(str(chance.randrange(2, 2_000)) for _ in range(WORDS // 20))]


def sentence(chance: random.Random, words: list[str], length: int) -> str:
    """Words of which few come often and most seldom, as in any language."""
    return " ".join(words[int(len(words) * chance.random() ** 3)] for _ in range(length))


def retold(chance: random.Random, story: dict[str, Any], words: list[str]) -> dict[str, Any]:
    """The story a little later with a word or two changed, some under a tag."""
    title = story["title"].split()
    for _ in range(chance.randint(0, CHANGED)):
        title[chance.randrange(len(title))] = chance.choice(words)
    tag = chance.choice(TAGS) if chance.random() < TAGGED else ""
    later = story["minutes"] + chance.randrange(600)
    return story | {"title": tag + " ".join(title), "minutes": later}


def line_of(story: dict[str, Any]) -> bytes:
    """A story as a line."""
    when = DAY_ONE + timedelta(minutes=story["minutes"])
    kept = {name: story[name] for name in ("id", "title", "lede", "source")}
    return orjson.dumps(kept | {"published": when.isoformat()}) + b"\n"
