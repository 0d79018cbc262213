"""Make ``data/lexicon.npz`` from ``data/languages/*.txt`` and the word lists of wordfreq.

Run ``make tables`` (or ``python tests/training/lexicon_recipe.py``) after changing a language
file. Word and character frequencies come from the package ``wordfreq`` (data CC BY-SA 4.0).
"""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import key32, poly, salted_key
from dedupe.text import lexicon as shipped
from dedupe.text.lexicon import LONGEST_ENTRY, LONGEST_STRING, Form
from dedupe.text.scan import scan
from dedupe.tokens import Meaning, TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = Path(str(shipped.PATH)).parent / "languages"
RAREST = 3e-6
"""Words below this share of a language's text count as rare and are not listed."""
CHAR_DISCOUNT = 0.6
"""Neighbouring ideographs tell each other in part: each counts for so much of its information."""
CHAR_BITS = (2.0, 14.0)
MOST_CONCEPTS = 4


@dataclass
class Tables:
    """What is collected, by key; ``problems`` names the lines that could not be read."""

    meanings: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[int, float] = field(default_factory=dict)
    phrases: list[tuple[int, list[tuple[int, int]]]] = field(default_factory=list)
    tags: dict[int, int] = field(default_factory=dict)
    outlets: set[int] = field(default_factory=set)
    generic: set[int] = field(default_factory=set)
    longest_phrase: int = 1
    concepts: int = Meaning.FIRST_CONCEPT
    opposites: int = Meaning.FIRST_OPPOSITE
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Word:
    """A word of an entry; ``form`` says what it matches."""

    text: str
    form: Form
    kind: TokenKind


def words_of(entry: str) -> list[Word]:
    """Return the words of an entry such as ``step*_down``."""
    words: list[Word] = []
    for part in filter(None, entry.split("_")):
        tokens = scan(part.strip("*"))[0]
        for place, token in enumerate(tokens):
            closed = Form.EXACT
            if part.endswith("*") and place == len(tokens) - 1:
                closed = Form.PREFIX
            elif part.startswith("*") and place == 0:
                closed = Form.SUFFIX
            words.append(Word(token.text, closed, token.kind))
    if words and all(word.kind is TokenKind.IDEOGRAPH for word in words):
        return [Word("".join(word.text for word in words), Form.STRING, TokenKind.IDEOGRAPH)]
    return words


def entry_key(language: int, form: Form, text: str) -> int:
    """Return the key under which an entry stands."""
    return salted_key(poly(map(ord, text)), shipped.salt(language, form))


def is_too_long(word: Word) -> bool:
    """Return whether a word is longer than what the look-up tries."""
    if word.form is Form.STRING:
        return len(word.text) > LONGEST_STRING
    return word.form is not Form.EXACT and len(word.text) > LONGEST_ENTRY


def add(tables: Tables, language: int, entry: str, meaning: int) -> None:
    """Add a meaning to a word, or to a phrase."""
    words = words_of(entry)
    if any(is_too_long(word) for word in words):
        tables.problems.append(entry)
    elif len(words) == 1:
        key = entry_key(language, words[0].form, words[0].text)
        if meaning not in tables.meanings[key]:
            tables.meanings[key].append(meaning)
    elif words and any(word.kind is TokenKind.IDEOGRAPH for word in words):
        tables.problems.append(entry)
    elif words:
        number = len(tables.phrases)
        first = Form.PHRASE_PREFIX if words[0].form is Form.PREFIX else Form.PHRASE
        tables.meanings[entry_key(language, first, words[0].text)].append(number)
        parts = [
            (len(word.text) if word.form is Form.PREFIX else 0, key32(poly(map(ord, word.text))))
            for word in words
        ]
        tables.phrases.append((meaning, parts))


