"""Read JSON in other layouts than one object a line: arrays, answers of an API, objects in lines.

Each record keeps its own bytes but for the line breaks and indents between them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import InputError
from dedupe.field_names import plain_name
from dedupe.io.field_lookup import accessors, text_roles
from dedupe.io.jsonl import END, BrokenJsonError, JsonStream, parse_block
from dedupe.io.source import split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.config import Settings
    from dedupe.io.source import Source
    from dedupe.models import Batch

    Path = tuple[str, ...]

ARRAYS = frozenset(
    (
        "articles", "items", "item", "data", "results", "result", "stories", "entries", "entry",
        "hits", "docs", "documents", "posts", "news", "records", "rows", "value", "values",
        "children", "edges", "list", "headlines", "response",
    )
)  # fmt: skip
"""Keys of the array of records in an answer of an API."""
OBJECTS = frozenset(
    (
        "hits", "response", "data", "feed", "rss", "channel", "rdf", "result", "results",
        "articles", "payload", "body", "news", "posts",
    )
)  # fmt: skip
"""Keys of objects that may hold such an array."""
WRAPPED = ("_source", "node", "data", "doc")
"""Members that hold the record itself, as in Elasticsearch, GraphQL, reddit and CouchDB."""
DEEPEST = 3
LINE_BREAKS = re.compile(rb"[ \t]*[\r\n][ \t\r\n]*")
JQ = "turn it into JSON Lines, as with jq "


def find_shape(head: bytes, settings: Settings) -> Path | None:  # noqa: PLR0911 - a case a line
    """Return the path to the records of JSON that is not one object a line, None where it is.

    ``head`` is how the input begins, or all of it. The path is empty for an array of records and
    for objects that follow one another in any layout.
    """
    stream = JsonStream([head])
    begins = stream.peek()
    if begins not in (b"{", b"["):
        return None
    first_line, _, below = head.lstrip().partition(b"\n")
    try:
        record = orjson.loads(first_line)
    except ValueError:
        record = None
    if begins == b"[":
        return None if record is not None and below.lstrip().startswith(b"{") else ()
    if record is None:
        path = wrapper_path(head)
        return path if path is not None else (() if is_laid_out(head) else None)
    alone = not below.strip()
    if not isinstance(record, dict) or (has_text(record, settings) and not alone):
        return None
    path = wrapper_path(first_line)
    if path and has_text(record, settings):
        # A feed has a title of its own, beside its items; a record may have parts beside its title.
        inner = items_at(record, path)
        return path if inner and has_text(inner[0], settings) else None
    if path is None and any(has_text(record.get(name), settings) for name in WRAPPED):
        return ()
    return () if path is None and layout_cure(record, settings) else path


def is_laid_out(head: bytes) -> bool:
    """Return whether the first value is an object that does not end with its line."""
    stream = JsonStream([head])
    try:
        orjson.loads(stream.value()[1])
    except ValueError:  # cut or broken: a line of JSON Lines with an error in it
        return False
    return True


def wrapper_path(head: bytes) -> Path | None:
    """Return the path to the array of records in an object that begins so, None without one."""
    try:
        return path_below(JsonStream([head]), ())
    except (BrokenJsonError, ValueError):  # a key may not be UTF-8
        return None


def path_below(stream: JsonStream, path: Path) -> Path | None:
    """Return the path to the first array of objects under a usual key, in the next object."""
    for written in stream.members():
        name = plain_name(written)
        begins = stream.peek()
        if begins == b"[" and name in ARRAYS:
            stream.expect(b"[")
            if stream.peek() in (b"{", END):
                return (*path, written)
            while not stream.skip(b"]"):
                stream.value()
                stream.skip(b",")
        elif begins == b"{" and name in OBJECTS and len(path) < DEEPEST:
            found = path_below(stream, (*path, written))
            if found:
                return found
        else:
            stream.value()
    return None


def read_shape(source: Source, path: Path) -> Iterator[Batch]:
    """Yield batches of the records at a path, or of all values and the items of arrays.

    Raises InputError, with a remedy, for data that is not JSON or holds no objects.
    """
    stream = JsonStream(source.lines, source.settings.max_line, source.first)
    try:
        for block in split_blocks(records_of(stream, path, source), lambda item: len(item[1])):
            numbers = np.array([line for line, _ in block], np.int64)
            source.read_stats.met += len(block)
            yield from parse_block([raw for _, raw in block], numbers, source)
    except BrokenJsonError as error:
        raise InputError(source.path, error.line, f"invalid JSON: {error}") from None


def records_of(stream: JsonStream, path: Path, source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield the line and the bytes of each record, on a line of its own."""
    first = True
    while stream.peek() != END:
        for line, raw in elements(stream, path):
            if first:
                check_first(raw, source)
                first = False
            yield line, one_line(unwrapped(raw, source.settings))
        stream.skip(b",")


