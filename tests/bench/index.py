"""The index at scale: a year by day against the batch run, and speed and size at many stories.

``python tests/bench/index.py year reuters_2007_news.jsonl.gz`` adds a file day by day, compacts,
and compares the clusters with those of a batch run. ``python tests/bench/index.py speed FILE
COUNT`` adds so many stories, made from those of the file by a seeded edit, and times what comes
next.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from dedupe.api import cluster
from dedupe.index.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Story = dict[str, Any]
Clusters = set[tuple[str, frozenset[str]]]

AT_ONCE = 1 << 15
LINES = 300
EMPTY = 1 << 16
WORDS = 3


def stories(path: str) -> list[Story]:
    """The stories of a JSONL file, gzipped or not."""
    with gzip.open(path) if path.endswith(".gz") else Path(path).open("rb") as file:
        return [json.loads(line) for line in file]


def megabytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def groups(index: Index) -> Clusters:
    """The clusters of an index as canonical id and ids."""
    return {
        (group["canonical_id"], frozenset(story["id"] for story in group["stories"]))
        for group in index.export()
    }


def batch(told: list[Story]) -> Clusters:
    """The same of a batch run."""
    found = cluster(told)
    ids = found.record_ids
    return {(ids[c.canonical], frozenset(ids[i] for i in c.members)) for c in found}


def agreeing(left: Clusters, right: Clusters) -> float:
    """The share of stories whose whole cluster is the same in both."""
    theirs = {ids for _, ids in right}
    return sum(len(ids) for _, ids in left if ids in theirs) / sum(len(ids) for _, ids in left)


def year(path: str) -> None:
    """Add a file by days, compact, and compare with the batch run."""
    told = stories(path)
    days = [list(day) for _, day in groupby(told, key=lambda story: story["published"][:10])]
    with tempfile.TemporaryDirectory() as folder, Index.create(folder + "/year.index") as index:
        started = time.perf_counter()
        for day in days:
            index.add(day)
        spent = time.perf_counter() - started
        print(
            f"{len(days)} adds of {len(told):,} stories: {spent:.0f} s, {len(told) / spent:,.0f}/s"
        )
        print(f"memory at most {megabytes():,} MB with the whole file as Python objects")
        before = groups(index)
        started = time.perf_counter()
        index.compact()
        print(f"compact: {time.perf_counter() - started:.0f} s")
        after = groups(index)
        figures = index.stats()
        size = figures["bytes_a_story_beyond_text"]
        print(f"{figures['bytes']:,} bytes, {size} a story beyond its text")
        print(f"check: {index.check() or 'sound'}")
    started = time.perf_counter()
    expected = batch(told)
    print(f"batch run: {time.perf_counter() - started:.0f} s, {len(expected):,} clusters")
    print(f"whole clusters equal before compact: {agreeing(before, expected):.2%} of stories")
    print(f"clusters and canonical versions equal after compact: {after == expected}")


def made(told: list[Story], count: int, seed: int) -> Iterator[Story]:
    """So many stories: those of a file, then the same with some words exchanged."""
    chance = random.Random(seed)
    words = [word for story in told[:20000] for word in story["title"].split()]
    for number in range(count):
        story = told[number % len(told)]
        if number >= len(told):
            title = story["title"].split()
            for _ in range(WORDS):
                title[chance.randrange(len(title))] = chance.choice(words)
            story = story | {"title": " ".join(title)}
        yield story | {"id": f"{seed}-{number}"}


def timed(call: Callable[[Any], object], given: object) -> tuple[float, float]:
    """The seconds that a call takes, by the clock and of the processor."""
    started, busy = time.perf_counter(), time.process_time()
    call(given)
    return time.perf_counter() - started, time.process_time() - busy


def speed(path: str, count: int) -> None:
    """Fill an index, and time adding in bulk and line by line, and matching."""
    told = stories(path)
    source = made(told, count, 1)
    with tempfile.TemporaryDirectory() as folder, Index.create(folder + "/big.index") as index:
        held = 0
        while part := [story for story, _ in zip(source, range(AT_ONCE), strict=False)]:
            corpus = index.corpus_of(part)
            spent, busy = timed(index.add_corpus, corpus)
            held += len(part)
            print(
                f"{held:>9,} {len(part) / spent:>8,.0f}/s {busy / len(part) * 1e6:>5.0f} us of"
                f" processor a story {megabytes():>6,} MB",
                flush=True,
            )
        extra = list(made(told[: 10 * LINES], 12 * LINES, 2))[-2 * LINES :]
        for name, call in (("add", index.add), ("match", index.match)):
            asked = extra[:LINES] if name == "add" else extra[LINES:]
            times = zip(*(timed(call, [story]) for story in asked), strict=True)
            for kind, own in zip(("by the clock", "of processor"), times, strict=True):
                late = quantiles(own, n=20)[-1]
                print(f"{name}, one story {kind}: median {median(own) * 1e3:.2f} ms", end=", ")
                print(f"95 % within {late * 1e3:.2f} ms")
        _, busy = timed(index.match, extra[LINES:])
        print(f"match, {LINES} stories at once: {busy / LINES * 1e3:.2f} ms of processor each")
        _, busy = timed(lambda path: len(Index(path)), index.path)
        print(f"opening: {busy:.2f} s of processor")
        figures = index.stats()
        for name in ("stories", "segments", "bytes", "bytes_a_story_beyond_text"):
            print(name, figures[name])
        started = time.perf_counter()
        print("check:", index.check() or "sound", f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    what, file, *rest = sys.argv[1:]
    if not Path(file).exists():
        sys.exit(f"{file} is not there: the corpora are no part of the project")
    year(file) if what == "year" else speed(file, int(rest[0]))
