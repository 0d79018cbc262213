"""Size and load time of the report page: ``python tests/bench/page.py [CLUSTERS ...]``.

The clusters are invented, of two or three records each, and reach the page without a run. The time
is that of a real headless Chromium, from its start on the page until the list can be searched.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from browser import Browser

from dedupe.config import Settings
from dedupe.models import NO_TIME, Batch, Clustering, Corpus
from dedupe.reports.html.data import ReportData
from dedupe.reports.html.render import render_page

USUAL = (1_000, 10_000, 100_000)
WORDS = [
    a + b for a in ("bor", "kel", "mar", "tin", "vos", "zan") for b in ("ta", "len", "mir", "dok")
]
RECALL = [step / 100 for step in range(101)]


def invented(clusters: int) -> ReportData:
    """So many clusters, and the corpus that holds them."""
    chance = random.Random(1)
    sizes = [chance.choice((2, 2, 3)) for _ in range(clusters)]
    leaders = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    count = len(leaders)
    texts = [" ".join(chance.choices(WORDS, k=9)) for _ in range(count)]
    whole = np.zeros(count, np.int64)
    batch = Batch(
        "in.jsonl", "jsonl", b"", b"", whole, whole, whole, np.arange(count) + 1,
        (texts,), [""] * count, ["Wire"] * count, np.full(count, NO_TIME),
        np.zeros(count, bool), whole,
    )  # fmt: skip
    keys = [f"{place:016x}" for place in range(count)]
    corpus = Corpus(
        (batch,), (texts,), keys, batch.sources, batch.times, np.arange(count, dtype=np.uint64)
    )
    members = leaders != np.arange(count)
    clustering = Clustering(
        canonical=leaders,
        scores=np.where(members, 0.9, 1.0),
        reasons=["title 0.90" if member else "canonical" for member in members],
        sizes=np.repeat(sizes, sizes),
        versions=whole,
        keys=keys,
        record_ids=keys,
    )
    facts = {
        "version": "0", "settings": Settings().manifest(), "input": {},
        "sketch": {"bands": 25, "rows": 5, "anchors": 5, "aim": 0.98},
        "records": count, "unique": clusters, "duplicates": count - clusters,
        "clusters": clusters, "largest_cluster": 3, "weakest_link": 0.9,
    }  # fmt: skip
    return ReportData("Invented", corpus, clustering, facts, RECALL, {})


def main(sizes: list[int]) -> None:
    """One row a size."""
    print("| clusters | page MB | s to write | s to load |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Browser(Path(folder) / "profile") as browser:
        for size in sizes:
            overview, place = invented(size), Path(folder) / "page.html"
            started = time.perf_counter()
            place.write_bytes(render_page(overview))
            written = time.perf_counter()
            browser.open(place)
            loaded = time.perf_counter() - written
            megabytes = place.stat().st_size / 1e6
            print(
                f"| {size:,} | {megabytes:.2f} | {written - started:.1f} | {loaded:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(USUAL))
