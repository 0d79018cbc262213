"""A peer as a whole job, to be timed: ``python tests/bench/peer_run.py PEER IN.jsonl OUT.jsonl``.

Reads the records, finds groups over the headline, writes the first line of each group: what
``dedupe unique`` does. Without files: says what the peer is called, or what it lacks.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peer_methods import PEERS

HEADLINE = "title"
THRESHOLD = 0.7
LACKING = 3


def deduplicate(peer: str, given: str, out: str) -> None:
    """Keep the first line of every group."""
    import orjson

    with Path(given).open("rb") as file:
        lines = file.readlines()
    texts = [orjson.loads(line).get(HEADLINE) or "" for line in lines]
    threshold = round(THRESHOLD + PEERS[peer].shift, 2)
    groups = PEERS[peer].cluster(texts, threshold)
    firsts: dict[int, bytes] = {}
    for group, line in zip(groups, lines, strict=True):
        firsts.setdefault(group, line)
    with Path(out).open("wb") as file:
        file.writelines(firsts.values())


def called(peer: str) -> str:
    """The peer with its versions; raises PackageNotFoundError where it is not installed."""
    return PEERS[peer].title.format(*map(version, PEERS[peer].packages))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        deduplicate(*sys.argv[1:])
    else:
        try:
            print(called(sys.argv[1]))
        except PackageNotFoundError as missing:
            print(missing.name)
            sys.exit(LACKING)
