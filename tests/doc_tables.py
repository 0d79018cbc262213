"""The parts of the documentation that follow from the code: written anew by ``make readme``."""

from __future__ import annotations

import ast
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
import test_bad_input as bad
import trust
from commandline import PROJECT, dedupe

from dedupe.cli.app import MODULES
from dedupe.cli.help import SECTIONS, option_row
from dedupe.cli.manual import AS_IT_IS, commands
from dedupe.cli.options import BACKEND_OPTIONS, OUTPUT_OPTIONS, RUN_OPTIONS, SHORT_FLAGS
from dedupe.config import SETTINGS
from dedupe.text.lexicon import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dedupe.config_values import Setting

NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
LISTS = {
    "function": "function words", "negation": "negations", "synonyms": "synonyms",
    "opposites": "opposites", "abbreviations": "abbreviations", "numbers": "numbers",
    "units": "units", "tags": "tags", "generic": "generic titles", "outlets": "outlets",
}  # fmt: skip
LONGEST_DEFAULT = 100
NONE = "none"
KEPT = ("field", "id_field", "date_field", "source_field")
"""Settings whose default is told in words."""
BY_WORD = ("function", "negation")
"""Lists whose entries stand side by side on a line."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of Markdown."""
    lines = [" | ".join(map(str, cells)) for cells in (head, *rows)]
    lines.insert(1, " | ".join(["---"] * len(head)))
    return "".join(f"| {line} |\n" for line in lines)


def cell(text: str) -> str:
    """Return a text that stays within its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return a text as code within a cell."""
    return f"`{cell(text)}`"


def default_of(setting: Setting) -> str:
    """Return the default of a setting for its cell."""
    values = setting.default if setting.many else [setting.default]
    texts = [str(value) for value in values if value is not None and value is not False]
    shown = ", ".join(map(code, texts)) or NONE
    return "see the text" if len(shown) > LONGEST_DEFAULT else shown


def help_of(setting: Setting) -> str:
    """Return what a setting does, without the default that its own cell shows."""
    kept = setting.name in KEPT or default_of(setting) == NONE
    return setting.help if kept else setting.help.partition(" Default: ")[0]


def spelling_of(setting: Setting) -> str:
    """Return how a setting is spelled on the command line."""
    short = SHORT_FLAGS.get(setting.name)
    names = f"{short}, {setting.flag}" if short else setting.flag
    return names if setting.switch else f"{names} {setting.metavar}"


def settings_table() -> str:
    """Return all settings by flag, variable, default and help."""
    rows = [
        (
            code(spelling_of(setting)),
            code(f"DEDUPE_{setting.name.upper()}"),
            default_of(setting),
            cell(help_of(setting)),
        )
        for setting in SETTINGS
    ]
    return table(("flag", "variable", "default", "what it does"), rows)


def declared(options: Iterable[Callable[[object], object]]) -> list[click.Option]:
    """Return the options that decorators declare."""

    @click.command()
    def command() -> None:
        """Hold them."""

    function = command.callback
    for option in options:
        function = option(function)
    found = getattr(function, "__click_params__", [])
    return [param for param in found if isinstance(param, click.Option)]


PRECEDENCE = """\
A flag wins over the environment, the environment over a file, a file over the default. The file
is the one of `--config` (TOML). Without, it is `pyproject.toml` in this folder or in the nearest
parent that has a `[tool.dedupe]` table. The search ends at the root of a repository and at the home
folder, and passes over parents that everybody may write to, such as `/tmp`. Paths in a file that
was found in a parent are relative to that parent. `dedupe config show` prints the settings in
effect and where each comes from.

For several values repeat the flag, separate them by spaces in the environment, use a list in TOML.
An unknown name is an error. All commands but `split`, `completion`, `help` and those of an index
take all settings.

"""
SHARED = (*RUN_OPTIONS, *OUTPUT_OPTIONS)


def option_rows(
    options: Iterable[click.Option], context: click.Context
) -> Iterator[tuple[str, str]]:
    """Yield the spelling and the help of options."""
    for option in options:
        row = option_row(option, context)
        if row:
            yield code(row[0]), cell(row[1])


def command_section(
    names: Sequence[str], command: click.Command, shared: set[str]
) -> Iterator[str]:
    """Yield the lines of one command."""
    context = click.Context(command, info_name=" ".join(names))
    yield f"### {' '.join(names)}\n\n"
    if not isinstance(command, click.Group):
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"```text\n{' '.join(names)} {usage}\n```\n\n"
    yield prose(command.help or "")
    places = [flag for flags in SECTIONS.values() for flag in flags]
    own = [
        param
        for param in command.get_params(context)
        if isinstance(param, click.Option) and param.opts[-1] not in shared
    ]
    own.sort(key=lambda option: max(places.index(f) if f in places else -1 for f in option.opts))
    rows = list(option_rows(own, context))
    if rows:
        yield table(("option", "what it does"), rows) + "\n"
    yield from example_lines(command.epilog or "")


def prose(text: str) -> str:
    """Return the paragraphs of a help text."""
    blocks = [block.strip("\n") for block in text.strip("\n").split("\n\n")]
    return "".join(f"{paragraph(block)}\n\n" for block in blocks if block)


def paragraph(block: str) -> str:
    """Return a paragraph; one that click leaves as it is stays so."""
    if block.startswith(AS_IT_IS):
        return f"```text\n{block.removeprefix(AS_IT_IS).strip(chr(10))}\n```"
    return escape_stars(block)


