"""Stories in memory to clusters: what may go in, what comes out, what is refused."""

from __future__ import annotations

import doctest
import inspect
import json
import os
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, PROJECT, environment
from commandline import dedupe as command

import dedupe
from dedupe.api import cluster, clusters, compare, records
from dedupe.config import Settings
from dedupe.config_values import Field
from dedupe.errors import InputError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FERRY = "Ferry tolls at Pell Point to rise in June"
AGAIN = "UPDATE 1-Ferry tolls at Pell Point to rise in June"
LAMP = "Old lighthouse stays lit"
DEMO = [json.loads(line) for line in (FIXTURES / "demo.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("module", [dedupe, clusters, compare, records])
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)
    assert doctest.testmod(module).attempted > 0


FORMS = {
    "strings": [FERRY, LAMP, AGAIN],
    "dicts": [{"title": FERRY}, {"title": LAMP}, {"title": AGAIN}],
    "both": [FERRY, {"headline": LAMP}, {"text": AGAIN}],
    "other mappings": [MappingProxyType({"title": text}) for text in (FERRY, LAMP, AGAIN)],
    "values as Python has them": [
        {"title": FERRY, "published": datetime(2026, 3, 3, tzinfo=UTC), "tags": {"a"}, 1: 2},
        {"title": LAMP, "published": None},
        {"title": AGAIN, "published": "2026-03-03"},
    ],
}


@pytest.mark.parametrize("stories", FORMS.values(), ids=FORMS)
def test_what_may_go_in(stories):
    groups = cluster(iter(stories), keep="first")
    assert [(group.canonical, group.members) for group in groups] == [(0, (0, 2)), (1, (1,))]


def test_nothing_in_nothing_out():
    assert list(cluster([])) == []


def test_a_text_that_is_empty_matches_nothing():
    assert len(cluster(["", "", {"title": None, "lede": ""}])) == 3


def test_the_same_clusters_as_on_the_command_line(tmp_path: Path):
    done = command("cluster", str(FIXTURES / "demo.jsonl"), folder=tmp_path)
    told = [json.loads(line)["dedupe"] for line in done.out.splitlines()]
    found = cluster(DEMO)
    assert [found.record_ids[place] for place in found.canonical] == [
        t["canonical_id"] for t in told
    ]
    assert list(found.reasons) == [t["reason"] for t in told]
    assert found.scores.round(4).tolist() == [t["score"] for t in told]


def test_every_story_is_in_one_cluster():
    members = [place for group in cluster(DEMO) for place in group.members]
    assert sorted(members) == list(range(len(DEMO)))


def test_a_date_in_any_form_counts():
    stories = [{"title": FERRY, "date": datetime(2026, 3, day, tzinfo=UTC)} for day in (3, 9)]
    assert len(cluster(stories, window="2d")) == 2
    assert len(cluster(stories, window="9d")) == 1


SETTINGS = {
    "by keyword": (None, {"threshold": 1}),
    "whole": (Settings(threshold=1.0), {}),
    "the keyword wins": (Settings(threshold=0.1), {"threshold": 1.0}),
    "as text": (None, {"threshold": "1"}),
}


@pytest.mark.parametrize(("settings", "given"), SETTINGS.values(), ids=SETTINGS)
def test_settings(settings, given):
    assert len(cluster([FERRY, AGAIN])) == 1
    assert len(cluster([FERRY, AGAIN], settings, **given)) == 2


def test_a_keyword_leaves_the_other_settings():
    whole = Settings(threshold=0.9, into="mine")
    assert records.checked_settings(whole, {"seed": 2, "window": None}, "call") == Settings(
        threshold=0.9, into="mine", seed=2
    )


def test_fields_as_values_or_as_text():
    given = {"field": [Field(("name", "title"), 2.0), "body"]}
    assert records.checked_settings(None, given, "call").field == (
        Field(("name", "title"), 2.0),
        Field(("body",)),
    )


REFUSED = {
    "wrong type": ({"title": [12]}, "title: expected a string, got an array"),
    "neither dict nor string": (12, "expected a dict or a string, got int"),
    "bytes": (b"Lamp", "expected a dict or a string, got bytes"),
    "a number that JSON cannot hold": ({"title": "a", "n": 2**70}, "Integer exceeds 64-bit range"),
    "half a surrogate pair": ("a\ud800", "str is not valid UTF-8: surrogates not allowed"),
}


@pytest.mark.parametrize(("story", "says"), REFUSED.values(), ids=REFUSED)
def test_a_bad_story_is_named_by_its_position(story, says):
    with pytest.raises(InputError) as caught:
        cluster([FERRY, story])
    assert str(caught.value).startswith(f"stories[1]: {says}")


def test_stories_that_cannot_be_read_stand_alone():
    found = cluster([FERRY, 12, FERRY, {"title": [1]}, "a\ud800"], on_error="skip")
    assert found.canonical.tolist() == [0, 1, 0, 3, 4]


def test_a_story_without_text_stands_alone():
    found = cluster([FERRY, {"note": "y"}, {"title": None}, FERRY, {}])
    assert found.canonical.tolist() == [0, 1, 2, 0, 4]


MISSING = {
    "no field of text": ([{"note": "a"}, {}], {}, "no record has a text: looked for title, "),
    "a misspelt field": (
        [{"title": "a", "outlet_name": "b"}],
        {"source_field": "outlet_nam"},
        "outlet_nam (source_field); did you mean outlet_name (source_field='outlet_name')?",
    ),
}


@pytest.mark.parametrize(("stories", "given", "says"), MISSING.values(), ids=MISSING)
def test_fields_that_no_story_has(stories, given, says):
    with pytest.raises(InputError) as caught:
        cluster(stories, **given)
    assert says in str(caught.value)


WRONG = {
    "unknown": ({"treshold": 0.5}, "treshold: unknown setting; did you mean threshold?"),
    "out of range": ({"threshold": 2}, "threshold: must be between 0 and 1, got 2"),
    "for files": (
        {"on_error": "quarantine=bad"},
        "on_error: must be fail or skip: only files can be quarantined",
    ),
}


@pytest.mark.parametrize(("given", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting(given, says):
    with pytest.raises(SettingsError) as caught:
        cluster([FERRY], **given)
    assert str(caught.value) == f"cluster(): {says}"


@pytest.mark.parametrize("story", [FERRY, {"title": FERRY}, b"Lamp"])
def test_one_story_in_the_place_of_several(story):
    with pytest.raises(TypeError, match=f"got one {type(story).__name__}"):
        cluster(story)


def test_no_module_that_loads_takes_the_place_of_the_function():
    script = (
        "import dedupe.clustering.linkage, dedupe.pipeline, dedupe\n"
        "from dedupe import cluster\n"
        "assert cluster is dedupe.cluster\n"
        "print(len(dedupe.cluster(['a', 'b'])), len(cluster(['a', 'b'])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("2 2\n", "")


@pytest.mark.parametrize("name", dedupe.__all__)
def test_every_public_name_is_there(name: str):
    assert name in dir(dedupe)
    assert getattr(dedupe, name) is not None


def test_who_wants_the_other_project_is_told():
    with pytest.raises(AttributeError, match="the project named dedupe on PyPI is another one"):
        dedupe.Dedupe  # noqa: B018 - the look-up is the test


def test_findings_are_shown_in_a_line():
    failed, passed = dedupe.check([FERRY, LAMP, FERRY]), dedupe.check([FERRY, LAMP])
    assert repr(failed) == ("<Findings: 1 found in 3 records, failed (1 duplicate, none allowed)>")
    assert str(passed) == "<Findings: 0 found in 2 records, passed>"
    (finding,) = failed.found
    assert (finding.duplicate.position, finding.original.position) == (2, 0)


def test_help_names_what_may_be_given():
    assert "stories: 'Input'" in str(inspect.signature(dedupe.unique))
    assert "TypeError" in (dedupe.unique.__doc__ or "")


RESPONSE = {"status": "ok", "totalResults": 1, "articles": [{"title": LAMP}]}


def test_the_answer_of_an_api_is_told_from_its_records():
    with pytest.raises(TypeError, match=r"got one dict; pass its list: \.\.\.\['articles'\]"):
        dedupe.unique(RESPONSE)
    with pytest.raises(
        InputError,
        match=r"no record has a text.*articles; pass its list: stories\[0\]\['articles'\]",
    ):
        dedupe.unique([RESPONSE])
    assert len(dedupe.unique(RESPONSE["articles"])) == 1


@pytest.mark.parametrize("more", [{"errors": [{"code": 1}]}, {"articles": []}], ids=str)
def test_without_one_list_of_dicts_none_is_named(more):
    with pytest.raises(TypeError, match=r"put it into a list$"):
        dedupe.unique(RESPONSE | more)
    with pytest.raises(InputError) as caught:
        dedupe.unique([RESPONSE | more])
    assert "pass its list" not in str(caught.value)


OTHERS = {
    "overwritten": "Dedupe = object\n",
    "removed": None,
    "3.0.3": "from dedupe.api import (  # noqa: F401\n    Dedupe,\n    Gazetteer,\n)\n",
}


def with_init(init: str | None, folder: Path) -> None:
    """Copy what is installed, with another ``__init__.py``."""
    shutil.copy(PROJECT / "headline_dedupe.py", folder)
    shutil.copytree(
        PROJECT / "dedupe", folder / "dedupe", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "dedupe" / "__init__.py").unlink()
    if init is not None:
        (folder / "dedupe" / "__init__.py").write_text(init)


def run_code(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("init", OTHERS.values(), ids=OTHERS)
def test_the_other_project_in_our_place(init: str | None, tmp_path: Path):
    with_init(init, tmp_path)
    done = run_code("from headline_dedupe import run; run()", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "dedupe: error: another package named dedupe has taken the place of"
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["overwritten", "removed"])
def test_the_other_project_in_the_place_of_the_module_that_is_run(name: str, tmp_path: Path):
    with_init(OTHERS[name], tmp_path)
    done = command("--version", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.code, done.out) == (2, b"")
    assert done.err.count("\n") == 1


def test_the_other_project_in_our_place_is_named_to_programs(tmp_path: Path):
    with_init(OTHERS["3.0.3"], tmp_path)
    done = run_code("import dedupe", tmp_path)
    assert "ImportError: another package named dedupe has taken the place of" in done.stderr
    (tmp_path / "dedupe" / "__init__.py").write_text(OTHERS["overwritten"])
    done = run_code("from headline_dedupe import is_ours; print(is_ours())", tmp_path)
    assert done.stdout == "False\n"


def test_the_console_script_is_the_guarded_one():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"dedupe": "headline_dedupe:run"}
    done = run_code(
        "import sys; sys.argv[1:] = ['--version']; import headline_dedupe as h; h.run()", PROJECT
    )
    assert (done.returncode, done.stderr) == (0, "")
