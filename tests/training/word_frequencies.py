"""Make ``data/frequencies.txt``: how much each common headline word tells, from counts alone.

Run ``python tests/training/word_frequencies.py FILE:FIELD ... > dedupe/data/frequencies.txt`` over
JSONL files (``.gz`` too). Each file counts alike, whatever its size; no text is kept, only words
that stand often enough: in ``LEAST`` texts of a file and in one text of ``RAREST``.
"""

from __future__ import annotations

import gzip
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from dedupe.text.tokenize import tokenize
from dedupe.text.vocabulary import SCALE, data_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RAREST = 12_000
LEAST = 3
STEP = 8
CHUNK = 8192


def texts_of(path: str, field: str) -> list[str]:
    """The distinct texts of one field of a JSONL file."""
    data = Path(path).read_bytes()
    lines = (gzip.decompress(data) if path.endswith(".gz") else data).splitlines()
    return list(dict.fromkeys(filter(None, (orjson.loads(line).get(field) for line in lines))))


def words_of(texts: list[str]) -> Iterator[set[str]]:
    """The set of standard words of each text."""
    standard = {v: line.split()[0] for line in data_lines("lexicon.txt") for v in line.split()[1:]}
    for first in range(0, len(texts), CHUNK):
        tokens = tokenize(texts[first : first + CHUNK])
        normalized = tokens.codes.tobytes().decode("utf-32-le")
        spans = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))
        for low, high in zip(tokens.offsets.tolist(), tokens.offsets[1:].tolist(), strict=False):
            found = (normalized[start:stop] for start, stop in spans[low:high])
            yield {standard.get(word, word) for word in found}


def shares(texts: list[str]) -> dict[str, float]:
    """The share of texts that hold each word."""
    counts = Counter(word for words in words_of(texts) for word in words)
    return {word: count / len(texts) for word, count in counts.items() if count >= LEAST}


def is_spaceless(word: str) -> bool:
    """Whether a word belongs to a script that sets no spaces."""
    return any(ord(char) >= 0x2E80 for char in word)


def blend(parts: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean share of each word, over the files of its own kind of script."""
    rows = list(parts)
    spaceless = [sum(map(is_spaceless, row)) * 2 > len(row) for row in rows]
    total: dict[str, float] = defaultdict(float)
    for row, script in zip(rows, spaceless, strict=True):
        for word, share in row.items():
            if is_spaceless(word) == script:
                total[word] += share / spaceless.count(script)
    return total


def table(parts: Iterable[dict[str, float]]) -> Iterator[str]:
    """Lines of ``bits*SCALE word word ...``, commonest first."""
    groups: dict[int, list[str]] = defaultdict(list)
    for word, share in blend(parts).items():
        if share * RAREST >= 1:
            groups[round(-math.log2(share) * SCALE / STEP) * STEP].append(word)
    yield "# Bits of information times 16, and the words that carry so much: counts over news."
    for bits in sorted(groups):
        yield f"{bits} {' '.join(sorted(groups[bits]))}"


def main(arguments: list[str]) -> None:
    """Print the table for ``FILE:FIELD`` arguments."""
    parts = (shares(texts_of(*argument.rsplit(":", 1))) for argument in arguments)
    sys.stdout.writelines(line + "\n" for line in table(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
