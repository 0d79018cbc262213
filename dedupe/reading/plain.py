"""Plain lines: each line is a headline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.reading.fields import Columns
from dedupe.reading.source import blocks
from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.reading.source import Source
    from dedupe.stories import Batch


def batches(source: Source) -> Iterator[Batch]:
    """Batches of the non-blank lines; each is the text of the first field."""
    for block in blocks(headlines(source), lambda item: len(item[1])):
        numbers, raws, texts = map(list, zip(*block, strict=True))
        absent = [""] * len(block)
        columns = Columns(
            texts=(texts, *([""] * len(block) for _ in source.settings.field[1:])),
            ids=absent,
            sources=list(absent),
            times=[NO_TIME] * len(block),
            undated=0,
        )
        yield source.batch(raws, numbers, columns)


def headlines(source: Source) -> Iterator[tuple[int, bytes, str]]:
    """Each line's number, bytes and text; blank ones are counted, undecodable ones refused."""
    for number, raw in enumerate(source.lines, source.first):
        if raw.isspace():
            source.tally.blank += 1
            continue
        try:
            text = raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as bad:
            source.refuse(number, f"invalid UTF-8 at byte {bad.start + 1}", raw)
            continue
        yield number, raw, text
