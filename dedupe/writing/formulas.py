"""Tables that a spreadsheet may open: no cell of them is a formula.

The rule is OWASP's for CSV injection: a cell that begins with =, +, -, @, a tab or a carriage
return gets an apostrophe before it. So does one that begins so after spaces, or with the wide
forms of these signs. A number keeps its sign, for it is no more than a number.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from dedupe.writing.table import DELIMITERS, is_table, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.stories import Batch

FORMULA = re.compile(r"[ \xa0\u3000]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[ ]*[+-]?(?:\d+(?:[.,]\d*)*|\.\d+)(?:[eE][+-]?\d+)?%?[ ]*", re.ASCII)
GUARD = "'"


def without_formulas(chunks: Iterable[bytes], batches: Sequence[Batch]) -> Iterator[bytes]:
    """Chunks of whole rows of a table, or of anything else, which passes as it is."""
    if not batches or not is_table(batches[0]):
        yield from chunks
        return
    delimiter = DELIMITERS[batches[0].format]
    for chunk in chunks:
        yield defused(chunk, delimiter)


def defused(rows: bytes, delimiter: str) -> bytes:
    r"""Whole rows with their formulas guarded; a row without any keeps its bytes.

    >>> defused(b"id,title\na,=1+1\nb,-5\n", ",")
    b"id,title\na,'=1+1\nb,-5\n"
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in io.BytesIO(rows):
            taken.append(line.decode())
            yield taken[-1]

    out: list[str] = []
    for cells in csv.reader(feed(), delimiter=delimiter):
        raw = "".join(taken)
        taken.clear()
        out.append(guarded(cells, raw, delimiter) if any(map(is_formula, cells)) else raw)
    return "".join(out).encode()


def guarded(cells: Sequence[str], raw: str, delimiter: str) -> str:
    """A row made anew from its cells, with its line ending."""
    ending = raw[len(raw.rstrip("\r\n")) :]
    safe = (GUARD + cell if is_formula(cell) else cell for cell in cells)
    return delimiter.join(map(quoted, safe)) + ending


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet might compute a cell."""
    return bool(FORMULA.match(cell)) and not NUMBER.fullmatch(cell)
