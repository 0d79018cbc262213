"""Parquet that is damaged, made to do harm, or not what it is said to be."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commandline import dedupe
from hypothesis import given
from hypothesis import strategies as st
from parquets import LAMP, parquet
from pyarrow.parquet import encryption
from readers import read_bytes, read_files

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.io.parquet import MalformedError, ParquetFiles, read_row_groups
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAGIC, ENCRYPTED = b"PAR1", b"PARE"

BAD = {
    "empty": (b"", "not Parquet data, though its name or --from says so"),
    "text": (b'{"title":"a"}\n', "not Parquet data, though its name or --from says so"),
    "four bytes": (MAGIC, "corrupt Parquet data"),
    "cut": (LAMP[:-1], "truncated Parquet data"),
    "half": (LAMP[: len(LAMP) // 2], "truncated Parquet data"),
    "footer that is too long": (LAMP[:-8] + b"\xff\xff\xff\x7f" + MAGIC, "corrupt Parquet data"),
    "footer of something else": (LAMP[:-99] + b"\xff" * 91 + LAMP[-8:], "corrupt Parquet data"),
    "pages of something else": (MAGIC + b"\xff" * 60 + LAMP[64:], "corrupt Parquet data"),
    "encrypted": (ENCRYPTED + LAMP[4:-4] + ENCRYPTED, "encrypted Parquet data"),
    "encrypted at its end": (LAMP[:-4] + ENCRYPTED, "encrypted Parquet data"),
}


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_what_is_damaged_is_refused(data: bytes, says: str):
    with pytest.raises(InputError) as caught:
        read_bytes(data, "parquet", on_error="skip")
    assert str(caught.value).startswith(f"<stdin>: {says}")
    assert "\n" not in str(caught.value)


def test_an_unknown_codec_is_told(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise pa.ArrowNotImplementedError("Support for codec 'lzo' not built")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(InputError, match=r"of an unsupported kind \(Support for codec 'lzo'"):
        read_bytes(LAMP)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"<stdin>: Parquet needs .*'pyarrow>=18'"):
        read_bytes(LAMP)


def test_a_file_that_changes_between_two_readings_is_told(tmp_path: Path):
    path = tmp_path / "a.parquet"
    path.write_bytes(LAMP)
    with ParquetFiles() as tables:
        tables.hold("a", str(path), [])
        assert tables.again("a").name == str(path)
        path.write_bytes(LAMP + b"more")
        with pytest.raises(InputError, match="a: changed while it was read"):
            tables.again("a")


LONG = "x y " * 50_000
MANY = 4000


def repeated(count: int) -> pa.Array:
    """One long text, many times, in no more room than once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([LONG]))


