"""Find out what an input is by its first bytes, and say how to extract what cannot be read."""

from __future__ import annotations

import codecs
import re
import shlex
import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.errors import InputError
from dedupe.io.csv_dialect import is_header
from dedupe.io.encodings import MARKS
from dedupe.io.files import display_name, split_suffix
from dedupe.io.parquet import SUFFIX

if TYPE_CHECKING:
    from dedupe.config import Settings
    from dedupe.models import InputFormat

FORMATS: dict[str, InputFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "lines",
    ".rss": "feed",
    ".atom": "feed",
    SUFFIX: "parquet",
}
HEAD = 1 << 16
"""The bytes at the beginning of an input by which its kind is found out."""
SQLITE, ZIP = b"SQLite format 3\x00", b"PK\x03\x04"
TAR, TAR_AT = b"ustar", 257
OWN_INDEX, OWN_INDEX_AT = b"ddup", 68
OFFICE = (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")
NUL = b"\x00"
FEED = re.compile(
    rb"\s*(?:<\?[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?(?:rss|feed|RDF)\b", re.DOTALL
)
TEXTS = (
    (
        re.compile(rb"\s*<(?:!DOCTYPE\s+html|html|head|body)\b", re.IGNORECASE),
        "an HTML page; dedupe split reads its text, as from lynx -dump -nolist",
    ),
    (
        re.compile(rb"-- (?:MySQL|MariaDB|PostgreSQL database|phpMyAdmin)[^\n]* dump"),
        "an SQL dump; load it into its database and export the table as CSV",
    ),
    (
        re.compile(rf"(?!{FEED.pattern.decode()})\s*<\?xml\b".encode(), re.DOTALL),
        "XML that is not a feed; turn it into JSON, as with yq -p xml -o json",
    ),
    (
        re.compile(rb"\s*[^\s{\[<][^\r\n]*\r(?=[^\n]*\Z)\s*\S"),
        "lines that end in a carriage return alone; turn them into lines: tr '\\r' '\\n'",
    ),
)
"""How texts without records begin, and what to do with them."""

UNIQUE = " | dedupe unique"
SELECT_ALL = "SELECT * FROM {}"
PANDAS = (
    "python3 -c \"import pandas; pandas.{}('{{}}')"
    ".to_json('out.jsonl', orient='records', lines=True)\""
)
KINDS = tuple(
    (re.compile(opening), name, cure)
    for opening, name, cure in (
        (
            rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an old Excel file",
            "libreoffice --headless --convert-to csv {}",
        ),
        (rb"%PDF-", "a PDF file", "pdftotext {} - | dedupe split"),
        (
            rb"\x80[\x02-\x05](?:\x95|[\x28-\x7f])",
            "a Python pickle",
            PANDAS.format("read_pickle"),
        ),
        (rb"ARROW1\x00\x00", "an Arrow file", PANDAS.format("read_feather")),
        (rb"ORC[\x00-\x1f]", "an ORC file", PANDAS.format("read_orc")),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", PANDAS.format("read_hdf")),
        (rb"Obj\x01", "an Avro file", "avro-tools tojson {}" + UNIQUE),
        (
            rb"\x93NUMPY",
            "a NumPy array",
            "python3 -c \"import numpy; print(*numpy.load('{}'), sep=chr(10))\"" + UNIQUE,
        ),
        (rb"Rar!\x1a\x07", "a RAR archive", "unrar p -inul {}" + UNIQUE),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so {}" + UNIQUE),
        (rb"\x04\x22\x4d\x18", "lz4 data", "lz4 -dc {}" + UNIQUE),
        (rb"PGDMP", "a PostgreSQL dump", "pg_restore -f dump.sql {}"),
    )
)
"""How binary files begin, what they are, and the command that extracts them."""


def detect_format(
    path: str, head: bytes, settings: Settings, forced: InputFormat | None
) -> InputFormat:
    """Return the format as asked, else by the suffix, else by how the input begins."""
    kind = forced or named_format(path)
    if kind is not None and kind != "lines":
        return kind
    if forced is not None:
        return forced
    if FEED.match(head):
        return "feed"
    lines = first_lines(head)
    first = lines[0].lstrip() if lines and kind is None else b""
    if first.startswith(b"{") or is_json_array(first):
        return "jsonl"
    texts = [line.decode(errors="surrogateescape").rstrip("\r\n") for line in lines]
    is_table = is_header(texts, settings) or (settings.no_header and kind is None)
    return "csv" if is_table else "lines"


def first_lines(head: bytes) -> list[bytes]:
    """Return the first two lines that are not blank; the second only if it is whole."""
    found: list[bytes] = []
    for line in BytesIO(head):
        if line.strip() and (not found or line.endswith(b"\n")):
            found.append(line)
        if len(found) > 1:
            break
    return found


def named_format(path: str) -> InputFormat | None:
    """Return the format that the suffix of a path stands for, None for an unknown one."""
    return FORMATS.get(split_suffix(path)[0])


def is_json_array(first: bytes) -> bool:
    """Return whether a first line begins an array of JSON rather than a headline in brackets."""
    inner = first[1:].strip()
    if not first.startswith(b"["):
        return False
    closed = inner.startswith((b'"', b"[")) and inner.endswith(b"]")
    return not inner or inner.startswith(b"{") or closed


def check_kind(path: str, head: bytes, settings: Settings, forced: InputFormat | None) -> None:
    """Raise InputError, with a remedy, for an input that holds no records as text."""
    reason = kind_problem(path, head)
    text = head
    if not reason and forced is None and settings.encoding is None:
        reason = text_problem(text)
    if not reason and settings.encoding is not None:
        reason = mark_problem(head, settings.encoding)
    if reason:
        raise InputError(display_name(path), None, reason)


def mark_problem(head: bytes, encoding: str) -> str:
    """Return that the byte order mark of UTF-16 or UTF-32 is missing, ``""`` where none is."""
    name = codecs.lookup(encoding).name
    if not head or name not in MARKS.values() or head.startswith(tuple(MARKS)):
        return ""
    return f"has no byte order mark of {name}; {name}-le and {name}-be are read without"


def kind_problem(path: str, head: bytes) -> str:
    """Return what a file of a known kind is, and how to extract it; ``""`` for any other."""
    name = "FILE" if path == "-" else shlex.quote(path)
    if head.startswith(SQLITE):
        return sqlite_problem(path, name, head)
    if head.startswith(ZIP):
        if any(mark in head for mark in OFFICE):
            cure = f"libreoffice --headless --convert-to csv {name}"
            return f"an Excel or Office file; extract it, as with {cure}"
        return f"a zip archive; extract it, as with unzip -p {name}{UNIQUE}"
    if head[TAR_AT:].startswith(TAR):
        return f"a tar archive; extract it, as with tar -xOf {name}{UNIQUE}"
    for opening, kind, cure in KINDS:
        if opening.match(head):
            return f"{kind}; extract it, as with {cure.format(name)}"
    return ""


def sqlite_problem(path: str, name: str, head: bytes) -> str:
    """Return how to extract a table of an SQLite database, by name if it can be read."""
    if head[OWN_INDEX_AT:].startswith(OWN_INDEX):
        return f"an index of dedupe; its records come from dedupe index export {name}"
    table = "TABLE"
    if path != "-" and Path(path).is_file():
        table = first_table(path) or table
    query = f"sqlite3 -json {name} {shlex.quote(SELECT_ALL.format(table))}"
    return f"an SQLite database; extract a table, as with {query}{UNIQUE}"


def first_table(path: str) -> str:
    """Return the name of the first table of an SQLite database, ``""`` if it cannot be read."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    try:
        with closing(
            sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
        ) as database:
            row = database.execute(query).fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return ""
    name = str(row[0]) if row else ""
    return name if name.isidentifier() or not name else '"{}"'.format(name.replace('"', '""'))


def text_problem(head: bytes) -> str:
    """Return what a text without records is, ``""`` where it may hold some."""
    marked = head.startswith(tuple(MARKS))
    if NUL in head and not marked:
        even, odd = head[::2].count(NUL), head[1::2].count(NUL)
        if abs(even - odd) > len(head) // 4:
            order = "be" if even > odd else "le"
            return f"UTF-16 text without a byte order mark; --encoding utf-16-{order} reads it"
        return "binary data, not text; give JSON Lines, CSV, TSV, Parquet, feeds or plain lines"
    for kind, problem in TEXTS:
        if kind.match(head) and not marked:
            return problem
    return ""
