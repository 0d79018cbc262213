"""Results to bytes: annotated input, chosen records, pairs, and where they go."""

from dedupe.writing.accounts import accounted
from dedupe.writing.annotate import INDEX_KEYS, annotated, check_key_is_free, indexed, wider_header
from dedupe.writing.formulas import without_formulas
from dedupe.writing.output import Output, open_output
from dedupe.writing.pairing import pair_lines
from dedupe.writing.rows import RowCount, Rows
from dedupe.writing.select import selected, selection
from dedupe.writing.table import check_one_table, is_table

__all__ = [
    "INDEX_KEYS",
    "Output",
    "RowCount",
    "Rows",
    "accounted",
    "annotated",
    "check_key_is_free",
    "check_one_table",
    "indexed",
    "is_table",
    "open_output",
    "pair_lines",
    "selected",
    "selection",
    "wider_header",
    "without_formulas",
]
