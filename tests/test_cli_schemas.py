"""The JSON Schemas in docs/schemas: real output of each command validates against its schema."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import labelled
import pytest
from commandline import FIXTURES, PROJECT, dedupe
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMAS = PROJECT / "docs" / "schemas"
STORIES = (
    b'{"id":"a","title":"UPDATE 1-Old lamp at Pell Point stays lit","source":"ap","gold":1,'
    b'"published":"2026-03-03T08:00:00Z","lede":"The council voted to keep the lamp burning."}\n'
    b'{"id":"b","title":"Old lamp at Pell Point stays lit, council says","source":"bbc","gold":1,'
    b'"published":"2026-03-03T09:00:00Z"}\n'
    b'{"id":"c","title":"Ferry tolls rise by ten pence in June","published":"2026-03-04"}\n'
    b'{"id":"d","title":"Tolls on the ferry go up in June","gold":2}\n'
    b'{"id":"e","title":"Storm leaves 8 dead on the Marrow coast","gold":2}\n'
)


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check(name: str, values: list[Any]) -> None:
    """Assert that there are values and that each one is as the schema says."""
    assert values
    for value in values:
        validator(name).validate(value)


def objects(data: bytes) -> list[Any]:
    """Return one object, or those of lines."""
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with stories, labels and an index."""
    path = tmp_path_factory.mktemp("schemas")
    (path / "stories.jsonl").write_bytes(STORIES)
    (path / "more.jsonl").write_bytes(STORIES.replace(b'"id":"', b'"id":"m'))
    (path / "labels.csv").write_bytes(b"a,b,label\na,b,D\na,c,N\nc,d,D\nd,e,U\n")
    labels = path / "labels"
    labels.mkdir()
    labelled.write(labels)
    assert dedupe("index", "create", "a.index", folder=path).code == 0
    return path


LINES = {
    "pairs": ("pairs", ["pairs", "-t", "0.3", "stories.jsonl"]),
    "pairs of several files": ("pairs", ["pairs", "stories.jsonl", "more.jsonl"]),
    "split": ("split", ["split", str(FIXTURES / "article.txt")]),
}


@pytest.mark.parametrize(("schema", "arguments"), LINES.values(), ids=LINES)
def test_lines(schema: str, arguments: list[str], folder: Path):
    check(schema, objects(dedupe(*arguments, folder=folder).out))


MEMBERS = {
    "cluster": ("cluster", ["cluster", "stories.jsonl"]),
    "unique --count": ("unique-count", ["unique", "--count", "stories.jsonl"]),
    "index add": ("index-add", ["index", "add", "a.index", "stories.jsonl", "more.jsonl"]),
    "index match": ("index-add", ["index", "match", "a.index", "more.jsonl"]),
}


@pytest.mark.parametrize(("schema", "arguments"), MEMBERS.values(), ids=MEMBERS)
def test_members(schema: str, arguments: list[str], folder: Path):
    rows = objects(dedupe(*arguments, folder=folder).out)
    check(schema, [row["dedupe"] for row in rows])


OBJECTS = {
    "explain": ("explain", ["explain", "--json", "--in", "stories.jsonl", "a", "b"]),
    "explain of two": ("explain", ["explain", "--json", "--in", "stories.jsonl", "c", "d"]),
    "explain of texts": ("explain", ["explain", "--json", "Lamp out", "Ferry tolls"]),
    "explain of copies": ("explain", ["explain", "--json", "Lamp is out", "Lamp is out"]),
    "evaluate by labels": ("evaluate", ["evaluate", "--json", "labels.csv", "stories.jsonl"]),
    "evaluate by gold": (
        "evaluate",
        ["evaluate", "--json", "--gold-field", "gold", "stories.jsonl"],
    ),
    "evaluate without intervals": (
        "evaluate",
        ["evaluate", "--json", "--bootstrap", "0", "labels.csv", "stories.jsonl"],
    ),
    "check": ("check", ["check", "--format", "json", "stories.jsonl", "more.jsonl"]),
    "check against": (
        "check",
        ["check", "--format=json", "--max-rate=5%", "--against=stories.jsonl", "more.jsonl"],
    ),
    "index stats": ("index-stats", ["index", "stats", "a.index"]),
    "config show": ("config-show", ["config", "show", "--json", "-w", "2d", "--same", "url"]),
}


