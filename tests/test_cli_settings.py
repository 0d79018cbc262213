"""Settings come from flags, then the environment, then a file, then the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from dedupe.config import Settings, resolve_settings
from dedupe.config_values import Field
from dedupe.errors import SettingsError

PYPROJECT = "[tool.dedupe]\nthreshold = 0.7\nkeep = ['longest', 'first']\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


def test_defaults():
    assert resolve_settings({"threshold": None, "keep": ()}, {}, None) == Settings()


ORDER = [
    ({}, {}, 0.7),
    ({}, {"DEDUPE_THRESHOLD": "0.8"}, 0.8),
    ({"threshold": "0.9"}, {"DEDUPE_THRESHOLD": "0.8"}, 0.9),
    ({"threshold": None}, {"DEDUPE_THRESHOLD": ""}, 0.7),
    ({"threshold": "0"}, {}, 0.0),
]


@pytest.mark.parametrize(("flags", "environ", "expected"), ORDER)
def test_the_stronger_layer_wins(flags, environ, expected):
    Path("pyproject.toml").write_text(PYPROJECT)
    assert resolve_settings(flags, environ, None).threshold == expected


def test_many_values():
    Path("pyproject.toml").write_text(PYPROJECT)
    environ = {"DEDUPE_FIELD": "title:2 body", "DEDUPE_PREFER": "source:reuters,ap latest"}
    settings = resolve_settings({}, environ, None)
    assert settings.keep == ("longest", "first")
    assert settings.field == (Field(("title",), 2.0), Field(("body",)))
    assert settings.prefer == ("source:reuters,ap", "latest")


FILES = {
    "top level": "threshold = 0.3\non-error = 'skip'\n",
    "tool table": "[tool.dedupe]\nthreshold = 0.3\non_error = 'skip'\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_config_file_replaces_the_project_file(text: str):
    Path("pyproject.toml").write_text(PYPROJECT)
    Path("mine.toml").write_text(text)
    settings = resolve_settings({}, {}, "mine.toml")
    assert (settings.threshold, settings.on_error) == (0.3, "skip")
    assert settings.keep == Settings().keep


SILENT = {
    "project file without our table": ("pyproject.toml", "[project]\nname = 'x'\n", None),
    "file with other tools only": ("mine.toml", "[tool.ruff]\nline-length = 9\n", "mine.toml"),
    "empty file": ("mine.toml", "", "mine.toml"),
}


@pytest.mark.parametrize(("name", "text", "config"), SILENT.values(), ids=SILENT)
def test_files_that_say_nothing(name: str, text: str, config: str | None):
    Path(name).write_text(text)
    assert resolve_settings({}, {}, config) == Settings()


WRONG = {
    "flag out of range": (
        {"threshold": "2"}, {}, "",
        "--threshold: must be between 0 and 1, got 2",
    ),
    "flag with a dash": (
        {"on_error": "explode"}, {}, "",
        "--on-error: must be fail, skip or quarantine=FILE, got explode",
    ),
    "variable out of range": (
        {}, {"DEDUPE_ON_ERROR": "explode"}, "",
        "DEDUPE_ON_ERROR: must be fail, skip or quarantine=FILE, got explode",
    ),
    "unknown variable": (
        {}, {"DEDUPE_TRESHOLD": "0.5"}, "",
        "DEDUPE_TRESHOLD: unknown setting; did you mean threshold?",
    ),
    "unknown key": (
        {}, {}, "[tool.dedupe]\ntreshold = 0.5",
        "pyproject.toml [tool.dedupe]: treshold: unknown setting; did you mean threshold?",
    ),
    "wrong type": (
        {}, {}, "[tool.dedupe]\nthreshold = true",
        "pyproject.toml [tool.dedupe]: threshold: expected SHARE",
    ),
    "a weak layer is checked too": (
        {"threshold": "0.5"}, {}, "[tool.dedupe]\nthreshold = 7",
        "pyproject.toml [tool.dedupe]: threshold: must be between 0 and 1, got 7",
    ),
    "not a table": (
        {}, {}, "[tool]\ndedupe = 1",
        "pyproject.toml: [tool.dedupe]: expected a table",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("flags", "environ", "project", "message"), WRONG.values(), ids=WRONG)
def test_wrong_setting_is_named_as_it_was_given(flags, environ, project, message):
    Path("pyproject.toml").write_text(project)
    with pytest.raises(SettingsError) as caught:
        resolve_settings(flags, environ, None)
    assert str(caught.value) == message


BROKEN = {
    "missing": (None, "mine.toml: No such file or directory"),
    "not TOML": (b"threshold 0.5", "mine.toml: not TOML: "),
    "not UTF-8": (b"a = '\xff'", "mine.toml: not UTF-8 at byte 5"),
    "too long a number": (b"seed = " + b"9" * 5000, "mine.toml: not TOML: "),
    "too deep": (b"a = " + b"[" * 5000, "mine.toml: not TOML: nested too deep"),
}


@pytest.mark.parametrize(("data", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_config_file(data: bytes | None, message: str):
    if data is not None:
        Path("mine.toml").write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        resolve_settings({}, {}, "mine.toml")
    assert str(caught.value).startswith(message)
