"""The tools that fit the model: what they learn from, and what they write."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import edits
import numpy as np
import orjson
import pytest
import rows
import training_pairs
from training_pairs import Pair

from dedupe.scoring.features import FEATURES
from dedupe.scoring.model import METADATA, Model, read_model, shipped_model

needs_lightgbm = pytest.mark.skipif(not find_spec("lightgbm"), reason="it is for make fit alone")


def test_invented_pairs_are_labelled_and_split_in_halves():
    pairs = list(training_pairs.invented_pairs())
    labels = Counter(pair.label for pair in pairs)
    assert labels.keys() == {"D", "U", "N"}
    assert 0.4 < labels["D"] / len(pairs) < 0.6
    assert all(pair.left["title"] and pair.right["title"] for pair in pairs)


def test_stories_told_twice_are_all_pairs_and_others_the_confusable_ones():
    pairs = list(training_pairs.story_pairs())
    assert {pair.label for pair in pairs} == {"D", "N"}
    for pair in pairs:
        assert (pair.label == "D") == (pair.left["gold"] == pair.right["gold"])


ENGLISH = edits.Editor("en", random.Random(1))
ENGLISH.names = ["Marrow"]
ENGLISH.sides = {side: ["falls"] for side in edits.editor_sides("falls")}
TITLE = "Profit of Zellwick rises by 12 percent, helped by Odlin"
EDITED = {
    edits.change_number: lambda text: "12" not in text and text.startswith("Profit of Zellwick"),
    edits.rename: lambda text: "Marrow" in text,
    edits.swap: lambda text: text == "Profit of Odlin rises by 12 percent, helped by Zellwick",
    edits.contradict: lambda text: text == TITLE.replace("rises", "falls"),
    edits.negate: lambda text: any(f" {word} " in text for word in ("not", "never", "cannot")),
    edits.truncate: lambda text: text.rstrip(" .…") in TITLE and text != TITLE,
    edits.capitalise: lambda text: text == TITLE.upper(),
    edits.add_kicker: lambda text: text.endswith(TITLE) and text != TITLE,
    edits.keep: lambda text: text == TITLE,
}


@pytest.mark.parametrize(
    ("edit", "holds"), EDITED.items(), ids=lambda edit: getattr(edit, "__name__", "")
)
def test_edits(edit, holds):
    assert holds(edit(ENGLISH, TITLE))


def test_edits_that_do_not_apply_are_left_out():
    assert edits.change_number(ENGLISH, "No figures here") is None
    assert edits.truncate(ENGLISH, "Too short") is None
    assert edits.mistype(ENGLISH, "So few") is None


def some_pairs(count: int = 120) -> list[Pair]:
    return random.Random(5).sample(list(training_pairs.invented_pairs()), count)


def test_rows_have_a_column_a_feature(tmp_path):
    pairs = some_pairs()
    assert rows.title_features(pairs).shape == (len(pairs), len(FEATURES))
    assert np.isnan(rows.lede_features(pairs)).all(), "invented pairs have no ledes"
    known = rows.known_rows(tmp_path, pairs)
    assert known.shape == (len(pairs), len(METADATA))
    assert np.isnan(known[:, :-1]).all()
    assert (known[:, -1] == 1).all()


def test_what_is_known_of_stories_is_their_time_and_their_outlets(tmp_path):
    pairs = list(training_pairs.story_pairs())[:200]
    known = rows.known_rows(tmp_path, pairs)
    assert not np.isnan(known[:, METADATA.index("gap")]).any()
    other = np.array([pair.left["source"] != pair.right["source"] for pair in pairs])
    assert (~np.isnan(known[:, METADATA.index("other_outlet")]) == other).all()


@needs_lightgbm
def test_the_measure_of_quality_finds_what_fits_the_model():
    code = "import quality; quality.find_training_tools(); import held_out"
    bench = Path(__file__).parent / "bench"
    env = {**os.environ, "PYTHONPATH": f"{bench}{os.pathsep}{bench.parents[1]}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=env, check=False, text=True
    )
    assert done.returncode == 0, done.stderr


@needs_lightgbm
def test_a_fitted_model_is_read_and_keeps_its_promises(tmp_path, monkeypatch):
    import fit  # noqa: PLC0415 - needs lightgbm

    monkeypatch.setattr(fit, "TEXT_TREES", 12)
    monkeypatch.setattr(fit, "METADATA_TREES", 6)
    pairs = [*some_pairs(300), *list(training_pairs.story_pairs())[:300]]
    told = fit.training_set(tmp_path, pairs)
    fitted = fit.fit(told)
    model = read_model(orjson.dumps(fit.export(fitted)))
    own = told.where(rows.has_rows(told.titles))
    assert model.text.log_odds(own.titles) == pytest.approx(
        fitted.text.predict(own.titles, raw_score=True) + fit.SHIFT, abs=1e-3
    )
    assert np.minimum(model.metadata.log_odds(own.known), model.most_support) == pytest.approx(
        fit.support(fitted.metadata, own.known), abs=1e-3
    )
    check_directions(model)


@pytest.mark.skipif(not find_spec("lightgbm"), reason="it is for make fit alone")
def test_the_shipped_model_keeps_its_promises():
    check_directions(shipped_model())


def check_directions(model: Model) -> None:
    """Check that no value moves the log-odds against its direction, and what is neutral."""
    import fit  # noqa: PLC0415 - needs lightgbm

    chance = np.random.default_rng(2)
    neutral = np.full((1, len(METADATA)), np.nan)
    neutral[0, -1] = 1
    assert model.metadata.log_odds(neutral).tolist() == [0.0]
    for forest, directions in (
        (model.text, [fit.direction(name) for name in FEATURES]),
        (model.metadata, fit.METADATA_DIRECTIONS),
    ):
        for feature, way in enumerate(directions):
            cuts = np.unique(forest.thresholds[forest.features == feature])
            if not way or not len(cuts):
                continue
            rest = chance.choice(forest.thresholds[forest.features >= 0], (50, len(directions)))
            table = np.repeat(rest[:, None], len(cuts) + 1, axis=1)
            table[:, :, feature] = [*cuts, cuts[-1] + 1]
            odds = forest.log_odds(table.reshape(-1, len(directions))).reshape(50, -1)
            assert (np.diff(odds * way, axis=1) >= -1e-9).all(), forest.names[feature]