@pytest.mark.parametrize(("schema", "arguments"), OBJECTS.values(), ids=OBJECTS)
def test_objects(schema: str, arguments: list[str], folder: Path):
    done = dedupe(*arguments, folder=folder)
    assert done.code in (0, 1), done.err
    check(schema, [json.loads(done.out)])


def test_figures_of_clusters_that_are_there(folder: Path):
    clustered = dedupe("cluster", "stories.jsonl", folder=folder).out
    done = dedupe(
        "evaluate", "--json", "--clustered", "labels.csv", "-", folder=folder, stdin=clustered
    )
    check("evaluate", [json.loads(done.out)])


def test_export_and_figures_of_an_index(folder: Path):
    assert dedupe("index", "create", "b.index", folder=folder).code == 0
    check("index-stats", [json.loads(dedupe("index", "stats", "b.index", folder=folder).out)])
    assert dedupe("index", "add", "b.index", "stories.jsonl", folder=folder).code == 0
    check("index-stats", [json.loads(dedupe("index", "stats", "b.index", folder=folder).out)])
    check("index-export", objects(dedupe("index", "export", "b.index", folder=folder).out))


def test_baseline_and_its_stale_entries(folder: Path):
    accept = ["check", "--baseline", "accepted.json", "--format", "json"]
    files = ["stories.jsonl", "more.jsonl"]
    assert dedupe(*accept, "--update-baseline", *files, folder=folder).code == 0
    check("baseline", [json.loads((folder / "accepted.json").read_bytes())])
    report = json.loads(dedupe(*accept, "stories.jsonl", folder=folder).out)
    assert report["stale"]
    check("check", [report])


def test_labels(folder: Path):
    done = dedupe("label", "stories.jsonl", "-o", "mine.jsonl", folder=folder, stdin=b"y\nu\nn\n")
    assert done.code == 0
    check("label", objects((folder / "mine.jsonl").read_bytes()))


STATS = {
    "cluster": ["cluster", "stories.jsonl"],
    "unique": ["unique", "stories.jsonl"],
    "pairs": ["pairs", "stories.jsonl"],
    "check": ["check", "stories.jsonl"],
    "report": ["report", "stories.jsonl", "-o", "page.html"],
    "on disk": ["cluster", "--memory", "1k", "stories.jsonl"],
    "nothing": ["cluster", "--from", "jsonl"],
    "explain": ["explain", "--in", "stories.jsonl", "a", "b"],
    "evaluate": ["evaluate", "labels.csv", "stories.jsonl"],
    "tune": ["tune", "--labels", "labels/labels.jsonl", "labels/stories.jsonl"],
    "label": ["label", "stories.jsonl", "-o", "others.jsonl"],
}


@pytest.mark.parametrize("arguments", STATS.values(), ids=STATS)
def test_statistics(arguments: list[str], folder: Path):
    done = dedupe(*arguments, "--stats", "stats.json", folder=folder)
    assert done.code in (0, 1), done.err
    check("stats", [json.loads((folder / "stats.json").read_bytes())])


ERRORS = {
    "usage": ["cluster", "--treshold", "1"],
    "settings": ["cluster", "--threshold", "2"],
    "input": ["cluster", "no.jsonl"],
    "a line": ["cluster", "labels.csv", "--from", "jsonl"],
    "index": ["index", "stats", "labels.csv"],
    "output": ["cluster", "stories.jsonl", "-o", "no/out"],
    "warnings": ["cluster", "stories.jsonl", "more.jsonl"],
}


@pytest.mark.parametrize("arguments", ERRORS.values(), ids=ERRORS)
def test_errors(arguments: list[str], folder: Path):
    done = dedupe(*arguments, folder=folder, DEDUPE_ERROR_FORMAT="json")
    check("error", objects(done.err.encode()))


def test_a_schema_refuses_what_is_not_documented():
    good = {"id": "p#1", "article": "p", "block": 1, "role": "lede", "text": "Lamp out"}
    assert validator("split").is_valid(good)
    assert not validator("split").is_valid({**good, "more": 1})
    assert not validator("split").is_valid({**good, "block": 0})
    del good["text"]
    assert not validator("split").is_valid(good)


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every property of a schema with its name."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_every_property_is_described(path: Path):
    schema = json.loads(path.read_text("utf-8"))
    described = {"description", "$ref"}
    bare = [name for name, held in properties(schema) if not described & held.keys()]
    assert bare == []
    assert f"[{path.name}]({path.name})" in (SCHEMAS / "README.md").read_text("utf-8")
