"""What a run on disk keeps in files is what was given, and goes with who holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
import pytest

pytest.importorskip("duckdb")

from dedupe.backends import mmap_arrays as room
from dedupe.backends.mmap_arrays import MappedArrays, map_of
from dedupe.errors import ScratchError
from dedupe.io.string_columns import StringPacker

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LARGE = np.arange(room.LEAST // 8 + 8)
SMALL = np.arange(3)


@dataclass(frozen=True, slots=True)
class Pair:
    """Arrays in a dataclass."""

    name: str
    arrays: tuple[NDArray[np.int64], ...]


@pytest.mark.parametrize(
    "array",
    [LARGE, LARGE.reshape(-1, 4), LARGE.reshape(4, -1).T, LARGE % 2 == 0, LARGE.astype(np.int16)],
    ids=["flat", "matrix", "turned", "truths", "narrow"],
)
def test_an_array_is_the_same_from_its_file(tmp_path: Path, array: NDArray[np.generic]):
    pages = MappedArrays(tmp_path)
    kept = pages.keep(np.tile(array, 8))
    pages.give_back()
    assert map_of(kept) is not None
    assert kept.dtype == array.dtype
    assert np.array_equal(kept, np.tile(array, 8))
    assert list(tmp_path.iterdir()) == []  # an open file without a name


def test_what_is_small_stays_where_it_is(tmp_path: Path):
    assert MappedArrays(tmp_path).keep(SMALL) is SMALL


def test_what_is_kept_is_not_written_again_nor_written_to(tmp_path: Path):
    pages = MappedArrays(tmp_path)
    kept = pages.keep(LARGE)
    part = kept[1:]
    assert pages.keep(kept) is kept
    assert pages.keep(part) is part
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1


def test_dataclasses_and_strings_are_kept_part_by_part(tmp_path: Path):
    pages = MappedArrays(tmp_path)
    packing = StringPacker()
    packing.add([f"story-{number}-é" for number in range(200_000)])
    strings = packing.packed()
    pair, kept = pages.keep((Pair("pair", (LARGE, SMALL)), strings))
    assert pair.name == "pair"
    assert map_of(pair.arrays[0]) is not None
    assert pair.arrays[1] is SMALL
    assert not isinstance(kept.data, bytearray)
    assert list(kept) == list(strings)
    assert [kept[0], kept[-1]] == ["story-0-é", "story-199999-é"]


def test_a_file_goes_when_nobody_holds_its_array(tmp_path: Path):
    kept = MappedArrays(tmp_path).keep(LARGE)
    file = ref(map_of(kept))
    assert file() is not None
    del kept
    assert file() is None


def test_a_folder_that_will_not_do_is_told(tmp_path: Path):
    with pytest.raises(ScratchError, match="No such file or directory"):
        MappedArrays(tmp_path / "nowhere").keep(LARGE)


@pytest.mark.parametrize("missing", ["DROP", "TRIM"])
def test_a_system_that_cannot_give_back_is_asked_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
):
    monkeypatch.setattr(room, missing, None)
    pages = MappedArrays(tmp_path)
    kept = pages.keep(LARGE)
    pages.give_back()
    assert np.array_equal(kept, LARGE)
