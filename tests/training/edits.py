"""Edit headlines so that they tell the same, or something else: made-up pairs to learn from."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from training_pairs import EXAMPLES, LANGUAGES, Pair, corpus_path, read_records

from dedupe.hashing import word_key
from dedupe.text import lexicon
from dedupe.text.prepare import prepare_text
from dedupe.tokens import Flag, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Edit = Callable[["Editor", str], "str | None"]

SAMPLES = {"reuters_weeks": 250, "newstoday": 250, "uci": 100, **dict.fromkeys(LANGUAGES, 130)}
"""How many headlines of each corpus are edited, beside the invented ones."""
WORD = re.compile(r"[^\W\d_]+")
SPACELESS = ("zh", "ja")
LONG = 7
ARTICLES = {
    "en": "the a now today", "de": "die der heute jetzt", "fr": "le la un", "es": "el la hoy",
    "pt": "o a hoje", "it": "il la oggi", "nl": "de het nu", "tr": "bir", "ru": "сегодня",
    "pl": "dziś",
}  # fmt: skip
TAGS = {
    "en": ("BREAKING: ", "Exclusive: ", "Watch: ", "UPDATE 1-", "Video: ", "LIVE: "),
    "de": ("EIL: ", "Eilmeldung: ", "Video: "), "fr": ("VIDEO. ", "Exclusif : "),
    "es": ("ÚLTIMA HORA: ", "Vídeo: "), "pt": ("URGENTE: ", "Vídeo: "),
    "it": ("DIRETTA: ", "Video: "), "ru": ("Срочно: ", "Видео: "), "tr": ("Son dakika: ",),
    "ko": ("[속보] ",), "ja": ("【速報】", "速報 "), "ar": ("عاجل: ",),
    "zh": ("快讯：", "【突发】"),
    "hi": ("ब्रेकिंग: ",), "pl": ("PILNE: ",), "uk": ("Терміново: ",), "nl": ("Video: ",),
}  # fmt: skip
CLOSINGS = (
    " [video]", " (video)", " - Pell Courier", " | Marrow Times", " - Reuters", " (2011)",
    " [12 comments]",
)  # fmt: skip
KICKERS = {
    "en": ("Weather", "Markets", "Court", "Odlin", "Transport"), "de": ("Hafenstreik", "Bundestag"),
    "fr": ("Météo", "Justice"), "es": ("Sucesos", "Economía"), "pt": ("Economia",),
    "it": ("Cronaca",), "ru": ("Экономика",),
}  # fmt: skip
NEGATIONS = {
    "en": "not never cannot", "de": "nicht kein nie", "fr": "pas jamais", "es": "no nunca",
    "pt": "não nunca", "it": "non mai", "nl": "niet geen", "pl": "nie", "ru": "не нет", "uk": "не",
    "tr": "değil", "ar": "لا لم لن", "hi": "नहीं", "zh": "不 没有", "ja": "ない", "ko": "안 않",
}  # fmt: skip


class Editor:
    """Edits headlines of one language; ``names`` are those of its other headlines."""

    def __init__(self, language: str, chance: random.Random) -> None:
        self.language = language
        self.number = lexicon.LANGUAGES.index(language)
        self.chance = chance
        self.names: list[str] = []
        self.sides: dict[int, list[str]] = {}

    def words(self, headline: str) -> list[re.Match[str]]:
        """Return the words of a headline and where they stand."""
        return list(WORD.finditer(headline))

    def flags(self, word: str) -> int:
        """Return the flags of a word as a token."""
        tokens = word_tokens(word)
        return int(tokens["flags"][0]) if len(tokens) == 1 else 0

    def is_function(self, word: str) -> bool:
        """Return whether a word is a function word."""
        return bool(self.flags(word) & Flag.FUNCTION)

    def find_names(self, headline: str) -> list[re.Match[str]]:
        """Return the words that are likely names: capitals, or rare words of other scripts."""
        shares = lexicon.load().word_shares
        found = []
        for place, word in enumerate(self.words(headline)):
            capital = word[0][0].isupper() and place > 0
            caseless = self.language in ("ar", "hi", "ko")
            common = shares(word_key(word[0].lower())).get(self.number, 144) < (
                120 if caseless else 88
            )
            if len(word[0]) > 2 and (capital or caseless) and not common:
                found.append(word)
        return found


def replaced(headline: str, word: re.Match[str], other: str) -> str:
    """Return a headline with another word in the place of one."""
    return headline[: word.start()] + other + headline[word.end() :]


def keep(_: Editor, headline: str) -> str:
    """Change nothing."""
    return headline


def repunctuate(editor: Editor, headline: str) -> str:
    """Change marks of punctuation."""
    if editor.chance.random() < 0.5:
        return headline.rstrip("?!.") + editor.chance.choice(("?", "!", ".", ""))
    return headline.replace(",", "").replace(":", " -")


def capitalise(editor: Editor, headline: str) -> str | None:
    """Write all in capitals."""
    caseless = editor.language in ("zh", "ja", "ko", "ar", "hi", "tr")
    return None if caseless else headline.upper()


def change_article(editor: Editor, headline: str) -> str | None:
    """Take a function word out, or put an article in."""
    words = editor.words(headline)
    small = [
        w for w in words if editor.flags(w[0]) & (Flag.FUNCTION | Flag.NEGATION) == Flag.FUNCTION
    ]
    if small and editor.chance.random() < 0.6:
        return replaced(headline, editor.chance.choice(small), "").replace("  ", " ").strip()
    articles = ARTICLES.get(editor.language, "").split()
    if not articles or not words:
        return None
    start = editor.chance.choice(words).start()
    return f"{headline[:start]}{editor.chance.choice(articles)} {headline[start:]}"


def mistype(editor: Editor, headline: str) -> str | None:
    """Exchange two letters of a long word."""
    words = [word for word in editor.words(headline) if len(word[0]) >= LONG]
    if not words or editor.language in ("zh", "ja", "ko", "hi", "ar"):
        return None
    word = editor.chance.choice(words)
    at = editor.chance.randrange(word.start() + 2, word.end() - 2)
    pair = headline[at : at + 2]
    return headline[:at] + (pair[::-1] if pair[0] != pair[1] else pair[0]) + headline[at + 2 :]


def tag(editor: Editor, headline: str) -> str:
    """Put a tag before or behind."""
    if editor.chance.random() < 0.7:
        return editor.chance.choice(TAGS[editor.language]) + headline
    return headline + editor.chance.choice(CLOSINGS)


def truncate(editor: Editor, headline: str) -> str | None:
    """Break a long headline off."""
    words = headline.split()
    if len(words) < 9:
        return None
    kept = words[: int(len(words) * editor.chance.uniform(0.65, 0.85))]
    return " ".join(kept) + editor.chance.choice(("…", "...", " ..."))


def add_kicker(editor: Editor, headline: str) -> str | None:
    """Put a kicker before a headline."""
    kickers = KICKERS.get(editor.language)
    if kickers is None:
        return None
    return editor.chance.choice(kickers) + editor.chance.choice((": ", " | ")) + headline


def change_number(editor: Editor, headline: str) -> str | None:
    """Change a number."""
    numbers = list(re.finditer(r"\d{1,9}", headline))
    if not numbers:
        return None
    number = editor.chance.choice(numbers)
    value = int(number[0])
    other = value + editor.chance.choice((1, 2, 3, -1, 5, 10))
    if value >= 100:
        other = int(value * editor.chance.uniform(0.6, 1.5)) + 1
    return replaced(headline, number, str(other if other > 0 and other != value else value + 4))


def negate(editor: Editor, headline: str) -> str | None:
    """Put a negation in."""
    words = editor.words(headline)
    negation = editor.chance.choice(NEGATIONS[editor.language].split())
    if editor.language in SPACELESS:
        third = len(headline) // 3
        at = editor.chance.randrange(third, max(third + 1, len(headline) - 1))
        return headline[:at] + negation + headline[at:]
    if len(words) < 3:
        return None
    at = words[editor.chance.randrange(1, len(words))].start()
    return f"{headline[:at]}{negation} {headline[at:]}"


def rename(editor: Editor, headline: str) -> str | None:
    """Put another name in the place of one."""
    names = editor.find_names(headline)
    if not names or not editor.names:
        return None
    name, other = editor.chance.choice(names), editor.chance.choice(editor.names)
    return None if other[:4].lower() == name[0][:4].lower() else replaced(headline, name, other)


def swap(editor: Editor, headline: str) -> str | None:
    """Exchange two names that have something said between them."""
    names = editor.find_names(headline)
    pairs = [
        (one, other)
        for at, one in enumerate(names)
        for other in names[at + 1 :]
        if any(not editor.is_function(w) for w in WORD.findall(headline[one.end() : other.start()]))
    ]
    if not pairs:
        return None
    one, other = editor.chance.choice(pairs)
    return replaced(replaced(headline, other, one[0]), one, other[0])


def contradict(editor: Editor, headline: str) -> str | None:
    """Put the opposite in the place of a word."""
    words = editor.words(headline)
    editor.chance.shuffle(words)
    for word in words:
        for side in editor_sides(word[0]):
            if editor.sides.get(side ^ 1):
                return replaced(headline, word, editor.chance.choice(editor.sides[side ^ 1]))
    return None


@cache
def editor_sides(word: str) -> tuple[int, ...]:
    """Return the sides of opposites that a word stands on."""
    concepts = (c for own in word_tokens(word)["concepts"].tolist() for c in own)
    return tuple(c for c in concepts if c >= Meaning.FIRST_OPPOSITE)


@cache
def word_tokens(word: str) -> NDArray[np.void]:
    """Return the tokens of a word by itself."""
    return prepare_text(word).tokens


SAME: dict[Edit, int] = {
    keep: 30, repunctuate: 30, capitalise: 15, change_article: 60, mistype: 50, tag: 60,
    truncate: 40, add_kicker: 40,
}  # fmt: skip
OTHER: dict[Edit, int] = {change_number: 80, negate: 70, rename: 90, swap: 60, contradict: 60}
"""The edits, and how many of each are made in two languages; in English three times as many."""


def headlines(data: Path, chance: random.Random) -> dict[str, list[str]]:
    """Return the headlines to edit by language."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(EXAMPLES.glob("pairs-*.tsv")):
        language = path.stem.removeprefix("pairs-").replace("zht", "zh")
        found[language] += [
            line.split("\t")[2] for line in path.read_text(encoding="utf-8").splitlines()
        ]
    named = dict(zip(LANGUAGES, ("de", "hi", "ja", "ko", "pt", "ru", "zh"), strict=True))
    for name, count in SAMPLES.items():
        titles = [str(record["title"]) for record in read_records(corpus_path(data, name)).values()]
        found[named.get(name, "en")] += chance.sample(titles, min(count, len(titles)))
    return found


def editor_of(language: str, texts: list[str], chance: random.Random) -> Editor:
    """Return an editor that knows the names and the opposites of some headlines."""
    editor = Editor(language, chance)
    for text in texts:
        editor.names += [name[0] for name in editor.find_names(text)]
        for word in WORD.findall(text):
            for side in editor_sides(word):
                editor.sides.setdefault(side, []).append(word)
    return editor


def edited_pairs(data: Path) -> Iterator[Pair]:
    """Yield headlines beside their edits."""
    chance = random.Random(3)
    for language, texts in headlines(data, chance).items():
        editor = editor_of(language, texts, chance)
        most = 1.5 if language == "en" else 0.5
        for edits, label in ((SAME, "D"), (OTHER, "N")):
            for edit, count in edits.items():
                made = 0
                for text in chance.sample(texts, len(texts)):
                    other = edit(editor, text)
                    if made >= count * most:
                        break
                    if other is not None and (other != text or edit is keep):
                        made += 1
                        one, two = (text, other) if chance.random() < 0.5 else (other, text)
                        source = f"edits {label} {edit.__name__}"
                        yield Pair(
                            source, {"title": one}, {"title": two}, label, f"{source} {text}"
                        )
