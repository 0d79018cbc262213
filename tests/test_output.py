"""Where results go: whole or not at all, and never onto an input."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from commandline import visible

from dedupe.errors import OutputError
from dedupe.io.output import open_output

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = b"Old lamp stays lit\n" * 1000


class Stop(Exception):  # noqa: N818 - not an error
    """Whatever may end a run."""


def write(path: Path | str, data: bytes = DATA) -> None:
    with open_output(str(path), []) as output:
        output.write(data)


def write_and_stop(path: Path) -> None:
    with open_output(str(path), []) as output:
        output.write(DATA)
        raise Stop


def decompress_zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "out.jsonl": bytes,
    "out.jsonl.gz": gzip.decompress,
    "out.BZ2": bz2.decompress,
    "out.xz": lzma.decompress,
    "out.zst": decompress_zstd,
}


@pytest.mark.parametrize(("name", "decompress"), DECOMPRESS.items(), ids=DECOMPRESS)
def test_compressed_by_suffix(name: str, decompress: Callable[[bytes], bytes], tmp_path: Path):
    write(tmp_path / name)
    assert decompress((tmp_path / name).read_bytes()) == DATA
    assert visible(tmp_path) == {name}


@pytest.mark.parametrize("name", DECOMPRESS)
def test_equal_results_are_equal_bytes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / name)
    monkeypatch.setattr("time.time", lambda: 0.0)
    (tmp_path / "other").mkdir()
    write(tmp_path / "other" / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.mark.parametrize("name", DECOMPRESS)
@pytest.mark.parametrize("held", [None, b"older\n"])
def test_failed_run_leaves_what_was_there(name: str, held: bytes | None, tmp_path: Path):
    path = tmp_path / name
    if held:
        path.write_bytes(held)
    with pytest.raises(Stop):
        write_and_stop(path)
    assert visible(tmp_path) == ({name} if held else set())
    assert not held or path.read_bytes() == held


def test_file_appears_only_when_whole(tmp_path: Path):
    with open_output(str(tmp_path / "out"), []) as output:
        output.write(DATA)
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o751])
def test_mode_of_the_replaced_file_is_kept(mode: int, tmp_path: Path):
    (tmp_path / "out").touch()
    (tmp_path / "out").chmod(mode)
    write(tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o7777 == mode


def test_mode_of_a_new_file_is_the_usual(tmp_path: Path):
    (tmp_path / "usual").touch()
    write(tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_is_nobody_elses_until_it_is_whole(tmp_path: Path):
    (tmp_path / "out").touch(mode=0o666)
    with open_output(str(tmp_path / "out"), []) as output:
        output.write(DATA)
        (temporary,) = tmp_path.glob(".dedupe-*.tmp")
        assert temporary.stat().st_mode & 0o7777 == 0o600


def test_the_umask_outlives_files_made_by_many_threads(tmp_path: Path):
    before = os.umask(0o027)
    try:
        paths = [tmp_path / str(number) for number in range(64)]
        threads = [threading.Thread(target=write, args=[path]) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {path.stat().st_mode & 0o7777 for path in paths} == {0o640}
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_link_stays_a_link(tmp_path: Path):
    (tmp_path / "link").symlink_to("target")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == DATA


UNWRITABLE = {
    "missing folder": ("no/out", "No such file or directory"),
    "folder": ("folder", "Is a directory"),
    "file as folder": ("file/out", "Not a directory"),
    "long name": ("x" * 300, "File name too long"),
}


@pytest.mark.parametrize(("name", "reason"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_unwritable(name: str, reason: str, tmp_path: Path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as caught, open_output(str(tmp_path / name), []):
        pytest.fail("opened")
    assert str(caught.value) == f"{tmp_path / name}: {reason}"
    assert sorted(visible(tmp_path)) == ["file", "folder"]


def test_an_empty_name_is_no_file():
    with pytest.raises(OutputError, match=r"^'': the name of the file is empty$"):
        write("")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes every file")
def test_read_only_file_is_not_replaced(tmp_path: Path):
    (tmp_path / "out").touch(mode=0o444)
    with pytest.raises(OutputError, match="Permission denied"):
        write(tmp_path / "out")


ALIASES: dict[str, Callable[[Path], str]] = {
    "same": str,
    "dotted": lambda path: str(path.parent / "." / ".." / path.parent.name / path.name),
    "link": lambda path: str(path.parent / "link"),
    "hard link": lambda path: str(path.parent / "hard"),
}


@pytest.mark.parametrize("alias", ALIASES.values(), ids=ALIASES)
def test_input_is_never_replaced(alias: Callable[[Path], str], tmp_path: Path):
    path = tmp_path / "in"
    path.write_bytes(DATA)
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    with (
        pytest.raises(OutputError, match="also an input"),
        open_output(alias(path), ["-", str(tmp_path / "no"), str(path)]),
    ):
        pytest.fail("opened")
    assert path.read_bytes() == DATA


def test_device_is_written_directly():
    write("/dev/null")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
@pytest.mark.parametrize("size", [1, 100_000])
def test_full_disk(size: int):
    with pytest.raises(OutputError, match="/dev/full: No space left on device"):
        write("/dev/full", b"x" * size)


def test_pipe_is_written_directly(tmp_path: Path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write(path, DATA * 20)
    reader.join(timeout=30)
    assert got == [DATA * 20]
    assert path.is_fifo()


@pytest.mark.parametrize("path", [None, "-", "/dev/stdout"])
def test_standard_output(path: str | None, capfd: pytest.CaptureFixture[str]):
    with open_output(path, []) as output:
        output.write(DATA)
    assert capfd.readouterr().out.encode() == DATA


def test_closed_standard_output(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="<stdout>: is closed"), open_output(None, []):
        pytest.fail("opened")


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(OutputError, match=r"pip install 'zstandard>=0.22'"):
        write(tmp_path / "out.zst")
    assert visible(tmp_path) == set()