def sections(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of a language file with the section that it stands in."""
    section = ""
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip() if raw.startswith("[") else raw.split("#", 1)[0].strip()
        while match := re.match(r"\[([^\]]+)\]\s*", line):
            section, line = match[1], line[match.end() :]
        if line:
            yield section, line


def read_language(tables: Tables, language: int, path: Path) -> None:
    """Add what a language file says."""
    for section, line in sections(path):
        READERS[section](tables, language, line)


def plain(meaning: Meaning):
    """Return a reader of lines whose entries all have one meaning."""

    def read(tables: Tables, language: int, line: str) -> None:
        for entry in line.split():
            add(tables, language, entry, meaning)

    return read


def read_group(tables: Tables, language: int, line: str) -> None:
    """Add entries that mean the same."""
    tables.concepts += 1
    for entry in line.split():
        add(tables, language, entry, tables.concepts)


def read_opposites(tables: Tables, language: int, line: str) -> None:
    """Add entries of two sides that contradict."""
    sides = line.split("|")
    if len(sides) != 2:
        tables.problems.append(line)
        return
    tables.opposites += 2
    for side, entries in enumerate(sides):
        for entry in entries.split():
            add(tables, language, entry, tables.opposites + side)


def read_abbreviation(tables: Tables, language: int, line: str) -> None:
    """Add a short form and its long ones."""
    short, _, long = line.partition("=")
    tables.concepts += 1
    for entry in (short, *long.split("/")):
        add(tables, language, "_".join(entry.split()), tables.concepts)


def pairs_in(line: str) -> Iterator[tuple[str, str]]:
    """Yield words and values that take turns."""
    parts = line.split()
    yield from zip(parts[::2], parts[1::2], strict=False)


def read_numbers(tables: Tables, language: int, line: str) -> None:
    """Add number words, and the multipliers among them."""
    for word, value in pairs_in(line):
        words = words_of(word)
        if not words or not value.strip("*").replace(".", "").isdigit():
            tables.problems.append(line)
            continue
        form = Form.SCALE if value.startswith("*") else Form.NUMBER
        text = "".join(part.text for part in words)
        tables.numbers.setdefault(entry_key(language, form, text), float(value.strip("*")))


def calendar(first: int):
    """Return a reader of the names of months or weekdays."""

    def read(tables: Tables, language: int, line: str) -> None:
        for word, value in pairs_in(line):
            if not value.isdigit():
                tables.problems.append(line)
                continue
            add(tables, language, word, first + int(value))

    return read


def phrase_key(text: str) -> int:
    """Return the key of a whole phrase by its words, as affixes look it up."""
    tokens = scan(text.replace("_", " "))[0]
    return key32(poly(key32(poly(map(ord, token.text))) for token in tokens))


def read_tag(tables: Tables, _language: int, line: str) -> None:
    """Add a word that a desk puts around a headline."""
    kind, _, phrase = line.partition(" ")
    kinds = {"status": 1, "genre": 2, "withdrawn": 3}
    if kind not in kinds:
        tables.problems.append(line)
        return
    tables.longest_phrase = max(tables.longest_phrase, len(scan(phrase.replace("_", " "))[0]))
    tables.tags.setdefault(phrase_key(phrase), kinds[kind])


def read_outlet(tables: Tables, _language: int, line: str) -> None:
    """Add an outlet's name."""
    tables.outlets.add(phrase_key(line))


def read_generic(tables: Tables, _language: int, line: str) -> None:
    """Add a title that recurs and tells no story."""
    tables.generic.add(phrase_key(line))


READERS = {
    "function": plain(Meaning.FUNCTION),
    "negation": plain(Meaning.NEGATION),
    "passive": plain(Meaning.PASSIVE),
    "places": plain(Meaning.PLACE),
    "cities": plain(Meaning.PLACE),
    "reactions": plain(Meaning.REACTION),
    "questions": plain(Meaning.QUESTION),
    "companions": plain(Meaning.COMPANION),
    "notices": plain(Meaning.NOTICE),
    "series": plain(Meaning.SERIES),
    "synonyms": read_group,
    "units": read_group,
    "opposites": read_opposites,
    "abbreviations": read_abbreviation,
    "numbers": read_numbers,
    "months": calendar(Meaning.FIRST_MONTH),
    "weekdays": calendar(Meaning.FIRST_WEEKDAY),
    "tags": read_tag,
    "outlets": read_outlet,
    "generic": read_generic,
}


def folded_word(word: str) -> str:
    """Return a word of a frequency list as the text folds it, or "" where it is several."""
    tokens = scan(word)[0]
    ideographs = all(token.kind is TokenKind.IDEOGRAPH for token in tokens)
    if not tokens or (len(tokens) > 1 and not ideographs):
        return ""
    return "".join(token.text for token in tokens)


def frequencies() -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]:
    """Return the share of each common word and character, by key and language."""
    import wordfreq  # noqa: PLC0415 - a tool's need

    words: dict[tuple[int, int], float] = defaultdict(float)
    chars: dict[tuple[int, int], float] = defaultdict(float)
    for number, language in enumerate(shipped.LANGUAGES):
        shares: dict[str, float] = defaultdict(float)
        for word, share in wordfreq.get_frequency_dict(language, "best").items():
            shares[folded_word(word)] += share
        shares.pop("", None)
        for word, share in shares.items():
            if share >= RAREST:
                words[key32(poly(map(ord, word))), number] += share
        if language in shipped.SPACELESS:
            total = sum(share * len(word) for word, share in shares.items())
            for word, share in shares.items():
                for char in word:
                    chars[key32(poly([ord(char)])), number] += share / total
    return words, chars


