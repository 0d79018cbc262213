"""Colour for what people read on standard output, where it is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Paint:
    """Styles text, or leaves it as it is."""

    colored: bool

    def head(self, text: str) -> str:
        """A heading."""
        return click.style(text, bold=True) if self.colored else text

    def good(self, text: str) -> str:
        """What speaks for a duplicate."""
        return click.style(text, fg="green") if self.colored else text

    def bad(self, text: str) -> str:
        """What speaks against one."""
        return click.style(text, fg="red") if self.colored else text

    def faint(self, text: str) -> str:
        """What matters less."""
        return click.style(text, dim=True) if self.colored else text