BOMBS = {
    "a page": {"title": ["x" * (70 << 20)]},
    "one text many times": {"title": repeated(MANY)},
    "one text many times in lists": {
        "title": ["Lamp"] * 10,
        "x": pa.ListArray.from_arrays(
            pa.array(range(0, MANY + 1, MANY // 10), pa.int32()), repeated(MANY)
        ),
    },
    "an endless list": {
        "title": ["Lamp"],
        "x": pa.ListArray.from_arrays(
            pa.array([0, 70 << 20], pa.int32()), np.zeros(70 << 20, "i1")
        ),
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_too_much_is_refused_before_it_fills_memory(name: str):
    data = parquet(BOMBS[name], compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert len(data) < 1 << 17
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(InputError, match="decompresses to more than 200 times its size"):
        read_bytes(data, on_error="skip")
    assert pa.default_memory_pool().max_memory() - before < 1 << 28


def test_pages_are_told_as_they_are():
    """What is read here of a footer and its pages is what pyarrow reads of them."""
    table = pa.table(
        {"title": [str(n % 99) for n in range(5000)], "x": [[1.5] * (n % 3) for n in range(5000)]}
    )
    for options in (
        {},
        {"use_dictionary": False},
        {"data_page_version": "2.0"},
        {"compression": "zstd"},
    ):
        data = parquet(
            table, row_group_size=2000, data_page_size=500, write_page_index=True, **options
        )
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            found = read_row_groups(file)
        told = pq.ParquetFile(io.BytesIO(data)).metadata
        assert [group.rows for group in found] == [2000, 2000, 1000]
        for number, group in enumerate(found):
            for i, pages in enumerate(group.columns):
                column = told.row_group(number).column(i)
                assert pages.values == column.num_values
                assert 0.5 < pages.size / column.total_uncompressed_size < 1


@given(st.binary(max_size=60), st.integers(0, 400))
def test_pages_of_anything_are_told_or_refused(junk: bytes, at: int):
    data = bytearray(LAMP)
    data[at : at + len(junk)] = junk
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        with suppress(MalformedError):
            read_row_groups(file)


def rewritten(data: bytes, fields: Callable[[bytes], bytes]) -> bytes:
    """A file with another footer."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = fields(data[-8 - length : -8])
    return data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + MAGIC


FOOTERS = {
    "no end": (lambda footer: footer[:-1], "cut short"),
    "a list of more than there is": (
        lambda _: b"\x49\xfc\xff\xff\xff\x7f\0",
        "more values than bytes",
    ),
    "an unknown type": (lambda _: b"\x4f\0", "an unknown type"),
    "an endless number": (lambda _: b"\x46" + b"\xff" * 20, "a number without an end"),
    "nesting": (lambda _: b"\x4c" * 99, "nested too deep"),
    "row groups that are numbers": (lambda _: b"\x49\x15\x02\0", "not a list"),
}


@pytest.mark.parametrize("name", FOOTERS)
def test_a_footer_that_is_none_is_refused(name: str):
    fields, says = FOOTERS[name]
    with pytest.raises(InputError, match=f"corrupt Parquet data .{says}"):
        read_bytes(rewritten(LAMP, fields))


def test_a_page_that_does_not_match_its_checksum_is_refused():
    options = {"write_page_checksum": True, "write_statistics": False, "use_dictionary": False}
    data = parquet({"title": ["Lamp out"]}, compression="none", **options)
    assert read_bytes(data)[0].texts[0] == ["Lamp out"]
    with pytest.raises(InputError, match=r"corrupt Parquet data .*CRC checksum"):
        read_bytes(data.replace(b"Lamp out", b"Lamp off"))


def test_a_page_that_claims_too_much_is_refused():
    """Its own header, and not the footer, says that it unpacks to a GB."""
    data = parquet({"title": ["Lamp"]}, use_dictionary=False)
    head, liar = b"\x15\x00\x15\x1c\x15", b"\x15\x00\x15\x80\x80\x80\x80\x08\x15"
    assert data.count(head) == 1
    with pytest.raises(InputError, match="decompresses to more than 200 times its size"):
        read_bytes(data.replace(head, liar))


def test_encrypted_columns_are_told(tmp_path: Path):
    told = encryption.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["title"]}, plaintext_footer=True
    )
    access = encryption.KmsConnectionConfig(custom_kms_conf={"k": "0123456789012345"})
    factory = encryption.CryptoFactory(Kms)
    keys = factory.file_encryption_properties(access, told)
    pq.write_table(pa.table({"title": ["a"]}), tmp_path / "a.parquet", encryption_properties=keys)
    with pytest.raises(InputError, match=r"a\.parquet: encrypted Parquet data, which cannot"):
        read_files(tmp_path / "a.parquet")


class Kms(encryption.KmsClient):
    """Keys that everybody knows."""

    def __init__(self, config: encryption.KmsConnectionConfig) -> None:
        encryption.KmsClient.__init__(self)
        self.keys = config.custom_kms_conf

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(self.keys[master_key_identifier].encode() + key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)[len(self.keys[master_key_identifier]) :]


def test_a_pipe_that_cannot_be_copied_is_told(tmp_path: Path):
    done = dedupe("unique", "--tmp", "no", folder=tmp_path, stdin=LAMP)
    told = "dedupe: error: <stdin>: cannot be copied to no: No such file or directory\n"
    assert (done.code, done.out, done.err) == (2, b"", told)


def test_it_is_no_page(tmp_path: Path):
    (tmp_path / "a").write_bytes(LAMP)
    done = dedupe("split", "a", folder=tmp_path)
    assert (done.code, done.err) == (2, "dedupe: error: a: Parquet, not a page of text\n")


def test_a_long_row_is_refused_as_a_long_line_is():
    data = parquet({"title": ["Lamp", "x" * 300]})
    with pytest.raises(InputError, match="<stdin>:2: longer than 200 bytes; --max-line allows"):
        read_bytes(data, max_line=200, on_error="skip")
    assert len(read_bytes(data, max_line=400)[0]) == 2


def test_a_file_that_has_other_rows_than_it_says_is_refused(monkeypatch: pytest.MonkeyPatch):
    whole = pq.ParquetFile.iter_batches

    def lossy(self: pq.ParquetFile, *given: Any, **more: Any) -> Any:
        return (batch.slice(1) for batch in whole(self, *given, **more))

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lossy)
    with pytest.raises(InputError, match=r"corrupt Parquet data \(1 rows, where the footer has 2"):
        read_bytes(parquet({"title": ["a", "b"]}))


def test_rows_come_little_by_little():
    """Of fifty MiB in one row group no more is held at once than a few."""
    data = parquet({"title": [f"{n} " * 300 for n in range(30_000)]}, row_group_size=1 << 20)
    before = pa.total_allocated_bytes()
    most = 0
    for batch in read([], Settings(), ReadStats(), stdin=io.BytesIO(data)):
        assert len(batch.data) < 4 << 20
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 16 << 20
