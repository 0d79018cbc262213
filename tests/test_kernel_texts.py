"""The kernel folds and sketches texts bit for bit as the numpy code does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import agree, needs_kernel

from dedupe import kernel
from dedupe.blocking.keys import blocking_keys, compiled_blocking_keys
from dedupe.blocking.minhash import Banding, band_keys, permutations, shingles, signatures
from dedupe.blocking.rare_pairs import word_weights
from dedupe.hashing import hash_spans
from dedupe.text import preprocess
from dedupe.text.affixes import outlet_starts, phrases
from dedupe.text.char_table import load_char_table
from dedupe.text.normalize import normalize
from dedupe.text.tokenize import tokenize

pytestmark = needs_kernel

NO_OUTLETS = np.zeros(0, dtype=np.uint64)
ANY = st.text(st.characters(exclude_categories=()), max_size=40)
PIECES = st.sampled_from(
    (
        *("UPDATE", "2", "-", " - ", ": ", " | ", " \u2013 ", "WITHDRAWN", "GLOBAL", "MARKETS"),
        *("Reuters", "Daily Mirror", "U.S.", "u.s", "Int'l", "1,000", "12,3456", "4.3", ".", ","),
        *("'", "$", "%&", "5th", "state", "states", "statement", "stated", "stating", "Status"),
        *(
            "\u4e2d\u56fd",
            "\u80a1",
            "\ufdfa",
            "\u00bd",
            "\ufb01",
            "\u00c9COLE",
            "e\u0301",
            "\u0130",
        ),
        *("(", "\u00ad", "\u200b", "\u0e44\u0e17\u0e22", "colour", "color", "\0", "\ud800", ""),
    )
)
HEADLINE = st.lists(PIECES, max_size=14).flatmap(
    lambda pieces: st.sampled_from(("", " ")).map(lambda space: space.join(pieces))
)
LONG = st.tuples(HEADLINE, st.integers(1, 60)).map(lambda pair: pair[0] * pair[1])
TEXTS = st.lists(st.one_of(HEADLINE, ANY, LONG), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**32 - 1)


def closing_phrases(texts):
    """The closing phrases of texts, sorted."""
    tokens = tokenize(texts)
    cut, starts = outlet_starts(tokens, tokens.offsets[:-1], tokens.offsets[1:])
    return np.sort(hash_spans(tokens.hashes, starts, tokens.offsets[1:][cut]))


@given(TEXTS)
def test_scanned_texts_are_alike(texts):
    assert agree(lambda: tokenize(texts))


@given(TEXTS, st.booleans())
def test_folded_texts_are_alike(texts, learned):
    outlets = closing_phrases(texts) if learned else NO_OUTLETS
    assert agree(lambda: normalize(texts, outlets))


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE 1-UPDATE 2-UPDATE 3-UPDATE 4-UPDATE 5-UPDATE 6-Fed raises rates",
        "UPDATE 12-Fed raises rates",
        "UPDATE 1 Fed raises rates",
        "WITHDRAWN: Fed raises rates",
        "UPDATE 1",
        "OIL-Prices rise",
        "GOLD-Prices rise",
        "GOLD - Prices rise",
        "GOLD-prices rise",
        "US OIL-Prices rise",
        "THE US-Prices rise",
        "ASIA US OIL-Prices rise",
        "THE ASIA US OIL-Prices rise",
        "US: OIL-Prices rise",
        "Us OIL-Prices rise",
        "Fed | Reuters",
        "Fed raises | Reuters",
        "Fed raises - Reuters",
        "Fed raises-Reuters",
        "Fed raises: Reuters",
        "Fed raises - The Reuters",
        "Fed raises - one two three four five",
        "Fed raises - one two three four five six",
    ],
)
def test_the_marks_of_a_desk_are_taken_off_alike(text):
    outlets = np.sort(
        phrases(["Reuters", "one two three four five", "one two three four five six"])
    )
    assert agree(lambda: normalize([text], outlets))


@given(TEXTS, SEEDS)
def test_keys_are_alike(texts, seed):
    folded = normalize(texts, NO_OUTLETS)
    assert agree(lambda: blocking_keys(folded, seed))


@given(TEXTS, SEEDS, st.integers(1, 40), st.integers(1, 12))
def test_keys_are_alike_by_any_banding(texts, seed, bands, rows):
    folded, banding = normalize(texts, NO_OUTLETS), Banding(bands, rows)
    spans = (folded.starts, folded.ends, folded.spaceless)
    signed = signatures(*shingles(folded.tokens.codes, *spans), banding.slots, seed)
    expected = band_keys(signed, banding)
    expected[folded.starts == folded.ends] = 0
    assert (compiled_blocking_keys(folded, seed, banding)[0] == expected).all()


@given(TEXTS)
def test_chunks_are_described_alike(texts):
    assert agree(lambda: preprocess.preprocess_chunk(texts, NO_OUTLETS, 1))


def test_every_code_point_is_scanned_alike():
    points = range(0x110000)
    texts = ["a".join(map(chr, points[first : first + 4096])) for first in points[::4096]]
    assert agree(lambda: tokenize(texts))


def test_a_word_counts_by_its_first_letters_and_weight():
    """Stems that recur among anchors: one that stands between two alike keeps them apart."""
    words = [f"state{ending}" for ending in ("", "s", "d", "ment", "wide", "ly")]
    words += ["the", "of", "in", "market", "zyx"]
    texts = [" ".join(words[i:] + words[:i]) for i in range(len(words))]
    folded = normalize(texts, NO_OUTLETS)
    assert agree(lambda: blocking_keys(folded, 1))


TOKENS = tokenize(["UPDATE 1-Some \u4e2d\u56fd news - Reuters", "More"])
TOKEN_NAMES = tuple(TOKENS.__slots__)
HEADS, TAILS = TOKENS.offsets[:-1], TOKENS.offsets[1:]


def tokens_with(name, value):
    return (dict(zip(TOKEN_NAMES, TOKENS.arrays(), strict=True)) | {name: value}).values()


def call_find_core(tokens, **changed):
    lists = {"tags": phrases(["update"]), "gone": NO_OUTLETS, "outlets": NO_OUTLETS}
    given = lists | {"learned": NO_OUTLETS} | changed
    out = (np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.int16), np.empty(2, bool))
    kernel.find_core(*tokens, *given.values(), *out)


def call_frame(tokens, heads=HEADS, tails=TAILS):
    starts, stops = np.empty((2, 2), dtype=np.int64)
    kernel.frame(*tokens, heads, tails, starts, stops, np.empty(2, bool), np.empty(2, np.uint64))


def call_anchor_keys(tokens, heads=HEADS, tails=TAILS):
    kernel.rare_pair_keys(*tokens, heads, tails, *word_weights(), np.empty((2, 10), np.uint64))


BOUNDS = "out of bounds or order"


@pytest.mark.parametrize("call", [call_find_core, call_frame, call_anchor_keys])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offsets", np.array([0, 99, 99])),
        ("offsets", np.array([0, 5, 4])),
        ("offsets", np.array([-1, 1, 2])),
        ("bounds", np.array([0, 1, 10**9])),
        ("starts", TOKENS.starts - 1),
        ("ends", TOKENS.ends + 1),
        ("ends", TOKENS.starts),
    ],
)
def test_tokens_that_lie_are_refused(call, name, value):
    with pytest.raises(ValueError, match=BOUNDS):
        call(tokens_with(name, value))


@pytest.mark.parametrize("call", [call_frame, call_anchor_keys])
@pytest.mark.parametrize(
    ("heads", "tails"),
    [(HEADS - 1, TAILS), (HEADS, TAILS + 1), (TAILS, HEADS)],
)
def test_stories_that_lie_are_refused(call, heads, tails):
    with pytest.raises(ValueError, match=BOUNDS):
        call(TOKENS.arrays(), heads, tails)


def test_unsorted_phrases_are_refused():
    with pytest.raises(ValueError, match=BOUNDS):
        call_find_core(TOKENS.arrays(), learned=np.array([2, 1], dtype=np.uint64))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"pages": np.zeros(0, np.uint16)}, BOUNDS),
        ({"pages": np.full(4352, 60000, np.uint16)}, BOUNDS),
        ({"expansions": np.zeros(0, np.uint32)}, BOUNDS),
        ({"raw": np.array([0x110000, 0], np.uint32)}, BOUNDS),
        ({"sizes": np.array([3])}, BOUNDS),
        ({"sizes": np.array([-1])}, BOUNDS),
        ({"room": 1}, BOUNDS),
        ({"sizes": np.array([1, 1, 1])}, "offsets: a wrong number of items"),
    ],
)
def test_texts_that_lie_are_refused(changed, reason):
    pages, entries, expansions = load_char_table()
    sound = {"pages": pages, "entries": entries, "expansions": expansions}
    sound |= {"raw": np.array([0xBD, 0], dtype=np.uint32), "sizes": np.array([2]), "room": 9}
    *arrays, room = (sound | changed).values()
    types = ("u8", "u1", "u1", "u1", "i8", "i8", "i8", "u4", "i8")
    out = [np.empty(2 if at in (6, 8) else room, dtype) for at, dtype in enumerate(types)]
    with pytest.raises(ValueError, match=reason):
        kernel.tokenize(*arrays, *out)


@pytest.mark.parametrize(
    ("starts", "stops", "slots", "bands"),
    [
        ([-1], [2], 4, 2),
        ([2], [1], 4, 2),
        ([0], [9], 4, 2),
        ([0], [2], 5, 2),
        ([0], [2], 1025, 1025),
        ([0], [2], 4, 0),
    ],
)
def test_sketches_that_lie_are_refused(starts, stops, slots, bands):
    spans = (np.array(starts), np.array(stops), np.zeros(1, dtype=bool))
    out = np.empty((1, bands), dtype=np.uint64)
    with pytest.raises(ValueError, match=BOUNDS):
        kernel.band_keys(np.zeros(8, np.uint32), *spans, *permutations(slots, 1), out)
