"""The digest of lines that does not hang on their order: one for all engines."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from commandline import dedupe
from hypothesis import given
from hypothesis import strategies as st
from test_backends import ON_DISK, stories

from dedupe.io.result_rows import RowChecksum, RowCounter

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line), max_size=8)
STORIES = stories(200)


def plainly(lines: list[bytes]) -> str:
    """The same by hand."""
    hashes = (blake2b(line, digest_size=16).hexdigest() for line in lines)
    return f"{sum(int(digest, 16) for digest in hashes) % 2**128:032x}"


@given(LINES, st.randoms())
def test_it_is_the_sum_of_hashes_in_any_order(lines: list[bytes], chance):
    mixed = list(lines)
    chance.shuffle(mixed)
    found = RowChecksum.of(lines)
    assert (found.count, found.checksum) == (len(lines), plainly(lines))
    assert RowChecksum.of(mixed) == found
    assert RowChecksum.of(mixed[:3]) + RowChecksum.of(mixed[3:]) == found
    assert not lines or RowChecksum.of(lines[1:]).checksum != found.checksum


@given(LINES, st.integers(1, 9), st.booleans())
def test_chunks_may_end_anywhere(lines: list[bytes], size: int, ended: bool):  # noqa: FBT001 - drawn
    lines = lines if ended else [*lines, b"x"]
    data = b"\n".join(lines) + b"\n" * (ended and bool(lines))
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    rows = RowCounter()
    assert list(rows.watch(chunks)) == chunks
    assert rows.rows == RowChecksum.of(lines)


ENGINES = {"memory": (), "disk": ON_DISK}


@pytest.mark.parametrize("flags", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("command", ["cluster", "unique", "pairs"])
def test_every_engine_tells_that_of_its_output(
    command: str, flags: tuple[str, ...], tmp_path: Path
):
    done = dedupe(command, *flags, "--stats", "s.json", folder=tmp_path, stdin=STORIES)
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["rows_checksum"] == plainly(done.out.splitlines())
