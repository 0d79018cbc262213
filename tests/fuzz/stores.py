"""An index whose file is damaged: it opens and answers, or a StoreError tells what is wrong."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from pathlib import Path

from dedupe.index.index import Index
from fuzz.reading import FIXTURES

TABLES = {
    "meta": ("value",),
    "record": (
        "number", "cluster", "id", "time", "outlet", "digest", "identity", "score", "reason",
        "version", "texts",
    ),
    "cluster": ("number", "name", "canonical", "size"),
    "outlet": ("number", "name"),
    "prepared": ("number", "data"),
    "facts": ("block", "written", "data"),
    "segment": ("number", "entries", "fences"),
    "posting": ("place", "data"),
}  # fmt: skip
META = ("settings", "made_with", "next", "epoch", "written", "compacted")
STORY = {"id": "z", "title": "Ferry tolls rise by ten pence in June"}


@functools.cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


@functools.cache
def sound() -> bytes:
    """The bytes of a sound index with two segments and a cluster or two."""
    path = folder() / "sound.index"
    lines = (FIXTURES / "demo.jsonl").read_text().splitlines()
    with Index.create(str(path), jobs=1) as index:
        for line in lines:
            index.add([line])
        index.compact()
        index.add([STORY])
    return path.read_bytes()


def open_damaged(data: bytes) -> None:
    """Damage a sound index as the first byte says, and ask it all that reads it whole."""
    path = folder() / "damaged.index"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_bytes(sound())
    DAMAGES[data[0] % len(DAMAGES) if data else 0](path, data[1:])
    with Index.open(str(path), jobs=1) as index:
        index.check()
        index.match([{index.settings.field[0].names[0]: STORY["title"]}])
        index.stats()
        list(index.export())


def change_bytes(path: Path, data: bytes) -> None:
    """Each four bytes: a place and what stands there."""
    held = bytearray(path.read_bytes())
    for at in range(0, len(data) - 3, 4):
        held[int.from_bytes(data[at : at + 3], "big") % len(held)] = data[at + 3]
    path.write_bytes(held)


def change_pages(path: Path, data: bytes) -> None:
    """The same at the head of a page, where SQLite keeps its tree."""
    held = bytearray(path.read_bytes())
    for at in range(0, len(data) - 2, 3):
        page, place, value = data[at : at + 3]
        held[(page * 8192 + place) % len(held)] = value
    path.write_bytes(held)


def cut(path: Path, data: bytes) -> None:
    """Keep only so many bytes."""
    path.write_bytes(path.read_bytes()[: int.from_bytes(data[:3], "big")])


def replace_file(path: Path, data: bytes) -> None:
    """Another file altogether, or one that begins as an index does."""
    path.write_bytes(data[1:] if data[:1] == b"-" else sound()[:100] + data)


def leave_log(path: Path, data: bytes) -> None:
    """A write-ahead log that no sound writer left."""
    Path(f"{path}-wal").write_bytes(data)


def change_cell(path: Path, data: bytes) -> None:
    """A value of a wrong type or size in one row, or in every row, of one column."""
    table, column, row, kind = (*data[:4], 0, 0, 0, 0)[:4]
    name, columns = list(TABLES.items())[table % len(TABLES)]
    chosen = columns[column % len(columns)]
    where = f"rowid = {row}" if row and name != "meta" else "1"
    query = f"UPDATE OR IGNORE {name} SET {chosen} = ? WHERE {where}"  # noqa: S608 - names from TABLES
    execute(path, query, value(kind, data[4:]))


def change_meta(path: Path, data: bytes) -> None:
    """Another fact about the whole index."""
    name = META[data[0] % len(META) if data else 0]
    text = data[1:].decode(errors="replace")
    execute(path, "INSERT OR REPLACE INTO meta VALUES (?, ?)", name, text)


def drop_table(path: Path, data: bytes) -> None:
    """Less of an index than there should be."""
    name = list(TABLES)[data[0] % len(TABLES) if data else 0]
    execute(path, f"{'DROP TABLE' if data[1:] else 'DELETE FROM'} {name}")


def execute(path: Path, query: str, *values: object) -> None:
    """Write to the file by SQLite itself, which keeps its pages sound; some it refuses."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(query, values)
    except sqlite3.IntegrityError:
        pass
    finally:
        database.close()


def value(kind: int, data: bytes) -> object:
    """A value of one of SQLite's types."""
    number = int.from_bytes(data[:8], "big", signed=True)
    return (None, number, float(number), data, data.decode(errors="replace"))[kind % 5]


DAMAGES = (
    change_bytes, change_pages, cut, replace_file, leave_log, change_cell, change_meta, drop_table,
)  # fmt: skip
CELLS = [
    bytes([5, table, column, row, kind]) + b"7"
    for table, columns in enumerate(TABLES.values())
    for column in range(len(columns))
    for row in (0, 1)
    for kind in range(5)
]
METAS = [
    bytes([6, n]) + text
    for n in range(len(META))
    for text in (b"", b"7", b"null", b"[]", b"{}", b'["a"]', b'{"field": [1]}', b"-1", b'"x"')
]
STORES = {
    "index": (
        open_damaged,
        [
            *(bytes([n]) + b"\0\x20\x05\7" * 2 for n in range(5)),
            *CELLS,
            *METAS,
            *(bytes([7, n]) + more for n in range(len(TABLES)) for more in (b"", b"-")),
        ],
    )
}
