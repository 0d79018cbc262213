"""The promises in docs/promises.md are those that ``make trust`` tests, and it can fail."""

from __future__ import annotations

import re
import sys

import doc_tables
import pytest
import trust
from commandline import PROJECT

PAGE = (PROJECT / "docs" / "promises.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")


def test_the_table_of_the_page_is_what_is_tested():
    start, end = doc_tables.part_of(PAGE, "promises")
    rows = re.findall(r"^\| (.*) \| (.*) \|$", PAGE[start:end], re.MULTILINE)[2:]
    assert rows == [(one.words, one.shown) for one in trust.PROMISES]


def test_the_security_policy_and_the_readme_lead_to_the_promises():
    for name in ("README.md", "SECURITY.md"):
        assert "docs/promises.md" in (PROJECT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("promise", trust.PROMISES, ids=lambda promise: promise.words)
def test_every_promise_has_a_test_that_is_there(promise: trust.Promise):
    assert bool(promise.tests) != bool(promise.make)
    assert [name for name in promise.tests if not (PROJECT / name).is_file()] == []
    if promise.make:
        assert re.search(rf"^{promise.make[0]}:", MAKEFILE, re.MULTILINE)


OUTCOMES = {"pass": (True, "ok    "), "assert False": (False, "BROKEN")}


@pytest.mark.parametrize(("body", "outcome"), OUTCOMES.items(), ids=OUTCOMES)
def test_a_line_is_said_of_each(body, outcome, tmp_path, capfd):
    test = tmp_path / "test_it.py"
    test.write_text(f"def test_it():\n    {body}\n")
    kept, word = outcome
    assert trust.keep(trust.Promise("It does", (str(test),))) is kept
    said = capfd.readouterr()
    assert re.fullmatch(rf"{word}  It does \(\d+ s\)\n", said.out)
    assert ("1 failed" in said.err) is not kept


def test_a_promise_that_no_test_holds_is_broken(capfd):
    assert not trust.keep(trust.Promise("Nothing", ("tests/no_such_test.py",)))
    assert capfd.readouterr().out.startswith("BROKEN  Nothing")
    assert trust.PYTEST[0] == sys.executable
