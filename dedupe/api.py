"""Cluster records in memory: the function that a program calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from dedupe.config import Settings, check_name, resolve
from dedupe.errors import InputError, SettingsError
from dedupe.io.jsonl import read_jsonl
from dedupe.io.source import Source
from dedupe.models import ReadStats
from dedupe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.models import Clustering

    Record = str | Mapping[str, Any]

CALL = "cluster()"


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

    Raises InputError with the position of a story that has no text, a text of a wrong type or a
    value that JSON cannot hold; SettingsError for a setting that is unknown or out of range;
    TypeError for a single story in the place of several.
    """
    if isinstance(stories, str | bytes | Mapping):
        raise TypeError(f"expected an iterable of stories, got one {type(stories).__name__}")
    chosen = checked_settings(settings or Settings(), given)
    source = Source(
        CALL, "jsonl", encode_records(stories, chosen), chosen, ReadStats(), raise_with_position
    )
    return run(read_jsonl(source), chosen).clustering


def checked_settings(settings: Settings, given: Mapping[str, object]) -> Settings:
    """The settings with keywords over them; raises SettingsError."""
    told = {name: value for name, value in given.items() if value is not None}
    checked = resolve([(CALL, told)])
    names = [check_name(name, CALL).name for name in told]
    chosen = replace(settings, **{name: getattr(checked, name) for name in names})
    if chosen.on_error != "fail":
        raise SettingsError("on_error", "is for files: a story left out shifts positions", CALL)
    return chosen


def encode_records(stories: Iterable[Record], settings: Settings) -> Iterator[bytes]:
    """Each story as the line of JSON that it would be in a file; raises InputError."""
    first = settings.field[0].names[0]
    for position, story in enumerate(stories):
        try:
            yield orjson.dumps(
                {first: story} if isinstance(story, str) else as_dict(story),
                default=json_default,
                option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY,
            )
        except TypeError as error:
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