def eighths(share: float, factor: float = 1.0, low: float = 0.0, high: float = 18.0) -> int:
    """Return the information of a share in eighths of a bit."""
    return round(8 * factor * min(high, max(low, -math.log2(share))))


def columns(rows: list[tuple[int, ...]], types: str) -> list[np.ndarray]:
    """Return sorted rows as columns of the types named."""
    rows.sort()
    return [
        np.array(column, dtype=kind)
        for column, kind in zip(zip(*rows, strict=True), types.split(), strict=True)
    ]


def arrays(tables: Tables) -> dict[str, np.ndarray]:
    """Return the arrays of the file: :mod:`dedupe.text.lexicon` says what they mean."""
    words, chars = frequencies()
    keys, languages, bits = columns(
        [(key, number, eighths(share)) for (key, number), share in words.items()], "u4 u1 u1"
    )
    char_keys, char_languages, char_bits = columns(
        [
            (key, number, eighths(share, CHAR_DISCOUNT, *CHAR_BITS))
            for (key, number), share in chars.items()
        ],
        "u4 u1 u1",
    )
    entry_keys, values = columns(
        [(key, value) for key, found in tables.meanings.items() for value in found],
        "u4 u2",
    )
    number_keys, number_values = columns(list(tables.numbers.items()), "u4 f8")
    tag_keys, tag_kinds = columns(list(tables.tags.items()), "u4 u1")
    ends = np.cumsum([0, *(len(parts) for _, parts in tables.phrases)])
    return {
        "word_keys": keys, "word_languages": languages, "word_bits": bits,
        "char_keys": char_keys, "char_languages": char_languages, "char_bits": char_bits,
        "entry_keys": entry_keys, "entry_values": values,
        "number_keys": number_keys, "number_values": number_values,
        "phrase_meanings": np.array([meaning for meaning, _ in tables.phrases], "u2"),
        "phrase_ends": ends.astype("u4"),
        "part_lengths": np.array([n for _, parts in tables.phrases for n, _ in parts], "u1"),
        "part_keys": np.array([key for _, parts in tables.phrases for _, key in parts], "u4"),
        "tag_keys": tag_keys, "tag_kinds": tag_kinds,
        "outlet_keys": np.array(sorted(tables.outlets), "u4"),
        "generic_keys": np.array(sorted(tables.generic), "u4"),
    }  # fmt: skip


def main() -> None:
    """Write the file, and name the lines that could not be read."""
    tables = Tables()
    for number, language in enumerate(shipped.LANGUAGES):
        read_language(tables, number, LANGUAGES / f"{language}.txt")
    np.savez(str(shipped.PATH), allow_pickle=False, **arrays(tables))
    for problem in tables.problems:
        print(f"not read: {problem}", file=sys.stderr)
    opposites = (tables.opposites - Meaning.FIRST_OPPOSITE) // 2
    print(
        f"{tables.concepts - Meaning.FIRST_CONCEPT} concepts, {opposites} opposites, "
        f"{len(tables.phrases)} phrases, longest tag {tables.longest_phrase} words"
    )


if __name__ == "__main__":
    main()
