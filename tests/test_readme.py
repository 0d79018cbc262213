"""The documentation tells the truth: its commands run and print what it shows, and it is complete.

``make readme`` (``pytest tests/test_readme.py --golden``) writes the output and the tables anew.
"""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import doc_tables
import pytest
import test_bad_input as bad
from commandline import FIXTURES, PROJECT, shell

from dedupe.cli.app import MODULES
from dedupe.cli.help import SECTIONS

PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    PROJECT / "CODE_OF_CONDUCT.md",
    *sorted((PROJECT / "docs").glob("*.md")),
]
NOT_RUN = ("daily-index.md", "scale.md")
"""Pages whose commands need files of their own, or Spark."""
TEXTS = {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
MOST_LINES = 200
FOUND = 1
SETS_UP = (
    "pipx install ",
    "uv tool install ",
    "pip install ",
    "make ",
    "python -m pytest ",
    "python tests/bench/",
)


def text_of(page: str) -> str:
    """Return a page as it is now: with ``--golden`` it has changed since the tests were listed."""
    return (PROJECT / page).read_text(encoding="utf-8")


def blocks(language: str) -> list[tuple[str, str]]:
    """Return each block of code in a language with its page."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (page, block)
        for page, text in TEXTS.items()
        if Path(page).name not in NOT_RUN
        for block in fence.findall(text)
    ]


def name_of(value: object) -> str:
    """Return the name of a test by the page, and the beginning of the block."""
    return str(value).removeprefix("$ ").partition("\n")[0][:50]


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of all tables of a page."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in text_of(page).splitlines()
        if line.startswith("| ")
    ]


def steady(output: str) -> str:
    """Return output without what differs from run to run: the time it took."""
    return re.sub(r"\d+\.\d s$", "0.1 s", output, flags=re.MULTILINE)


def replayed(block: str, folder: Path) -> str:
    """Return a block with what its commands print now."""
    shown = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        done = shell(f"{{ {command}\n}} 2>&1", folder)
        shown.append(f"$ {command}\n{steady(done.out.decode())}")
    return "".join(shown)


@pytest.mark.parametrize(("page", "block"), blocks("console"), ids=name_of)
def test_a_command_prints_what_is_shown(page: str, block: str, tmp_path: Path, request):
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    actual = replayed(block, tmp_path)
    if request.config.getoption("--golden"):
        path = PROJECT / page
        path.write_text(path.read_text("utf-8").replace(block, actual), "utf-8")
    else:
        assert actual == block


class Rewriter(doctest.DocTestRunner):
    """Write what the examples of a page print now into the page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.page = page

    def report_failure(self, out, test, example: doctest.Example, got: str) -> None:
        """Put one output in the place of the other, after the same lines of code."""
        del out, test
        text = self.page.read_text("utf-8")
        code = example.source.rstrip("\n").replace("\n", "\n... ")
        assert text.count(f">>> {code}\n{example.want}") == 1
        before = f">>> {code}\n"
        self.page.write_text(text.replace(before + example.want, before + got), "utf-8")


@pytest.mark.parametrize("page", sorted({page for page, _ in blocks("python")}))
def test_the_examples_of_a_page_for_programs_run(page: str, request):
    text = "".join(block for own, block in blocks("python") if own == page)
    examples = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    assert examples.examples
    if request.config.getoption("--golden"):
        Rewriter(PROJECT / page).run(examples, out=lambda _: None)
    else:
        assert doctest.DocTestRunner().run(examples).failed == 0


@pytest.mark.parametrize("name", doc_tables.WRITTEN)
def test_a_part_that_follows_from_the_code_is_up_to_date(name: str, request):
    page, make = doc_tables.WRITTEN[name]
    if request.config.getoption("--golden"):
        doc_tables.write_part(name)
    elif name not in doc_tables.SLOW:
        text = text_of(page)
        start, end = doc_tables.part_of(text, name)
        assert text[start:end] == make()


def test_what_is_not_run_here_only_sets_up():
    commands = [line for _, block in blocks("sh") for line in block.splitlines() if line]
    assert [line for line in commands if not line.startswith(SETS_UP)] == []


def test_what_make_is_said_to_do_it_can():
    targets = {
        target
        for text in TEXTS.values()
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    }
    rules = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "check"} <= targets <= rules


def test_the_readme_is_short():
    assert text_of("README.md").count("\n") <= MOST_LINES


MADE = ("gallery/report.html",)
"""What only the site has: its build makes it (tests/test_site.py)."""
LINKS = [
    (page, link)
    for page, text in TEXTS.items()
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", text)
    if link not in MADE
]


@pytest.mark.parametrize(("page", "link"), LINKS, ids=str)
def test_a_link_leads_to_a_page_and_a_heading(page: str, link: str):
    path, _, heading = link.partition("#")
    target = (PROJECT / page).parent / path if path else PROJECT / page
    assert target.exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading in {
            re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings
        }


def test_every_page_is_linked_from_the_readme():
    linked = set(re.findall(r"\((docs/[a-z-]+\.md)", text_of("README.md")))
    assert linked == {page for page in TEXTS if page.startswith("docs/")}


@pytest.mark.parametrize("name", MODULES)
def test_every_command_is_shown(name: str):
    assert any(f"dedupe {name} " in block for _, block in blocks("console"))


@pytest.mark.parametrize("name", bad.REFUSED)
def test_every_bad_input_is_in_the_table(name: str):
    (row,) = [row for row in rows_of("docs/errors.md") if row[0] == name]
    assert bad.REFUSED[name].says.strip() in row[1].replace("\\|", "|")
    assert row[2] == str(bad.FAILED)


@pytest.mark.parametrize("name", bad.TAKEN)
def test_every_odd_input_is_in_the_table(name: str):
    assert [row[0] for row in rows_of("docs/errors.md")].count(name) == 1


@pytest.mark.parametrize("flag", [*SECTIONS["Limits"], "--format"])
def test_every_flag_of_the_gate_is_told(flag: str):
    assert f"`{flag}" in text_of("docs/ci.md")


def test_the_exit_codes_are_told():
    told = {row[0] for row in rows_of("docs/errors.md") if row[0].isdigit()}
    stopped = {code for _, code, _ in bad.STOPS.values()}
    assert told == set(map(str, {0, FOUND, bad.FAILED, bad.PIPE_CLOSED} | stopped))


INSIDE = ("docs/architecture.md", "docs/glossary.md", "docs/how-it-works.md", "CONTRIBUTING.md")
FILES = {
    path
    for page in INSIDE
    for path in re.findall(r"`([\w./]+\.(?:py|c|h|pyi|npz|json|md|html))`", TEXTS[page])
    if not {"NAME", "CODE"} & set(re.split(r"\W", path))
}


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_file_that_is_named_is_there(path: str):
    """By its path, within the package, or by its name alone where that is clear from before it."""
    own = PROJECT / "dedupe"
    assert (PROJECT / path).exists() or (own / path).exists() or any(own.rglob(path))
