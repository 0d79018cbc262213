"""Write the man pages from the help of each command: ``python -m dedupe.cli.manual FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.cli.app import app
from dedupe.cli.help import LazyGroup, first_sentence, option_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AS_IT_IS = "\b"
"""Click does not wrap a paragraph that begins with it."""


def pages() -> dict[str, str]:
    """Return each page's file name and its text."""
    return {f"{'-'.join(names)}.1": page(names, command) for names, command in commands()}


def commands() -> Iterator[tuple[list[str], click.Command]]:
    """Yield all commands with the words that call them, each group before its commands."""
    todo: list[tuple[list[str], click.Command]] = [(["dedupe"], app)]
    while todo:
        names, command = todo.pop(0)
        yield names, command
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=names[-1])
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None  # noqa: S101 - a group has what it lists
                todo.append(([*names, name], found))


def page(names: Sequence[str], command: click.Command) -> str:
    """Return one page in the man macros."""
    context = click.Context(command, info_name=" ".join(names))
    summary, _, rest = (command.help or "").partition("\n\n")
    lines = [
        f'.TH "{"-".join(names).upper()}" 1 "" "headline-dedupe" "User Commands"',
        ".SH NAME",
        f"{escaped('-'.join(names))} \\- {escaped(summary.strip().rstrip('.'))}",
        ".SH SYNOPSIS",
        f"\\fB{escaped(' '.join(names))}\\fR",
        escaped(" ".join(command.collect_usage_pieces(context))),
        *(section("DESCRIPTION", rest) if rest else []),
        *(subcommands(context, command) if isinstance(command, LazyGroup) else []),
        *options(context, command),
        *(paragraphs(command.epilog) if command.epilog else []),
    ]
    return "\n".join(lines) + "\n"


def section(heading: str, text: str) -> list[str]:
    """Return a heading and its paragraphs."""
    return [f".SH {heading}", *paragraphs(text)]


def paragraphs(text: str) -> list[str]:
    """Return paragraphs; a literal block becomes a heading with its lines."""
    out: list[str] = []
    for block in text.strip("\n").split("\n\n"):
        if block.startswith(AS_IT_IS):
            heading, *lines = block.removeprefix(AS_IT_IS).strip("\n").splitlines()
            shown = [escaped(line) for line in lines]
            out += [f".SH {heading.rstrip(':').upper()}", ".nf", *shown, ".fi"]
        else:
            out += [".PP", *map(escaped, block.splitlines())]
    return out


def subcommands(context: click.Context, group: LazyGroup) -> list[str]:
    """Return the commands of a group by task, with what each does."""
    out = [".SH COMMANDS"]
    for task, modules in group.tasks.items():
        out.append(f".SS {escaped(task)}")
        for name in modules:
            command = group.get_command(context, name)
            assert command is not None  # noqa: S101 - a group has what it lists
            summary = first_sentence(command.help or "")
            out += [".TP", f"\\fB{escaped(name)}\\fR", escaped(summary)]
    return out


def options(context: click.Context, command: click.Command) -> list[str]:
    """Return the options under the headings of the help."""
    out = [".SH OPTIONS"]
    for heading, rows in option_rows(command, context):
        out.append(f".SS {escaped(heading)}")
        for spelling, text in rows:
            out += [".TP", f"\\fB{escaped(spelling)}\\fR", escaped(text)]
    return out


def escaped(text: str) -> str:
    r"""Return a text in which roff sees no command.

    >>> print(escaped("-o FILE"), escaped("'a'"))
    \-o FILE \&'a'
    """
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def main(folder: Path) -> None:
    """Write all pages into a folder, and delete the pages of removed commands."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for stale in folder.glob("*.1"):
        if stale.name not in texts:
            stale.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
