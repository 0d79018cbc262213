"""Judge the default settings on the labelled corpora: ``python tests/bench/quality.py [DATA]``.

Prints a Markdown table. Labelled pairs count on clusters of the whole file, gold clusters by their
pairs. The shipped model was fitted on these labels: what counts is held out, every pair judged by
one of ``--folds`` models that were fitted without it.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
from pathlib import Path

import orjson
from cost import cost_of
from held_out import Answers, answers
from scoring import LABELLED, MISSING, score

GOLD = {"reuters_2007_news": "gold_id", "reuters21578": "gold", "zhihu": "gold"}
TIMED = "reuters_weeks"


def evaluate(*arguments: str) -> dict[str, dict[str, float]]:
    """The figures of one ``dedupe evaluate``."""
    command = [sys.executable, "-m", "dedupe", "evaluate", "--json", "-q", "--errors", "0"]
    done = subprocess.run([*command, *arguments], check=True, capture_output=True)
    figures: dict[str, dict[str, float]] = orjson.loads(done.stdout)["figures"]
    return figures


def show(name: str, text: str) -> None:
    """One row."""
    print(f"| {name} | {text} |", flush=True)


def told(figures: dict[str, dict[str, float]]) -> str:
    """Figures as words and numbers."""
    return ", ".join(f"{key} {value['value']:.3f}" for key, value in figures.items() if value)


def show_held_out(answered: Answers, what: str) -> None:
    """A row a corpus."""
    for name in LABELLED:
        show(f"{name}, {what}, held out", str(score(answered[name])))


def show_cost(data: Path) -> None:
    """What clustering the timed corpus takes."""
    stories = str(data / f"{TIMED}.jsonl.gz")
    with gzip.open(stories) as lines:
        records = sum(1 for _ in lines)
    command = [sys.executable, "-m", "dedupe", "cluster", "-q", "-o", "/dev/null", stories]
    cost = cost_of(command)
    show(
        f"{TIMED}, `cluster`",
        f"{cost.processor / records * 1e6:.0f} processor us a record, {cost.memory:.0f} MB",
    )


def main(data: Path, folds: int) -> None:
    """Print the table."""
    print("| corpus | figures |\n|---|---|")
    if folds:
        decided, clustered = answers(data, folds)
        show_held_out(clustered, f"clusters of the whole file ({folds} folds)")
        show_held_out(decided, f"decision alone ({folds} folds)")
    for name, short in LABELLED.items():
        pairs, stories = data / f"{short}_pairs.csv", data / f"{name}.jsonl.gz"
        show(f"{name}, clusters, seen in fitting", told(evaluate(str(pairs), str(stories))))
    show_cost(data)
    for name, field in GOLD.items():
        figures = evaluate("--gold-field", field, str(data / f"{name}.jsonl.gz"))
        show(f"{name} by {field}", told(figures))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--folds", type=int, default=5, help="0: only what was seen in fitting")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    if not given.data.is_dir():
        sys.exit(f"{given.data} {MISSING}")
    main(given.data, given.folds)
