"""How a command's help is laid out: options under headings, examples at the end."""

from __future__ import annotations

import click

SECTIONS = {
    "What goes": ("--before", "--ids"),
    "How far": ("--deep",),
    "Judging": ("--gold-field", "--clustered", "--bootstrap", "--errors"),
    "Goal": ("--labels", "--precision", "--recall", "--confidence"),
    "Matching": (
        "--field",
        "--threshold",
        "--window",
        "--linkage",
        "--updates",
        "--numbers",
        "--links",
    ),
    "Gate": (
        "--against",
        "--baseline",
        "--update-baseline",
        "--max-duplicates",
        "--max-rate",
        "--max-cluster",
        "--exit-zero",
    ),
    "Canonical version": ("--keep", "--prefer"),
    "Input": (
        "--in",
        "--from",
        "--id-field",
        "--date-field",
        "--source-field",
        "--on-error",
        "--max-line",
        "--max-ratio",
        "--line-buffered",
    ),
    "Output": (
        "--format",
        "--pager",
        "--json",
        "--duplicates",
        "--title",
        "--output",
        "--to",
        "--plot",
        "--into",
        "--csv-safe",
        "--stats",
    ),
    "Run": (
        "--config",
        "--jobs",
        "--memory",
        "--tmp",
        "--engine",
        "--master",
        "--seed",
        "--quiet",
        "--verbose",
        "--color",
        "--help",
    ),
}
"""Every option of every command, by its long spelling."""

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command whose help shows its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section a heading, without those that would be empty."""
        params = {spelling: param for param in self.get_params(ctx) for spelling in param.opts}
        for heading, flags in SECTIONS.items():
            shown = [params[flag].get_help_record(ctx) for flag in flags if flag in params]
            rows = [record for record in shown if record]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def examples(*pairs: tuple[str, str]) -> str:
    """Lay out ``(what it does, command line)`` pairs for the end of a help text."""
    lines = [line for says, runs in pairs for line in (f"  {says}:", f"    $ {runs}")]
    return "\n".join(["\b", "Examples:", *lines])
