"""Columns of strings give back what was put into them, one by one and as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.io.string_columns import StringPacker

ODD = st.sampled_from("a\u00e9\u4e2d\U0001f600\ud83d\ude00\0")
LETTERS = st.characters(exclude_categories=()) | ODD
STRINGS = st.lists(st.text(LETTERS, max_size=6), max_size=20)


@pytest.mark.parametrize("some", [1, 3, 4096])
@given(STRINGS, STRINGS)
def test_packed_strings_are_the_strings(some, left, right):
    packing = StringPacker()
    packing.add(left)
    packing.add(right)
    packed = packing.packed()
    assert list(replace(packed, step=some)) == left + right
    assert [packed[i] for i in range(len(packed))] == left + right
    assert packed[1:-1] == (left + right)[1:-1]


@pytest.mark.parametrize("place", [2, -3])
def test_a_place_outside_is_refused(place):
    packing = StringPacker()
    packing.add(["a", "b"])
    with pytest.raises(IndexError):
        packing.packed()[place]
