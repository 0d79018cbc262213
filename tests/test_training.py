"""The recipe of the model: what it shows the trainer, and that what it writes says the same."""

from __future__ import annotations

import fit
import numpy as np
import orjson
import pytest
import synthetic_pairs
import training_examples
from labelled import labels, lines, stories
from readers import joined, read_bytes

from dedupe.backends.memory import build_memory_backend
from dedupe.config import Settings
from dedupe.scoring.features import VIEW
from dedupe.scoring.model import read_model, shipped_model
from dedupe.scoring.score import FEATURES
from dedupe.text.preprocess import preprocess

PLACE = {name: place for place, name in enumerate(FEATURES)}


def test_every_promise_is_about_a_feature():
    assert {*fit.HELPS, *fit.HURTS} <= set(FEATURES)
    assert not set(fit.HELPS) & set(fit.HURTS)
    signs = fit.directions()
    assert [signs[PLACE[name]] for name in ("dice", "lede_dice", "gap", "tags")] == [1, 1, -1, 0]


def test_blank_leaves_the_given_rows_alone():
    rows = np.ones((2, len(FEATURES)))
    blanked = training_examples.blank(rows, ["gap"])
    assert np.isnan(blanked[:, PLACE["gap"]]).all()
    assert np.isnan(blanked).sum() == 2
    assert (rows == 1).all()


def test_undated_rows_have_no_gap_and_nothing_returns():
    rows = np.ones((1, len(FEATURES)))
    rows[0, PLACE["returns"]] = np.nan
    found = training_examples.undated(rows)[0]
    assert np.isnan(found[PLACE["gap"]])
    assert np.isnan(found[PLACE["returns"]]), "words that do not meet still do not"
    assert found[PLACE["recurrence"]] == 0
    assert found[PLACE["dice"]] == 1


@pytest.fixture(name="folder")
def stories_and_labels(tmp_path):
    told = [{**record, "lede": f"{record['title']}, it was said on Monday"} for record in stories()]
    (tmp_path / "stories.jsonl").write_bytes(lines(told))
    rows = "".join(f"{row['a']},{row['b']},{row['label']}\n" for row in labels())
    (tmp_path / "labels.csv").write_text(f"a,b,label\n{rows}a0,b1,U\n")
    return tmp_path


def test_a_lesson_holds_the_told_pairs_and_their_variants(folder):
    case = training_examples.open_corpus(str(folder / "stories.jsonl"))
    pairs = training_examples.label_pairs(str(folder / "labels.csv"))
    lesson = training_examples.labelled_examples(case, pairs)
    assert len(case.corpus) == len(stories())
    variants, left_over = divmod(len(lesson.rows), 61)
    assert left_over == 0
    assert variants > 1
    assert lesson.labels.tolist() == ([1] * 30 + [0] * 31) * variants
    assert lesson.mass[0] == 1 > lesson.mass[61:].max()
    assert lesson.mass[60] == training_examples.WORTH["U"], (
        "an update is no duplicate, and tells little"
    )
    dice = lesson.rows[:60, PLACE["dice"]]
    assert dice[:30].min() > dice[30:].max()
    ledes = np.isnan(lesson.rows[:, len(VIEW)]).reshape(variants, 61)
    assert (ledes.all(axis=1) | ~ledes.any(axis=1)).all()
    assert ledes.all(axis=1).sum() == 1, "one variant has no ledes"


def test_the_written_model_says_what_the_trained_one_does(folder):
    pytest.importorskip("sklearn")
    corpus, told = str(folder / "stories.jsonl"), str(folder / "labels.csv")
    lesson = training_examples.labelled_examples(
        training_examples.open_corpus(corpus), training_examples.label_pairs(told)
    )
    booster = fit.train(lesson, trees=12)
    model = read_model(orjson.dumps(fit.export(booster)))
    odds = booster.decision_function(lesson.rows)
    assert model.log_odds(lesson.rows) == pytest.approx(odds, abs=1e-3)
    assert ((odds > 0) == (lesson.labels == 1)).all()


def test_the_shipped_model_has_the_shape_that_the_recipe_gives():
    model = shipped_model()
    assert len(model.roots) <= fit.TREES
    leaves = np.add.reduceat(model.features < 0, model.roots)
    assert leaves.max() <= fit.LEAVES
    assert np.isfinite(model.thresholds).all()
    assert np.isfinite(model.values).all()


def test_the_recipe_gives_one_file_for_one_input(folder, tmp_path):
    pytest.importorskip("sklearn")
    files = [str(folder / "stories.jsonl"), str(folder / "labels.csv")]
    for name in ("once.json", "again.json"):
        fit.main(["-o", str(tmp_path / name), *files])
    once, again = ((tmp_path / name).read_bytes() for name in ("once.json", "again.json"))
    assert once == again
    assert read_model(once).names == FEATURES


SWAPS = {
    "Odlin beats Marrow in final": ("exchange", "Marrow beats Odlin in final"),
    "Odlin to sue Pell Point": ("exchange", "Pell Point to sue Odlin"),
    "Odlin beats Odlin": ("exchange", None),
    "Tolls rise in Odlin": ("exchange", None),
    "Odlin and Marrow raise tolls": ("reorder", "Marrow and Odlin raise tolls"),
    "Tolls to rise at Pell Point, council says": (
        "reorder", "council says Tolls to rise at Pell Point",
    ),
    "Tolls rise": ("reorder", None),
}  # fmt: skip


@pytest.mark.parametrize(("headline", "told"), SWAPS.items(), ids=SWAPS)
def test_headlines_are_turned(headline, told):
    turn, expected = told
    assert getattr(synthetic_pairs, turn)(headline) == expected


def case_of_records(told):
    corpus = joined(read_bytes(lines(told)))
    return build_memory_backend(corpus, preprocess(corpus, 1, 1, lambda _: None), Settings())


def test_made_up_pairs_are_of_each_sort_alike():
    titles = ["Odlin beats Marrow in cup", "Odlin and Arden raise tolls"]
    told = [{"id": str(n), "title": title} for n, title in enumerate(titles)]
    lesson = training_examples.synthetic_examples(case_of_records(told))
    assert lesson.labels.tolist() == [0, 0, 1] * 2
    exchanged = lesson.rows[:, PLACE["exchanged"]].tolist()
    assert exchanged == [1, 0, 0] * 2
    assert np.isnan(lesson.rows[:3, PLACE["gap"]]).all()
    assert (lesson.rows[3:, PLACE["same_source"]] == 0).all()