def escape_stars(text: str) -> str:
    """Return a text in which Markdown sees no emphasis."""
    return text.replace("*", "\\*").replace("<", "\\<")


def example_lines(epilog: str) -> Iterator[str]:
    """Yield the examples of a command."""
    pairs = re.findall(r"^ *(\S.*):\n *\$ (.*)$", epilog, re.MULTILINE)
    if pairs:
        yield "```text\n"
        for says, runs in pairs:
            yield f"# {says}\n{runs}\n"
        yield "```\n\n"


def place_of(names: Sequence[str]) -> int:
    """Return the place of a command in the help: those of a group stand with it."""
    return list(MODULES).index(names[1]) if len(names) > 1 else -1


def cli() -> str:
    """Return the reference of all commands."""
    shared = {flag for option in declared(SHARED) for flag in option.opts}
    backend = {flag for option in declared(BACKEND_OPTIONS) for flag in option.opts}
    own = {setting.flag for setting in SETTINGS}
    elsewhere = shared | backend | own | {"-h", "--help"}
    context = click.Context(click.Command("dedupe"))
    listed = sorted(commands(), key=lambda one: place_of(one[0]))
    parts = [
        "## Settings\n\n",
        PRECEDENCE,
        settings_table(),
        "\n## Options of a run\n\n",
        table(("option", "what it does"), option_rows(declared(SHARED), context)),
        "\nOf `cluster`, `unique` and `pairs`:\n\n",
        table(("option", "what it does"), option_rows(declared(BACKEND_OPTIONS), context)),
        "\n## Commands\n\n",
    ]
    for names, command in listed[1:]:
        parts += command_section(names, command, elsewhere)
    return "".join(parts).rstrip("\n") + "\n"


def languages() -> str:
    """Return how much each language file holds."""
    rows = []
    for name in sorted(LANGUAGES, key=NAMES.__getitem__):
        counts = entry_counts(PROJECT / "dedupe" / "data" / "languages" / f"{name}.txt")
        rows.append((NAMES[name], f"`{name}`", *(f"{counts[section]:,}" for section in LISTS)))
    return table(("language", "code", *LISTS.values()), rows)


def entry_counts(path: Path) -> Counter[str]:
    """Return how many lines, or words, each section of a language file has."""
    counts: Counter[str] = Counter()
    section = ""
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip() if raw.startswith("[") else raw.partition("#")[0].strip()
        while match := re.match(r"\[([^\]]+)\]\s*", line):
            section, line = match[1], line[match.end() :]
        if line:
            counts[section] += len(line.split()) if section in BY_WORD else 1
    return counts


def promises() -> str:
    """Return the promises and what tests each."""
    return table(("promise", "test"), ((one.words, one.shown) for one in trust.PROMISES))


def bad_input() -> str:
    """Return what each bad input is answered with, by running it."""
    return table(("input", "what happens", "exit code"), map(refusal, bad.REFUSED))


def refusal(name: str) -> tuple[str, str, str]:
    """Return a bad input, the line that it is answered with, and the exit code."""
    case = bad.REFUSED[name]
    with tempfile.TemporaryDirectory() as folder:
        for path, data in case.files.items():
            (Path(folder) / path).write_bytes(data)
        done = dedupe("cluster", *case.arguments, folder=Path(folder), stdin=case.stdin)
    said = done.err.strip().removeprefix("dedupe: error: ")
    return name, code(said), str(done.code)


PACKAGES = (
    "", "api", "io", "text", "blocking", "scoring", "clustering", "backends", "backends/spark",
    "index", "evaluation", "gate", "reports", "reports/html", "cli",
)  # fmt: skip
"""The folders of the package in the order of a run."""


def files() -> str:
    """Return every Python file of the package with the first sentence of its docstring."""
    package = PROJECT / "dedupe"
    found = {path.parent.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert found == {folder or "." for folder in PACKAGES}
    rows = (
        (code(path.relative_to(package).as_posix()), summary_of(path))
        for folder in PACKAGES
        for path in sorted((package / folder).glob("*.py"))
        if path.name != "__init__.py" or len(path.read_text("utf-8").splitlines()) > 1
    )
    return table(("file", "what it is for"), rows)


def summary_of(path: Path) -> str:
    """Return the first line of a file's docstring as Markdown."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.sub(r":\w+:`([^`]+)`", r"`\1`", cell(docstring.partition("\n")[0])).replace("``", "`")


WRITTEN = {
    "cli": ("docs/cli.md", cli),
    "languages": ("docs/languages.md", languages),
    "promises": ("docs/promises.md", promises),
    "bad-input": ("docs/errors.md", bad_input),
    "files": ("docs/architecture.md", files),
}
"""The parts by name: the page that each stands in, and what writes it."""
SLOW = ("bad-input",)
"""Parts that take a process a row: a test compares their rows otherwise."""


def part_of(text: str, name: str) -> tuple[int, int]:
    """Return where a part begins and ends in its page."""
    opening, closing = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    start = text.index(opening) + len(opening)
    return start, text.index(closing, start)


def write_part(name: str) -> None:
    """Write a part anew."""
    path, make = WRITTEN[name]
    page = PROJECT / path
    text = page.read_text(encoding="utf-8")
    start, end = part_of(text, name)
    page.write_text(text[:start] + make() + text[end:], encoding="utf-8")
