"""Settings come from flags, then the environment, then a file, then the defaults."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from commandline import dedupe

from dedupe.config import Settings
from dedupe.config_layers import resolve_settings, setting_origins, settings_layers
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


def test_a_parent_folder_gives_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.dedupe]\nthreshold = 0.7\nlinks = 'known.csv'\non-error = 'quarantine=bad.txt'\n"
    )
    below = tmp_path / "data" / "march"
    below.mkdir(parents=True)
    (below.parent / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.chdir(below)
    settings = resolve_settings({}, {}, None)
    assert settings.threshold == 0.7
    assert settings.links == "../../known.csv"
    assert settings.on_error == "quarantine=../../bad.txt"


@pytest.mark.parametrize("mark", [".git", ".hg"])
def test_the_root_of_a_repository_ends_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    root = tmp_path / "repository"
    (root / mark).mkdir(parents=True)
    (root / "data").mkdir()
    monkeypatch.chdir(root / "data")
    assert resolve_settings({}, {}, None) == Settings()
    (root / "pyproject.toml").write_text("[tool.dedupe]\nthreshold = 0.6\n")
    assert resolve_settings({}, {}, None).threshold == 0.6


def test_the_home_folder_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "data")
    assert resolve_settings({}, {}, None) == Settings()


def test_a_parent_that_everybody_may_write_to_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shared = tmp_path / "shared"
    (shared / "mine").mkdir(parents=True)
    (shared / "pyproject.toml").write_text(PYPROJECT)
    shared.chmod(0o1777)
    monkeypatch.chdir(shared / "mine")
    assert resolve_settings({}, {}, None) == Settings()
    monkeypatch.chdir(shared)
    assert resolve_settings({}, {}, None).threshold == 0.7


def test_every_setting_has_an_origin():
    Path("pyproject.toml").write_text(PYPROJECT)
    flags = {"threshold": "0.9", "window": None, "field": ()}
    origins = setting_origins(settings_layers(flags, {"DEDUPE_JOBS": "2"}, None))
    assert origins["threshold"] == "--threshold"
    assert origins["jobs"] == "DEDUPE_JOBS"
    assert origins["keep"] == "pyproject.toml [tool.dedupe]"
    assert origins["window"] == origins["field"] == "the default"


def test_config_show_prints_what_config_reads(tmp_path: Path):
    Path("pyproject.toml").write_text(PYPROJECT)
    flags = ["--no-header", "--same", "id", "--delimiter", "tab", "--window", "2d"]
    done = dedupe("config", "show", *flags, folder=tmp_path, DEDUPE_JOBS="2")
    assert (done.code, done.err) == (0, "")
    shown = done.out.decode()
    assert "threshold = 0.7  # from pyproject.toml [tool.dedupe]\n" in shown
    assert "jobs = 2  # from DEDUPE_JOBS\n" in shown
    assert '# linkage = "average"\n' in shown
    assert "# links is not set\n" in shown
    assert "threshold" in tomllib.loads(shown)
    Path("shown.toml").write_text(shown)
    assert resolve_settings({}, {}, "shown.toml") == Settings(
        threshold=0.7, keep=("longest", "first"), jobs=2, no_header=True, same=("id",),
        delimiter="\t", window=172800,
    )  # fmt: skip


def test_config_show_as_json(tmp_path: Path):
    done = dedupe("config", "show", "--json", "-t", "0.9", folder=tmp_path)
    facts = json.loads(done.out)
    assert facts["threshold"] == {"value": 0.9, "from": "--threshold"}
    assert facts["window"] == {"value": None, "from": "the default"}
    assert facts.keys() == Settings().manifest().keys()


def test_config_show_refuses_a_wrong_setting(tmp_path: Path):
    done = dedupe("config", "show", folder=tmp_path, DEDUPE_THRESHOLD="7")
    assert (done.code, done.out) == (2, b"")
    assert "DEDUPE_THRESHOLD" in done.err
