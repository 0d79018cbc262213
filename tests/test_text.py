"""From a headline to its tokens: clean-up, words, numbers, tags, languages and meanings."""

from __future__ import annotations

import pytest
from headlines import EXAMPLES, invented
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text import lexicon
from dedupe.text.language import guess_language
from dedupe.text.lexicon import LANGUAGES
from dedupe.text.lookup import stem
from dedupe.text.numbers import read_numbers
from dedupe.text.prepare import prepare_text
from dedupe.text.scan import clean, scan
from dedupe.tokens import COMPARED, Fact, Flag, Meaning, Zone


def words(text: str, source: str = "") -> list[str]:
    """Return what of a headline is compared."""
    prepared = prepare_text(text, source)
    zones = prepared.tokens["zone"].tolist()
    return [prepared.spelling(at) for at, zone in enumerate(zones) if zone in COMPARED]


def zone(text: str, wanted: Zone, source: str = "") -> str:
    """Return what of a headline stands in one zone."""
    prepared = prepare_text(text, source)
    zones = prepared.tokens["zone"].tolist()
    return " ".join(prepared.spelling(at) for at, own in enumerate(zones) if own == wanted)


def values(text: str, language: str = "") -> list[float]:
    """Return the values of the numbers in a text."""
    tokens = scan(clean(text))[0]
    words = lexicon.load()
    number = LANGUAGES.index(language) if language else guess_language(tokens, words)
    read = read_numbers(tokens, words, number)
    return [token.value for token in read if token.value is not None]


CLEANED = {
    "one entity": ("Fish &amp; chips", "Fish & chips"),
    "escaped twice": ("Fish &amp;amp; chips", "Fish & chips"),
    "numeric entities": ("Caf&#233; &#xE9;", "Café é"),
    "markup": ("<b>Ferry</b> sinks<br/>", " Ferry  sinks "),
    "a comment": ("Ferry<!-- ad --> sinks", "Ferry  sinks"),
    "a wire's artefact is no entity": ("AT&T; raises prices", "AT&T; raises prices"),
    "a lone ampersand": ("A & B &bogus; &", "A & B &bogus; &"),
    "less than": ("Rate < 3 percent, > 2", "Rate < 3 percent, > 2"),
}


@pytest.mark.parametrize(("text", "cleaned"), CLEANED.values(), ids=CLEANED)
def test_clean(text: str, cleaned: str):
    assert clean(text) == cleaned


FOLDED = {
    "case and accents": ("ÉLAN Zürich Łódź", ["elan", "zurich", "lodz"]),
    "ligatures and full width": ("ﬁre ＦＥＲＲＹ Æther", ["fire", "ferry", "aether"]),
    "sharp s": ("Straße STRASSE", ["strasse", "strasse"]),
    "Turkish letters": ("İstanbul IŞIK ışık", ["istanbul", "isik", "isik"]),
    "acronyms": ("U.S. and U.N.", ["us", "and", "un"]),
    "possessives": ("Fed's plan, Fed’s plan", ["fed", "plan", "fed", "plan"]),
    "Turkish endings": ("Türkiye'nin kararı", ["turkiye", "karari"]),
    "elided articles": ("l'armée d'État", ["l", "armee", "d", "etat"]),
    "other apostrophes": ("O'Brien rock'n'roll", ["obrien", "rockn", "roll"]),
    "symbols that are the word": ("C++ C# .NET A+ A-", ["c++", "c#", ".net", "a+", "a-"]),
    "C alone is another word": ("C and C.", ["c", "and", "c"]),
    "hyphens part words": (
        "well-known state-of-the-art",
        ["well", "known", "state", "of", "the", "art"],
    ),
    "trade marks": ("BlackBerry® Pearl™", ["blackberry", "pearl"]),
    "invisible characters": ("fer\u200bry to\u00adlls\ufeff", ["ferry", "tolls"]),
    "combining marks": ("e\u0301lan", ["elan"]),
    "Arabic forms": ("أحمد إلى مدرسة", ["احمد", "الي", "مدرسه"]),
    "Cyrillic": ("Ёлка ҐРАТИ", ["елка", "грати"]),
    "ideographs one by one": ("城南水库", ["城", "南", "水", "库"]),
    "Traditional is Simplified": ("颱風", ["台", "风"]),
    "the long vowel of kana": ("サーバー", ["サ", "バ"]),
    "Devanagari": ("सरकार ने कहा", ["सरकार", "ने", "कहा"]),
    "Hangul": ("정부 발표", ["정부", "발표"]),
    "nothing": ("!!! … —", []),
}


