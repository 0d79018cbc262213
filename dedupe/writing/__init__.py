"""Results to bytes: annotated input, chosen records, pairs, and where they go."""

from dedupe.writing.annotate import annotated
from dedupe.writing.output import Output, open_output
from dedupe.writing.pairing import pair_lines
from dedupe.writing.select import selected

__all__ = ["Output", "annotated", "open_output", "pair_lines", "selected"]
