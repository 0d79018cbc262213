"""Read label files: pairs of record ids that a person labelled, as CSV or JSONL."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dedupe.errors import InputError
from dedupe.io.files import MAX_RATIO, read_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DUPLICATE, UPDATE, DIFFERENT = "D", "U", "N"
WORDS_OF_LABELS = {
    DUPLICATE: ("d", "dup", "duplicate", "y", "yes", "same", "true", "1"),
    UPDATE: ("u", "update", "updated"),
    DIFFERENT: ("n", "no", "not", "different", "distinct", "false", "0"),
}
LABEL_OF_WORD = {word: label for label, words in WORDS_OF_LABELS.items() for word in words}
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
COLUMNS = ("a", "b", "label")
Row = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Label:
    """A pair of record ids, its label (``D``, ``U`` or ``N``), and its line."""

    a: str
    b: str
    label: str
    line: int

    @property
    def pair(self) -> tuple[str, str]:
        """Return the two ids in an order that does not depend on which was named first."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


def read_labels(path: str, most: int = MAX_RATIO) -> list[Label]:
    """Read the labelled pairs of a file, each pair once, in the order of the file.

    CSV with the columns ``a,b,label`` or JSONL with these keys, compressed or not; a label is
    D, U or N, or a word for it such as ``duplicate``, ``update``, ``not``, ``y``. Raises InputError
    for a row that cannot be read, for a pair that has two different labels, and for a file that
    decompresses to more than ``most`` times its size.
    """
    held: dict[tuple[str, str], Label] = {}
    for line, row in label_rows(path, read_text(path, most)):
        label = parse_label(path, line, row)
        first = held.setdefault(label.pair, label)
        if first.label != label.label:
            reason = f"{label.a!r} and {label.b!r} are {label.label} here"
            raise InputError(path, line, f"{reason} and {first.label} on line {first.line}")
    return list(held.values())


def read_text(path: str, most: int = MAX_RATIO) -> str:
    """Return a whole file as text; raises InputError."""
    data = b"".join(read_chunks(path, sys.stdin.buffer if sys.stdin else io.BytesIO(), most))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(path, line, f"not UTF-8 at byte {error.start}") from None


def label_rows(path: str, text: str, *, columns: Sequence[str] = COLUMNS) -> Iterator[Row]:
    """Yield each row with its line number; JSONL begins with a brace, anything else is CSV.

    A header of CSV must have the columns.
    """
    if text.lstrip()[:1] == "{":
        return json_rows(path, text)
    return csv_rows(path, text, columns)


def json_rows(path: str, text: str) -> Iterator[Row]:
    """Yield the rows of JSONL with their line numbers; blank lines are skipped."""
    for line, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
        except ValueError as error:
            raise InputError(path, line, f"not JSON: {error}") from None
        except RecursionError:
            raise InputError(path, line, "not JSON: nested too deep") from None
        if not isinstance(row, dict):
            raise InputError(path, line, "not an object")
        yield line, row


def csv_rows(path: str, text: str, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of CSV under a header; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            if not row:
                continue
            if header is None:
                header = check_header(path, reader.line_num, row, columns)
            elif len(row) != len(header):
                reason = f"{len(row)} columns, and the header has {len(header)}"
                raise InputError(path, reader.line_num, reason)
            else:
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(path, reader.line_num, f"not CSV: {error}") from None


def check_header(path: str, line: int, row: list[str], columns: Sequence[str]) -> list[str]:
    """Return a CSV header; raises InputError where it lacks one of the columns."""
    header = [name.strip().lower() for name in row]
    lacking = [name for name in columns if name not in header]
    if lacking:
        reason = f"the header lacks {', '.join(lacking)}; labels are CSV a,b,label or JSONL"
        found = next((mark for mark in ";\t|" if len(row) == 1 and mark in row[0]), None)
        if found:
            reason += f", with commas in the place of {DELIMITERS[found]}"
        raise InputError(path, line, reason)
    return header


def parse_label(path: str, line: int, row: dict[str, Any]) -> Label:
    """Return a row as a label; raises InputError."""
    lacking = [name for name in COLUMNS if row.get(name) in (None, "")]
    if lacking:
        hint = "; labels are CSV a,b,label or JSONL" if len(lacking) == len(COLUMNS) else ""
        raise InputError(path, line, f"no {' and no '.join(lacking)}{hint}")
    a, b, given = (as_plain_text(path, line, name, row[name]) for name in COLUMNS)
    if a == b:
        raise InputError(path, line, f"a and b are the same record: {a!r}")
    meaning = LABEL_OF_WORD.get(given.strip().lower())
    if meaning is None:
        known = "D (duplicate), U (update) or N (not)"
        raise InputError(path, line, f"the label {given!r} is not {known}")
    return Label(a, b, meaning, line)


def as_plain_text(path: str, line: int, name: str, value: object) -> str:
    """Return an id or a label as a string; numbers are written as the reader writes ids."""
    if isinstance(value, str | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise InputError(path, line, f"{name}: expected a string")
