"""Read label files, CSV or JSONL, and turn the labels of ``--links`` into links of records.

A label may name a record that is not in this input; what follows from it still holds. If labels say
that a is b and that b is not c, then a is not c, whether or not b is there.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.arrays import NO_PAIRS, components
from dedupe.errors import InputError, LinksError
from dedupe.io.files import MAX_RATIO, read_chunks
from dedupe.io.ids import positions_by_name, same_links, unknown_id_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.models import Corpus

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
    labels: dict[tuple[str, str], Label] = {}
    for line, row in label_rows(path, read_text(path, most)):
        label = parse_label(path, line, row)
        first = labels.setdefault(label.pair, label)
        if first.label != label.label:
            reason = f"{label.a!r} and {label.b!r} are {label.label} here"
            raise InputError(path, line, f"{reason} and {first.label} on line {first.line}")
    return list(labels.values())


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


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of record positions, two rows of ends each: in one cluster always, or never.

    ``unknown`` counts the labels that name a record that is not there.
    """

    must: NDArray[np.int64]
    cannot: NDArray[np.int64]
    unknown: int = 0


def read_links(corpus: Corpus, settings: Settings) -> Links:
    """Return the links of a run: those of its labels, and records of one id or url by ``--same``.

    Labels win: a record that they keep apart from another is joined to none by its id or url.
    Raises what :func:`read_label_links` raises.
    """
    links = read_label_links(corpus, settings)
    if not settings.same:
        return links
    groups = components(links.must, len(corpus))
    fixed = np.isin(groups, groups[links.cannot])
    must = np.concatenate([links.must, same_links(corpus, settings.same, fixed)], axis=1)
    return Links(must, links.cannot, links.unknown)


def read_label_links(corpus: Corpus, settings: Settings) -> Links:
    """Return the links of a file of labels; without one there are none.

    Raises InputError for a row that cannot be read, a name that several records have, and a file
    that names no record at all; LinksError where labels contradict one another.
    """
    if settings.links is None:
        return Links(NO_PAIRS, NO_PAIRS)
    labels = read_labels(settings.links, settings.max_ratio)
    positions = positions_by_name(corpus)
    for label in labels:
        for name in (label.a, label.b):
            if positions.get(name, 0) < 0:
                reason = f"more than one record has the id {name!r}"
                raise InputError(settings.links, label.line, reason)
    known = [label for label in labels if label.a in positions and label.b in positions]
    if labels and not any(name in positions for label in labels for name in (label.a, label.b)):
        reason = f"no record has the id {labels[0].a!r}, nor any other that the file names"
        raise InputError(settings.links, labels[0].line, f"{reason}; {unknown_id_hint(positions)}")
    apart = (DIFFERENT, UPDATE) if settings.updates == "split" else (DIFFERENT,)
    return resolve(settings.links, labels, apart, positions, len(labels) - len(known))


def resolve(
    path: str,
    labels: Sequence[Label],
    apart: Sequence[str],
    positions: dict[str, int],
    unknown: int,
) -> Links:
    """Return the links that follow from labels."""
    same = [label for label in labels if label.label == DUPLICATE]
    other = [label for label in labels if label.label in apart]
    groups = name_groups(same)
    members: dict[str, list[int]] = defaultdict(list)
    for name in {name for label in labels for name in (label.a, label.b)}:
        if name in positions:
            members[groups.get(name, name)].append(positions[name])
    must, cannot = [], set()
    for positions_of_group in members.values():
        first, *rest = sorted(set(positions_of_group))
        must += [(first, position) for position in rest]
    for label in other:
        one, two = (groups.get(name, name) for name in (label.a, label.b))
        if one == two or positions.get(label.a, -1) == positions.get(label.b, -2):
            raise contradiction(path, label, same)
        if members[one] and members[two]:
            cannot.add((min(members[one]), min(members[two])))
    return Links(as_ends(must), as_ends(sorted(cannot)), unknown)


def as_ends(pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return pairs as two rows of ends."""
    return np.array(pairs, np.int64).reshape(-1, 2).T


def name_groups(labels: Sequence[Label]) -> dict[str, str]:
    """Return the group of each name that labels hold together with another."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        neighbours[label.a].append(label.b)
        neighbours[label.b].append(label.a)
    groups: dict[str, str] = {}
    for name in neighbours:
        todo = [name]
        while todo:
            member = todo.pop()
            if member not in groups:
                groups[member] = name
                todo += neighbours[member]
    return groups


def contradiction(path: str, label: Label, same: Sequence[Label]) -> LinksError:
    """Return the error of two records that are apart, and together by way of other labels."""
    way = shortest_chain(same, label.a, label.b)
    names = " and ".join(map(repr, (label.a, label.b)))
    chain = ", ".join(f"{step.a!r} = {step.b!r} (line {step.line})" for step in way)
    reason = f"{names} are {label.label} here, and one story by {chain or 'being one record'}"
    return LinksError(path, label.line, reason, tuple(step.line for step in way))


def shortest_chain(labels: Sequence[Label], start: str, goal: str) -> list[Label]:
    """Return the fewest labels that lead from one name to another."""
    came: dict[str, tuple[str, Label | None]] = {start: (start, None)}
    queue = [start]
    for name in queue:
        for label in labels:
            if name in (label.a, label.b):
                other = label.b if name == label.a else label.a
                if other not in came:
                    came[other] = (name, label)
                    queue.append(other)
    way: list[Label] = []
    while goal in came and came[goal][1] is not None:
        goal, step = came[goal]
        way.insert(0, step)  # type: ignore[arg-type]  # the start alone has no label
    return way