@pytest.mark.parametrize(("text", "expected"), FOLDED.values(), ids=FOLDED)
def test_words(text: str, expected: list[str]):
    import unicodedata  # noqa: PLC0415 - the table is of one normal form, expectations of another

    found = [unicodedata.normalize("NFC", token.text) for token in scan(clean(text))[0]]
    assert found == expected


NUMBERS = {
    "digits": ("12 people", [12]),
    "thousands by comma": ("12,000 people", [12000]),
    "thousands by point": ("12.000 Menschen", [12000]),
    "thousands by space": ("12 000 personnes", [12000]),
    "thousands by thin space": ("12\u202f000 personnes", [12000]),
    "thousands by apostrophe": ("12'000 Leute", [12000]),
    "lakh": ("1,20,000 voters", [120000]),
    "crore": ("2 crore voters", [2e7]),
    "decimals": ("3.4 per cent", [3.4]),
    "decimal comma": ("3,4 Prozent", [3.4]),
    "both": ("1,234.5 and 1.234,5", [1234.5, 1234.5]),
    "million": ("1.2 million people", [1.2e6]),
    "three decimals before million": ("1.234 million people", [1.234e6]),
    "glued multiplier": ("$2.5m, €1.2bn, 12K", [2.5e6, 1.2e9, 12000]),
    "ordinals": ("1st 2nd 3rd 20th", [1, 2, 3, 20]),
    "Roman": ("Part II and XIV", [2, 14]),
    "I is a pronoun": ("What I saw", []),
    "dates are their parts": ("on 3.4.2026", [3, 4, 2026]),
    "times": ("at 10:30", [10, 30]),
    "words": ("twenty-one people", [21]),
    "hundreds in words": ("two hundred people", [200]),
    "COVID-19 is a name": ("COVID-19 cases", []),
    "Chinese numerals": ("三人死亡", [3]),
    "Chinese tens": ("二十三人", [23]),
    "Chinese ten thousands": ("1万2千人", [12000]),
    "Chinese hundred million": ("3亿元", [3e8]),
    "Chinese names keep their numerals": ("张三去世", []),
    "Japanese": ("5000万円", [5e7]),
    "Korean": ("3만명", [30000]),
    "Arabic digits": ("مقتل ١٢ شخصا", [12]),
    "Devanagari digits": ("१२ लोग", [12]),
    "a year": ("in 2026", [2026]),
    "a very long one is a name": ("9" * 30, []),
}


