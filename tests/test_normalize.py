"""Texts to tokens and to the story's own span: tables of what goes, and what holds for any text."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text.affixes import LEARN_FROM, learn_outlets, phrases
from dedupe.text.char_table import CharClass
from dedupe.text.normalize import normalize
from dedupe.text.tokenize import COLON, DASH, HYPHEN, PIPE, SPACED, tokenize

NO_OUTLETS = np.zeros(0, dtype=np.uint64)


def folded(*texts: str) -> list[str]:
    """The folded stories of some texts."""
    return normalize(texts, NO_OUTLETS).texts()


def whole(text: str) -> str:
    """All folded characters of one text, tags and outlets too."""
    return tokenize([text]).codes.tobytes().decode("utf-32-le", "surrogatepass")


def words(text: str) -> list[str]:
    tokens = tokenize([text])
    spans = zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    return [whole(text)[start:stop] for start, stop in spans]


TOKENS = {
    "case and spaces": ("  Fed   RAISES rates ", "fed|raises|rates"),
    "accents": ("Café Zöe Ångström naïve", "cafe|zoe|angstrom|naive"),
    "combining accents": ("Cafe\u0301", "cafe"),
    "letters with strokes": ("Søren Łódź Encyclopædia", "soren|lodz|encyclopaedia"),
    "sharp s and ligatures": ("Straße ﬁnds", "strasse|finds"),
    "full width": ("Ｆｅｄ　２０２６", "fed|2026"),
    "soft hyphen and zero width": ("Fed\u00aderal\u200b Re\ufeffserve", "federal|reserve"),
    "apostrophes within words": ("Int'l bank’s rise", "intl|banks|rise"),
    "quotes around words": ("'Fed' “raises” ‘rates’", "fed|raises|rates"),
    "acronyms": ("U.S. and U.K.", "us|and|uk"),
    "the end of a sentence": ("It ended. Then", "it|ended|then"),
    "thousands": ("1,000 and 1,000,000", "1000|and|1000000"),
    "a list of numbers": ("1,2,3", "1|2|3"),
    "decimals": ("4.3 pct, v1.2.", "4.3|pct|v|1.2"),
    "entities": ("Tom &amp; Jerry&#8217;s &quot;hit&QUOT;", "tom|&|jerrys|hit"),
    "what only looks like an entity": ("AT&T; S&P; &bogus; &#;", "at|&|t|s|&|p|&|bogus|&"),
    "symbols": ("$5 5% A&B £3", "$|5|5|%|a|&|b|£|3"),
    "digits beside letters": ("5th Q2", "5|th|q|2"),
    "hyphens part words": ("ten-year – deal", "ten|year|deal"),
    "brackets": ("(Reuters) [video]", "reuters|video"),
    "trade marks": ("Lamp™ burns", "lamp|burns"),
    "arabic digits": ("٢٠٢٦", "2026"),
    "pairs of ideographs": ("城南水库坝", "城南|南水|水库|库坝"),
    "one ideograph": ("坝", "坝"),
    "ideographs beside words": ("GDP增长5", "gdp|增长|5"),
    "cyrillic": ("МОСКВА Ёлка", "москва|елка"),
    "nothing": ("", ""),
    "no words": ("?! ... —", ""),
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.values(), ids=TOKENS)
def test_tokens(text: str, expected: str):
    assert "|".join(words(text)) == expected


STORIES = {
    "plain": ("Fed raises rates", "fed raises rates"),
    "update": ("UPDATE 2-Fed raises rates", "fed raises rates"),
    "any case, spaced": ("Update 2 - Fed raises rates", "fed raises rates"),
    "several": ("RPT-UPDATE 3-Fed raises rates", "fed raises rates"),
    "colon": ("BREAKING: Fed raises rates", "fed raises rates"),
    "two words": ("Breaking news: Fed raises rates", "fed raises rates"),
    "slug": ("GLOBAL MARKETS-Stocks rise on hopes", "stocks rise on hopes"),
    "pipe": ("Opinion | Fed raises rates", "fed raises rates"),
    "outlet by hyphen": ("Fed raises rates - Reuters", "fed raises rates"),
    "outlet by pipe": ("Fed raises rates | BBC News", "fed raises rates"),
    "outlet by dash": ("Fed raises rates — The Guardian", "fed raises rates"),
    "tag and outlet": ("UPDATE 1-Fed raises rates - Reuters", "fed raises rates"),
    "a tag alone is the story": ("UPDATE 2", "update 2"),
    "an outlet alone is the story": ("Reuters", "reuters"),
    "a tag's word within": ("Live update on Fed rates", "live update on fed rates"),
    "a hyphen within words": ("Reuters-style report wins", "reuters style report wins"),
    "an unknown close": ("Fed raises rates - again", "fed raises rates again"),
}


@pytest.mark.parametrize(("text", "expected"), STORIES.values(), ids=STORIES)
def test_the_story_without_what_a_desk_adds(text: str, expected: str):
    assert folded(text) == [expected]


@pytest.mark.parametrize(
    ("text", "version", "withdrawn"),
    [
        ("Fed raises rates", 0, False),
        ("UPDATE 2-Fed raises rates", 2, False),
        ("RPT-UPDATE 3-Fed raises rates", 3, False),
        ("WITHDRAWN-Fed raises rates", 0, True),
        ("WRAPUP 4-WITHDRAWN: Fed raises rates", 4, True),
        ("Withdrawn Fed offer returns", 0, False),
    ],
)
def test_what_a_tag_says_is_kept(text: str, version: int, withdrawn):
    core = normalize([text], NO_OUTLETS).core
    assert (core.versions.tolist(), core.withdrawn.tolist()) == ([version], [withdrawn])


def test_zones_tell_tag_story_and_outlet_apart():
    tokens = normalize(["UPDATE 2-Fed raises rates - Reuters"], NO_OUTLETS)
    assert tokens.zones().tolist() == [1, 1, 0, 0, 0, 2]


def test_cases_and_gaps_of_tokens():
    tokens = tokenize(["Fed - RAISES: rates | 5—x"])
    assert tokens.cases.tolist() == [1, 2, 0, 0, 0]
    assert tokens.gaps.tolist() == [SPACED | HYPHEN, COLON | SPACED, SPACED | PIPE, DASH, 0]
    assert tokens.classes.tolist() == [CharClass.LETTER] * 3 + [CharClass.DIGIT, CharClass.LETTER]


DAYS = [f"Story {word} of day {n}" for n, word in enumerate("abcdefghijklmnopqrst")]


@pytest.mark.parametrize(
    ("closed", "written", "learned"),
    [
        (LEARN_FROM, LEARN_FROM, True),
        (LEARN_FROM - 1, LEARN_FROM - 1, False),
        (LEARN_FROM, 20 * LEARN_FROM, False),
        (LEARN_FROM, 3 * LEARN_FROM, True),
    ],
)
def test_an_outlet_is_learned_from_its_headlines(closed: int, written: int, learned):
    texts = [f"{text} - Tidewater Post" for text in DAYS[:closed]]
    writers = np.zeros(closed, dtype=np.int64)
    found = learn_outlets(texts, writers, np.array([written]))
    assert found.tolist() == (phrases(["tidewater post"]).tolist() if learned else [])
    story = normalize(["Fed raises rates - Tidewater Post"], found).texts()
    assert (story == ["fed raises rates"]) == learned


def test_a_close_shared_by_outlets_counts_for_each_alone():
    texts = [f"{text} - Tidewater Post" for text in DAYS[:LEARN_FROM]]
    writers = np.arange(LEARN_FROM) % 2
    assert learn_outlets(texts, writers, np.bincount(writers)).tolist() == []


TEXT = st.one_of(
    st.text(max_size=30),
    st.text("aAeE\u0301éＡ城南0123.,'’-–: |$%\u200b\u00ad™ßŉŐ½ﬁ", max_size=16),
    st.sampled_from([text for text, _ in (*TOKENS.values(), *STORIES.values())]),
)
SAFE = st.text(st.characters(codec="ascii", categories=("L", "N", "Zs", "P")), max_size=25)


def looks_alike(left: str, right: str) -> bool:
    first, second = normalize([left], NO_OUTLETS), normalize([right], NO_OUTLETS)
    return (first.texts(), first.fingerprints.tolist()) == (
        second.texts(),
        second.fingerprints.tolist(),
    )


@given(TEXT)
def test_a_folded_text_folds_to_itself(text):
    assert whole(whole(text)) == whole(text)


@given(TEXT)
def test_a_folded_text_has_single_spaces_and_no_case(text):
    found = whole(text)
    assert found == " ".join(found.split(" ")).strip()
    assert "  " not in found
    assert found == "".join(c for c in found if unicodedata.category(c) not in ("Lu", "Cc", "Zs")
                            or c == " ")  # fmt: skip


@given(SAFE)
def test_width_is_folded(text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert whole(wide) == whole(text)


@given(SAFE, st.sampled_from("\u200b\u200d\ufeff\u00ad\u2060\u0301\u0308"))
def test_zero_width_characters_and_accents_are_folded(text, mark):
    assert looks_alike(text, "".join(c + mark for c in text))


@given(SAFE)
def test_case_is_folded(text):
    assert whole(text.upper()) == whole(text) == whole(text.lower())


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_normal_forms_are_folded(text):
    assert whole(unicodedata.normalize("NFC", text)) == whole(unicodedata.normalize("NFD", text))


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_text_is_folded_as_it_would_be_alone(texts):
    together = normalize(texts, NO_OUTLETS)
    alone = [normalize([text], NO_OUTLETS) for text in texts]
    assert together.texts() == [single.texts()[0] for single in alone]
    assert together.fingerprints.tolist() == [int(single.fingerprints[0]) for single in alone]
    assert together.tokens.hashes.tolist() == [
        value for single in alone for value in single.tokens.hashes.tolist()
    ]


@given(TEXT)
def test_the_story_lies_within_its_text(text):
    found = normalize([text], NO_OUTLETS)
    (story,) = found.texts()
    assert story in whole(text)
    assert bool(story) == bool(words(text)) == bool(found.fingerprints[0])


@given(TEXT, TEXT)
def test_equal_prints_mean_equal_stories(left, right):
    first, second = normalize([left, right], NO_OUTLETS).fingerprints.tolist()
    assert (first == second) == looks_alike(left, right)


def test_where_the_story_stands_is_part_of_the_print():
    bare, tagged = normalize(
        ["Watch Fed rates", "Watch: Fed rates"], NO_OUTLETS
    ).fingerprints.tolist()
    assert bare != tagged


def test_no_texts():
    assert normalize([], NO_OUTLETS).texts() == [""]
