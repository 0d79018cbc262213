"""Read dates as people and portals write them: in words, or in numbers of certain order."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from unicodedata import combining, normalize

MONTHS = (
    # January to December; English, German, French, Spanish, Italian, Portuguese, Dutch, Turkish,
    # Polish, Czech, Russian, Ukrainian, Swedish, Danish, Finnish, Romanian, Hungarian, Greek and
    # Indonesian, in the forms that dates use.
    "jan january januar jänner janvier janv enero ene gennaio gen janeiro januari ocak oca "
    "stycznia styczeń ledna leden января янв січня tammikuuta ianuarie január ιανουαρίου",
    "feb february februar feber février févr fév febrero febbraio fevereiro fev februari şubat şub "
    "lutego luty února únor февраля февр фев лютого helmikuuta februarie február φεβρουαρίου",
    "mar march märz maerz mär mars marzo março maart mrt mart marca marzec března březen марта мар "
    "березня marts maaliskuuta martie március maret μαρτίου",
    "apr april avril avr abril abr aprile nisan nis kwietnia kwiecień dubna duben апреля апр "
    "квітня huhtikuuta aprilie április απριλίου",
    "may mai mayo maggio mag maio mei mayıs maja maj května květen мая май травня toukokuuta május "
    "μαΐου",
    "jun june juni juin junio giugno giu junho haziran haz czerwca czerwiec června červen июня июн "
    "червня kesäkuuta iunie június ιουνίου",
    "jul july juli juillet juil julio luglio lug julho temmuz tem lipca lipiec července červenec "
    "июля июл липня heinäkuuta iulie július ιουλίου",
    "aug august août agosto ago augustus ağustos ağu sierpnia sierpień srpna srpen августа авг "
    "серпня augusti elokuuta augusztus agustus αυγούστου",
    "sep sept september septembre septiembre setiembre settembre set setembro eylül eyl września "
    "wrzesień září сентября сент сен вересня syyskuuta septembrie szeptember σεπτεμβρίου",
    "oct october oktober okt octobre octubre ottobre ott outubro out ekim eki października "
    "październik října říjen октября окт жовтня lokakuuta octombrie október οκτωβρίου",
    "nov november novembre noviembre novembro kasım kas listopada listopadu listopad ноября ноя "
    "листопада marraskuuta noiembrie νοεμβρίου",
    "dec december dezember dez décembre déc diciembre dic dicembre dezembro aralık ara grudnia "
    "grudzień prosince prosinec декабря дек грудня joulukuuta decembrie desember des δεκεμβρίου",
)  # fmt: skip
# Hours ahead of UTC. IST is India's here, CST and MST America's, BST Britain's.
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "ut": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "mez": 1,
    "cest": 2, "mesz": 2, "eet": 2, "sast": 2, "eest": 3, "msk": 3, "мск": 3, "trt": 3, "ist": 5.5,
    "pkt": 5, "wib": 7, "sgt": 8, "hkt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "aest": 10,
    "aedt": 11, "nzst": 12, "nzdt": 13, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "et": -5, "brt": -3, "art": -3,
}  # fmt: skip
BEFORE_NOON = ["오전", "上午", "午前"]
LONGEST = 80
MOST_OTHER_WORDS = 4
PIVOT = 70
"""Years of two digits from here on are of the last century."""
NOON = 12

CJK_DATE = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日号號일]")
YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})(\s?[./-]\s?)(\d{1,2})\2(\d{1,2})(?!\d)\.?")
YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})(\s?[./-]\s?)(\d{1,2})\2(\d{4})(?!\d)")
SHORT_YEAR = re.compile(r"(?<!\d)(\d{1,2})[- /]([^\W\d]+)\.?[- /](\d{2})(?!\d)")
CLOCK = re.compile(
    r"(오전|오후|上午|下午|午前|午後)?\s*(?<![\d.])(\d{1,2})(?:\s?(?:[:h]|[시时時点點]\s?)\s?|\.(?=\d\d\s?uhr))"
    r"(\d{2}|\d(?=\s?[분分]))(?:\s?[분分])?(?::(\d{2})(?:[.,]\d{1,9})?)?(?:\s?[초秒])?"
    r"(?:\s?([ap])\.?\s?m\b\.?)?(?![\d:])"
)
HOUR = re.compile(r"(?<![\d:.])(\d{1,2})\s?([ap])\.?m\b\.?")
OFFSET = re.compile(r"\s*(?:utc|gmt)?\s?([+-])(\d{1,2}):?(\d{2})?(?!\d)")
BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
NUMBERS = re.compile(r"\d+")
WORDS = re.compile(r"[^\W\d_]+")
ORDINALS = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª|\.)(?![^\W_])")
RELATIVE = {"ago", "vor", "il", "hace", "fa", "geleden", "önce", "once", "назад", "temu"}


def parse_written_date(text: str) -> int | None:
    """Return the seconds since 1970 of a date in words or numbers, None for any other text.

    Reads ``April 5, 2021``, ``5. April 2021 14:30``, ``26.08.2022``, ``2021/4/5``, ``05-Apr-21``,
    ``2021년 4월 5일 오후 1:50`` and the like. A date of numbers whose day and month could be
    swapped, as in ``8/4/2016``, is not read, nor is one without a day. Without a zone it is UTC.
    """
    if len(text) > LONGEST or not any(map(str.isdigit, text)):
        return None
    plain = plain_letters(text)
    rest, moment = take_clock(plain)
    day = find_day(rest)
    if day is None or moment is None:
        return None
    try:
        when = datetime(*day) + timedelta(seconds=moment)  # noqa: DTZ001 - moved to UTC by its zone
    except (ValueError, OverflowError):
        return None
    since = when - datetime(1970, 1, 1)  # noqa: DTZ001 - moved to UTC by its zone
    return since.days * 86400 + since.seconds


def plain_letters(text: str) -> str:
    """Return a text in lower case, without accents, in plain digits."""
    parts = normalize("NFKD", text.casefold().replace("ı", "i").replace(",", " "))
    return normalize("NFC", "".join(c for c in parts if not combining(c))).strip()


@lru_cache(maxsize=1)
def month_numbers() -> dict[str, int]:
    """Return the number of each month by its names."""
    return {
        plain_letters(name): number
        for number, names in enumerate(MONTHS, 1)
        for name in names.split()
    }


def take_clock(text: str) -> tuple[str, int | None]:
    """Return a text without its time of day, and the seconds to add to its day.

    These are None where a time is out of range.
    """
    found = CLOCK.search(text) or HOUR.search(text)
    if not found:
        return text, 0
    if found.re is HOUR:
        hour, minute, second, half, prefix = int(found[1]), 0, 0, found[2], None
    else:
        hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
        half, prefix = found[5], found[1]
    if prefix:
        half = "a" if prefix in map(plain_letters, BEFORE_NOON) else "p"
    if half and not 0 < hour <= NOON and not (prefix and hour < 24):  # noqa: PLR2004 - of a day
        return text, None
    if half and hour <= NOON:
        hour = hour % NOON + (NOON if half == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - of a day, an hour, a minute
        return text, None
    left, after = text[: found.start()], text[found.end() :]
    offset, after = take_offset(after)
    return f"{left} {after}", hour * 3600 + minute * 60 + second - offset


def take_offset(text: str) -> tuple[int, str]:
    """Return the seconds by which the zone after a time is ahead, and the text without it."""
    text = BRACKETED.sub(" ", text)
    found = OFFSET.match(text)
    if not found:
        return drop_zone(text)
    seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return (seconds if found[1] == "+" else -seconds), drop_zone(text[found.end() :])[1]


def drop_zone(text: str) -> tuple[int, str]:
    """Return the seconds of a zone by name, 0 without one, and the text without it."""
    for word in WORDS.findall(text):
        if word in ZONES:
            return round(ZONES[word] * 3600), re.sub(rf"\b{word}\b", " ", text, count=1)
    return 0, text


def find_day(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day; None without a date, or where two orders are possible."""
    bare = BRACKETED.sub(" ", text)
    if found := CJK_DATE.search(bare):
        return int(found[1]), int(found[2]), int(found[3])
    if found := YEAR_FIRST.search(bare):
        return (
            None if has_more_numbers(bare, found) else (int(found[1]), int(found[3]), int(found[4]))
        )
    if found := YEAR_LAST.search(bare):
        return None if has_more_numbers(bare, found) else order_day_and_month(found)
    return find_named_month(bare)


