"""Arrays, bytes and strings in files without names are what they would be in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from readers import read_bytes
from test_backends import STORIES, mapped_by

from dedupe import kernel
from dedupe.backends import disk
from dedupe.backends.spool import NUMBERS, Spool, SpooledBatches, SpooledStrings
from dedupe.blocking.look_back import group_keys
from dedupe.errors import ScratchError
from dedupe.resources import thread_map

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = disk.LEAST
needs_kernel = pytest.mark.skipif(not kernel.available(), reason="needs the compiled kernel")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which arrays are, with all their pages given back as soon as they are taken."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(disk, "WAIT", 0.001)
        with disk.mapped_arrays(str(tmp_path), 1):
            yield tmp_path


@needs_kernel
def test_a_large_array_is_in_a_file_and_a_small_one_is_not(folder: Path):
    assert str(folder) in mapped_by(np.empty(LARGE, np.uint8))
    assert str(folder) not in mapped_by(np.empty(LARGE - 1, np.uint8))
    assert list(folder.iterdir()) == []


@needs_kernel
def test_values_stay_when_their_pages_are_given_back(folder: Path):
    assert folder.exists()
    chance = np.random.default_rng(3)
    values = chance.integers(0, 1 << 60, LARGE)
    expected = values.tolist()
    kernel.release_pages()
    assert values.tolist() == expected
    assert not np.zeros(LARGE).any()
    order = np.argsort(values)
    assert (np.diff(values[order]) >= 0).all()


@needs_kernel
@pytest.mark.parametrize("size", [10, LARGE, 3 * LARGE])
def test_an_array_keeps_its_values_as_it_changes_size(folder: Path, size: int):
    assert folder.exists()
    for before in (10, LARGE, 2 * LARGE):
        array = np.arange(before) % 251
        array.resize(size, refcheck=False)
        kept = min(before, size)
        assert array[:kept].tolist() == (np.arange(kept) % 251).tolist()


@needs_kernel
def test_an_array_outlives_its_block(tmp_path: Path):
    with disk.mapped_arrays(str(tmp_path), 1 << 40):
        array = np.arange(LARGE)
    assert int(array.sum()) == LARGE * (LARGE - 1) // 2
    assert str(tmp_path) in mapped_by(array)
    assert str(tmp_path) not in mapped_by(np.arange(LARGE))


@needs_kernel
def test_threads_take_arrays_from_files_as_well(folder: Path):
    with thread_map(2) as spread:
        lines = list(spread(lambda size: mapped_by(np.zeros(size)), [LARGE] * 3))
    assert all(str(folder) in line for line in lines)


@needs_kernel
def test_what_the_kernel_gives_is_in_a_file_if_it_is_large(folder: Path):
    keys = np.arange(1, LARGE + 1, dtype=np.uint32).reshape(-1, 2) // 4 + 1
    buckets = group_keys(keys)
    assert str(folder) in mapped_by(buckets.members)
    assert buckets.of[:3].tolist() == [[1, 1], [1, 2], [2, 2]]


@needs_kernel
def test_a_folder_that_goes_is_an_error(tmp_path: Path):
    gone = tmp_path / "gone"
    gone.mkdir()
    failing = pytest.raises(ScratchError, match="gone: No such file")
    gone.rmdir()
    with failing, disk.mapped_arrays(str(gone), 1):
        np.zeros(LARGE)


def test_memory_that_is_not_there_stays_an_error_of_its_own(tmp_path: Path):
    with pytest.raises(MemoryError, match="enough"), disk.mapped_arrays(str(tmp_path), 1):
        raise MemoryError("enough")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A folder for files without names."""
    with Spool(str(tmp_path)) as own:
        yield own
    assert list(tmp_path.iterdir()) == []


def test_batches_come_back_from_the_spool(spool: Spool):
    batches = read_bytes(STORIES)
    kept = SpooledBatches(spool, iter(batches))
    assert len(kept) == len(batches)
    for _ in range(2):
        for one, other in zip(batches, kept, strict=True):
            assert (one.path, one.format, one.data) == (other.path, other.format, other.data)
            for name in NUMBERS:
                assert np.array_equal(getattr(one, name), getattr(other, name))
    assert kept[-1].data == batches[-1].data
    assert [batch.data for batch in kept[:1]] == [batches[0].data]


def test_a_spool_that_is_cut_short_is_an_error(spool: Spool):
    kept = SpooledBatches(spool, read_bytes(STORIES))
    os.ftruncate(kept._file.fileno(), 100)  # noqa: SLF001 - a file that nobody else can reach
    with pytest.raises(ScratchError, match="cut short"):
        list(kept)


@pytest.mark.parametrize("strings", [[], ["", ""], ["a", "é\0", "\ud800", "灯台"] * 3], ids=len)
def test_strings_come_back_from_the_spool(spool: Spool, strings: list[str]):
    packer = SpooledStrings(spool)
    packer.add(strings)
    packer.add(strings[:1])
    packed = packer.packed()
    expected = [*strings, *strings[:1]]
    assert list(packed) == expected
    assert [packed[at] for at in range(len(packed))] == expected
