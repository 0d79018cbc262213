"""Shipped data follows from its recipes, and its tables keep what the look-ups rely on."""

from __future__ import annotations

import unicodedata
from importlib.resources import files
from importlib.util import find_spec

import char_table_recipe
import lexicon_recipe
import numpy as np
import pytest

from dedupe.text import char_table, lexicon
from dedupe.text.lexicon import LANGUAGES
from dedupe.tokens import Meaning

DATA = files("dedupe") / "data"


@pytest.mark.skipif(not find_spec("opencc"), reason="OpenCC's tables are for make tables alone")
def test_the_folding_table_is_what_its_recipe_makes():
    with char_table.TABLE_PATH.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        shipped = dict(arrays)
    pinned = ".".join(map(str, shipped["unicode"].tolist()))
    if unicodedata.unidata_version != pinned:
        pytest.skip(f"made from Unicode {pinned}, this Python has {unicodedata.unidata_version}")
    made = char_table_recipe.tables()
    assert made.keys() == shipped.keys()
    for name, array in made.items():
        assert array.dtype == shipped[name].dtype
        assert (array == shipped[name]).all(), name


def test_the_folding_table_covers_all_code_points():
    table = char_table.load()
    assert len(table.pages) * 256 == 0x110000
    assert (int(table.pages.max()) + 1) * 256 == len(table.entries)
    lengths = (table.entries >> 21) & 31
    assert lengths.max() < 31, "the longest fold is not cut off"
    many = lengths > 1
    assert ((table.entries & 0x1FFFFF) + lengths)[many].max() <= len(table.expansions)


@pytest.fixture(scope="module")
def tables() -> lexicon_recipe.Tables:
    """Return what the language files say."""
    found = lexicon_recipe.Tables()
    for number, language in enumerate(LANGUAGES):
        lexicon_recipe.read_language(found, number, lexicon_recipe.LANGUAGES / f"{language}.txt")
    return found


def test_the_lexicon_holds_what_the_language_files_say(tables):
    shipped = lexicon.load()
    entries = sorted((key, value) for key, own in tables.meanings.items() for value in own)
    assert shipped.entry_keys.tolist() == [key for key, _ in entries]
    assert shipped.entry_values.tolist() == [value for _, value in entries]
    assert dict(
        zip(shipped.number_keys.tolist(), shipped.number_values.tolist(), strict=True)
    ) == dict(tables.numbers)
    assert (
        dict(zip(shipped.tag_keys.tolist(), shipped.tag_kinds.tolist(), strict=True)) == tables.tags
    )
    assert {*shipped.outlet_keys.tolist()} == tables.outlets
    assert {*shipped.generic_keys.tolist()} == tables.generic
    assert shipped.phrase_meanings.tolist() == [meaning for meaning, _ in tables.phrases]


def test_meanings_fit_into_their_ranges(tables):
    assert Meaning.FIRST_CONCEPT < tables.concepts < Meaning.FIRST_OPPOSITE
    assert Meaning.FIRST_OPPOSITE < tables.opposites < 1 << 16


@pytest.mark.parametrize("name", [name for name in lexicon.ARRAYS if name.endswith("_keys")])
def test_keys_are_sorted(name: str):
    keys = getattr(lexicon.load(), name).astype(np.int64)
    assert name == "part_keys" or (np.diff(keys) >= 0).all()


@pytest.mark.parametrize(
    ("entry", "reachable"),
    [
        ("stellenstreichung*", False),
        ("stellenstreich*", True),
        ("*стана", True),
        ("新型コロナウイルス", False),
        ("コロナ", True),
        ("unquestionablylongword", True),
    ],
)
def test_entries_that_no_look_up_reaches_are_named(entry: str, reachable: bool):  # noqa: FBT001 - a table's cell
    tables = lexicon_recipe.Tables()
    lexicon_recipe.add(tables, 0, entry, Meaning.NEGATION)
    assert (tables.problems == []) == reachable == bool(tables.meanings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_sections(language: str):
    path = lexicon_recipe.LANGUAGES / f"{language}.txt"
    found = {section for section, _ in lexicon_recipe.sections(path)}
    assert {"function", "negation", "synonyms", "opposites", "numbers", "tags", "outlets"} <= found
    months = {
        int(value)
        for section, line in lexicon_recipe.sections(path)
        if section == "months"
        for value in line.split()[1::2]
        if value.isdigit()
    }
    assert language in ("zh", "ja", "ko") or months >= set(range(1, 13))


def test_common_words_of_each_language_are_listed():
    shipped = lexicon.load()
    counts = np.bincount(shipped.word_languages, minlength=len(LANGUAGES))
    assert counts.min() > 5_000
    assert shipped.word_bits.max() <= 8 * 18


def test_what_others_licence_is_named():
    notice = (DATA / "NOTICE").read_text(encoding="utf-8")
    assert "wordfreq" in notice
    assert "Attribution-ShareAlike 4.0" in notice
    assert "OpenCC" in notice