def has_more_numbers(text: str, found: re.Match[str]) -> bool:
    """Return whether there are numbers beside a date."""
    return bool(NUMBERS.search(text[: found.start()] + " " + text[found.end() :]))


def order_day_and_month(found: re.Match[str]) -> tuple[int, int, int] | None:
    """Return year, month and day of ``26.08.2022``; None where the order is not certain.

    Between points the day comes first; elsewhere a number above 12 must be the day.
    """
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if second > NOON:
        return year, first, second
    if first > NOON or first == second or found[2].strip() == ".":
        return year, second, first
    return None


def find_named_month(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day where the month is a word; None for more or fewer of each."""
    months = month_numbers()
    text = ORDINALS.sub(" ", text)
    if (short := SHORT_YEAR.search(text)) and short[2] in months:
        year = int(short[3])
        return year + (1900 if year >= PIVOT else 2000), months[short[2]], int(short[1])
    words = WORDS.findall(text)
    named = [months[word] for word in words if word in months]
    numbers = NUMBERS.findall(text)
    years = [int(number) for number in numbers if len(number) == 4]  # noqa: PLR2004 - as years have
    days = [int(number) for number in numbers if len(number) <= 2]  # noqa: PLR2004 - as days have
    parts = (len(set(named)), len(years), len(days), len(numbers))
    if parts != (1, 1, 1, 2) or len(words) - len(named) > MOST_OTHER_WORDS:
        return None
    if RELATIVE & set(words):
        return None
    return years[0], named[0], days[0]
