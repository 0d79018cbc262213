"""Find what a desk puts around a headline: tags, slugs, kickers, outlets.

``UPDATE 1-``, ``Exclusive:``, ``[video]``, ``(2011)`` and ``- BBC News`` are no part of the story.
A kicker (``Weather: ...``) and a closing segment of unknown kind (``... - Pell Courier``) may be:
they are compared, at a lower weight. The compiled twin is ``_kernel/text/affixes.c``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedupe.hashing import key32, poly, word_key
from dedupe.text.lexicon import TagKind
from dedupe.text.scan import Case, Gap
from dedupe.tokens import TokenKind, Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.text.lexicon import Lexicon
    from dedupe.text.scan import RawToken

MOST_TAGS = 5
TAG_WORDS = 4
TAG_IDEOGRAPHS = 8
SLUG_WORDS = 3
SLUG_LETTERS = 4
MOST_CLOSINGS = 4
BRACKET_WORDS = 3
TAIL_WORDS = 5
KICKER_WORDS = 4
OUTLET_NAME_WORDS = 4
DOMAIN_WORDS = 3
SOURCE_WORDS = 8
LEAST_BESIDE_TAIL = 4
LEAST_BESIDE_KICKER = 2

BREAK = Gap.HYPHEN | Gap.DASH | Gap.COLON | Gap.PIPE | Gap.BRACKET
OUTLET_WORDS = frozenset(
    word_key(word)
    for word in [
        "news",
        "times",
        "post",
        "herald",
        "tribune",
        "daily",
        "gazette",
        "journal",
        "courier",
        "chronicle",
        "online",
        "tv",
        "radio",
        "com",
        "zeitung",
        "express",
        "mail",
        "today",
        "telegraph",
        "magazine",
        "press",
        "agency",
        "net",
        "org",
        "observer",
        "mirror",
        "sun",
        "guardian",
        "reuters",
        "bbc",
        "cnn",
    ]
)
"""Words of newspapers' names: a short closing segment with one of them is an outlet."""
DOMAINS = frozenset(map(word_key, ("com", "de", "fr", "org", "net", "tv")))
COUNTERS = ("comment", "kommentar", "coment", "comm", "repl", "point")
"""Beginnings of what forums count behind a title, as in [17 comments]."""
MARKERS = frozenset(map(word_key, ("pdf", "ot", "ama", "nsfw")))
"""What forums put in brackets behind a title."""


@dataclass(slots=True)
class Tags:
    """What the tags around a headline say; ``version`` is 0 where none states one."""

    version: int = 0
    genre: bool = False
    withdrawn: bool = False

    def note(self, kind: TagKind) -> None:
        """Take in one tag."""
        self.genre |= kind is TagKind.GENRE
        self.withdrawn |= kind is TagKind.WITHDRAWN


def sequence_key(keys: Sequence[int]) -> int:
    """Return the key of a phrase by the keys of its words."""
    return key32(poly(keys))


def source_keys(tokens: Sequence[RawToken]) -> tuple[int, ...]:
    """Return the keys of the first words of an outlet's name."""
    return tuple(word_key(token.text) for token in tokens[:SOURCE_WORDS])


def mark_zones(
    tokens: list[RawToken], end_gap: int, source: tuple[int, ...], lexicon: Lexicon
) -> Tags:
    """Set the zone of each token, and return what the tags say.

    ``source`` are the keys of the record's own outlet. A headline of nothing but tags keeps them.
    """
    marker = ZoneMarker(tokens, end_gap, source, lexicon)
    marker.mark_leads()
    marker.mark_closings()
    marker.mark_tail()
    marker.mark_kicker()
    if all(token.zone for token in tokens):
        for token in tokens:
            token.zone = Zone.CORE
    return marker.tags


