"""Read RSS and Atom: each entry becomes a line of JSON."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import InputError
from dedupe.io.jsonl import parse_block
from dedupe.io.source import split_blocks, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.io.source import Source
    from dedupe.models import Batch

MISSING = "feeds need feedparser: pip install 'feedparser>=6.0.11'"
NO_FEED = "neither RSS nor Atom"
ENTRY = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>/]")


def read_feed(source: Source) -> Iterator[Batch]:
    """Yield batches of the entries of a feed, each on the line where it begins.

    A record has the members id, title, url, published, source and summary that the entry has; the
    source defaults to the feed's title. Raises InputError for data that is not a feed, is cut
    short, or is longer than a line may be, and without the extra.
    """
    try:
        import feedparser  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError(source.path, None, MISSING) from None
    data = read_whole(source)
    # From a file in memory it opens no address and no other file.
    feed = feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    if feed.bozo and not isinstance(feed.bozo_exception, feedparser.CharacterEncodingOverride):
        reason = " ".join(str(feed.bozo_exception).split())
        raise InputError(source.path, None, f"corrupt feed ({reason})")
    if not feed.version:
        raise InputError(source.path, None, NO_FEED)
    title = feed.feed.get("title", "")
    raws = [orjson.dumps(entry_record(entry, title)) + b"\n" for entry in feed.entries]
    lines = entry_lines(data, len(raws))
    source.read_stats.met += len(raws)
    for block in split_blocks(zip(lines, raws, strict=True), lambda item: len(item[1])):
        numbers = np.array([line for line, _ in block], np.int64)
        yield from parse_block([raw for _, raw in block], numbers, source)


def read_whole(source: Source) -> bytes:
    """Return all of a feed; raises InputError where it is longer than a line may be."""
    most = source.settings.max_line
    pieces: list[bytes] = []
    size = 0
    for piece in source.lines:
        pieces.append(piece)
        size += len(piece)
        if 0 < most < size:
            raise InputError(source.path, None, too_long_message(most))
    return b"".join(pieces)


def entry_record(entry: Any, title: str) -> dict[str, str]:  # noqa: ANN401 - of feedparser, which has no types
    """Return an entry as a record, without members that it lacks."""
    source = entry.get("source") or {}
    found = {
        "id": entry.get("id", ""),
        "title": entry.get("title", ""),
        "url": entry.get("link", ""),
        "published": entry.get("published") or entry.get("updated", ""),
        "source": source.get("title", "") or title,
        "summary": entry.get("summary", ""),
    }
    return {name: value for name, value in found.items() if value}


def entry_lines(data: bytes, count: int) -> list[int]:
    """Return the line on which each entry begins, or the entries' numbers where in doubt."""
    starts = [found.start() for found in ENTRY.finditer(data)]
    if len(starts) != count:
        return list(range(1, count + 1))
    return [data.count(b"\n", 0, start) + 1 for start in starts]
