"""An article page is taken apart by the rules that dedupe.io.article_split declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from dedupe.errors import InputError
from dedupe.io.article_split import Block, split_article

FIXTURES = Path(__file__).parent.parent / "fixtures"
SEED = Path(__file__).parent.parent.parent / "shared" / "data" / "seed-article.txt"

H, L, P = "headline", "lede", "paragraph"

PAGES = {
    "empty": ("", []),
    "only blank lines": ("\n \r\n\t\n", []),
    "one line": ("Old Lamp Stays Lit", [(H, "Old Lamp Stays Lit")]),
    "first line in sentence case": (
        "Council keeps the old lamp lit\n\nIt will burn on.",
        [(H, "Council keeps the old lamp lit"), (L, "It will burn on.")],
    ),
    "first line a sentence": (
        "The council met on Monday.\n\nIt was late.",
        [(P, "The council met on Monday."), (P, "It was late.")],
    ),
    "repeated line in sentence case": (
        "Pell Courier\n\nIt rains.\n\nCouncil keeps the old lamp\n\nCouncil keeps the old lamp",
        [(H, "Pell Courier"), (L, "It rains."), *[(H, "Council keeps the old lamp")] * 2],
    ),
    "copies that differ in case and quotes": (
        "Start Here\n\nthe \u2018old\u2019 lamp was saved\n\nThe 'Old' Lamp was saved",
        [
            (H, "Start Here"),
            (H, "the \u2018old\u2019 lamp was saved"),
            (H, "The 'Old' Lamp was saved"),
        ],
    ),
    "unrepeated line in sentence case": (
        "Old Lamp Stays\n\nphotograph of the old lamp by the sea",
        [(H, "Old Lamp Stays"), (P, "photograph of the old lamp by the sea")],
    ),
    "caption before the lede": (
        "Old Lamp Stays\n\nthe lamp in winter\n\nIt will burn on.\n\nIt is old.",
        [
            (H, "Old Lamp Stays"),
            (P, "the lamp in winter"),
            (L, "It will burn on."),
            (P, "It is old."),
        ],
    ),
    "full stop inside quotes": (
        "Old Lamp Stays\n\nShe Said \u201cIt Stays.\u201d",
        [(H, "Old Lamp Stays"), (L, "She Said \u201cIt Stays.\u201d")],
    ),
    "headline ends in an abbreviation": (
        "Lamp Bulb Comes From The U.S.\n\nIt came by sea.",
        [(H, "Lamp Bulb Comes From The U.S."), (L, "It came by sea.")],
    ),
    "headline asks": ("Who Pays?\n\nWe do.", [(H, "Who Pays?"), (L, "We do.")]),
    "truncated headline": (
        "Old Lamp Stays Lit At Pell ...",
        [(H, "Old Lamp Stays Lit At Pell ...")],
    ),
    "too long for a headline": ("Lamp " * 60, [(P, ("Lamp " * 60).strip())]),
    "figures count as capitals": ("40 Lamps, 212 Steps", [(H, "40 Lamps, 212 Steps")]),
    "lede told again with a clause more": (
        (
            "Old Lamp Stays\n\nThe lamp at the point will stay lit.\n\nIt is old.\n\n"
            "The lamp at the point will stay lit, the Courier reported."
        ),
        [
            (H, "Old Lamp Stays"),
            (L, "The lamp at the point will stay lit."),
            (P, "It is old."),
            (L, "The lamp at the point will stay lit, the Courier reported."),
        ],
    ),
    "lede told again with a clause in front": (
        (
            "Old Lamp Stays\n\nThe lamp at the point will stay lit for good.\n\n"
            "On Monday the lamp at the point will stay lit for good."
        ),
        [
            (H, "Old Lamp Stays"),
            (L, "The lamp at the point will stay lit for good."),
            (L, "On Monday the lamp at the point will stay lit for good."),
        ],
    ),
    "short lede inside a long paragraph": (
        "Old Lamp Stays\n\nThe lamp stays.\n\nThe council found that the lamp stays if all agree.",
        [
            (H, "Old Lamp Stays"),
            (L, "The lamp stays."),
            (P, "The council found that the lamp stays if all agree."),
        ],
    ),
    "wrapped paragraph": (
        "Old Lamp Stays\n\nThe lamp at the\npoint will stay\nlit.",
        [(H, "Old Lamp Stays"), (L, "The lamp at the point will stay lit.")],
    ),
    "wrapped paragraph that begins with names": (
        "Oona Verhagen And Jan Pell\nmet at the lamp.",
        [(P, "Oona Verhagen And Jan Pell met at the lamp.")],
    ),
    "related stories at the foot": (
        "Ferry Tolls Rise\nThey rise by ten pence.\nBulb Found In School\nIt was in a cupboard.",
        [
            (H, "Ferry Tolls Rise"),
            (L, "They rise by ten pence."),
            (H, "Bulb Found In School"),
            (L, "It was in a cupboard."),
        ],
    ),
    "related headlines without teasers": (
        "Ferry Tolls Rise\nBulb Found In School",
        [(H, "Ferry Tolls Rise"), (H, "Bulb Found In School")],
    ),
    "carriage returns": (
        "Old Lamp Stays\r\n\r\nIt will burn on.\r\n",
        [(H, "Old Lamp Stays"), (L, "It will burn on.")],
    ),
    "line separators are no line ends": (
        "Old Lamp\u2028Stays\n\nIt burns on.",
        [(H, "Old Lamp\u2028Stays"), (L, "It burns on.")],
    ),
    "byte order mark": ("\ufeffOld Lamp Stays", [(H, "Old Lamp Stays")]),
    "a script without capitals": (
        (
            "\u65e7\u706f\u5854\u5c06\u7ee7\u7eed\u4eae\u7740\n\n"
            "\u8bae\u4f1a\u5468\u4e00\u51b3\u5b9a\u7559\u4e0b\u5b83\u3002"
        ),
        [
            (H, "\u65e7\u706f\u5854\u5c06\u7ee7\u7eed\u4eae\u7740"),
            (L, "\u8bae\u4f1a\u5468\u4e00\u51b3\u5b9a\u7559\u4e0b\u5b83\u3002"),
        ],
    ),
}


@pytest.mark.parametrize(("page", "expected"), PAGES.values(), ids=PAGES)
def test_page(page: str, expected: list[tuple[str, str]]):
    blocks = split_article("page.txt", page.encode())
    assert [(block.role, block.text) for block in blocks] == expected
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))


def test_record_has_an_id_of_its_own():
    assert Block("page.txt", 3, "lede", "It burns on.").record == {
        "id": "page.txt#3",
        "article": "page.txt",
        "block": 3,
        "role": "lede",
        "text": "It burns on.",
    }


@pytest.mark.parametrize(
    ("data", "line", "byte"),
    [(b"\xff", 1, 1), (b"Old Lamp\n\nab\xe9cd\n", 3, 3), (b"Old\n\xe2\x82", 2, 1)],
)
def test_invalid_utf8_is_placed(data: bytes, line: int, byte: int):
    with pytest.raises(InputError) as caught:
        split_article("page.txt", data)
    assert str(caught.value) == f"page.txt:{line}: invalid UTF-8 at byte {byte}"


ROLES = {
    FIXTURES / "article.txt": [H, L, H, L, L, P, P, P, P, P, H, H, L, H, L, H, L],
    SEED: [H, L, H, L, L, P, P, P, P, P, P, P, P, H, H, L, H, L, H, L],
}


@pytest.mark.parametrize(("page", "roles"), ROLES.items(), ids=["fixture", "seed"])
def test_roles_of_a_whole_page(page: Path, roles: list[str]):
    if not page.exists():
        pytest.skip("the evaluation data is not part of the project")
    assert [block.role for block in split_article(page.name, page.read_bytes())] == roles


def test_many_stories_take_linear_time():
    page = "".join(
        f"Story Number {n}\n\nIt says {n} and {n + 1} and {n + 2}.\n\n" for n in range(20_000)
    )
    blocks = split_article("page.txt", page.encode())
    assert sum(block.role == L for block in blocks) == 20_000
