"""The standard streams, any of which may be closed, and the lines for a person to read."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Literal, TextIO

import click

from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

Color = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class Console:
    """How a run speaks: as told by ``-q``, ``-v`` and ``--color``."""

    KEY: ClassVar[str] = "dedupe.console"
    """Where the click context remembers it."""

    quiet: bool = False
    verbose: bool = False
    color: Color = "auto"

    def say(self, text: str, *, label: str = "") -> None:
        """Write ``dedupe: LABEL: text`` to standard error; a closed one swallows it.

        A path or a field's name in it may hold anything, and steers nothing.
        """
        text = visible(text)
        colored = in_color(self.color, sys.stderr, os.environ)
        shown = click.style(f"{label}:", fg="red", bold=True) if colored else f"{label}:"
        click.echo(f"dedupe: {shown} {text}" if label else f"dedupe: {text}", err=True, color=True)


def in_color(choice: Color, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour: the flag decides, then NO_COLOR, then FORCE_COLOR, then a terminal."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream, which is None when it was closed, is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def standard_input() -> BinaryIO:
    """Take standard input as bytes; one that was closed has a stand-in that cannot be read."""
    return os.fdopen(0, "rb", closefd=False) if sys.stdin is None else sys.stdin.buffer
