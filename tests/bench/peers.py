"""Judge peers on the labelled corpora as we are: ``python tests/bench/peers.py [DATA [PEER ...]]``.

Needs the peers, in an environment of their own (``make peers``); one that is not installed says
so. Each clusters the whole file and is scored by "in one group" over the labelled pairs. The
threshold, and whether ledes are compared too, are the best on these very labels: that flatters.
Prints a Markdown table; each run goes to standard error.
"""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cost import cost_of
from peer_methods import PEERS, Peer
from scoring import LABELLED, MISSING, Figures, score, told_pairs

DATA = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
TITLE = ("title",)
WITH_LEDES = {"newstoday"}
SCORERS = ("ratio", "token_sort_ratio", "token_set_ratio", "WRatio")
CORPORA = {
    name: short
    for name, short in LABELLED.items()
    if (DATA / f"{name}.jsonl.gz").exists() and (DATA / f"{short}_pairs.csv").exists()
}
"""The labelled corpora in the folder; the first is timed."""


@dataclass(frozen=True, slots=True)
class Run:
    """One clustering: its figures, processor seconds and peak resident MB."""

    figures: Figures
    seconds: float
    memory: float


@cache
def read(name: str, fields: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The ids and texts of a corpus."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rb") as lines:
        records = [json.loads(line) for line in lines]
    texts = [" ".join(record.get(field) or "" for field in fields) for record in records]
    return [str(record["id"]) for record in records], texts


def measure(peer: str, threshold: float, name: str, fields: tuple[str, ...]) -> Run:
    """One clustering of a whole corpus, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "groups.json"
        task = ["--one", str(out), peer, str(threshold), name, *fields]
        cost = cost_of([sys.executable, __file__, str(DATA), *task])
        groups = json.loads(out.read_bytes())
    ids, _ = read(name, fields)
    group = dict(zip(ids, groups, strict=True))
    pairs = told_pairs(DATA / f"{CORPORA[name]}_pairs.csv")
    figures = score((truth, group[a] == group[b]) for a, b, truth in pairs)
    run = Run(figures, cost.processor, cost.memory)
    told = f"{figures}, {run.seconds:.1f} s, {run.memory:.0f} MB"
    print(f"{peer} {threshold} {name} {' '.join(fields)}: {told}", file=sys.stderr)
    return run


def cluster_one(out: str, peer: str, threshold: str, name: str, *fields: str) -> None:
    """The child's work: group numbers into a file."""
    _, texts = read(name, fields)
    Path(out).write_text(json.dumps(PEERS[peer].cluster(texts, float(threshold))))


def best_run(peer: str, name: str) -> Run:
    """The best F1 of all thresholds and views."""
    runs = [
        measure(peer, threshold, name, fields)
        for fields in views(name)
        for threshold in PEERS[peer].thresholds(name)
    ]
    return max(runs, key=lambda run: run.figures.f1)


def views(name: str) -> list[tuple[str, ...]]:
    """The fields to try on a corpus."""
    return [TITLE, (*TITLE, "lede")] if name in WITH_LEDES else [TITLE]


def called(peer: Peer) -> str:
    """What the table calls a peer; raises PackageNotFoundError where it is not installed."""
    return peer.title.format(*map(version, peer.packages))


def peer_row(peer: str) -> str:
    """The table's row of one peer."""
    try:
        title = called(PEERS[peer])
    except PackageNotFoundError as missing:
        return f"| {peer} | not installed: {missing.name} |{' |' * (len(CORPORA) + 1)}"
    try:
        runs = {name: best_run(peer, name) for name in CORPORA}
    except subprocess.CalledProcessError as failed:
        last = failed.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"| {title} | failed: {' '.join(last)} |{' |' * (len(CORPORA) + 1)}"
    cells = " | ".join(f"{run.figures.f1:.2f}" for run in runs.values())
    timed = next(iter(CORPORA))
    timed_run = runs[timed]
    each = timed_run.seconds / len(read(timed, TITLE)[0]) * 1e6
    count = len(PEERS[peer].thresholds(timed))
    return (
        f"| {title}, best of {count} thresholds | {cells} | {each:.0f} | {timed_run.memory:.0f} |"
    )


def scorer_row(name: str) -> str:
    """A rapidfuzz scorer on the labelled pairs alone, at its best threshold of all."""
    fuzz, utils = (importlib.import_module(f"rapidfuzz.{part}") for part in ("fuzz", "utils"))
    cells = []
    for corpus, short in CORPORA.items():
        pairs = told_pairs(DATA / f"{short}_pairs.csv")
        best = 0.0
        for fields in views(corpus):
            text = dict(zip(*read(corpus, fields), strict=True))
            like = getattr(fuzz, name)
            likeness = [
                like(text[a], text[b], processor=utils.default_process) for a, b, _ in pairs
            ]
            for threshold in set(likeness):
                answers = zip((pair[2] for pair in pairs), likeness, strict=True)
                best = max(best, score((truth, x >= threshold) for truth, x in answers).f1)
        cells.append(f"{best:.2f}")
    title = f"rapidfuzz {version('rapidfuzz')} `{name}`, the pairs alone, best threshold"
    return f"| {title} | {' | '.join(cells)} | | |"


def main(chosen: list[str]) -> None:
    """Print the table, of all peers or of those chosen."""
    columns = " | ".join(f"{short} F1" for short in CORPORA.values())
    print(f"| peer | {columns} | processor us a record | MB at peak |")
    print("|---" * (len(CORPORA) + 3) + "|")
    for peer in chosen or PEERS:
        print(peer_row(peer), flush=True)
    if not chosen:
        try:
            print("\n".join(map(scorer_row, SCORERS)))
        except ModuleNotFoundError as missing:
            print(
                f"| rapidfuzz scorers | not installed: {missing.name} |{' |' * (len(CORPORA) + 1)}"
            )


if __name__ == "__main__":
    if not CORPORA:
        sys.exit(f"{DATA} {MISSING}")
    if sys.argv[2:3] == ["--one"]:
        cluster_one(*sys.argv[3:])
    else:
        main(sys.argv[2:])