def elements(stream: JsonStream, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the values of the next array at a path, or the next value itself."""
    if path:
        yield from elements_below(stream, path)
    elif stream.skip(b"["):
        yield from items(stream)
    else:
        yield stream.value()


def elements_below(stream: JsonStream, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the values of the array at a path in the next object, and skip the rest of it."""
    for name in stream.members():
        found = name == path[0]
        if found and len(path) > 1 and stream.peek() == b"{":
            yield from elements_below(stream, path[1:])
        elif found and len(path) == 1 and stream.skip(b"["):
            yield from items(stream)
        else:
            stream.value()


def items(stream: JsonStream) -> Iterator[tuple[int, bytes]]:
    """Yield the values of an array whose opening bracket was read."""
    while not stream.skip(b"]"):
        yield stream.value()
        if not stream.skip(b",") and stream.peek() != b"]":
            stream.expect(b"]")


def one_line(raw: bytes) -> bytes:
    r"""Return a value without the line breaks and indents between its parts, on a line.

    >>> one_line(b'{\n  "title": "Lamp  out"\n}')
    b'{"title": "Lamp  out"}\n'
    """
    return (LINE_BREAKS.sub(b"", raw) if b"\n" in raw or b"\r" in raw else raw) + b"\n"


def unwrapped(raw: bytes, settings: Settings) -> bytes:
    """Return the object that holds a record's text, where that is wrapped in another one."""
    if not any(b'"%s"' % name.encode() in raw for name in WRAPPED):
        return raw
    try:
        record = orjson.loads(raw)
    except ValueError:
        return raw
    if not isinstance(record, dict) or has_text(record, settings):
        return raw
    name = next((n for n in WRAPPED if has_text(record.get(n), settings)), None)
    return raw if name is None else member(raw, name)


def member(raw: bytes, name: str) -> bytes:
    """Return the bytes of a member of an object; of several of one name the last counts."""
    stream = JsonStream([raw])
    found = raw
    for key in stream.members():
        value = stream.value()[1]
        found = value if key == name else found
    return found


def has_text(record: Any, settings: Settings) -> bool:  # noqa: ANN401 - whatever the JSON held
    """Return whether a value is an object that has a text under a known name."""
    if not isinstance(record, dict):
        return False
    ways = (way for role in text_roles(settings) for way in accessors(role, frozenset(record)))
    return any(isinstance(way.value(record), str) for way in ways)


def items_at(record: dict[str, Any], path: Path) -> list[Any]:
    """Return the array at a path."""
    found: Any = record
    for name in path:
        found = found[name]
    return list(found)


def check_first(raw: bytes, source: Source) -> None:
    """Raise InputError, with a remedy, where the first value has an unsupported layout."""
    try:
        value = orjson.loads(raw)
    except ValueError:
        return
    cure = layout_cure(value, source.settings)
    if cure:
        raise InputError(source.path, None, cure)


def layout_cure(value: Any, settings: Settings) -> str:  # noqa: ANN401, PLR0911 - a case a line
    """Return how to turn a value into records, ``""`` where it may be one."""
    if isinstance(value, str):
        return f"an array of texts, not of objects; {JQ}-c '.[]|{{title:.}}'"
    if isinstance(value, list):
        return "an array of arrays; turn it into CSV, as with jq -r '.[]|@csv' (--from csv)"
    if not isinstance(value, dict) or has_text(value, settings) or not value:
        return ""
    inner = list(value.values())
    if all(isinstance(each, dict) for each in inner):
        if has_text(inner[0], settings):
            return (
                f"an object with a record under each key; {JQ}-c 'to_entries[]|{{url:.key}}+.value'"
            )
        if names_text(value, settings):
            return (
                f"an object with a column under each key; {JQ}-c "
                "'. as $t | (.[keys_unsorted[0]]|keys_unsorted[]) as $i | $t|map_values(.[$i])'"
            )
    for name, each in value.items():
        if isinstance(each, list) and each and has_text(each[0], settings):
            return f"an object with an array of records under {name!r}; {JQ}-c '.{quoted(name)}[]'"
    return ""


def names_text(value: dict[str, Any], settings: Settings) -> bool:
    """Return whether an object has the name of a text, whatever its value."""
    return any(accessors(role, frozenset(value)) for role in text_roles(settings))


def quoted(name: str) -> str:
    """Return a key as jq wants it."""
    return name if name.isidentifier() else orjson.dumps(name).decode()
