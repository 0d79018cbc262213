"""Cluster records in memory: the function that a program calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from dedupe.config import Settings, check_name, resolve
from dedupe.errors import InputError, SettingsError
from dedupe.io.jsonl import read_jsonl
from dedupe.io.read_notes import check_texts
from dedupe.io.source import QUARANTINE, Source
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.io.source import Reject
    from dedupe.models import Batch, Clustering

    Record = str | Mapping[str, Any]

CALL = "cluster()"
OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
EMPTY = b"{}\n"


def cluster(
    stories: Iterable[Record], settings: Settings | None = None, **given: object
) -> Clustering:
    """Group stories by what they tell; iterate the result for its clusters, largest first.

    A story is a dict with the fields that the settings name, or a string, which is taken as the
    first field. Settings are given whole or by keyword, as in ``threshold=0.8`` or
    ``keep=["earliest"]``; a keyword wins over ``settings``.

    Each :class:`~dedupe.models.Cluster` has an ``id`` made from content, its ``canonical`` and
    its ``members``; these are positions in ``stories``, from 0.

    >>> from dedupe import cluster
    >>> stories = [
    ...     {"id": "a", "title": "Old lighthouse at Pell Point stays lit for fifty years"},
    ...     {"id": "b", "title": "Ferry tolls rise by ten pence"},
    ...     {"id": "c", "title": "UPDATE 1-Old lighthouse at Pell Point stays lit for fifty years"},
    ... ]
    >>> [group.members for group in cluster(stories, keep="first")]
    [(0, 2), (1,)]

    Columns in input order hold the evidence: ``canonical``, ``scores``, ``reasons``, ``sizes``.

    A story without a text is in a cluster of its own. So is one that cannot be read, where
    ``on_error`` is ``"skip"``.

    Raises InputError where no story has a text, even an empty one, and with the position of a story
    that has a text of a wrong type or a value that JSON cannot hold; SettingsError for a setting
    that is unknown or out of range; TypeError for a single story in the place of several.
    """
    if isinstance(stories, str | bytes | Mapping):
        raise TypeError(f"expected an iterable of stories, got one {type(stories).__name__}")
    chosen = checked_settings(settings or Settings(), given, may_skip=True)
    if chosen.on_error == "fail":
        lines = encode_records(stories, chosen)
    else:
        lines = iter(without_unreadable(stories, chosen))
    return run(read_batches(lines, chosen, raise_with_position), chosen).clustering


def read_batches(lines: Iterator[bytes], settings: Settings, reject: Reject) -> Iterator[Batch]:
    """Yield the batches of encoded stories; raises InputError where none has a text."""
    read_stats = ReadStats()
    yield from read_jsonl(Source(CALL, "jsonl", lines, settings, read_stats, reject))
    check_texts(CALL, settings, read_stats)


def without_unreadable(stories: Iterable[Record], settings: Settings) -> list[bytes]:
    """Return stories as lines, with an empty object in the place of each that cannot be read."""
    lines = list(encode_records(stories, settings, unreadable=EMPTY))
    refused: list[int] = []

    def note(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        refused.append((error.line or 1) - 1)

    source = Source(CALL, "jsonl", iter(lines), settings, ReadStats(), note)
    deque(read_jsonl(source), maxlen=0)
    for position in refused:
        lines[position] = EMPTY
    return lines


def checked_settings(
    settings: Settings, given: Mapping[str, object], *, may_skip: bool = False
) -> Settings:
    """Return the settings with keywords over them; raises SettingsError.

    ``may_skip``: what cannot be read may be passed over.
    """
    told = {name: value for name, value in given.items() if value is not None}
    checked = resolve([(CALL, told)])
    names = [check_name(name, CALL).name for name in told]
    chosen = replace(settings, **{name: getattr(checked, name) for name in names})
    if chosen.on_error.startswith(QUARANTINE):
        raise SettingsError("on_error", "a quarantine file is for files; skip is for both", CALL)
    if chosen.on_error != "fail" and not may_skip:
        raise SettingsError("on_error", "is for files and cluster()", CALL)
    return chosen


def encode_records(
    stories: Iterable[Record], settings: Settings, unreadable: bytes | None = None
) -> Iterator[bytes]:
    """Yield each story as the line of JSON that it would be in a file.

    Raises InputError for one that JSON cannot hold, or yields ``unreadable`` in its place.
    """
    first = settings.field[0].names[0]
    for position, story in enumerate(stories):
        try:
            yield orjson.dumps(
                {first: story} if isinstance(story, str) else as_dict(story),
                default=json_default,
                option=OPTIONS,
            )
        except TypeError as error:
            if unreadable is not None:
                yield unreadable
                continue
            raise InputError(position_label(position), None, str(error)) from None


def as_dict(story: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping as a dict; raises TypeError for what is none."""
    if not isinstance(story, Mapping):
        raise TypeError(f"expected a dict or a string, got {type(story).__name__}")
    return story if isinstance(story, dict) else dict(story)


def json_default(value: object) -> object:
    """What JSON holds in the place of a value that it does not know."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def raise_with_position(error: InputError, raw: bytes, header: bytes = b"") -> NoReturn:  # noqa: ARG001 - a Reject
    """Stop at a bad story and name its position; the reader counts lines, from 1."""
    raise InputError(position_label((error.line or 1) - 1), None, error.reason)


def position_label(position: int) -> str:
    """How a story is named in an error."""
    return f"stories[{position}]"
