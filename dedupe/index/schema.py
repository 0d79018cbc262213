"""The file of an index: its tables, how it is created and opened, and its errors in words."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from dedupe.config import SETTINGS, Settings, resolve
from dedupe.errors import SettingsError, StoreError
from dedupe.hashing import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

APPLICATION = 0x64_64_75_70  # "ddup"
FORMAT = 3
MEMORY = ":memory:"
PAGE = 8192
PATIENCE = 30.0
"""Seconds that a writer waits for another one."""
CACHE_KIB = 32 * 1024
MAPPED = 1 << 32
"""Bytes of a file that are read in place, without a copy; the rest of a longer one is copied."""
SIGNATURE = b"SQLite format 3\0"
PASSING = (
    "jobs", "on_error", "into", "max_line", "max_ratio", "encoding", "delimiter", "no_header",
    "csv_escape", "date_format",
)  # fmt: skip
"""Settings of one run, which an index does not keep."""
UNKEPT = ("links", "same", *PASSING)
KEPT = "the index"
"""The origin of the settings that an index keeps."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE record (
  number INTEGER PRIMARY KEY, cluster INTEGER NOT NULL, id TEXT NOT NULL, time INTEGER,
  outlet INTEGER NOT NULL, digest INTEGER NOT NULL, identity INTEGER NOT NULL,
  score REAL NOT NULL, reason TEXT NOT NULL, version INTEGER NOT NULL, texts TEXT NOT NULL
);
CREATE INDEX member ON record (cluster) WHERE cluster <> number;
CREATE TABLE cluster (
  number INTEGER PRIMARY KEY, name INTEGER NOT NULL, canonical INTEGER NOT NULL,
  size INTEGER NOT NULL
);
CREATE TABLE outlet (number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE prepared (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE facts (block INTEGER PRIMARY KEY, written INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE segment (
  number INTEGER PRIMARY KEY, entries INTEGER NOT NULL, fences BLOB NOT NULL
);
CREATE TABLE posting (place INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""
"""``record`` and ``cluster`` are the index; ``prepared``, ``facts`` and ``posting`` follow from
them. Records are numbered as they come. A cluster has the number of the record that founded it; one
of a single record that has always been so has no row. ``texts`` is a JSON array, a text a field.
"""

REASONS = {
    sqlite3.SQLITE_BUSY: "another process is writing to it; waited {:.0f} s",
    sqlite3.SQLITE_LOCKED: "another process is writing to it; waited {:.0f} s",
    sqlite3.SQLITE_FULL: "No space left on device",
    sqlite3.SQLITE_READONLY: "it or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "it or its folder cannot be opened for writing",
    sqlite3.SQLITE_CORRUPT: "is damaged or cut short; put back a copy",
    sqlite3.SQLITE_NOTADB: "is damaged, or not an index of dedupe",
}


@contextmanager
def store_errors(path: str) -> Iterator[None]:
    """Turn what SQLite raises into a StoreError with the path and the reason."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        reason = REASONS.get(code)
        raise StoreError(path, reason.format(PATIENCE) if reason else unforeseen(error)) from error
    except UnicodeDecodeError as error:  # SQLite's message quotes the file
        raise StoreError(path, REASONS[sqlite3.SQLITE_CORRUPT]) from error


def unforeseen(error: sqlite3.Error) -> str:
    """Return the message of SQLite without the value that it may quote."""
    if str(error) == "Cannot operate on a closed database.":
        return "the index is closed"
    return f"cannot be read or written: {str(error).partition(' with text ')[0]}"


@contextmanager
def damage_errors(path: str) -> Iterator[None]:
    """Turn what a value raises that an index never holds into a StoreError."""
    try:
        yield
    except SettingsError as error:
        if error.origin != KEPT:
            raise
        raise StoreError(path, f"is damaged: {error.name}: {error.reason}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise StoreError(path, f"is damaged: {error}") from error


def create(path: str, settings: Settings) -> sqlite3.Connection:
    """Create an empty index and open it; raises StoreError where the path exists."""
    if settings.links is not None:
        raise StoreError(path, "an index takes no --links: they name the records of one run")
    if settings.same:
        raise StoreError(path, "an index takes no --same; a later record replaces one of its id")
    if path != MEMORY:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError as error:
            raise StoreError(path, f"{error.strerror}{way_out(path)}") from error
        except OSError as error:
            raise StoreError(path, error.strerror or str(error)) from error
    try:
        with store_errors(path):
            database = connection(path)
            database.execute(f"PRAGMA page_size = {PAGE}")
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION};")
            kept = {name: v for name, v in settings.manifest().items() if name not in UNKEPT}
            meta = {"settings": kept, "made_with": rules(), "next": 1, "written": 0, "epoch": 0}
            write_meta(database, {**meta, "compacted": False})
            database.execute(f"PRAGMA user_version = {FORMAT}")
            database.execute("COMMIT")
    except BaseException:
        if path != MEMORY:
            for suffix in ("", "-wal", "-shm"):
                Path(path + suffix).unlink(missing_ok=True)
        raise
    return database


def way_out(path: str) -> str:
    """Return what to do where a new index would replace a file."""
    try:
        inspect(path)
    except StoreError:
        return " and is not an index; give another name"
    return "; add to this index with dedupe index add, or delete it to begin anew"


def connect(path: str) -> sqlite3.Connection:
    """Open an index; raises StoreError for another file, a cut one, or another format."""
    inspect(path)
    with store_errors(path):
        database = connection(path)
        try:
            check_kind(path, database)
        except BaseException:
            database.close()
            raise
        return database


def connection(path: str) -> sqlite3.Connection:
    """Return a connection with the settings that all share; it commits only when asked to."""
    database = sqlite3.connect(
        path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    database.execute(f"PRAGMA mmap_size = {MAPPED}")
    database.execute("PRAGMA temp_store = FILE")
    database.execute("PRAGMA journal_size_limit = 4194304")
    return database


def inspect(path: str) -> None:
    """Look at the file itself; raises StoreError."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(100)
        size = Path(path).stat().st_size
        log = Path(path + "-wal")
        pending = log.exists() and log.stat().st_size > 0
    except FileNotFoundError as error:
        hint = f"{error.strerror}; make one with dedupe index create"
        raise StoreError(path, hint) from error
    except OSError as error:
        raise StoreError(path, error.strerror or str(error)) from error
    if not head.startswith(SIGNATURE) or len(head) < 100:  # noqa: PLR2004 - SQLite's header
        raise StoreError(path, "not an index of dedupe; make one with dedupe index create")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(head[28:32], "big")
    if not pending and size < page * pages:
        raise StoreError(path, f"is cut short: {size} bytes of {page * pages}; put back a copy")


def check_kind(path: str, database: sqlite3.Connection) -> None:
    """Raise StoreError for another application's database and for another format."""
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise StoreError(path, "an SQLite database, but not an index of dedupe")
    held = database.execute("PRAGMA user_version").fetchone()[0]
    reason = f"an index of format {held}, and this dedupe reads format {FORMAT}; "
    if held > FORMAT:
        raise StoreError(path, f"{reason}upgrade dedupe")
    if held < FORMAT:
        cure = (
            "export it with the dedupe that made it (dedupe index export OLD | jq -c '.stories[]'),"
            " and add the stories to a new index"
        )
        raise StoreError(path, reason + cure)


def write_meta(database: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Set some of the facts about the whole index."""
    rows = [(name, orjson.dumps(value).decode()) for name, value in values.items()]
    database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def read_meta(database: sqlite3.Connection) -> dict[str, object]:
    """Return all facts about the whole index."""
    return {name: orjson.loads(value) for name, value in database.execute("SELECT * FROM meta")}


def rules() -> dict[str, str]:
    """Return what texts are prepared and scored by: digests of tables and model, key version."""
    return {
        "texts": digest_of("char_table.npz", "lexicon.npz"),
        "keys": str(SIGNATURES),
        "model": digest_of("model.json"),
    }


def digest_of(*names: str) -> str:
    """Return a digest of some of the package's data files."""
    hashed = hashlib.blake2b(digest_size=6)
    for name in names:
        hashed.update((files("dedupe") / "data" / name).read_bytes())
    return hashed.hexdigest()


def as_settings(held: Mapping[str, object], **passing: object) -> Settings:
    """Return the settings of an index, with those of one run."""
    known = {setting.name for setting in SETTINGS}
    layer = {n: v for n, v in held.items() if n in known and v is not None and v != []}
    if isinstance(layer.get("window"), int):  # as indexes of before hold it
        layer["window"] = f"{layer['window']}s"
    return resolve([("this run", passing), (KEPT, layer)])


def check_settings(path: str, held: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Raise StoreError, with the difference, for settings other than the index has."""
    differing = [
        f"{name.replace('_', '-')} is {shown(held.get(name))} here, not {shown(value)}"
        for name, value in wanted.items()
        if held.get(name) != value
    ]
    if differing:
        raise StoreError(path, "made with other settings: " + "; ".join(differing))


def check_rules(path: str, held: object) -> None:
    """Raise StoreError for an index whose texts were prepared or scored by other rules."""
    own = rules()
    theirs = held if isinstance(held, dict) else {}
    differing = [
        f"{name} {theirs.get(name)}, not {own[name]}"
        for name in own
        if theirs.get(name) != own[name]
    ]
    if differing:
        hint = "dedupe index compact brings it up to this version"
        raise StoreError(path, f"made by another version: {'; '.join(differing)}; {hint}")


def shown(value: object) -> str:
    """Return a setting as a message shows it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
