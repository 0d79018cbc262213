"""Time and memory as a file grows: ``python tests/bench/growth.py FILE.jsonl[.gz] [RECORDS ...]``.

A file of any size is made from the headlines of the one given: the second time round, and each
further time, two words of each are those of other headlines and its date is a year later, by a
seeded generator. Prints a Markdown table; the last columns are against the first row.
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from cost import cost_of
from speed import FLOOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 7
USUAL = (125_000, 1_000_000)


def stories_of(path: str) -> list[dict[str, Any]]:
    """The records of a corpus."""
    data = Path(path).read_bytes()
    whole = gzip.decompress(data) if path.endswith(".gz") else data
    return [orjson.loads(line) for line in whole.splitlines()]


def grown(stories: Sequence[dict[str, Any]], count: int) -> Iterator[bytes]:
    """So many lines of JSON, made from the stories."""
    chance = random.Random(SEED)
    for place in range(count):
        again, at = divmod(place, len(stories))
        story = stories[at]
        if again:
            words = story["title"].split()
            for _ in range(min(2, len(words))):
                other = chance.choice(stories)["title"].split() or ["-"]
                words[chance.randrange(len(words))] = chance.choice(other)
            when = datetime.fromisoformat(story["published"])
            later = when.replace(year=when.year + again, day=min(when.day, 28))
            story = story | {
                "id": f"{story['id']}-{again}",
                "title": " ".join(words),
                "published": later.isoformat(),
            }
        yield orjson.dumps(story) + b"\n"


def main(path: str, sizes: Sequence[int]) -> None:
    """One row a size."""
    stories = stories_of(path)
    print("| records | floor s | unique s | x floor | MB | bytes a record | time x | memory x |")
    print("|---|---|---|---|---|---|---|---|")
    first: tuple[float, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        given, out = str(Path(folder) / "in.jsonl"), str(Path(folder) / "out.jsonl")
        for size in sizes:
            with Path(given).open("wb") as file:
                file.writelines(grown(stories, size))
            floor = cost_of([sys.executable, "-c", FLOOR, given, out]).seconds
            cost = cost_of([sys.executable, "-m", "dedupe", "unique", "-q", "-o", out, given])
            wall, peak = cost.seconds, cost.memory
            own = peak * 2**20 - Path(given).stat().st_size
            first = first or (wall, peak)
            told = f"{floor:.2f} | {wall:.1f} | {wall / floor:.1f} | {peak:.0f} | {own / size:.0f}"
            print(
                f"| {size:,} | {told} | {wall / first[0]:.1f} | {peak / first[1]:.1f} |", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1], [int(size) for size in sys.argv[2:]] or USUAL)
