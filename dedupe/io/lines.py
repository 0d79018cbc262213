"""Read plain lines: each line is one headline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.io.encodings import utf8_problem
from dedupe.io.fields import Columns, clear_placeholders
from dedupe.io.source import split_blocks
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.io.source import Source
    from dedupe.models import Batch


def read_lines(source: Source) -> Iterator[Batch]:
    """Yield batches of the lines that are not blank; each is the text of the first field."""
    for block in split_blocks(line_records(source), lambda item: len(item[1])):
        numbers, raws, texts = map(list, zip(*block, strict=True))
        count = len(block)
        columns = Columns(
            texts=(texts, *([""] * count for _ in source.settings.field[1:])),
            ids=[""] * count,
            sources=[""] * count,
            times=np.full(count, NO_TIME),
            url_keys=np.zeros(count, np.int64),
        )
        clear_placeholders(columns)
        yield source.batch(raws, np.array(numbers, np.int64), columns)


def line_records(source: Source) -> Iterator[tuple[int, bytes, str]]:
    """Yield the number, bytes and text of each line; blank ones are counted."""
    for number, raw in enumerate(source.single_lines(), source.first):
        source.read_stats.met += 1
        if raw.isspace():
            source.read_stats.blank += 1
            continue
        try:
            text = raw.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            source.refuse(number, utf8_problem(raw, source.settings.encoding), raw)
            continue
        yield number, raw, text
