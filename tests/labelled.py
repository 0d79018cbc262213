"""A small file of stories that were told twice, and labels for it, made of parts."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOWNS = ("Pell Point", "Arden Quay", "Marrow Hill", "Tasker Bay", "Winnow Cross", "Odlin Ferry")
EVENTS = (
    "Old lamp at {} stays lit, council says",
    "Bakers of {} strike over flour prices",
    "Flood closes the tram depot in {}",
    "{} opens a museum of lost umbrellas",
    "Court lets {} keep its wooden bridge",
)
SOURCES = ("ap", "gazette")


def stories() -> list[dict[str, str]]:
    """Thirty stories, each told twice: story ``n`` has the ids ``an`` and ``bn``."""
    out = []
    for number, (event, town) in enumerate(product(EVENTS, TOWNS)):
        title = event.format(town)
        day = f"2026-03-{1 + number // 6:02}T{8 + number % 6:02}:00:00Z"
        told = (title, f"UPDATE 1-{title}")
        for letter, text, source in zip("ab", told, SOURCES, strict=True):
            record = {"id": f"{letter}{number}", "title": text, "source": source}
            out.append({**record, "published": day})
    return out


def labels(duplicates: int = 30, others: int = 30) -> list[dict[str, str]]:
    """Told twice is ``D``; another event in another town is ``N``."""
    same = [{"a": f"a{n}", "b": f"b{n}", "label": "D"} for n in range(duplicates)]
    apart = [{"a": f"a{n}", "b": f"b{(n + 7) % 30}", "label": "N"} for n in range(others)]
    return same + apart


def lines(records: list[dict[str, str]]) -> bytes:
    """Records as JSONL."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def write(folder: Path) -> None:
    """Write ``stories.jsonl`` and ``labels.jsonl``."""
    (folder / "stories.jsonl").write_bytes(lines(stories()))
    (folder / "labels.jsonl").write_bytes(lines(labels()))
