"""``dedupe split``: an article page as JSONL blocks."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import standard_input
from dedupe.cli.layout import Command, examples
from dedupe.cli.options import TO, Request, article_options
from dedupe.cli.summary import counted, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HELP = """\
Take plain-text article pages apart into blocks.

One JSON object a block, in page order: id, article, block (from 1), role, text. The role is
headline, lede or paragraph, by rules and not by guessing:

\b
  - Blank lines separate paragraphs. Lines that stand together are a list of
    related stories when the first reads as a headline and none begins in
    lower case; else they are one wrapped paragraph.
  - A headline is short, does not end in a full stop, and is in title case,
    repeated on the page or first on it.
  - A lede is the first sentence after a headline, and any later near-repeat
    of one.
"""

EXAMPLES = examples(
    ("Take a page apart", "dedupe split article.txt"),
    ("Group what the page says twice", "dedupe split article.txt | dedupe cluster"),
    (
        "Keep the fuller copy of each block",
        "dedupe split article.txt | dedupe unique --keep longest",
    ),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@TO
@article_options
def command(request: Request) -> None:
    """Write the blocks of every page, once all pages are read."""
    from dedupe.reading.article import split  # noqa: PLC0415 - the same
    from dedupe.writing import open_output  # noqa: PLC0415 - the same

    started = time.perf_counter()
    with open_output(request.output, request.files, parquet=request.parquet) as output:
        pages = list(read_pages(request.files, request.settings.max_ratio))
        blocks = [block for name, data in pages for block in split(name, data)]
        for piece in written([block.record for block in blocks], parquet=request.parquet):
            output.write(piece)
    if not request.console.quiet:
        facts = [counted(len(pages), "article"), counted(len(blocks), "block")]
        request.console.say(told(facts, time.perf_counter() - started))


def written(records: Sequence[dict[str, str | int]], *, parquet: bool) -> Iterator[bytes]:
    """Blocks as they go out."""
    if parquet:
        from dedupe.writing.parquet import block_rows  # noqa: PLC0415 - an extra

        yield from block_rows(records)
        return
    import orjson  # noqa: PLC0415 - kept out of --help

    for record in records:
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def read_pages(files: Sequence[str], most: int) -> Iterator[tuple[str, bytes]]:
    """Read each page whole, under the name by which its blocks go; raises InputError.

    One that decompresses to more than ``most`` times its size is refused.
    """
    from dedupe.reading import check_inputs  # noqa: PLC0415 - kept out of --help
    from dedupe.reading.compression import chunks, shown  # noqa: PLC0415 - the same

    inputs = files or ("-",)
    check_inputs(inputs)
    for path in inputs:
        name = os.fsencode(shown(path)).decode(errors="replace")  # JSON holds no other bytes
        yield name, b"".join(chunks(path, standard_input(), most))
