"""Compressed input, whole, in several parts, cut short and corrupt."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard
from readers import read_bytes, read_files, records_of

from dedupe.errors import InputError
from dedupe.io.files import read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dedupe.io.files import Kind

LINES = [b'{"title":"Lamp %d"}\n' % number for number in range(5000)]
DATA = b"".join(LINES)
PACK: dict[Kind, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": (".gz", gzip.compress),
    "bzip2": (".bz2", bz2.compress),
    "xz": (".xz", lzma.compress),
    "zstd": (".zst", zstandard.ZstdCompressor().compress),
}


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("name", ["a.jsonl", "a"])
def test_by_suffix_and_by_first_bytes(kind: Kind, name: str, tmp_path: Path):
    suffix, pack = PACK[kind]
    path = tmp_path / (name + suffix * (name != "a"))
    path.write_bytes(pack(DATA))
    assert records_of(read_files(path)) == LINES
    assert records_of(read_bytes(pack(DATA))) == LINES


@pytest.mark.parametrize("kind", PACK)
def test_parts_end_to_end(kind: Kind):
    _, pack = PACK[kind]
    assert records_of(read_bytes(pack(DATA[:777]) + pack(b"") + pack(DATA[777:]))) == LINES


@pytest.mark.parametrize("kind", PACK)
def test_nothing_compressed(kind: Kind):
    assert read_bytes(PACK[kind][1](b"")) == []


@pytest.mark.parametrize("kept", [-1, -9, 12, 300])
@pytest.mark.parametrize("kind", PACK)
def test_cut_short(kind: Kind, kept: int):
    with pytest.raises(InputError) as caught:
        read_bytes(PACK[kind][1](DATA)[:kept])
    assert str(caught.value) == f"<stdin>: truncated {kind} data"


@pytest.mark.parametrize("kind", PACK)
def test_corrupt(kind: Kind):
    packed = bytearray(PACK[kind][1](DATA))
    packed[12:60] = b"\xff" * 48
    with pytest.raises(InputError, match=f"<stdin>: corrupt {kind} data"):
        read_bytes(bytes(packed))


@pytest.mark.parametrize("kind", PACK)
def test_empty_file_by_suffix(kind: Kind, tmp_path: Path):
    path = tmp_path / f"a.jsonl{PACK[kind][0]}"
    path.write_bytes(b"")
    assert read_files(path) == []


def test_headline_that_looks_like_bzip2():
    assert records_of(read_bytes(b"BZhang wins\n")) == [b"BZhang wins\n"]


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(InputError, match=r"pip install 'zstandard>=0.22'"):
        read_bytes(PACK["zstd"][1](DATA))


class Dribble(io.RawIOBase):
    """A pipe whose writer is slow: at most three bytes a read."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # typeshed's Buffer has no len
        got = self._rest.read(min(3, len(buffer)))
        buffer[: len(got)] = got
        return len(got)


@pytest.mark.parametrize("kind", PACK)
def test_slow_pipe(kind: Kind):
    stdin = io.BufferedReader(Dribble(PACK[kind][1](DATA)))
    assert b"".join(read_chunks("-", stdin)) == DATA


def test_stdin_stays_open():
    stdin = io.BytesIO(DATA)
    assert b"".join(read_chunks("-", stdin)) == DATA
    assert not stdin.closed
