"""The settings that tell how input is read, beside the names of its fields."""

from __future__ import annotations

from datetime import UTC, datetime

from dedupe.config_values import Setting, shortened

SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
DELIMITER_NAMES = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
SAME_KEYS = ("id", "url")
SOME_DAY = datetime(2004, 12, 31, 23, 58, 59, tzinfo=UTC)


def parse_switch(text: str) -> bool:
    """Read yes or no; raises ValueError."""
    found = SWITCHES.get(text.strip().lower())
    if found is None:
        raise ValueError(f"must be true or false, got {shortened(text)}")
    return found


def parse_encoding(text: str) -> str:
    """Read the name of a character encoding that Python knows; raises ValueError."""
    try:
        b" ".decode(text, "ignore")  # also refuses what does not decode to text, as base64
    except (LookupError, ValueError):
        raise ValueError(
            f"must be an encoding such as cp1252, cp949 or gb18030, got {shortened(text)}"
        ) from None
    return text


def parse_delimiter(text: str) -> str:
    """Read one character, or the name of one; raises ValueError."""
    found = DELIMITER_NAMES.get(text.lower(), text)
    if len(found) != 1 or found in '"\r\n\\' or not found.isascii():
        raise ValueError(f"must be one character such as ';', '|' or tab, got {shortened(text)}")
    return found


def parse_date_format(text: str) -> str:
    """Read a format as strptime takes it; raises ValueError."""
    try:
        told = datetime.strptime(SOME_DAY.strftime(text), text)  # noqa: DTZ007 - compared as a day
    except (ValueError, IndexError):
        raise ValueError(f"must be a format such as %d/%m/%Y, got {shortened(text)}") from None
    if (told.month, told.day) != (SOME_DAY.month, SOME_DAY.day):
        raise ValueError(f"must name a day, as %d/%m/%Y does, got {shortened(text)}")
    return text


def parse_same(text: str) -> str:
    """Read ``id`` or ``url``; raises ValueError."""
    if text not in SAME_KEYS:
        raise ValueError(f"must be id or url, got {shortened(text)}")
    return text


READING_SETTINGS = (
    Setting(
        "encoding",
        parse_encoding,
        None,
        "NAME",
        "Character encoding of the input. A name such as cp1252, cp949 or gb18030; the output is "
        "UTF-8. Default: UTF-8, or UTF-16 and UTF-32 with a byte order mark.",
    ),
    Setting(
        "delimiter",
        parse_delimiter,
        None,
        "CHAR",
        "Character between the cells of CSV. A character such as ';' or '|', or the word tab. "
        "Default: found in the header.",
    ),
    Setting(
        "no_header",
        parse_switch,
        False,  # noqa: FBT003 - a default
        "BOOL",
        "Read the first row of CSV as a record. Columns are named 1, 2, 3. Default: it is a "
        "header.",
        switch=True,
    ),
    Setting(
        "csv_escape",
        parse_switch,
        False,  # noqa: FBT003 - a default
        "BOOL",
        r"A backslash in CSV escapes the next character. \" is then a quote. Default: a "
        "backslash is a character like others.",
        switch=True,
    ),
    Setting(
        "date_format",
        parse_date_format,
        None,
        "FORMAT",
        "Format of dates, such as %d/%m/%Y. Written as for strptime. Default: the usual formats, "
        "see docs/inputs.md.",
    ),
    Setting(
        "same",
        parse_same,
        (),
        "id|url",
        "Join records with the same id or url. Their texts do not matter; tracking parameters of a "
        "url are ignored. Repeat for both.",
        many=True,
    ),
)
"""Each with its place in the help, as in :data:`dedupe.config.SETTINGS`."""
