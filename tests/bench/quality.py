"""Judge the default settings on labelled corpora: ``tests/bench/quality.py [DATA] [NAME ...]``.

Prints a Markdown table. A labelled pair counts by whether one cluster of the whole file holds both
records. Duplicates that are missed are told apart: never compared, or compared and rejected. The
shipped model has seen these labels; ``--folds`` adds what models say that have not.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
from scoring import Figures, score, told_pairs

from dedupe.blocking.look_back import find_candidates
from dedupe.config import Settings
from dedupe.io.reader import read
from dedupe.load import load_corpus
from dedupe.matching import EXHAUSTIVE
from dedupe.models import ReadStats
from dedupe.pipeline import build_matcher, cluster_corpus
from dedupe.preprocess import preprocess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.models import Corpus
    from dedupe.result import ClusteringState

SHORT = {"reuters_weeks": "reuters"}
"""Corpora whose files of labels are called otherwise."""
METADATA = ("published", "source")
MODES = {"as it is": (), "by text alone": METADATA}
TITLES = {"by titles alone": (*METADATA, "lede")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the labelled pairs of a corpus come to."""

    figures: Figures
    never_compared: float
    rejected: float

    def __str__(self) -> str:
        lost = f"{self.never_compared:.3f} | {self.rejected:.3f}"
        own = self.figures
        return f"{own.precision:.3f} | {own.recall:.3f} | {own.f1:.3f} | {lost}"


def labelled_corpora(data: Path) -> dict[str, tuple[Path, Path]]:
    """Return the records and the labels of each corpus that has both."""
    found = {}
    for path in sorted([*data.glob("*.jsonl.gz"), *data.glob("languages/*.jsonl.gz")]):
        name = path.name.removesuffix(".jsonl.gz")
        labels = path.with_name(f"{SHORT.get(name, name)}_pairs.csv")
        if labels.exists():
            found[name] = path, labels
    return found


def read_corpus(path: Path, without: Iterable[str], settings: Settings) -> Corpus:
    """Return the records of a file without some of their values."""
    with gzip.open(path, "rb") as file:
        rows = [orjson.loads(line) for line in file]
    kept = [{name: row[name] for name in row if name not in set(without)} for row in rows]
    data = b"".join(orjson.dumps(row) + b"\n" for row in kept)
    batches = read([], settings, ReadStats(), stdin=io.BytesIO(data))
    return load_corpus(batches, len(settings.field))


def judge(path: Path, labels: Path, without: Iterable[str], jobs: int) -> Outcome:
    """Cluster a whole file, and judge the labelled pairs."""
    settings = Settings(jobs=jobs)
    corpus = read_corpus(path, without, settings)
    contents = preprocess(corpus, settings.seed, settings.jobs)
    matcher = build_matcher(corpus, contents, settings)
    state = cluster_corpus(corpus, contents, matcher, lambda _: None)
    place = {name: at for at, name in enumerate(corpus.ids)}
    pairs = [(place[a], place[b], same) for a, b, same in told_pairs(labels)]
    together = [bool(state.leaders[a] == state.leaders[b]) for a, b, _ in pairs]
    figures = score([(same, own) for (_, _, same), own in zip(pairs, together, strict=True)])
    missed = [(a, b) for (a, b, same), own in zip(pairs, together, strict=True) if same and not own]
    compared = compared_pairs(state)
    never = sum(not was_compared(state, compared, a, b) for a, b in missed)
    duplicates = sum(same for _, _, same in pairs) or 1
    return Outcome(figures, never / duplicates, (len(missed) - never) / duplicates)


def compared_pairs(state: ClusteringState) -> set[tuple[int, int]]:
    """Return the candidate pairs of the first pass, by node."""
    matcher, nodes = state.matcher, state.node_of[state.representatives]
    in_play = np.zeros(len(matcher.records), bool)
    in_play[nodes[nodes >= 0]] = True
    if in_play.sum() <= EXHAUSTIVE:
        return set(combinations(np.flatnonzero(in_play).tolist(), 2))
    nothing = np.zeros(len(in_play), bool)
    found = find_candidates(matcher.rare, matcher.bands, in_play, nothing, matcher.meta.times)
    right = np.repeat(np.arange(len(in_play)), np.diff(found.starts))
    return set(zip(found.partners.tolist(), right.tolist(), strict=True))


def was_compared(state: ClusteringState, compared: set[tuple[int, int]], a: int, b: int) -> bool:
    """Return whether the exact copies that two records stand for were a candidate pair."""
    one, other = sorted(state.node_of[state.representatives[[a, b]]].tolist())
    return one == other or (one, other) in compared


def find_training_tools() -> None:
    """Let the modules of ``tests/training`` be imported, as held-out figures need."""
    sys.path.append(str(Path(__file__).parents[1] / "training"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("names", nargs="*", help="only these corpora")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folds", type=int, default=0, help="add figures of held-out pairs")
    parser.add_argument("--titles", action="store_true", help="add figures of titles alone")
    given = parser.parse_args()
    corpora = labelled_corpora(given.data)
    if not corpora:
        sys.exit(f"{given.data} holds no labelled corpora; give their folder")
    head = "precision | recall | F1 | lost before comparison | lost after"
    print(f"| corpus | {head} |\n|---|---|---|---|---|---|")
    for name in given.names or corpora:
        for mode, without in (MODES | (TITLES if given.titles else {})).items():
            outcome = judge(*corpora[name], without, given.jobs)
            print(f"| {name}, {mode} | {outcome} |", flush=True)
    if given.folds:
        find_training_tools()
        from held_out import print_held_out

        print_held_out(given.data, given.folds)


if __name__ == "__main__":
    main()
