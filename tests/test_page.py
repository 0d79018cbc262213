"""``dedupe report``: the page as bytes, beside ``--stats``, and in a real browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from browser import NARROW, Browser
from commandline import FIXTURES, dedupe
from corpora import run_of, story
from terminal import Terminal

from dedupe.reports.html.data import count_by_day, time_unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = '</script><script>alert("x")</script> & <b>\x1b[2J\u202etolls'
STORIES = [
    {"id": "e1", "title": f"{EVIL} rise by ten pence at Odlin Bay", "source": "<i>Wire</i>"},
    {"id": "e2", "title": f"{EVIL} rise by 10 pence at Odlin Bay", "source": "<i>Wire</i>"},
    {"id": "s1", "title": "Old lighthouse at Pell Point to stay lit for fifty more years"},
    {"id": "s2", "title": "UPDATE 1-Old lighthouse at Pell Point to stay lit for 50 more years"},
    {"id": "w", "title": "Wheat rises on fears of a dry spring", "published": "2026-03-01"},
]
TOTALS = ("records", "unique", "duplicates", "clusters", "largest_cluster", "weakest_link")


def written(folder: Path, *options: str, stories=STORIES) -> str:
    """The page of some stories."""
    lines = "".join(json.dumps(story) + "\n" for story in stories)
    (folder / "in.jsonl").write_text(lines)
    done = dedupe("report", "-q", *options, "-o", "page.html", "in.jsonl", folder=folder)
    assert done.code == 0, done.err
    return (folder / "page.html").read_text("utf-8")


class Addresses(HTMLParser):
    """Collects where a page leads, and the tags that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_what_a_headline_holds_stays_text(tmp_path: Path):
    page = written(tmp_path, "--title", EVIL)
    seen = Addresses(page)
    assert seen.tags.count("script") == 2, "the data and the code, and no more"
    assert not {"b", "i"} & set(seen.tags)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_needs_no_network(tmp_path: Path):
    assert not [address for address in Addresses(written(tmp_path)).found if "//" in address]
    assert "@import" not in (page := written(tmp_path))
    assert "default-src 'none'" in page


def test_equal_input_gives_equal_bytes(tmp_path: Path):
    assert written(tmp_path) == written(tmp_path)


def test_all_that_tells_figures_tells_the_same(tmp_path: Path):
    source = str(FIXTURES / "stories.jsonl")
    done = dedupe("report", "--stats", "s.json", "-o", "page.html", source, folder=tmp_path)
    stats = json.loads((tmp_path / "s.json").read_text())
    page = (tmp_path / "page.html").read_text("utf-8")
    for name in TOTALS:
        assert re.search(rf'value="{re.escape(str(stats[name]))}"', page), name
        assert f'id="run-{name}" value="{stats[name]}"' in page
    told = re.search(r"dedupe: ([\d,]+) records, ([\d,]+) unique, ([\d,]+) clusters", done.err)
    assert told is not None
    assert [int(n.replace(",", "")) for n in told.groups()] == [
        stats[name] for name in ("records", "unique", "clusters")
    ]


@pytest.mark.parametrize("stories", [[], STORIES[-1:]], ids=["no records", "no duplicates"])
def test_there_may_be_nothing_to_show(tmp_path: Path, stories):
    page = written(tmp_path, stories=stories)
    assert f'id="run-records" value="{len(stories)}"' in page
    assert 'id="run-clusters" value="0"' in page


def test_a_title_of_ones_own(tmp_path: Path):
    assert "<title>Week 10</title>" in written(tmp_path, "--title", "Week 10")
    assert "<title>Duplicates in in.jsonl</title>" in written(tmp_path)


def test_a_terminal_is_no_place_for_a_page(tmp_path: Path):
    (tmp_path / "in.jsonl").write_text('{"title":"a"}\n')
    with Terminal("report", "in.jsonl", folder=tmp_path) as screen:
        assert screen.end() == 2
        assert "name a file, as in -o report.html" in screen.text


