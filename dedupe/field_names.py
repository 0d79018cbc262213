"""The names of columns that are read by default: headlines, ledes, dates, outlets and ids.

Names are compared without regard to case, spaces, hyphens and underscores, so that ``pub_date``,
``pubDate`` and ``Pub Date`` are one name. A dot reaches into an object. Names in other languages
follow; ``data``, a date in several of them, is not one, because it often has another meaning.
"""

from __future__ import annotations

from functools import lru_cache

HEADLINES = (
    "title", "title.rendered", "headline", "headline.main", "text", "webTitle", "heading",
    "titel", "überschrift", "ueberschrift", "schlagzeile", "titre", "título", "titulo",
    "titular", "titolo", "tytuł", "nagłówek", "заголовок", "başlık", "标题", "標題", "タイトル",
    "見出し", "제목", "العنوان", "शीर्षक",
    "subject", "name",
)  # fmt: skip
LEDES = (
    "lede", "summary", "description", "abstract", "snippet", "teaser", "standfirst", "dek",
    "vorspann", "zusammenfassung", "beschreibung", "chapô", "chapo", "résumé",
    "entradilla", "bajada", "copete", "resumen", "descripción", "sommario", "occhiello",
    "descrizione", "resumo", "linha_fina", "samenvatting", "zajawka", "аннотация",
    "özet", "摘要", "概要", "要約", "요약",
    "content", "body",
)  # fmt: skip
DATES = (
    "published", "published_at", "date", "datetime", "time", "pub_date", "publish_date",
    "date_published", "publication_date", "published_date", "first_published",
    "web_publication_date", "iso_date", "published_parsed", "seendate", "timestamp", "created",
    "created_at", "created_utc", "updated", "updated_at",
    "datum", "veröffentlicht", "erscheinungsdatum", "date_de_publication",
    "date_publication", "fecha", "fecha_publicación", "fecha_de_publicación",
    "data_pubblicazione", "data_publicação", "data_de_publicação", "data_publikacji",
    "дата", "tarih", "日期", "发布时间", "日付", "公開日", "날짜", "일자", "التاريخ",
)  # fmt: skip
SOURCES = (
    "source", "source.name", "source.title", "source_name", "outlet", "outlet.name", "publisher",
    "publisher.name", "site_name", "media_name", "domain", "site", "site.name", "feed",
    "feed.title", "author.feed",
    "quelle", "fuente", "medio", "fonte", "bron", "źródło", "источник", "джерело",
    "kaynak", "来源", "來源", "媒体", "출처", "언론사", "المصدر",
)  # fmt: skip
IDS = ("id", "guid", "url", "link")
URLS = ("url", "link", "web_url", "guid")
"""Where the address of a page stands; its host is the outlet of a record that names none."""

LONG_TEXTS = ("content", "body")
LONGEST_LEDE = 512
"""The number of characters of a whole article that are compared."""

SURE_HEADLINES = HEADLINES[: HEADLINES.index("subject")]
"""Names that hardly anything but a headline goes by."""


@lru_cache(maxsize=1 << 12)
def plain_name(name: str) -> str:
    """Return the form of a name by which names are compared.

    >>> plain_name("Pub Date") == plain_name("pubDate") == plain_name("pub_date")
    True
    """
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
