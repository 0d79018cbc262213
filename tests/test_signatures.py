"""Signatures for an index of one's own are those that a run makes its blocking keys of."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import LeanMinHash, MinHashLSH
from headlines import ODD, fixture_texts, some_invented
from kernels import needs_kernel, three_ways

from dedupe import SettingsError, kernel, signatures
from dedupe.blocking.keys import SLOTS, keys_of_bands
from dedupe.prepare import prepare_texts

FERRY = "Ferry tolls at Pell Point to rise in June"
AGAIN = "UPDATE 1-Ferry tolls at Pell Point to rise in June"
LAMP = "Old lighthouse stays lit for fifty years"
TEXTS = [*fixture_texts(), *ODD, *some_invented(3)]


def test_a_signature_is_of_datasketch_and_says_how_it_was_made():
    (found,) = signatures([FERRY], seed=7)
    assert type(found) is LeanMinHash
    assert (len(found), found.seed, found.scheme) == (SLOTS, 7, "affine32")


@pytest.mark.parametrize("seed", [1, 2**32 - 1])
@pytest.mark.parametrize("pure", ["0", "1"], ids=["kernel", "plain"])
def test_a_run_makes_its_bands_of_these_values(seed: int, pure: str, monkeypatch):
    monkeypatch.setenv(kernel.PURE, pure)
    bands = prepare_texts(TEXTS, [], np.full(len(TEXTS), -1, np.int32), seed).band_keys
    compared = 0
    for own, found in zip(bands.tolist(), signatures(TEXTS, seed=seed), strict=True):
        if any(own):
            compared += 1
            assert keys_of_bands(found.hashvalues.tolist()) == own
        else:
            assert found.is_empty()
    assert compared > 50


@needs_kernel
def test_the_values_are_those_of_the_plain_twin():
    plain, portable, wide = three_ways(
        lambda: np.array([found.hashvalues for found in signatures(TEXTS)])
    )
    assert (plain == portable).all()
    assert (plain == wide).all()


def test_tags_outlets_and_case_make_no_difference():
    values = [found.hashvalues.tolist() for found in signatures([FERRY, AGAIN, FERRY.upper()])]
    assert values[0] == values[1] == values[2]


def test_more_permutations_estimate_the_similarity_better():
    texts = [FERRY, FERRY.replace("June", "July")]
    one, other = signatures(texts, num_perm=2048)
    letters = [f" {text.lower()} " for text in texts]
    sets = [{text[at : at + 4] for at in range(len(text) - 3)} for text in letters]
    truth = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    assert len(one) == 2048
    assert abs(one.jaccard(other) - truth) < 0.05


def test_a_text_without_letters_is_an_empty_set():
    assert all(found.is_empty() for found in signatures(["", "!!!"]))
    assert signatures([]) == []


def test_an_index_of_datasketch_finds_the_same_story():
    index = MinHashLSH(threshold=0.5, num_perm=SLOTS)
    for number, found in enumerate(signatures([FERRY, LAMP])):
        index.insert(number, found)
    assert index.query(signatures([AGAIN])[0]) == [0]


REFUSED = {
    "a number": (([12],), {}, TypeError, "expected strings, got int at 0"),
    "one text": ((FERRY,), {}, TypeError, "got one str; put it into a list"),
    "a seed": (([FERRY],), {"seed": -1}, SettingsError, "seed: must be random, or between 0"),
    "no permutations": (([FERRY],), {"num_perm": 0}, ValueError, "num_perm must be at least 1"),
}


@pytest.mark.parametrize(("texts", "given", "kind", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(texts, given, kind, says):
    with pytest.raises(kind, match=says):
        signatures(*texts, **given)
