"""Split a plain-text article page into blocks by declared rules.

1. Blank lines separate paragraphs; the lines of one paragraph are joined.
2. The lines of a paragraph are a list of related stories, one block a line, if the first reads
   as a headline and no line begins in lower case.
3. A headline is short, does not end in a full stop, and is in title case, repeated on the page,
   or first on it. A script without capitals counts as title case.
4. A lede is the first sentence after a headline, and any later near-repeat of one: four in five
   of the shorter's three-word runs are in the longer, which is at most twice as long.
5. All else is a paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dedupe.errors import InputError
from dedupe.io.parquet import has_parquet_magic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Role = Literal["headline", "lede", "paragraph"]

HEAD = 16
NO_PAGE = "Parquet, not a page of text"
LONGEST_HEADLINE = 200
TITLE_CASE_SHARE = 0.6
MINOR_WORD = 3
RUN = 3
REPEATED_SHARE = 0.8
LONGEST_REPEAT = 2

# Scripts without spaces count a character as a word.
WORD = re.compile(r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+(?:['\u2019]\w+)?")
CLOSERS = "\"'\u2019\u201d\u00bb)]"
FULL_STOP = re.compile(r"(?<!\.)[.\u3002]$")
# Two letters are enough; a pattern for more would take quadratic time.
ABBREVIATION = re.compile(r"\b\w\.\w\.$")
SENTENCE_END = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a page; ``number`` counts from 1 in page order."""

    article: str
    number: int
    role: Role
    text: str

    @property
    def record(self) -> dict[str, str | int]:
        """Return the block as a JSON object with an id of its own."""
        return {
            "id": f"{self.article}#{self.number}",
            "article": self.article,
            "block": self.number,
            "role": self.role,
            "text": self.text,
        }


def split_article(article: str, data: bytes) -> list[Block]:
    """Split a page into blocks; raises InputError where it is not UTF-8."""
    texts = [
        text
        for lines in paragraphs(decode_article(article, data))
        for text in paragraph_blocks(lines)
    ]
    return [
        Block(article, number, role, text)
        for number, (role, text) in enumerate(zip(assign_roles(texts), texts, strict=True), 1)
    ]


def decode_article(article: str, data: bytes) -> str:
    """Decode UTF-8, without a byte order mark; raises InputError, with the line if it has one."""
    if has_parquet_magic(data[:HEAD]):
        raise InputError(article, None, NO_PAGE)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        offset = error.start - (data.rfind(b"\n", 0, error.start) + 1)
        raise InputError(article, line, f"invalid UTF-8 at byte {offset + 1}") from None


def paragraphs(page: str) -> Iterator[list[str]]:
    """Group the lines that no blank line separates, each stripped."""
    group: list[str] = []
    for line in page.split("\n"):
        if stripped := line.strip():
            group.append(stripped)
        elif group:
            yield group
            group = []
    if group:
        yield group


def paragraph_blocks(lines: Sequence[str]) -> list[str]:
    """Return a text for each line of a list of stories, else the lines joined into one."""
    if len(lines) == 1:
        return list(lines)
    listed = looks_titled(lines[0]) and not any(line[0].islower() for line in lines)
    return list(lines) if listed else [" ".join(lines)]


def looks_titled(text: str) -> bool:
    """Return whether a line alone reads as a headline: short, no full stop, title case."""
    return could_be_headline(text) and in_title_case(text)


def could_be_headline(text: str) -> bool:
    """Return whether a text is short and has no full stop at its end, but for ``U.S.``."""
    bare = text.rstrip(CLOSERS)
    stopped = FULL_STOP.search(bare) and not ABBREVIATION.search(bare)
    return len(text) <= LONGEST_HEADLINE and not stopped


def in_title_case(text: str) -> bool:
    """Return whether most words of more than three letters begin with a capital or a digit."""
    words = [w for w in WORD.findall(text) if len(w) > MINOR_WORD] or WORD.findall(text)
    small = sum(word[0].islower() for word in words)
    return bool(words) and small <= (1 - TITLE_CASE_SHARE) * len(words)


def is_sentence(text: str) -> bool:
    """Return whether a text ends as a sentence does."""
    return text.rstrip(CLOSERS).endswith(SENTENCE_END)


def words_of_text(text: str) -> tuple[str, ...]:
    """Return the words by which two copies of a text are compared."""
    return tuple(WORD.findall(text.casefold()))


def assign_roles(texts: Sequence[str]) -> Iterator[Role]:
    """Yield the role of each text of a page, in page order."""
    worded = [words_of_text(text) for text in texts]
    copies = Counter(worded)
    ledes = LedeIndex()
    after_headline = False
    for number, (text, words) in enumerate(zip(texts, worded, strict=True)):
        stands_out = number == 0 or copies[words] > 1 or in_title_case(text)
        if could_be_headline(text) and stands_out:
            after_headline = True
            yield "headline"
        elif (after_headline and is_sentence(text)) or ledes.repeated_by(words):
            after_headline = False
            ledes.add(words)
            yield "lede"
        else:
            yield "paragraph"


class LedeIndex:
    """The ledes met so far on a page, found again by the three-word runs that they share."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._owners: dict[tuple[str, ...], int] = {}

    def add(self, words: tuple[str, ...]) -> None:
        """Remember a lede; a run of words keeps the first lede that it occurs in."""
        runs = word_runs(words)
        for run in runs:
            self._owners.setdefault(run, len(self._sizes))
        self._sizes.append(len(runs))

    def repeated_by(self, words: tuple[str, ...]) -> bool:
        """Return whether these words repeat a lede, give or take a few words."""
        runs = word_runs(words)
        votes = Counter(self._owners[run] for run in runs if run in self._owners)
        return any(is_repeat(n, len(runs), self._sizes[lede]) for lede, n in votes.items())


def is_repeat(shared: int, size: int, other: int) -> bool:
    """Return whether two texts are near-copies, by the runs that they share and their sizes."""
    shorter, longer = sorted((size, other))
    return shared >= REPEATED_SHARE * shorter and longer <= LONGEST_REPEAT * shorter


def word_runs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Return each three consecutive words."""
    return {words[start : start + RUN] for start in range(len(words) - RUN + 1)}
