"""``dedupe split``: split article pages into JSONL blocks."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import join_facts, standard_input
from dedupe.cli.help import Command, examples
from dedupe.cli.options import TO, Request, article_options
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HELP = """\
Split plain-text article pages into blocks.

Writes one JSON object per block, in page order: id, article, block (from 1), role and text. The
role is headline, lede or paragraph. These rules decide:

\b
  - Blank lines separate paragraphs. Consecutive lines are a list of related
    stories when the first reads as a headline and none begins in lower case;
    otherwise they are one wrapped paragraph.
  - A headline is short, does not end in a full stop, and is in title case,
    repeated on the page or first on it.
  - A lede is the first sentence after a headline, and any later near-repeat
    of one.
"""

COLUMNS = ("id", "article", "block", "role", "text")
EXAMPLES = examples(
    ("Split a page", "dedupe split article.txt"),
    ("Group the repeated blocks of a page", "dedupe split article.txt | dedupe cluster"),
    (
        "Keep the fuller copy of each block",
        "dedupe split article.txt | dedupe unique --keep longest",
    ),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@TO
@article_options
def split_command(request: Request) -> None:
    """Write the blocks of every page, once all pages are read."""
    from dedupe.io.article_split import split_article
    from dedupe.io.output import open_output

    started = time.perf_counter()
    with open_output(request.output, request.files, parquet=request.parquet) as output:
        pages = list(read_pages(request.files, request.settings.max_ratio))
        blocks = [block for name, data in pages for block in split_article(name, data)]
        for piece in written([block.record for block in blocks], request.target or "jsonl"):
            output.write(piece)
    facts = [count_noun(len(pages), "article"), count_noun(len(blocks), "block")]
    request.console.summarize(join_facts(facts, time.perf_counter() - started))


def written(records: Sequence[dict[str, str | int]], target: str) -> Iterator[bytes]:
    """Yield blocks in the format of the output."""
    if target == "parquet":
        from dedupe.io.parquet_write import write_blocks

        yield from write_blocks(records)
        return
    from dedupe.io.convert import write_objects

    yield from write_objects(records, target, COLUMNS)


def read_pages(files: Sequence[str], most: int) -> Iterator[tuple[str, bytes]]:
    """Read each page whole, under the name by which its blocks go; raises InputError.

    One that decompresses to more than ``most`` times its size is refused.
    """
    from dedupe.io.files import check_inputs, display_name, read_chunks

    inputs = files or ("-",)
    check_inputs(inputs)
    for path in inputs:
        name = os.fsencode(display_name(path)).decode(errors="replace")  # JSON holds no other bytes
        yield name, b"".join(read_chunks(path, standard_input(), most))
