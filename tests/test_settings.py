"""Every knob: what it takes, what it refuses and why, and which layer wins."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import get_type_hints

import numpy as np
import pytest

from dedupe.config import BY_NAME, SETTINGS, Settings, check_name, resolve
from dedupe.config_keywords import FOR_FILES, SettingsKeywords
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
    ("field", "", "a field needs a name"),
    ("field", "title|", "a field needs a name"),
    ("field", "title:heavy", "the weight 'heavy' is not a number"),
    ("field", "title:0", "a weight must be above 0"),
    ("field", "title:nan", "a weight must be above 0"),
    ("threshold", "1.1", "must be between 0 and 1, got 1.1"),
    ("threshold", "-0.1", "must be between 0 and 1, got -0.1"),
    ("threshold", "nan", "must be between 0 and 1, got nan"),
    ("threshold", "much", "must be between 0 and 1, got much"),
    ("threshold", ["0.1", "0.2"], "takes one value"),
    ("threshold", True, "expected SHARE"),
    ("threshold", None, "expected SHARE"),
    ("window", "soon", "'soon' is not a duration such as 36h"),
    ("window", "-1h", "is not a duration"),
    ("window", "2", "2 has no unit; give hours, days or weeks, as in 36h, 2d or 1w"),
    ("window", 90, "90 has no unit"),
    ("window", "9" * 400, "a number has no unit"),
    ("window", "9" * 300 + "w", "longer than all of history"),
    ("keep", "earlyest", "did you mean earliest?"),
    ("keep", "oldest", "did you mean earliest?"),
    ("keep", "source:", "source: needs outlets"),
    ("keep", "source:ap,", "source: needs outlets"),
    ("linkage", "single", "'single' is not one of average, leader"),
    ("updates", "keep", "'keep' is not one of merge, split"),
    ("numbers", "loose", "'loose' is not one of strict, weigh, ignore"),
    ("links", "-", "must be a file: standard input is for the records"),
    ("links", "", "must not be empty"),
    ("jobs", "-1", "must be between 0 (one a core) and 1024, got -1"),
    ("jobs", "1.5", "1.5"),
    ("on_error", "ignore", "must be fail, skip or quarantine=FILE, got ignore"),
    ("on_error", "quarantine=", "must be fail, skip or quarantine=FILE, got "),
    ("into", "", "must not be empty"),
    ("seed", str(2**32), "between 0 and 4294967295"),
    ("on_error", "quarantine=-", "quarantine needs a file"),
    ("max_line", "64x", "'64x' is not a size such as 512k, 64m or 1g"),
    ("max_line", "-1", "'-1' is not a size"),
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
    "a negative duration": ({"window": timedelta(-1)}, "is not a duration"),
    "negative seconds": ({"window": -5}, "is not a duration"),
    "a number for a path": ({"max_line": -1}, "'-1' is not a size"),
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
