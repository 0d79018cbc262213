"""One term for one meaning: identifiers of the package use no retired word."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from commandline import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = PROJECT / "dedupe"
RETIRED = {
    "agenda", "alive", "anchor", "anchors", "bond", "bonds", "book", "calendar", "crowd",
    "crowded", "crowds", "echo", "echoes", "engine", "engines", "evidence", "families", "family",
    "foe", "foes", "fold", "folded", "folds", "glance", "glanced", "glances", "heads", "holding",
    "holdings", "hope", "hopeful", "hopeless", "hopes", "hot", "judge", "judged", "judging",
    "kin", "knob", "knobs", "ledger", "lesson", "lessons", "lexis", "living", "lot", "lots",
    "meeting", "meetings", "met", "outline", "prints", "register", "roll", "round", "rounds",
    "screened", "settle", "settled", "shelf", "sight", "sights", "spelled", "spill", "spilled",
    "stories", "story", "strength", "tally", "thing", "things", "verdict", "verdicts",
}  # fmt: skip
"""Words that a term of the glossary has replaced."""

ALLOWED = {
    "anchor": "SVG's text-anchor",
    "CALENDAR": "the meaning of a word that names a day or a month",
    "calendar": "the number of such words",
    "echo": "click's function",
    "echo_via_pager": "click's function",
    "engine": "the option --engine",
    "met": "a key of --stats, and of Spark's rows",
    "round": "Python's and numpy's function",
    "stories": "a parameter of cluster() and Index",
    "register_error": "a function of codecs",
    "story": "one of these stories",
}
"""Identifiers that stay, and why."""


def identifiers(path: Path) -> Iterator[str]:
    """The names that a file defines or uses, without those in strings and imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                yield name


def words(name: str) -> set[str]:
    """The words of a name in snake case or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_identifier_holds_a_retired_word(path: Path):
    names = {*identifiers(path), *path.relative_to(PACKAGE).with_suffix("").parts}
    assert {name for name in names - ALLOWED.keys() if words(name) & RETIRED} == set()


def test_every_exception_is_needed():
    used = {name for path in FILES for name in identifiers(path)}
    assert ALLOWED.keys() <= used


@pytest.mark.parametrize("name", ["judge_lot", "SpilledHopeless", "hot_keys", "_tally"])
def test_a_retired_word_is_found_in_any_spelling(name: str):
    assert words(name) & RETIRED
