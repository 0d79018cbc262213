"""Decode input that is not UTF-8, and name the encoding that bytes are likely in."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The mark of UTF-32 begins with that of UTF-16, so it comes first.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LONGEST_MARK = 4
SAMPLE = 4000

HAN = "的一是在不了有和人中大上个国我以他到作地于出就分成可主年新市日月公司北京美部"
KANA = "のにはをたがでてとしれさあいうもなかりんるっらくコーンスリイトルラアクタレ"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding by Python's name and iconv's, and what is usual in the languages written in it.

    ``leads`` are the first bytes of common characters of two bytes, empty for an alphabet.
    ``latin``: its letters occur in words beside those of ASCII. ``head`` is added to the log-odds
    of an encoding that is much more common than others.
    """

    name: str
    iconv: str
    frequent: frozenset[str]
    leads: tuple[range, ...] = ()
    latin: bool = False
    head: float = 0.0


CANDIDATES = (
    Candidate("cp1252", "WINDOWS-1252", frozenset("éèàçäöüßñóáíúÉÄÖÜâêîôûëïùåæøãõ’‘“”–—…«»€£"), latin=True, head=1.5),
    Candidate("cp1250", "WINDOWS-1250", frozenset("ąćęłńóśźżŁŚŻáčďéěíňřšťúůýžŠČŘŽőűăâîşţșț„”–"), latin=True),
    Candidate("cp1254", "WINDOWS-1254", frozenset("ığşçöüİĞŞÇÖÜâ’“”"), latin=True),
    Candidate("cp1255", "WINDOWS-1255", frozenset("יוהלאתמרבשנםדקעחפסצכטגזןךףץ")),
    Candidate("cp1251", "WINDOWS-1251", frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэОЕАИНТСРВЛКМДПУЗБГ«»—іїєґ")),
    Candidate("koi8_r", "KOI8-R", frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэОЕАИНТСРВЛКМДПУЗБГ")),
    Candidate("cp1253", "WINDOWS-1253", frozenset("αοιετσνηυρπκλμςωάίόέήώύγδθχβφξζψΑΟΙΕΤΣΝΗΠΚΜΔ")),
    Candidate("cp1256", "WINDOWS-1256", frozenset("اليمونرتبةعدسفهكقأحجشصطخذضثئغظىإءآ،")),
    Candidate("cp874", "WINDOWS-874", frozenset("านรอกเงมยลวดทสตะปบคหแจพชขใไโผซถธศษ่้็ัิีุู")),
    Candidate("cp949", "CP949", frozenset("이다의는가에을를은지사고하기한로도대인자시서정일리나아해부전보으국제상주신장"), (range(0xB0, 0xC9),)),
    Candidate("gb18030", "GB18030", frozenset(HAN), (range(0xB0, 0xD8),)),
    Candidate("big5", "BIG5", frozenset(HAN), (range(0xA4, 0xC7),)),
    Candidate("cp932", "SHIFT_JIS", frozenset(KANA), (range(0x82, 0x84), range(0x88, 0x98))),
    Candidate("euc_jp", "EUC-JP", frozenset(KANA), (range(0xA4, 0xA6), range(0xB0, 0xD0))),
)  # fmt: skip
OFTEN, SELDOM = log(1 / 40), log(1 / 1000)
"""The chance of a frequent character of an alphabet, and of another one."""
OFTEN_WIDE, COMMON_WIDE, SELDOM_WIDE = log(1 / 150), log(1 / 5000), log(1e-7)
"""The chances of characters of two bytes, of which thousands are common."""
MIXED = log(1 / 50)
"""The chance of a letter of another script beside one of ASCII in a word."""


def decode_input(
    pieces: Iterable[bytes], head: bytes, encoding: str | None
) -> tuple[Iterable[bytes], str | None]:
    """Return pieces of input as UTF-8 without a byte order mark, and the encoding they were in.

    ``head`` is how they begin; the encoding is ``encoding``, else that of a UTF-16 or UTF-32 mark,
    else None for UTF-8. Bytes that cannot be decoded become bytes that are not UTF-8.
    """
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    found = encoding or marked
    if found is None or codecs.lookup(found).name == "utf-8":
        return drop_mark(pieces), None
    return drop_mark(recode(pieces, found)), found


def drop_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pass pieces on without the byte order mark of UTF-8."""
    begun = b""
    pieces = iter(pieces)
    for piece in pieces:
        begun += piece
        if len(begun) >= len(BYTE_ORDER_MARK):
            break
    yield begun.removeprefix(BYTE_ORDER_MARK)
    yield from pieces


def recode(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Pass pieces on as UTF-8; a lone surrogate is encoded as such, which is not UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)(MARK_UNDECODABLE)
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Return a lone surrogate for bytes that cannot be decoded, and where to go on.

    The handlers of Python that keep the bytes fail on those of UTF-16 that are ASCII.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80", error.end


MARK_UNDECODABLE = "dedupe.mark_undecodable"
codecs.register_error(MARK_UNDECODABLE, mark_undecodable)


def utf8_problem(raw: bytes, encoding: str | None = None) -> str:
    """Return why a line is not UTF-8, with the likely encoding; ``""`` where it is.

    ``encoding`` is the one that it was decoded from.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        if encoding:
            return f"not {encoding}; --encoding may name another one"
        return f"invalid UTF-8 at byte {bad.start + 1}{encoding_hint(raw)}"
    return ""


def encoding_hint(raw: bytes) -> str:
    """Return how to read bytes in the encoding that they are likely in; ``""`` if unknown."""
    likely = likely_encoding(raw)
    if likely is None:
        return ""
    name, iconv = likely
    return f"; it looks like {iconv}: --encoding {name}, or iconv -f {iconv} -t UTF-8"


def likely_encoding(raw: bytes) -> tuple[str, str] | None:
    """Return the encoding that makes bytes most likely, by Python's name and iconv's.

    None where there is no encoding in which most characters beyond ASCII would be usual ones.
    """
    best, found = -inf, None
    for candidate in CANDIDATES:
        text = decode_sample(raw[:SAMPLE], candidate.name)
        score = log_likelihood(text, candidate) if text else -inf
        if score > best:
            best, found = score, (candidate.name, candidate.iconv)
    return found


def decode_sample(raw: bytes, encoding: str) -> str:
    """Return bytes as text, without a character that is cut at the end; ``""`` if they cannot be decoded."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as bad:
        cut = bad.start > 0 and bad.start > len(raw) - LONGEST_MARK and len(raw) == SAMPLE
        return raw[: bad.start].decode(encoding) if cut else ""


def log_likelihood(text: str, candidate: Candidate) -> float:
    """Return the log of how likely the characters beyond ASCII are, in an encoding."""
    total = candidate.head
    usual = 0
    beyond = [(at, character) for at, character in enumerate(text) if not character.isascii()]
    for at, character in beyond:
        is_frequent = character in candidate.frequent
        if candidate.leads:
            lead = character.encode(candidate.name)
            is_common = len(lead) > 1 and any(lead[0] in some for some in candidate.leads)
            total += OFTEN_WIDE if is_frequent else COMMON_WIDE if is_common else SELDOM_WIDE
            usual += is_frequent or is_common
            continue
        usual += is_frequent
        total += OFTEN if is_frequent else SELDOM
        neighbours = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
        if not candidate.latin and any(c.isascii() and c.isalpha() for c in neighbours):
            total += MIXED
    return total if 2 * usual > len(beyond) else -inf
