"""Readers: any bytes as JSONL, tables, lines, Parquet, compressed or not, labels and baselines."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.gate.models import read_baseline
from dedupe.io.labels import read_labels
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from dedupe.models import Batch, Format

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
DEEP = b"[" * 5000
LONG = b"9" * 5000
BASELINE = b'{"version": 1, "accepted": [{"cluster": "c", "records": ["a", "b"], "text": "t"}]}'


def read_both_ways(kind: Format | None, data: bytes) -> None:
    """Read bytes to the end, once up to the first bad record and once past every one."""
    failed = InputError("", None, "")
    try:
        for batch in batches(kind, data, "fail", ReadStats()):
            check(batch)
    except InputError as error:
        failed = error
    tally = ReadStats()
    records = 0
    for batch in batches(kind, data, "skip", tally):
        check(batch)
        records += len(batch)
    assert tally.records == records
    assert bool(tally.skipped) == (failed.line is not None)


def batches(kind: Format | None, data: bytes, on_error: str, tally: ReadStats):
    return read([], Settings(on_error=on_error), tally, stdin=io.BytesIO(data), format=kind)


def check(batch: Batch) -> None:
    """All columns are of one length, and records follow each other without a gap."""
    columns = (batch.ids, batch.sources, batch.times, batch.lines, batch.limits, *batch.texts)
    assert {len(column) for column in columns} == {len(batch)}
    assert (batch.starts <= batch.ends).all()
    assert (batch.ends <= batch.limits).all()
    assert batch.starts[1:].tolist() == batch.limits[:-1].tolist()
    assert not len(batch) or batch.limits[-1] == len(batch.data)


@functools.cache
def scratch() -> str:
    """A file of this process."""
    return str(Path(tempfile.mkdtemp(prefix="fuzz-")) / f"input-{os.getpid()}")


def as_file(reader: Callable[[str], object]) -> Callable[[bytes], None]:
    """A reader of files as a taker of bytes."""

    def taking(data: bytes) -> None:
        Path(scratch()).write_bytes(data)
        reader(scratch())

    return taking


def inputs(*suffixes: str) -> list[bytes]:
    """The fixtures of some suffixes."""
    return [path.read_bytes() for path in sorted(FIXTURES.rglob("*")) if path.suffix in suffixes]


def parquet(columns: dict[str, list[object]], **options: object) -> bytes:
    """A small file with these columns."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, store_schema=False, **options)
    return out.getvalue()


NESTED = {"title": ["Lamp", None], "tags": [["a", "b"], None], "more": [{"n": 1.5}, None]}
PLAIN: dict[Format, list[bytes]] = {
    "jsonl": [*inputs(".jsonl", ".json"), b'{"title":' + DEEP, b'{"title":' + LONG + b"}"],
    "csv": inputs(".csv"),
    "tsv": inputs(".tsv"),
    "lines": inputs(".txt"),
    "parquet": [
        parquet({"title": ["Lamp out", "Toll"] * 3, "n": [1, None] * 3}, compression="none"),
        parquet(NESTED, compression="none", use_dictionary=False),
        parquet(NESTED, compression="zstd", row_group_size=1),
    ],
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
SAMPLES = [(FIXTURES / "demo.jsonl").read_bytes()[:700], b"", b"Lamp out\n"]
READERS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    kind: (functools.partial(read_both_ways, kind), seeds) for kind, seeds in PLAIN.items()
}
READERS |= {
    kind: (functools.partial(read_both_ways, None), [*map(pack, SAMPLES), pack(b"a\n") * 2])
    for kind, pack in PACKERS.items()
}
BOTH_WAYS = tuple(READERS)
READERS |= {
    "labels": (
        as_file(read_labels),
        [
            b"a,b,label\n1,2,D\n",
            b'{"a": 1, "b": 2, "label": "not"}\n',
            *inputs(".csv"),
            b'{"a":' + DEEP,
            b'{"a":' + LONG + b"}",
        ],
    ),
    "baseline": (as_file(read_baseline), [BASELINE, DEEP, LONG]),
}