def test_days_without_stories_keep_their_place():
    told = [story(n, f"Ferry number {n} is late", "", "", hours) for n, hours in ((0, 0), (1, 72))]
    rows = count_by_day(*(getattr(run_of(told), name) for name in ("corpus", "clustering")))
    assert [(row.records, row.duplicates) for row in rows] == [(1, 0), (0, 0), (0, 0), (1, 0)]
    assert time_unit(rows) == "day"


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    source = str(FIXTURES / "stories.jsonl")
    assert dedupe("report", "-q", "-o", "page.html", source, folder=folder).code == 0
    return folder / "page.html"


HEADS = "[...document.querySelectorAll('#clusters > li')].map((item) => item.textContent)"


def test_every_cluster_is_there_and_nothing_complains(browser: Browser, shipped: Path):
    browser.open(shipped)
    clusters = int(browser.run("document.getElementById('run-clusters').value"))
    assert len(browser.run(HEADS)) == clusters > 5
    assert browser.run("document.querySelectorAll('#clusters mark').length") > 0
    assert browser.complaints() == []


def test_search_finds_and_escape_clears(browser: Browser, shipped: Path):
    browser.open(shipped)
    everything = browser.run(HEADS)
    browser.press("/")
    assert browser.run("document.activeElement.id") == "q"
    browser.type("comet")
    browser.wait(f"{HEADS}.length < {len(everything)}")
    found = browser.run(HEADS)
    assert found
    assert all("omet" in text for text in found)
    browser.press("Escape")
    browser.wait(f"{HEADS}.length === {len(everything)}")


def test_a_search_may_find_nothing(browser: Browser, shipped: Path):
    browser.open(shipped)
    browser.press("/")
    browser.type("zzyzx")
    browser.wait(f"{HEADS}.length === 0")
    assert "No cluster" in browser.run("document.getElementById('status').textContent")


def test_sorting_changes_the_order_alone(browser: Browser, shipped: Path):
    browser.open(shipped)
    before = browser.run(HEADS)
    browser.run(
        "(() => { const sort = document.getElementById('sort'); sort.value = 'text';"
        " sort.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    browser.wait(f"JSON.stringify({HEADS}) !== {json.dumps(json.dumps(before))}")
    assert len(browser.run(HEADS)) == len(before)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_telephone_in_both_themes(browser: Browser, shipped: Path, theme, tmp_path):
    browser.resize(*NARROW)
    browser.theme(theme)
    browser.open(shipped)
    assert browser.run("document.documentElement.scrollWidth") <= NARROW[0]
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    shade = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert (shade < 80) == (theme == "dark")
    assert browser.screenshot(tmp_path / "shot.png").startswith(b"\x89PNG")


def test_it_prints(browser: Browser, shipped: Path, tmp_path: Path):
    browser.open(shipped)
    assert browser.print(tmp_path / "page.pdf").startswith(b"%PDF")


def test_an_evil_page_runs_nothing(browser: Browser, tmp_path: Path):
    written(tmp_path)
    browser.open(tmp_path / "page.html")
    assert any("</script>" in text for text in browser.run(HEADS))
    assert browser.complaints() == []


@pytest.mark.parametrize("fragment", ["#q=100%", "#%", "#run", "#c-nothing"])
def test_no_address_stops_the_list(browser: Browser, shipped: Path, fragment: str):
    browser.open(shipped, fragment)
    assert browser.run("document.documentElement.dataset.ready") == "yes"
    browser.press("/")
    browser.run("document.getElementById('q').select()")
    browser.type("comet")
    browser.wait(f"{HEADS}.length > 0 && {HEADS}.every((text) => text.includes('omet'))")


def test_a_character_of_two_units_may_stand_anywhere(browser: Browser, tmp_path: Path):
    title = "\u57ce" * 59 + "\U0001f409" * 3
    twice = [{"id": str(n), "title": title, "source": f"s{n}"} for n in range(2)]
    written(tmp_path, stories=twice)
    browser.open(tmp_path / "page.html")
    assert len(browser.run(HEADS)) == 1
    assert browser.complaints() == []
