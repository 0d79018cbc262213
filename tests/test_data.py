"""Shipped data follows from its recipe, and word lists say what they mean."""

from __future__ import annotations

import unicodedata
from collections import Counter
from importlib.resources import files

import char_table_recipe
import numpy as np
import pytest

from dedupe.text.char_table import TABLE_PATH, load_char_table
from dedupe.text.tokenize import tokenize
from dedupe.text.vocabulary import MAX_BITS, SCALE, standard_forms, word_hash

DATA = files("dedupe") / "data"
LISTS = ("antonyms", "frequencies", "lexicon", "outlets", "synonyms", "tags")


def lines(name: str) -> list[str]:
    """The lines of a list, comments left out."""
    text = (DATA / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def words(name: str) -> list[str]:
    """The words of a list, as often as they stand there."""
    held = [line.replace("|", " ").split() for line in lines(name)]
    return [word for row in held for word in (row[1:] if name == "frequencies" else row)]


def twice(values) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_the_folding_table_is_what_its_recipe_makes():
    with TABLE_PATH.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
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
    table = load_char_table()
    assert len(table.pages) * 256 == 0x110000
    assert (int(table.pages.max()) + 1) * 256 == len(table.entries)
    entries = table.look_up(np.arange(0x110000, dtype=np.uint32))
    lengths = (entries >> 21) & 31
    assert lengths.max() < 31, "the longest fold is not cut off"
    many = lengths > 1
    assert ((entries & 0x1FFFFF) + lengths)[many].max() <= len(table.expansions)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_begins_with_what_it_is_and_has_no_odd_lines(name: str):
    text = (DATA / f"{name}.txt").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert all(line == line.strip() != "" for line in lines(name))


@pytest.mark.parametrize("name", ["antonyms", "lexicon", "synonyms"])
def test_words_are_folded_as_headlines_are(name: str):
    """Of a hyphenated word or one of two kinds no token can ever be found."""
    wrong = {word for word in words(name) if not is_folded(word)}
    assert wrong <= KNOWN_UNFOLDED[name]


def is_folded(word: str) -> bool:
    codes = tokenize([word]).codes
    return codes.tobytes().decode("utf-32-le") == word


KNOWN_UNFOLDED = {"antonyms": {"first-half", "second-half"}, "lexicon": set(), "synonyms": set()}


@pytest.mark.parametrize("name", ["antonyms", "synonyms"])
def test_no_word_stands_twice_on_a_line(name: str):
    for line in lines(name):
        for half in line.split("|"):
            assert not twice(half.split()), line


def test_antonyms_have_two_sides_and_no_word_on_both():
    for line in lines("antonyms"):
        left, bar, right = line.partition(" | ")
        assert bar, line
        assert left.split(), line
        assert right.split(), line
        both = set(left.split()) & set(right.split())
        assert not both, line
        meant = [set(standard_forms(word_hash(half.split())).tolist()) for half in (left, right)]
        assert not meant[0] & meant[1], f"one word under two spellings: {line}"


def test_a_word_is_on_one_side_of_one_line():
    held = {word for line in lines("antonyms") for word in set(line.replace("|", " ").split())}
    everywhere = [
        word for line in lines("antonyms") for word in set(line.replace("|", " ").split())
    ]
    assert len(everywhere) == len(held), twice(everywhere)


def test_a_spelling_stands_for_one_word():
    rows = [line.split() for line in lines("lexicon")]
    assert not twice(spelling for row in rows for spelling in row[1:])
    assert not twice(row[0] for row in rows)
    assert all(len(row) > 1 for row in rows), [row for row in rows if len(row) < 2]


def test_a_word_that_others_stand_for_stands_for_itself():
    heads = [line.split()[0] for line in lines("lexicon")]
    assert standard_forms(word_hash(heads)).tolist() == word_hash(heads).tolist()


def test_common_words_have_their_bits_once():
    previous = -1
    for line in lines("frequencies"):
        head, *rest = line.split()
        assert previous < int(head) <= MAX_BITS * SCALE
        assert rest
        previous = int(head)
    assert not twice(words("frequencies"))
    assert {"the", "of", "in"} <= set(words("frequencies"))


def test_tags_have_a_kind_and_a_phrase():
    rows = [line.split(" ", 1) for line in lines("tags")]
    assert {kind for kind, _ in rows} == {"status", "genre", "withdrawn"}
    assert not twice(phrase for _, phrase in rows)
    assert {len(tokenize([phrase]).hashes) for kind, phrase in rows if phrase != "q&a"} == {1, 2}


def test_outlets_stand_once():
    assert not twice(line.casefold() for line in lines("outlets"))
    assert max(len(tokenize([name]).hashes) for name in lines("outlets")) <= 5
