"""Read plain lines: each line is one headline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.io.fields import Columns
from dedupe.io.source import split_blocks
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.io.source import Source
    from dedupe.models import Batch


def read_lines(source: Source) -> Iterator[Batch]:
    """Batches of the non-blank lines; each is the text of the first field."""
    for block in split_blocks(line_records(source), lambda item: len(item[1])):
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


def line_records(source: Source) -> Iterator[tuple[int, bytes, str]]:
    """Each line's number, bytes and text; blank ones are counted, undecodable ones refused."""
    for number, raw in enumerate(source.lines, source.first):
        if raw.isspace():
            source.read_stats.blank += 1
            continue
        try:
            text = raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as bad:
            source.refuse(number, f"invalid UTF-8 at byte {bad.start + 1}", raw)
            continue
        yield number, raw, text
