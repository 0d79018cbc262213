"""``dedupe tune``: what it claims, what it refuses to claim, and what it writes."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import labelled
import numpy as np
import pytest
from commandline import dedupe, shell, visible

from dedupe.config import Settings
from dedupe.config_layers import resolve_settings
from dedupe.config_values import parse_field
from dedupe.evaluation.tune import (
    RESAMPLES,
    Goal,
    RefusalError,
    ScoredLabels,
    candidate_thresholds,
    labels_needed,
    settings_toml,
    tune,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TUNE = ("tune", "stories.jsonl", "--labels", "labels.jsonl")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    labelled.write(tmp_path)
    return tmp_path


def scored(duplicates: Sequence[float], others: Sequence[float], *updates: float) -> ScoredLabels:
    kinds = "D" * len(duplicates) + "N" * len(others) + "U" * len(updates)
    return ScoredLabels.of(np.array([*duplicates, *others, *updates]), list(kinds))


def evenly(low: float, high: float, count: int) -> list[float]:
    return np.linspace(low, high, count).tolist()


APART = scored(evenly(0.6, 0.9, 40), evenly(0.1, 0.4, 40))
MIXED = scored([*evenly(0.7, 0.9, 90), *evenly(0.2, 0.4, 10)], [0.8, *evenly(0.05, 0.3, 59)])

# The choice


@pytest.mark.parametrize("goal", [Goal(), Goal("precision", 0.9), Goal("recall", 0.9)])
def test_a_clean_split_is_cut_in_its_middle(goal: Goal):
    tuned = tune(APART, goal, seed=1)
    assert tuned.threshold == 0.5
    assert tuned.curve.precision[tuned.position] == tuned.curve.recall[tuned.position] == 1


@pytest.mark.parametrize("target", [0.6, 0.8, 0.9, 0.93])
@pytest.mark.parametrize("measure", ["precision", "recall"])
def test_the_bound_meets_the_target_and_the_other_measure_decides(measure, target: float):
    goal = Goal(measure, target)
    tuned = tune(MIXED, goal, seed=1)
    best = -1.0
    for cut in MIXED.scores:
        right = int((MIXED.duplicate & (cut <= MIXED.scores)).sum())
        precision, recall = (right, int((cut <= MIXED.scores).sum())), (right, 100)
        claim, other = (precision, recall) if measure == "precision" else (recall, precision)
        if bound(claim[0] / claim[1], claim[1], goal) >= target:
            best = max(best, other[0] / other[1])
    reached = {"precision": tuned.curve.recall, "recall": tuned.curve.precision}[measure]
    assert reached[tuned.position] == best > 0


def test_chosen_threshold_has_the_best_f1():
    tuned = tune(MIXED, Goal(), seed=1)
    assert tuned.curve.f1[tuned.position] == np.nanmax(tuned.curve.f1)


def test_updates_count_neither_way():
    with_updates = scored(evenly(0.6, 0.9, 40), evenly(0.1, 0.4, 40), *evenly(0.1, 0.9, 50))
    plain, other = tune(APART, Goal(), 1), tune(with_updates, Goal(), 1)
    assert other.threshold == plain.threshold
    assert other.curve.precision.tolist() == plain.curve.precision.tolist()
    assert 0 < other.curve.updates[other.position] < 50


def test_curve_counts_what_stands_at_or_above():
    curve = tune(MIXED, Goal(), seed=1).curve
    for place, threshold in enumerate(curve.thresholds.tolist()):
        above = threshold <= MIXED.scores
        assert curve.right[place] == (above & MIXED.duplicate).sum()
        assert curve.wrong[place] == (above & MIXED.different).sum()
        assert curve.missed[place] == (~above & MIXED.duplicate).sum()


@pytest.mark.parametrize(
    "scores", [[0.1, 0.2, 0.9], [0.0, 1.0], [0.5, 0.5 + 1e-9, 0.5 + 2e-9], [1.0]]
)
def test_cuts_part_all_scores(scores: list[float]):
    found = candidate_thresholds(scored(scores, []))
    assert [int((found[n] <= scores).sum()) for n in range(len(scores))] == list(
        range(len(scores), 0, -1)
    )


# Honesty

REFUSED = {
    "nothing": (scored([], []), Goal(), "label at least 20 more 'duplicate' and 20 more 'not'"),
    "few others": (scored([0.9] * 50, [0.1] * 7), Goal(), "label at least 13 more 'not'"),
    "many updates": (
        scored([0.9] * 19, [0.1] * 20, *[0.5] * 100),
        Goal(),
        "too few labels (19 duplicate and 20 not): label at least 1 more 'duplicate'",
    ),
    "precision": (
        APART,
        Goal("precision", 0.98),
        "label about 149 more pairs that score 0.5 or more (now 40 of 40 right)",
    ),
    "less confidence": (
        APART,
        Goal("precision", 0.98, 0.8),
        "with 80% confidence: label about 41 more pairs",
    ),
    "recall": (APART, Goal("recall", 0.99), "label about 341 more duplicates (now 40 of 40 found"),
    "out of reach": (
        scored(evenly(0.1, 0.8, 40), evenly(0.2, 0.9, 40)),
        Goal("precision", 0.95),
        "no threshold reaches precision 0.95 on these labels (at best 0.",
    ),
}


@pytest.mark.parametrize(("pairs", "goal", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_the_labels_do_not_support(pairs: ScoredLabels, goal: Goal, reason: str):
    with pytest.raises(RefusalError, match=re.escape(reason)):
        tune(pairs, goal, seed=1)


@pytest.mark.parametrize("more", [148, 149])
def test_as_many_labels_as_it_asked_for_are_enough(more: int):
    pairs = scored(evenly(0.6, 0.9, 40 + more), evenly(0.1, 0.4, 40))
    if more == 149:
        assert tune(pairs, Goal("precision", 0.98), seed=1).threshold == 0.5
    else:
        with pytest.raises(RefusalError, match="about 1 more pairs"):
            tune(pairs, Goal("precision", 0.98), seed=1)


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [  # from the tables of Newcombe (1998), Statistics in Medicine 17, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(hits: int, tries: int, low: float, high: float):
    bounds = wilson(np.array([hits]), np.array([tries]), Goal().z)
    assert [float(bound[0]) for bound in bounds] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize("share", [0.99, 0.995, 1.0])
def test_needed_is_where_the_bound_meets_the_target(share: float):
    goal = Goal("precision", 0.98)
    tries = labels_needed(share, goal)
    assert bound(share, tries, goal) >= goal.target > bound(share, tries - 1, goal)


def bound(share: float, tries: int, goal: Goal) -> float:
    return float(wilson(np.array([share * tries]), np.array([tries]), goal.z)[0][0])


def test_bootstrap_is_sober_where_the_labels_are_noise():
    draw = np.random.default_rng(7)
    noise = scored(draw.random(40).tolist(), draw.random(40).tolist())
    tuned = tune(noise, Goal(), seed=1)
    seen = float(tuned.curve.f1[tuned.position])
    assert tuned.spread["f1"][0] < seen, "what was chosen on these labels does worse on others"


def test_bootstrap_tells_how_often_the_claim_holds():
    barely = scored(evenly(0.6, 0.9, 189), evenly(0.1, 0.4, 40))
    assert 0 < tune(barely, Goal("precision", 0.98), seed=1).steady < 1
    assert tune(APART, Goal(), seed=1).steady == 1
    assert RESAMPLES >= 200


def test_bootstrap_follows_its_seed():
    left, same, right = (tune(MIXED, Goal(), seed).spread for seed in (1, 1, 2))
    assert left == same != right


# The command


def test_the_settings_file_is_taken_by_config(folder: Path):
    done = dedupe(*TUNE, "-o", "t.toml", "--window", "2d", folder=folder)
    assert done.code == 0, done.err
    told = tomllib.loads((folder / "t.toml").read_text())
    assert told == {"threshold": told["threshold"], "window": "172800s"}
    dedupe("unique", "--config", "t.toml", "--stats", "s.json", "stories.jsonl", folder=folder)
    used = json.loads((folder / "s.json").read_bytes())["settings"]
    assert (used["threshold"], used["window"]) == (told["threshold"], "172800s")
    assert f"threshold {told['threshold']:g} for the best F1" in done.err


def test_the_table_shows_the_curve_and_the_choice(folder: Path):
    done = dedupe(*TUNE, "--stats", "s.json", folder=folder)
    stats = json.loads((folder / "s.json").read_bytes())
    lines = done.out.decode().splitlines()
    table = [line.split() for line in lines if re.match(r"0\.\d", line)]
    (chosen,) = [row for row in table if row[-1] == "chosen"]
    assert len(table) >= 19
    assert [float(row[0]) for row in table] == sorted(float(row[0]) for row in table)
    assert float(chosen[0]) == stats["threshold"]
    assert float(chosen[1]) == pytest.approx(stats["precision"], abs=5e-4)
    low, high = map(float, chosen[2].split("-"))
    assert [low, high] == pytest.approx(stats["precision_interval"], abs=5e-4)
    assert float(chosen[3]) == pytest.approx(stats["recall"], abs=5e-4)
    assert stats["labels"] == {"duplicate": 30, "not": 30, "update": 0}


def test_the_settings_file_says_why(folder: Path):
    table = dedupe(*TUNE, folder=folder).out.decode()
    settings = dedupe(*TUNE, "-o", "-", folder=folder).out.decode()
    comments = [line[2:] for line in settings.splitlines() if line.startswith("#")]
    assert comments == table.splitlines()
    assert set(tomllib.loads(settings)) == {"threshold"}


@pytest.mark.parametrize("name", ["out.svg", "out.svg.gz"])
def test_plot_is_a_picture_of_the_table(name: str, folder: Path):
    done = dedupe(*TUNE, "--plot", name, folder=folder)
    assert done.code == 0
    shown = shell(f"gzip -cdf {name}", folder)
    root = ET.fromstring(shown.out)  # noqa: S314 - our own output
    assert root.tag == f"{SVG}svg"
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert {"threshold", "recall", "0.0", "1.0", "threshold chosen"} <= words
    curves = [line.attrib for line in root.iter(f"{SVG}polyline")]
    assert [curve["class"] for curve in curves] == ["precision", "recall"]
    box = [float(side) for side in root.attrib["viewBox"].split()]
    for curve in [*curves, *(shape.attrib for shape in root.iter(f"{SVG}polygon"))]:
        corners = [tuple(map(float, point.split(","))) for point in curve["points"].split()]
        assert all(0 < x < box[2] and 0 < y < box[3] for x, y in corners)
    across = [float(point.attrib["cx"]) for point in root.iter(f"{SVG}circle")]
    assert across[0] == across[1]


def test_labels_from_a_session_are_taken(folder: Path):
    (folder / "labels.jsonl").unlink()
    for record in labelled.labels():
        line = json.dumps({**record, "score": 0.5})
        with (folder / "labels.jsonl").open("a") as file:
            file.write(line + "\n")
    assert dedupe(*TUNE, folder=folder).code == 0


def test_labels_as_csv_and_records_from_standard_input(folder: Path):
    rows = "".join(f"{row['a']},{row['b']},{row['label']}\n" for row in labelled.labels())
    (folder / "l.csv").write_text("a,b,label\n" + rows)
    stories = (folder / "stories.jsonl").read_bytes()
    done = dedupe("tune", "-", "--labels", "l.csv", folder=folder, stdin=stories)
    assert done.code == 0
    assert done.out == dedupe(*TUNE, folder=folder).out


def test_pairs_beyond_the_window_score_nothing(folder: Path):
    labels = labelled.lines(labelled.labels(25, 30))
    far = [{"a": "a0", "b": "b0", "label": "D"}]
    stories = labelled.stories()
    stories[1]["published"] = "2026-05-01T08:00:00Z"
    (folder / "stories.jsonl").write_bytes(labelled.lines(stories))
    (folder / "labels.jsonl").write_bytes(labels + labelled.lines(far))
    dedupe(*TUNE, "--window", "1d", "--stats", "s.json", folder=folder)
    assert json.loads((folder / "s.json").read_bytes())["recall"] == 0.96


@pytest.mark.parametrize(
    ("labels", "options", "reason"),
    [
        (labelled.labels(19, 30), [], "labels.jsonl: too few labels (19 duplicate and 30 not)"),
        (
            labelled.labels(),
            ["--precision", "0.98"],
            "labels.jsonl: too few labels to claim precision 0.98 with 95% confidence",
        ),
        (
            [{"a": "a1", "b": "zz", "label": "D"}],
            [],
            "labels.jsonl:1: no record has the id 'zz'; the ids look like 'b29'",
        ),
        (
            labelled.labels(),
            ["--precision", "1.5"],
            "invalid value for '--precision': must be above 0",
        ),
        (labelled.labels(), ["--recall", "nan"], "invalid value for '--recall': must be above 0"),
        (
            labelled.labels(),
            ["--recall", "0.9", "--precision", "0.9"],
            "--precision and --recall cannot be used together",
        ),
        (labelled.labels(), ["--plot", "-"], "--plot needs a file"),
        (labelled.labels(), ["--plot", "x", "-o", "./x"], "--output and --plot name the same"),
        (labelled.labels(), ["-o", "labels.jsonl"], "labels.jsonl: is also an input"),
        (labelled.labels(), ["--plot", "no/x.svg"], "no/x.svg: No such file or directory"),
    ],
)
def test_refusals_leave_nothing_behind(
    labels: list[dict[str, str]], options: list[str], reason: str, folder: Path
):
    (folder / "labels.jsonl").write_bytes(labelled.lines(labels))
    before = visible(folder)
    outputs = [] if "-o" in options or "--plot" in options else ["-o", "t.toml", "--plot", "p.svg"]
    done = dedupe(*TUNE, *options, *outputs, folder=folder)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith(f"dedupe: error: {reason}")
    assert visible(folder) == before


def test_labels_are_required(folder: Path):
    done = dedupe("tune", "stories.jsonl", folder=folder)
    assert (done.code, done.err) == (
        2,
        "dedupe: error: missing option '--labels' (see dedupe tune --help)\n",
    )


def test_both_inputs_cannot_be_standard_input(folder: Path):
    done = dedupe("tune", "-", "--labels", "-", folder=folder)
    assert done.code == 2
    assert "cannot both be standard input" in done.err


# The settings file

ODD = Settings(
    field=(parse_field('ti"tle|text:2'), parse_field("b\\ody\x7f\n")),
    threshold=0.123456,
    window=7200,
    keep=("source:a b,c", "latest"),
    id_field="núm\u2028",
    jobs=3,
)


def test_settings_survive_the_file(tmp_path: Path):
    path = tmp_path / "t.toml"
    path.write_bytes(settings_toml(ODD, ["why", ""]))
    read = resolve_settings({"jobs": "3"}, {}, str(path))
    assert read == ODD
    assert path.read_text().startswith("# why\n#\n")
    assert "jobs" not in path.read_text()