class ZoneMarker:
    """Narrows the core of a headline, ``start`` to ``end``, from both sides."""

    def __init__(
        self, tokens: list[RawToken], end_gap: int, source: tuple[int, ...], lexicon: Lexicon
    ) -> None:
        self.tokens = tokens
        self.keys = [word_key(token.text) for token in tokens]
        self.gaps = [*(token.gap for token in tokens), end_gap]
        self.source = source
        self.lexicon = lexicon
        self.start, self.end = 0, len(tokens)
        self.tags = Tags()

    def set_zone(self, start: int, end: int, zone: Zone) -> None:
        """Set the zone of some tokens."""
        for token in self.tokens[start:end]:
            token.zone = zone

    def tag_of(self, start: int, end: int) -> TagKind:
        """Return what some words say as a tag."""
        return self.lexicon.tag(sequence_key(self.keys[start:end]))

    def mark_leads(self) -> None:
        """Mark leading tags and slugs."""
        for _ in range(MOST_TAGS):
            end = self.tag_end() or self.handle_end() or self.slug_end()
            if not end:
                return
            self.set_zone(self.start, end, Zone.LEAD)
            self.start = end

    def tag_end(self) -> int:
        """Return where a leading tag ends, 0 for none; take in what it says."""
        if self.start >= self.end:
            return 0
        ideograph = self.tokens[self.start].kind is TokenKind.IDEOGRAPH
        for words in range(TAG_IDEOGRAPHS if ideograph else TAG_WORDS, 0, -1):
            last = self.start + words
            if last >= self.end:
                continue
            kind = self.tag_of(self.start, last)
            if kind is TagKind.NONE:
                continue
            numbered = self.tokens[last].kind is TokenKind.NUMBER and last + 1 < self.end
            if numbered and self.gaps[last + 1] & BREAK:
                self.tags.note(kind)
                self.note_version(last)
                return last + 1
            if self.gaps[last] & BREAK or self.gaps[self.start] & Gap.HASH:
                self.tags.note(kind)
                self.note_version(last - 1)
                return last
        return 0

    def note_version(self, at: int) -> None:
        """Take in the version that a one-figure number states."""
        text = self.tokens[at].text
        if len(text) == 1 and text.isdigit():
            self.tags.version = max(self.tags.version, int(text))

    def handle_end(self) -> int:
        """Return where a handle such as ``@BBCNews:`` ends, 0 for none."""
        after = self.start + 1
        handle = after < self.end and self.gaps[self.start] & Gap.HASH
        return after if handle and self.gaps[after] & Gap.COLON else 0

    def slug_end(self) -> int:
        """Return where a slug such as ``GLOBAL MARKETS-Stocks up`` ends, 0 for none."""
        words = [t for t in self.tokens[self.start : self.end] if t.kind is TokenKind.WORD]
        if all(token.case is Case.UPPER for token in words):
            return 0
        letters = 0
        for count in range(SLUG_WORDS):
            at = self.start + count
            if at + 1 >= self.end or self.tokens[at].case is not Case.UPPER:
                return 0
            letters += len(self.tokens[at].text)
            bare = self.gaps[at + 1] == Gap.HYPHEN and self.tokens[at + 1].case > Case.LOWER
            if bare and letters >= SLUG_LETTERS:
                return at + 1
        return 0

    def mark_closings(self) -> None:
        """Mark outlets, years, counters and tags behind the headline."""
        for _ in range(MOST_CLOSINGS):
            start, zone = self.bracket_start()
            if start < 0:
                start, zone = self.outlet_start()
            if start < 0:
                return
            self.set_zone(start, self.end, zone)
            self.end = start

    def bracket_start(self) -> tuple[int, Zone]:
        """Return where a closing bracket with a tag, a counter or a year starts, -1 for none."""
        if self.gaps[self.end] & Gap.BRACKET:
            for words in range(1, BRACKET_WORDS + 1):
                start = self.end - words
                if start <= self.start:
                    break
                if self.gaps[start] & Gap.BRACKET:
                    kind = self.tag_of(start, self.end)
                    self.tags.note(kind)
                    if kind or self.is_counter(start):
                        return start, Zone.CLOSING
                    break
        return -1, Zone.CORE

    def is_counter(self, start: int) -> bool:
        """Return whether the last words are a year, a counter or a forum's marker."""
        tokens = self.tokens[start : self.end]
        numbers = [token.kind is TokenKind.NUMBER for token in tokens]
        if all(numbers):
            return True
        if len(tokens) == 2 and numbers[0] and tokens[1].text.startswith(COUNTERS):  # noqa: PLR2004 - 17 comments
            return True
        return len(tokens) == 1 and self.keys[start] in MARKERS

    def outlet_start(self) -> tuple[int, Zone]:
        """Return where a closing outlet or tag starts, -1 for none."""
        for words in range(TAIL_WORDS, 0, -1):
            start = self.end - words
            if start <= self.start or not self.is_set_off(start):
                continue
            if self.is_outlet(start):
                return start, Zone.OUTLET
            kind = self.tag_of(start, self.end)
            self.tags.note(kind)
            if kind:
                return start, Zone.CLOSING
        return -1, Zone.CORE

    def is_set_off(self, at: int) -> bool:
        """Return whether a bar or a spaced dash stands before a token."""
        gap = self.gaps[at]
        dash = gap & (Gap.HYPHEN | Gap.DASH)
        return bool(gap & Gap.PIPE or (gap & Gap.SPACE and dash))

    def is_outlet(self, start: int) -> bool:
        """Return whether the last words name an outlet."""
        keys = self.keys[start : self.end]
        if self.lexicon.is_outlet(sequence_key(keys)):
            return True
        if any(self.is_set_off(at) for at in range(start + 1, self.end)):
            return False
        if self.is_own(keys):
            return True
        if len(keys) <= DOMAIN_WORDS and keys[-1] in DOMAINS:
            return True
        return len(keys) <= OUTLET_NAME_WORDS and not OUTLET_WORDS.isdisjoint(keys)

    def is_own(self, keys: list[int]) -> bool:
        """Return whether words are the record's own outlet, or begin like its name."""
        common = min(len(keys), len(self.source))
        return common > 0 and tuple(keys[:common]) == self.source[:common]

    def mark_tail(self) -> None:
        """Mark a short closing segment of unknown kind."""
        if self.end - self.start < LEAST_BESIDE_TAIL:
            return
        for words in range(1, TAIL_WORDS + 1):
            start = self.end - words
            if start - self.start < LEAST_BESIDE_KICKER:
                return
            if self.is_set_off(start):
                self.set_zone(start, self.end, Zone.TAIL)
                self.end = start
                return

    def mark_kicker(self) -> None:
        """Mark a short opening segment."""
        for words in range(1, KICKER_WORDS + 1):
            end = self.start + words
            if self.end - end < LEAST_BESIDE_KICKER:
                return
            if self.gaps[end] & Gap.COLON or self.is_set_off(end):
                self.set_zone(self.start, end, Zone.KICKER)
                return
