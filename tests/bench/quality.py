"""Judge the default settings on the labelled corpora: ``python tests/bench/quality.py [DATA]``.

Prints a Markdown table. Labelled pairs count on clusters of the whole file, gold clusters by
their pairs. The shipped model was fitted on these labels: :func:`held_out` is the honest figure.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson

DATA = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
LABELLED = {"reuters_weeks": "reuters", "newstoday": "newstoday", "uci": "uci"}
GOLD = {"reuters_2007_news": "gold_id", "reuters21578": "gold", "zhihu": "gold"}
OWN = Path(__file__).with_name("labels")
FOLDS = 10


def evaluate(*arguments: str) -> dict[str, dict[str, float]]:
    """The figures of one ``dedupe evaluate``."""
    command = [sys.executable, "-m", "dedupe", "evaluate", "--json", "-q", "--errors", "0"]
    done = subprocess.run([*command, *arguments], check=True, capture_output=True)
    figures: dict[str, dict[str, float]] = orjson.loads(done.stdout)["figures"]
    return figures


def show(name: str, figures: dict[str, dict[str, float]]) -> None:
    """One row a figure set."""
    kept = [f"{key} {value['value']:.3f}" for key, value in figures.items() if value]
    print(f"| {name} | {', '.join(kept)} |", flush=True)


def held_out() -> None:
    """Cross-validated F1 of the pair decision: every pair judged by a model that never saw it."""
    from dedupe.judge.fit import Lesson, distant_lesson, lesson_of, open_corpus, read_labels, train

    cases = {name: open_corpus(str(DATA / f"{name}.jsonl.gz")) for name in LABELLED}
    distant = [distant_lesson(case) for case in cases.values()]
    sets = [
        (name, given, lesson_of(cases[name], labels), np.array([x[2] for x in labels]))
        for name, short in LABELLED.items()
        for given, path in ((True, DATA / f"{short}_pairs.csv"), (False, OWN / f"{short}.csv"))
        for labels in [read_labels(str(path))]
    ]
    random = np.random.default_rng(0)
    folds = [random.integers(0, FOLDS, len(labels)) for *_, labels in sets]
    scores = [np.zeros(len(labels)) for *_, labels in sets]
    for fold in range(FOLDS):
        parts = list(distant)
        for (_, _, lesson, labels), own in zip(sets, folds, strict=True):
            seen = np.tile(own != fold, len(lesson.rows) // len(labels))
            truth = np.tile(labels == "D", len(lesson.rows) // len(labels)).astype(np.int64)
            parts.append(Lesson(lesson.rows[seen], truth[seen], lesson.mass[seen]))
        booster = train(sum(parts[1:], parts[0]))
        for (_, _, lesson, _), own, out in zip(sets, folds, scores, strict=True):
            rows = np.flatnonzero(own == fold)
            out[rows] = booster.predict_proba(lesson.rows[rows])[:, 1]
    for (name, given, _, labels), score in zip(sets, scores, strict=True):
        if given:
            told = labels != "U"
            yes, truth = score[told] >= 0.5, labels[told] == "D"
            f1 = 2 * (yes & truth).sum() / (yes.sum() + truth.sum())
            print(f"| {name}, decision alone, held out ({FOLDS} folds) | f1 {f1:.3f} |", flush=True)


def main() -> None:
    """Print the table."""
    print("| corpus | figures |\n|---|---|")
    held_out()
    for name, short in LABELLED.items():
        pairs, stories = DATA / f"{short}_pairs.csv", DATA / f"{name}.jsonl.gz"
        show(f"{name}, clusters, seen in fitting", evaluate(str(pairs), str(stories)))
    for name, field in GOLD.items():
        stories = DATA / f"{name}.jsonl.gz"
        show(f"{name} by {field}", evaluate("--gold-field", field, str(stories)))


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit(f"{DATA} is not there; give the folder of the labelled corpora")
    main()
