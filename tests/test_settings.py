"""Every knob: what it takes, what it refuses and why, and which layer wins."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import get_type_hints

import numpy as np
import pytest

from dedupe.config import (
    BY_NAME,
    FOR_FILES,
    SETTINGS,
    Settings,
    SettingsKeywords,
    check_name,
    resolve,
)
from dedupe.config_values import Field
from dedupe.errors import SettingsError

GOOD = [
    ("max_line", "64m", 64 << 20),
    ("max_line", "512 K", 512 << 10),
    ("max_line", 0, 0),
    ("max_ratio", "0", 0),
    ("field", "title", (Field(("title",)),)),
    ("field", "title|text:2.5", (Field(("title", "text"), 2.5),)),
    ("field", ["title", "meta.lede:0.5"], (Field(("title",)), Field(("meta.lede",), 0.5))),
    ("threshold", "0.8", 0.8),
    ("threshold", 1, 1.0),
    ("window", "36h", 36 * 3600),
    ("window", "2d", 2 * 86400),
    ("window", "1.5H", 5400),
    ("window", "1w", 604800),
    ("window", "90s", 90),
    ("keep", ["source:reuters,ap", "earliest"], ("source:reuters,ap", "earliest")),
    ("prefer", "longest", ("longest",)),
    ("linkage", "leader", "leader"),
    ("updates", "split", "split"),
    ("numbers", "ignore", "ignore"),
    ("links", "labels.jsonl", "labels.jsonl"),
    ("jobs", "0", 0),
    ("on_error", "quarantine=bad.jsonl", "quarantine=bad.jsonl"),
    ("into", "group", "group"),
    ("seed", str(2**32 - 1), 2**32 - 1),
]
BAD = [
    ("field", "", "must have a name"),
    ("field", "title|", "must have a name"),
    ("field", "title:heavy", "a weight must be a number, got heavy"),
    ("field", "title:0", "a weight must be above 0 and at most 100, got 0"),
    ("field", "title:nan", "a weight must be above 0"),
    ("threshold", "1.1", "must be between 0 and 1, got 1.1"),
    ("threshold", "-0.1", "must be between 0 and 1"),
    ("threshold", "nan", "must be between 0 and 1"),
    ("threshold", "much", "much"),
    ("threshold", ["0.1", "0.2"], "takes one value"),
    ("threshold", True, "expected SHARE"),
    ("threshold", None, "expected SHARE"),
    ("window", "soon", "must be a duration such as 36h, 2d or 1w, got soon"),
    ("window", "-1h", "must be a duration"),
    ("window", "2", "must have a unit, as in 36h, 2d or 1w, got 2"),
    ("window", 90, "must have a unit, as in 36h, 2d or 1w, got 90"),
    ("window", "9" * 400, "got 99999999999999999999..."),
    ("window", "9" * 300 + "w", "must be shorter than 11574074d"),
    ("keep", "earlyest", "did you mean earliest?"),
    ("keep", "oldest", "did you mean earliest?"),
    ("keep", "source:", "source: needs outlets"),
    ("keep", "source:ap,", "source: needs outlets"),
    ("linkage", "single", "must be average or leader, got single"),
    ("updates", "keep", "must be merge or split, got keep"),
    ("numbers", "loose", "must be strict, weigh or ignore, got loose"),
    ("links", "-", "must be a file: standard input is for the records"),
    ("links", "", "must not be empty"),
    ("jobs", "-1", "must be between 0 (one per core) and 1024, got -1"),
    ("jobs", "1.5", "1.5"),
    ("on_error", "ignore", "must be fail, skip or quarantine=FILE"),
    ("on_error", "quarantine=", "must be fail, skip or quarantine=FILE"),
    ("into", "", "must not be empty"),
    ("seed", str(2**32), "must be random, or between 0 and 4294967295"),
    ("on_error", "quarantine=-", "quarantine needs a file"),
    ("max_line", "64x", "must be a size such as 512k, 64m or 1g, got 64x"),
    ("max_line", "-1", "must be a size"),
    ("encoding", "utf9", "must be an encoding such as cp1252, cp949 or gb18030, got utf9"),
    ("encoding", "base64", "must be an encoding"),
    ("max_ratio", "-1", "must be 0 (no limit) or more, got -1"),
]


@pytest.mark.parametrize(("name", "given", "value"), GOOD)
def test_values(name: str, given: object, value: object):
    assert getattr(resolve([("test", {name: given})]), name) == value


@pytest.mark.parametrize(("name", "given", "reason"), BAD)
def test_refusals(name: str, given: object, reason: str):
    with pytest.raises(SettingsError) as caught:
        resolve([("dedupe.toml", {name: given})])
    assert str(caught.value).startswith(f"dedupe.toml: {name}: ")
    assert reason in str(caught.value)


def test_the_strongest_layer_wins_each_setting_alone():
    strong = ("flags", {"threshold": 0.9})
    weak = ("file", {"threshold": 0.1, "jobs": 3})
    settings = resolve([strong, weak])
    assert (settings.threshold, settings.jobs, settings.seed) == (0.9, 3, 1)


def test_a_layer_that_does_not_win_is_checked_too():
    with pytest.raises(SettingsError, match="file: jobs"):
        resolve([("flags", {"jobs": 1}), ("file", {"jobs": -1})])


@pytest.mark.parametrize("name", ["on-error", "on_error"])
def test_names_with_hyphens_or_underscores(name: str):
    assert check_name(name, "").name == "on_error"


@pytest.mark.parametrize(
    ("name", "hint"), [("treshold", "; did you mean threshold?"), ("colour_of_paint", "")]
)
def test_unknown_names(name: str, hint: str):
    with pytest.raises(SettingsError) as caught:
        resolve([("env", {name: 1})])
    assert str(caught.value) == f"env: {name}: unknown setting{hint}"


def test_knobs_and_settings_name_the_same_things():
    assert [knob.name for knob in SETTINGS] == [field.name for field in fields(Settings)]
    assert len(BY_NAME) == len(SETTINGS)


@pytest.mark.parametrize("knob", SETTINGS, ids=lambda knob: knob.name)
def test_defaults_are_what_the_knob_says_and_takes(knob):
    assert getattr(Settings(), knob.name) == knob.default
    if knob.default is not None:
        shown = [str(v) for v in knob.default] if knob.many else knob.default
        assert knob.read(shown, "default") == knob.default
    assert knob.help.endswith(".")


def test_the_manifest_gives_back_the_settings():
    settings = Settings(threshold=0.7, window=60, keep=("earliest",), field=(Field(("a", "b"), 2),))
    given = {name: value for name, value in settings.manifest().items() if value is not None}
    assert resolve([("manifest", given)]) == settings


@pytest.mark.parametrize(("name", "given", "value"), GOOD)
def test_the_constructor_takes_what_a_layer_takes(name: str, given: object, value: object):
    assert getattr(Settings(**{name: given}), name) == value
    assert getattr(replace(Settings(), **{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [case for case in BAD if case[:2] != ("window", 90)],
)
def test_the_constructor_and_replace_refuse_what_a_layer_refuses(name, given, reason):
    for make in (Settings, lambda **some: replace(Settings(), **some)):
        with pytest.raises(SettingsError) as caught:
            make(**{name: given})
        assert str(caught.value).startswith(f"Settings: {name}: ")
        assert reason in str(caught.value)


ONLY_HERE = {
    "seconds": ("window", 5400, 5400),
    "a timedelta": ("window", timedelta(hours=36), 129600),
    "no window": ("window", None, None),
    "a field": ("field", Field(("title",), 0.123456789), (Field(("title",), 0.123456789),)),
    "a list of keys": ("keep", ["first"], ("first",)),
    "numpy": ("threshold", np.float64(0.25), 0.25),
}


@pytest.mark.parametrize(("name", "given", "value"), ONLY_HERE.values(), ids=ONLY_HERE)
def test_what_a_program_may_give_besides(name: str, given: object, value: object):
    assert getattr(Settings(**{name: given}), name) == value


WRONG = {
    "no field": ({"field": ()}, "field: needs at least one value"),
    "a field of no weight": ({"field": Field(("title",), 0.0)}, "a weight must be above 0"),
    "a negative duration": ({"window": timedelta(-1)}, "must be a duration"),
    "negative seconds": ({"window": -5}, "must be a duration"),
    "a number for a path": ({"max_line": -1}, "must be a size"),
    "two values for one": ({"threshold": [0.5, 0.6]}, "takes one value"),
}


@pytest.mark.parametrize(("given", "reason"), WRONG.values(), ids=WRONG)
def test_what_the_constructor_refuses_besides(given, reason):
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    assert reason in str(caught.value)


def test_the_keywords_of_the_functions_are_the_settings_of_records_in_memory():
    hints = get_type_hints(SettingsKeywords)
    assert {*hints, *FOR_FILES} == set(BY_NAME)
    assert not hints.keys() & set(FOR_FILES)
