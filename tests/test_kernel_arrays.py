"""Arrays that lie, in any way, to every function of the kernel: a result or ValueError, no harm.

Sound calls are taken from a small run and spoiled at random. ``make sanitize`` runs this under
AddressSanitizer and UBSan; ``DEDUPE_ROUNDS`` sets how often each call is spoiled.
"""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from corpora import shipped
from kernels import needs_kernel

from dedupe import kernel
from dedupe.api import cluster
from dedupe.index.postings import (
    MOST,
    Segment,
    Spans,
    key_spans,
    merge_postings_in_parts,
    pack_postings,
    rows_of,
    unpack_postings,
)
from dedupe.scoring.model import shipped_model

pytestmark = needs_kernel

ROUNDS = int(os.environ.get("DEDUPE_ROUNDS", "30"))
CALLS = 4
FUNCTIONS = [name for name in kernel.__all__ if name not in ("available", "widen")]
ODD = (0, 1, 2, -1, 7, 63, 64, 127, 255, 1 << 15, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 62)
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e308, float("inf"), float("-inf"), float("nan"))


def recorder(name, calls):
    """The function itself, which keeps the arrays of its first calls."""
    function = getattr(kernel, name)

    def record(*arrays):
        if len(calls) < CALLS:
            calls.append(tuple(np.array(array) for array in arrays))
        return function(*arrays)

    return record


@pytest.fixture(scope="module")
def sound_calls():
    """What a run over some stories asks of each function, as arrays."""
    calls = {name: [] for name in FUNCTIONS}
    stories = [*shipped(), {"title": "城南水库 dam 4.3 U.S."}, {"title": "", "lede": "a"}]
    with pytest.MonkeyPatch.context() as patch:
        for name in FUNCTIONS:
            patch.setattr(kernel, name, recorder(name, calls[name]))
        cluster(stories, jobs=1)
        shipped_model().log_odds(np.eye(len(shipped_model().names)))
        look_up_and_merge()
    return calls


def look_up_and_merge():
    """What the index asks of postings, those of one key more than are read."""
    keys, places = np.repeat(np.arange(60, dtype=np.uint32) << 26, 5), np.arange(300) % 16
    keys[: MOST + 9], places[: MOST + 9] = 1, 3
    segments = [Segment(1, 1, 16, 4), Segment(2, 17, 32, 4)]
    blobs = [data for _, data in pack_postings(keys, places, 4)]
    parts, wanted = unpack_postings(blobs), np.unique(keys)
    bits, numbers = np.full(len(wanted), 4), np.arange(len(wanted))
    starts, sizes = key_spans(parts, segments[0].part_of(wanted), wanted, bits)
    rows_of(parts, Spans(starts, sizes, numbers, bits, numbers))
    list(
        merge_postings_in_parts(
            [(segment, blobs) for segment in segments], Segment(3, 1, 32, 5), 0, 1
        )
    )


def spoiled(array, chance):
    """A copy with some values replaced, or of another length, order or shape."""
    array = array.copy()
    how = chance.randrange(8)
    flat = array.reshape(-1)
    if how == 0:
        return array[: chance.randrange(len(array) + 1)].copy() if array.ndim else array
    if how == 1:
        return np.ascontiguousarray(np.concatenate([array, array[:3]])) if array.ndim else array
    if how == 2:
        flat.sort()
    elif how == 3:
        flat[:] = flat[::-1].copy()
    elif how == 4 and array.ndim == 2:
        return np.ascontiguousarray(array[:, : chance.randrange(array.shape[1] + 1)])
    for _ in range(chance.choice((0, 1, 1, 2, 5, len(flat)))):
        if len(flat):
            flat[chance.randrange(len(flat))] = value_for(array, chance)
    return array


def value_for(array, chance):
    if array.dtype.kind == "f":
        return chance.choice((*FLOATS, chance.uniform(-10, 10)))
    if array.dtype.kind == "b":
        return chance.random() < 0.5
    near = (*ODD, len(array), len(array) - 1, len(array) + 1, chance.getrandbits(64))
    return np.array(chance.choice(near) & (1 << 64) - 1, np.uint64).astype(array.dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_that_lie_do_no_harm(name, sound_calls):
    assert sound_calls[name], "the run never called it"
    chance = random.Random(f"{name} {ROUNDS}")  # noqa: S311 - made-up arrays
    refused = 0
    for call in sound_calls[name]:
        for _ in range(ROUNDS):
            arrays = [array.copy() for array in call]
            for _ in range(chance.choice((1, 1, 2, 3))):
                at = chance.randrange(len(arrays))
                arrays[at] = spoiled(arrays[at], chance)
            try:
                getattr(kernel, name)(*arrays)
            except ValueError:
                refused += 1
    assert refused, "no lie was noticed"
