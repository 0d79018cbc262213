"""Every reporter: the same findings, harmless and hostile, and what reads its format."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from dedupe.gate.models import Finding, Findings, Limits, SourceLocation, StaleEntry
from dedupe.reports import FORMATS, reporter
from dedupe.reports.ci import MAX_ANNOTATIONS as ANNOTATIONS
from dedupe.reports.format import one_line, reason_fields

SCHEMAS = Path(__file__).parent / "schemas"
SARIF = jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text()))
JUNIT = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
MIB = 1 << 20

HOSTILE = {
    "terminal": "Lamp \x1b[2J\x1b]0;title\x07 stays\x9b31m",
    "lines": "Lamp\r\nstays\n::error::no\u2028lit",
    "command": "::stop-commands::x",
    "old command": "##[set-output name=a]b",
    "percent": "Prices up 50%, wages: 3%0A",
    "markup": "</failure>]]><script>alert('&\"')</script>",
    "markdown": "a|b `c` *d* [e](http://f) ![g](h) <img src=x> $x$ #1 @all ~~i~~",
    "bidi": "Lamp \u202estays\u2066 lit\u200b",
    "nul": "Lamp\x00stays\ufffe lit\x0b",
    "nothing": "",
    "long": "Lamp " * 10_000,
    "surrogate": "Lamp \udc80 stays",
    "letters": "城南水库大坝 café 🚢 \U0001f468\u200d\U0001f469",
}


def finding(number: int, text: str = "Old lamp stays lit", path: str = "data/b.jsonl") -> Finding:
    return Finding(
        duplicate=SourceLocation(path, 14 + number, "b", text),
        original=SourceLocation("data/a.jsonl", 3, "a", text),
        score=0.9376,
        reason="title 0.96",
        cluster="24c469a2cf6a30f1",
        fingerprint=f"d699d1d4e6b2{number:04x}",
    )


def findings(*found: Finding, failed: bool = True, **given: object) -> Findings:
    whole = Findings(
        found=found,
        files=(("data/a.jsonl", 30), ("data/b.jsonl", 20)),
        corpus=0,
        clusters=min(len(found), 1),
        largest=min(len(found), 1) + 1,
        accepted=0,
        stale=(),
        limits=Limits(),
        exceeded=("1 duplicate, none allowed",) if failed and found else (),
    )
    return replace(whole, **given)


def report(form: str, held: Findings) -> str:
    return "".join(reporter(form)(held))


def test_text():
    assert report("text", findings(finding(0))) == (
        "data/b.jsonl:14: duplicate of data/a.jsonl:3 (0.94, title): Old lamp stays lit\n"
        "50 records, 1 duplicate in 1 cluster: failed (1 duplicate, none allowed)\n"
    )


def test_a_likeness_at_second_hand_names_its_way():
    place = SourceLocation("data/b.jsonl", 9, "c", "Old lamp")
    held = findings(replace(finding(0), score=0.02, through=place))
    told = "duplicate of data/a.jsonl:3 (0.02, title; through data/b.jsonl:9): Old lamp"
    assert told in report("text", held)
    assert "0.02, title; through data/b.jsonl:9 |" in report("markdown", held)
    (fact,) = json.loads(report("json", held))["findings"]
    assert fact["through"] == {"path": "data/b.jsonl", "line": 9, "id": "c", "text": "Old lamp"}


SUMMARIES = {
    "50 records, no duplicates: passed": findings(),
    "50 records, 1 duplicate in 1 cluster: passed, within the limits": findings(
        finding(0), failed=False
    ),
    "50 records, no new duplicates, 1,234 accepted: passed": findings(accepted=1234),
    "50 records, no duplicates, held against 9,000: passed": findings(corpus=9000),
}


@pytest.mark.parametrize(("line", "held"), SUMMARIES.items())
def test_summary(line: str, held: Findings):
    assert report("text", held).splitlines()[-1] == line


@pytest.mark.parametrize("form", ["text", "github", "markdown"])
def test_a_stale_entry_is_told(form: str):
    stale = StaleEntry("24c469a2cf6a30f1", "Old lamp stays lit", 2, 1)
    told = "stale baseline entry 24c469a2cf6a30f1 (1 of 2 duplicates gone): Old lamp stays lit"
    assert told in report(form, findings(stale=(stale,)))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("title 0.96", "title"),
        ("title 0.87 lede 0.93", "title and lede"),
        ("title|headline 1.00", "title|headline"),
        ("body text 0.50", "body text"),
        ("exact", "exact"),
        ("linked", "linked"),
    ],
)
def test_grounds(reason: str, words: str):
    assert reason_fields(reason) == words


def steers(text: str) -> set[str]:
    """The characters of a text that a terminal or a reader would obey."""
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if unicodedata.category(c) in unsafe} - set("\n\u200c\u200d")


@given(st.text(), st.integers(2, 300))
def test_safe_text_is_one_short_harmless_line(text: str, most: int):
    shown = one_line(text, most)
    assert not steers(shown)
    assert "\n" not in shown
    assert len(shown) <= most * len("\\U0010ffff")


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=200))
def test_safe_text_keeps_what_is_harmless(text: str):
    assert one_line(text) == text


TERMINAL_FORMATS = ("text", "github", "markdown", "junit")


@pytest.mark.parametrize("form", TERMINAL_FORMATS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_steers_a_terminal(form: str, text: str):
    shown = report(form, findings(finding(0, text), finding(1, path=f"data/{text}"[:99]))
                   if form != "junit" else findings(finding(0, text)))  # fmt: skip
    assert not steers(shown)
    assert len(shown) < 4000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_has_a_line_a_finding(text: str):
    assert report("text", findings(finding(0, text), finding(1, text))).count("\n") == 3


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_holds_texts_whole(text: str):
    (held,) = json.loads(report("json", findings(finding(0, text))))["findings"]
    assert held["text"] == held["original"]["text"] == text
    assert (held["path"], held["line"], held["score"]) == ("data/b.jsonl", 14, 0.9376)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_figures(count: int):
    held = json.loads(report("json", findings(*map(finding, range(count)), accepted=2)))
    assert (held["passed"], held["duplicates"]) == (count == 0, count)
    assert len(held["findings"]) == count
    assert (held["records"], held["accepted"]) == (50, 2)
    assert held["limits"] == {"max_duplicates": None, "max_rate": None, "max_cluster": None}


COMMAND = re.compile(r"^::(error|warning|notice) ([^:]*)::(.*)$")


def annotations(held: Findings) -> list[tuple[str, str, str]]:
    """The workflow commands that a runner would carry out; it stops where it is told to."""
    found = []
    end = None
    for line in report("github", held).splitlines():
        if end is None and line.startswith("::stop-commands::"):
            end = f"::{line.removeprefix('::stop-commands::')}::"
        elif line == end:
            end = None
        elif end is None:
            match = COMMAND.match(line)
            assert match, line
            found.append(match.groups())
    assert end is None
    return found


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_github_carries_out_our_commands_alone(text: str):
    ((level, properties, message),) = annotations(findings(finding(0, text)))
    assert level == "error"
    assert properties == "file=data/b.jsonl,line=14,title=Duplicate headline"
    assert message.startswith("duplicate of data/a.jsonl:3 (0.94, title): ")
    assert re.sub("%(25|0A)", "", message).count("%") == 0


def test_github_escapes_a_path():
    ((_, properties, _),) = annotations(findings(finding(0, path="a:b,c%.jsonl")))
    assert properties == "file=a%3Ab%2Cc%25.jsonl,line=14,title=Duplicate headline"


def test_github_names_no_file_for_standard_input():
    ((_, properties, _),) = annotations(findings(finding(0, path="<stdin>")))
    assert properties == "title=Duplicate headline"


def test_github_shows_ten_and_tells_of_the_others():
    held = findings(*map(finding, range(14)))
    told = annotations(held)
    assert [level for level, _, _ in told] == ["error"] * ANNOTATIONS + ["notice"]
    assert "4 more duplicates" in told[-1][2]
    assert report("text", held) in report("github", held)


def test_github_warns_of_what_is_within_the_limits():
    assert [level for level, *_ in annotations(findings(finding(0), failed=False))] == ["warning"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_sarif_is_valid(text: str):
    log = json.loads(
        report("sarif", findings(finding(0, text), finding(1, path=text or "a b.csv")))
    )
    SARIF.validate(log)
    results = log["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {"duplicate-headline"}
    (place,) = results[0]["locations"]
    (other,) = results[0]["relatedLocations"]
    assert place["physicalLocation"]["region"] == {"startLine": 14}
    assert other["physicalLocation"]["artifactLocation"]["uri"] == "data/a.jsonl"
    assert not re.search(r"\]\(", results[0]["message"]["text"])


def test_sarif_tells_findings_apart_by_content():
    log = json.loads(report("sarif", findings(*map(finding, range(3)))))
    prints = [tuple(r["partialFingerprints"].values()) for r in log["runs"][0]["results"]]
    assert len(set(prints)) == 3


def test_sarif_names_files_by_uri():
    paths = ["a b.jsonl", "/tmp/ö.csv", "<stdin>"]  # noqa: S108 - a name, no file
    held = findings(*(finding(n, path=path) for n, path in enumerate(paths)))
    results = json.loads(report("sarif", held))["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in results]
    assert [place["uri"] for place in places] == [
        "a%20b.jsonl",
        "file:///tmp/%C3%B6.csv",
        "%3Cstdin%3E",
    ]
    assert ["uriBaseId" in place for place in places] == [True, False, True]


@pytest.mark.parametrize("failed", [True, False])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_junit_is_valid(text: str, *, failed: bool):
    shown = report("junit", findings(finding(0, text), failed=failed)).encode("utf-8")
    JUNIT.validate(ET.fromstring(shown))  # noqa: S314 - our own output
    clean, dirty = ET.fromstring(shown)  # noqa: S314 - the same
    assert (clean.get("name"), clean.get("tests"), clean.get("failures")) == (
        "data/a.jsonl",
        "1",
        "0",
    )
    (case,) = dirty
    (outcome,) = case
    assert outcome.tag == ("failure" if failed else "skipped")
    assert (dirty.get("failures"), dirty.get("skipped")) == (("1", "0") if failed else ("0", "1"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_gitlab_issues(text: str):
    issues = json.loads(report("gitlab", findings(finding(0, text), finding(1, text))))
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] == "major"
        assert issue["description"].startswith("duplicate of data/a.jsonl:3")
    assert [issue["location"]["lines"]["begin"] for issue in issues] == [14, 15]
    assert len({issue["fingerprint"] for issue in issues}) == 2


def test_gitlab_without_findings_is_an_empty_array():
    assert json.loads(report("gitlab", findings())) == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markdown_rows_have_five_cells_and_no_markup(text: str):
    shown = report("markdown", findings(finding(0, text), finding(1, text)))
    rows = [line for line in shown.splitlines() if line.startswith("| data")]
    assert len(rows) == 2
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        assert not re.search(r"(?<!\\)[<>`*\[$@#]", row)


WIDE = "漢" * 3000


@pytest.mark.parametrize("text", ["Old lamp", WIDE, "|" * 3000], ids=["plain", "wide", "escaped"])
def test_markdown_fits_a_step_summary(text: str):
    held = findings(*(finding(number, text, WIDE) for number in range(5000)))
    shown = report("markdown", held)
    assert len(shown.encode()) < MIB
    (more,) = re.findall(r"^and ([\d,]+) more$", shown, re.MULTILINE)
    assert int(more.replace(",", "")) + shown.count("\n| 漢") == 5000


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_ends_its_last_line(form: str):
    for held in (findings(), findings(finding(0))):
        assert report(form, held).endswith("\n")
