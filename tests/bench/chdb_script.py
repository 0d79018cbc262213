"""Find near-duplicates by ClickHouse in process and rapidfuzz: ``chdb_script.py FILE.jsonl``.

A peer to measure against, as one would write it: MinHash of word pairs groups the headlines, pairs
of small groups are compared by ``token_sort_ratio``, and connected ones are one story. Needs chdb,
pyarrow and rapidfuzz.
"""

from __future__ import annotations

import sys
from pathlib import Path

import chdb
import numpy as np
import orjson
import pyarrow as pa
from rapidfuzz import fuzz, process

LEAST_RATIO = 85
QUERY = """
with hashed as (select i, wordShingleMinHash(lower(t), 2, 6) m from Python(table)),
grouped as (
  select groupArray(i) a from hashed group by m.1 having count() > 1 and count() <= 50
  union all
  select groupArray(i) a from hashed group by m.2 having count() > 1 and count() <= 50)
select distinct x, y from (select arrayJoin(arrayFlatten(arrayMap(
  (v, k) -> arrayMap(u -> (v, u), arraySlice(a, k + 1)), a, arrayEnumerate(a)))) p,
  p.1 x, p.2 y from grouped)
"""


def find(parents: list[int], node: int) -> int:
    """Return the root of a node, and shorten the way to it."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


def main() -> None:
    """Print how many headlines are left."""
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    titles = [orjson.loads(line)["title"] for line in lines]
    table = pa.table({"i": np.arange(len(titles)), "t": titles})  # noqa: F841 - the query reads it
    found = chdb.query(QUERY, "ArrowTable")
    left, right = np.asarray(found["x"]), np.asarray(found["y"])
    ratios = process.cpdist(
        [titles[at] for at in left],
        [titles[at] for at in right],
        scorer=fuzz.token_sort_ratio,
        workers=-1,
    )
    alike = ratios >= LEAST_RATIO
    parents = list(range(len(titles)))
    for one, other in zip(left[alike].tolist(), right[alike].tolist(), strict=True):
        roots = find(parents, one), find(parents, other)
        parents[max(roots)] = min(roots)
    kept = sum(node == parent for node, parent in enumerate(parents))
    print(f"{len(titles)} headlines, {kept} left")


if __name__ == "__main__":
    main()