@pytest.mark.parametrize(("text", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_numbers(text: str, expected: list[float]):
    assert values(text) == expected


IN_WORDS = {
    "en": ("three", 3, "twelve", 12, "million", 1e6),
    "de": ("drei", 3, "zwölf", 12, "Millionen", 1e6),
    "fr": ("trois", 3, "douze", 12, "millions", 1e6),
    "es": ("tres", 3, "doce", 12, "millones", 1e6),
    "pt": ("três", 3, "doze", 12, "milhões", 1e6),
    "it": ("tre", 3, "dodici", 12, "milioni", 1e6),
    "nl": ("drie", 3, "twaalf", 12, "miljoen", 1e6),
    "pl": ("trzy", 3, "dwanaście", 12, "milionów", 1e6),
    "tr": ("üç", 3, "on", 10, "milyon", 1e6),
    "ru": ("три", 3, "двенадцать", 12, "миллионов", 1e6),
    "uk": ("три", 3, "дванадцять", 12, "мільйонів", 1e6),
    "ar": ("ثلاثة", 3, "عشرة", 10, "مليون", 1e6),
    "hi": ("तीन", 3, "बारह", 12, "लाख", 1e5),
    "zh": ("三人", 3, "十二人", 12, "万", 1e4),
    "ja": ("三人", 3, "十二人", 12, "万", 1e4),
    "ko": ("하나", 1, "열", 10, "만", 1e4),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_number_words_and_multipliers(language: str):
    one, first, other, second, scale, factor = IN_WORDS[language]
    assert values(one, language) == [first]
    assert values(other, language) == [second]
    assert values(
        f"5 {scale}" if language not in ("zh", "ja", "ko") else f"5{scale}", language
    ) == [5 * factor]


UNITS = {
    "en": ("3.4 percent", "3.4%"),
    "de": ("3,4 Prozent", "3,4 %"),
    "fr": ("3,4 pour cent", "3,4 %"),
    "es": ("3,4 por ciento", "3,4%"),
    "pt": ("3,4 por cento", "3,4%"),
    "it": ("3,4 per cento", "3,4%"),
    "nl": ("3,4 procent", "3,4%"),
    "pl": ("3,4 procent", "3,4 proc."),
    "tr": ("yüzde 3,4", "%3,4"),
    "ru": ("3,4 процента", "3,4%"),
    "uk": ("3,4 відсотка", "3,4%"),
    "ar": ("3.4 في المئة", "3.4%"),
    "hi": ("3.4 प्रतिशत", "3.4%"),
    "zh": ("3.4％", "3.4%"),
    "ja": ("3.4パーセント", "3.4%"),
    "ko": ("3.4퍼센트", "3.4%"),
}
FRAMES = {
    "en": "Inflation falls to {} in May, office says",
    "de": "Die Inflation sinkt auf {} im Mai, sagt das Amt",
    "fr": "L'inflation recule à {} en mai, selon l'institut",
    "es": "La inflación cae al {} en mayo, según el instituto",
    "pt": "A inflação cai para {} em maio, diz o instituto",
    "it": "L'inflazione scende al {} a maggio, dice l'istituto",
    "nl": "De inflatie daalt naar {} in mei, zegt het bureau",
    "pl": "Inflacja spada do {} w maju, podaje urząd",
    "tr": "Enflasyon mayısta {} oldu, kurum açıkladı",
    "ru": "Инфляция снизилась до {} в мае, сообщило ведомство",
    "uk": "Інфляція знизилася до {} у травні, повідомило відомство",
    "ar": "التضخم يتراجع إلى {} في مايو وفق المكتب",
    "hi": "मई में महंगाई दर घटकर {} हुई, कार्यालय ने कहा",
    "zh": "五月通胀率降至{}，统计局公布",
    "ja": "五月のインフレ率{}に低下、統計局発表",
    "ko": "5월 물가상승률 {}로 하락, 통계청 발표",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_units_have_one_meaning(language: str):
    meanings = []
    for unit in UNITS[language]:
        prepared = prepare_text(FRAMES[language].format(unit))
        assert LANGUAGES[prepared.language] == language
        meanings.append({c for own in prepared.tokens["concepts"].tolist() for c in own} - {0})
    frame = prepare_text(FRAMES[language].format(""))
    known = {c for own in frame.tokens["concepts"].tolist() for c in own}
    assert (meanings[0] & meanings[1]) - known, meanings


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_are_told(language: str):
    texts = invented()[language]
    told = [LANGUAGES[prepare_text(text).language] == language for text in texts[::4]]
    least = {"pt": 0.8, "uk": 0.85, "it": 0.8, "es": 0.8, "nl": 0.8}.get(language, 0.85)
    assert sum(told) / len(told) >= least


NEGATIONS = {
    "en": ["not", "won't", "doesn't", "never", "cannot"],
    "de": ["nicht", "kein", "keine"],
    "fr": ["pas", "jamais"],
    "es": ["no", "nunca"],
    "pt": ["não", "nunca"],
    "it": ["non", "mai"],
    "nl": ["niet", "geen"],
    "pl": ["nie"],
    "tr": ["değil"],
    "ru": ["не", "нет"],
    "uk": ["не", "немає"],
    "ar": ["لا", "لم", "لن"],
    "hi": ["नहीं"],
    "zh": ["不", "尚未", "没有"],
    "ja": ["ない"],
    "ko": ["안", "않는다"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_negations_are_told(language: str):
    frame = FRAMES[language].format("3")
    plain = prepare_text(frame)
    assert not (plain.tokens["flags"] & Flag.NEGATION).any()
    for word in NEGATIONS[language]:
        gap = "" if language in ("zh", "ja") else " "
        head, _, rest = frame.partition(gap or frame[2])
        prepared = prepare_text(f"{head}{gap}{word}{gap}{'' if gap else frame[2]}{rest}")
        assert (prepared.tokens["flags"] & Flag.NEGATION).any(), word


LEADS = {
    "UPDATE 1-Ferry tolls rise": "Ferry tolls rise",
    "RPT-UPDATE 2-Ferry tolls rise": "Ferry tolls rise",
    "BREAKING: Ferry tolls rise": "Ferry tolls rise",
    "Exclusive: Ferry tolls rise": "Ferry tolls rise",
    "EXCLUSIVE - Ferry tolls rise": "Ferry tolls rise",
    "GLOBAL MARKETS-Ferry tolls rise": "Ferry tolls rise",
    "@BBCNews: Ferry tolls rise": "Ferry tolls rise",
    "EILMELDUNG: Fähre sinkt vor Rügen": "Fähre sinkt vor Rügen",
    "【速報】山陽新線が運転再開": "山陽新線が運転再開",
    "[속보] 정부 대책 발표": "정부 대책 발표",
    "快讯：城南水库大坝出现裂缝": "城南水库大坝出现裂缝",
    "Срочно: в Мурманске горит склад": "в Мурманске горит склад",
    "عاجل: حريق في مستودع بميناء بيروت": "حريق في مستودع بميناء بيروت",
    "ÚLTIMA HORA: Arde un almacén en Vigo": "Arde un almacén en Vigo",
    "SON DAKİKA: Depoda yangın çıktı": "Depoda yangın çıktı",
    "PILNE: Pożar magazynu w Gdyni": "Pożar magazynu w Gdyni",
}
CLOSINGS = {
    "Ferry tolls rise in June - BBC News": "Ferry tolls rise in June",
    "Ferry tolls rise in June | Reuters": "Ferry tolls rise in June",
    "Ferry tolls rise in June - Pell Courier": "Ferry tolls rise in June",
    "Ferry tolls rise in June [video]": "Ferry tolls rise in June",
    "Ferry tolls rise in June (2011)": "Ferry tolls rise in June",
    "Ferry tolls rise in June [17 comments]": "Ferry tolls rise in June",
    "Ferry tolls rise in June (video) - BBC News": "Ferry tolls rise in June",
    "Arden Quay Mail: ferry tolls rise": "Arden Quay Mail: ferry tolls rise",
}


@pytest.mark.parametrize(("text", "core"), (LEADS | CLOSINGS).items())
def test_what_a_desk_adds_is_not_compared(text: str, core: str):
    assert words(text) == words(core)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Herring return - Fishers Weekly", "Fishers Weekly"),
        ("Herring return | Fishers Weekly", "Fishers Weekly Online"),
        ("鲱鱼重返城南港 - 城南晚报", "城南晚报"),
    ],
)
def test_a_records_own_outlet_is_a_tag_in_any_file(text: str, source: str):
    core = text.split(" - ", maxsplit=1)[0].split(" | ", maxsplit=1)[0]
    assert words(text, source) == words(core)
    assert words(text) != words(core)


ZONES = {
    "a kicker": ("Weather: Storm hits the Marrow coast", Zone.KICKER, "weather"),
    "a closing of unknown kind": ("Storm hits Marrow coast - Odlin Bay", Zone.TAIL, "odlin bay"),
    "a date behind a dash is no outlet": (
        "Dow Jones Open/Close - Mar 3 | BBC News", Zone.OUTLET, "bbc news",
    ),
    "no kicker before two words alone": ("Weather: storm", Zone.KICKER, ""),
    "hyphenated words": ("Storm-hit coast braces for more", Zone.KICKER, ""),
    "nothing but tags": ("BREAKING: Exclusive", Zone.CORE, "exclusive"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted", "expected"), ZONES.values(), ids=ZONES)
def test_zones(text: str, wanted: Zone, expected: str):
    assert zone(text, wanted) == expected


VERSIONS = {
    "Old lamp stays lit": 0,
    "UPDATE 1-Old lamp stays lit": 1,
    "UPDATE 3-Old lamp stays lit": 3,
    "WRAPUP 2-Old lamp stays lit": 2,
    "RPT-Old lamp stays lit": 0,
    "RPT-UPDATE 2-Old lamp stays lit": 2,
    "UPDATE 1-RPT-Old lamp stays lit": 1,
    "Update on 2 lamps": 0,
    "": 0,
}


@pytest.mark.parametrize(("text", "version"), VERSIONS.items())
def test_what_version_a_headline_states(text: str, version: int):
    assert prepare_text(text).version == version


FACTS = {
    "withdrawn": ("WITHDRAWN: Old lamp stays lit", Fact.WITHDRAWN | Fact.TAGGED),
    "another kind of piece": ("ANALYSIS-Old lamp stays lit", Fact.GENRE | Fact.TAGGED),
    "a title of every day": ("Morning briefing", Fact.GENERIC),
    "with its date": ("Morning briefing: Monday, 3 March 2026", Fact.GENERIC | Fact.TAGGED),
    "letters": ("Letters to the editor", Fact.GENERIC),
    "a page that was not there": ("404 Not Found", Fact.PLACEHOLDER),
    "removed": ("[Removed]", Fact.PLACEHOLDER),
    "broken off": ("Old lamp at Pell Point to stay...", Fact.BROKEN_OFF),
    "broken off by one character": ("Old lamp at Pell Point to stay…", Fact.BROKEN_OFF),
    "markup": ("Old <b>lamp</b> stays lit", Fact.NOISY),
    "entities": ("Fish &amp; chips shop burns", Fact.NOISY),
    "plain": ("Old lamp at Pell Point stays lit", 0),
}


@pytest.mark.parametrize(("text", "facts"), FACTS.values(), ids=FACTS)
def test_facts(text: str, facts: int):
    assert prepare_text(text).facts == facts


SAME = {
    "case": ("Ferry Sinks off Odlin", "FERRY SINKS OFF ODLIN"),
    "accents": ("Café Zöe closes", "Cafe Zoe closes"),
    "punctuation": ("Ferry sinks; two held", "Ferry sinks, two held!"),
    "quotes": ("'Ferry' sinks", "“Ferry” sinks"),
    "spaces": ("  Ferry   sinks ", "Ferry sinks"),
    "groups of digits": ("12,000 flee", "12 000 flee"),
    "numbers in words": ("Ten people flee floods", "10 people flee floods"),
    "entities": ("Fish &amp; chips", "Fish & chips"),
    "both scripts of Chinese": ("颱風登陸臺灣", "台风登陆台湾"),
    "spaces between ideographs": ("城南 水库", "城南水库"),
}
DIFFERENT = {
    "another word": ("Ferry sinks", "Ferry sails"),
    "another number": ("10 people flee", "11 people flee"),
    "order": ("Odlin beats Pell", "Pell beats Odlin"),
    "a symbol": ("Learning C++", "Learning C#"),
    "without the symbol": ("Learning C++", "Learning C"),
    "a sign": ("$10 tax", "€10 tax"),
    "words set apart": ("blow out", "blowout"),
    "a tag": ("Ferry sinks today", "UPDATE 1-Ferry sinks today"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_texts_of_one_content(one: str, other: str):
    assert prepare_text(one).fingerprint == prepare_text(other).fingerprint


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_texts_of_two_contents(one: str, other: str):
    assert prepare_text(one).fingerprint != prepare_text(other).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rising", "rises"),
        ("walked", "walks"),
        ("closes", "close"),
        ("strikes", "striking"),
        ("afghanistan", "afghan"),
    ],
)
def test_words_of_one_stem(one: str, other: str):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("press", "pres"), ("sing", "s"), ("need", "ne"), ("odlin", "marrow")]
)
def test_words_of_two_stems(one: str, other: str):
    assert stem(one) != stem(other)


@given(st.text("abcdefgsing", min_size=1, max_size=12))
def test_a_stem_begins_its_word(word: str):
    assert word.startswith(stem(word))
    assert stem(word)


def weight(text: str, word: str) -> int:
    """Return the information of a word in a headline."""
    prepared = prepare_text(text)
    (at,) = [i for i in range(len(prepared.tokens)) if prepared.spelling(i) == word]
    return int(prepared.tokens["weight"][at])


def test_rare_words_weigh_more_than_common_ones_and_those_more_than_articles():
    text = "The government of Zorblatt and the ferry"
    assert weight(text, "zorblatt") > weight(text, "ferry") > weight(text, "government")
    assert weight(text, "government") > weight(text, "of")


@pytest.mark.parametrize(
    ("text", "word", "calendar"),
    [
        ("Inflation falls in May", "may", True),
        ("Inflation may fall again", "may", False),
        ("May calls for new vote", "may", False),
        ("Inflation fell in January", "january", True),
        ("Inflation fell on Monday", "monday", True),
        ("Die Inflation fiel im März", "marz", True),
        ("Инфляция снизилась в мае", "мае", True),
    ],
)
def test_months_and_weekdays_are_told(text: str, word: str, calendar: bool):  # noqa: FBT001 - a table's cell
    prepared = prepare_text(text)
    (at,) = [i for i in range(len(prepared.tokens)) if prepared.spelling(i) == word]
    assert bool(prepared.tokens["flags"][at] & Flag.CALENDAR) is calendar


def meanings(text: str) -> set[int]:
    return {c for own in prepare_text(text).tokens["concepts"].tolist() for c in own} - {0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shares of the mill plunge", "Stock of the mill tumbles"),
        ("The PM visits Odlin", "Prime minister visits Odlin"),
        ("The Fed lifts its rate", "Federal Reserve lifts its rate"),
        ("Aktien der Mühle brechen ein", "Aktien der Mühle stürzen ab"),
    ],
)
def test_words_of_one_meaning(one: str, other: str):
    assert meanings(one) & meanings(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Profit of the mill rises", "Profit of the mill falls"),
        ("The museum opens today", "The museum closes today"),
        ("Court accepts the appeal", "Court rejects the appeal"),
        ("Die Zinsen steigen wieder", "Die Zinsen sinken wieder"),
        ("Цены на хлеб растут", "Цены на хлеб падают"),
    ],
)
def test_opposites_stand_on_two_sides_of_one_line(one: str, other: str):
    sides = {c for c in meanings(one) if c >= Meaning.FIRST_OPPOSITE}
    assert {c ^ 1 for c in sides} & meanings(other)


def test_examples_are_there_in_all_languages():
    found = {path.stem.split("-")[1] for path in EXAMPLES.glob("pairs-*.tsv")}
    assert {*LANGUAGES} <= found
