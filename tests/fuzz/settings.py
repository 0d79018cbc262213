"""Every source of settings: flags, environment and TOML, and a run under what they gave."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dedupe.api import cluster
from dedupe.cli.cluster import cluster_command
from dedupe.config import SETTINGS
from dedupe.config_layers import resolve_settings
from fuzz.reading import DEEP, LONG, scratch

if TYPE_CHECKING:
    from dedupe.config import Settings

STORIES = [
    {"id": "a", "title": "Ferry tolls rise by 10 pence", "date": "2026-03-01", "source": "Herald"},
    {"id": "b", "title": "UPDATE 2-Ferry tolls rise by 10 pence", "date": "2026-03-02"},
    {"id": "c", "title": "Lamp out", "lede": "It is out."},
]
tried: set[Settings] = set()


def tell_flags(data: bytes) -> None:
    """Flags, one argument a line."""
    given = [os.fsdecode(line) for line in data.replace(b"\0", b"").split(b"\n")]
    try:
        context = cluster_command.make_context("cluster", given)
    except click.exceptions.Exit:  # --help
        return
    flags = {knob.name: context.params[knob.name] for knob in SETTINGS}
    run_under(resolve_settings(flags, {}, None))


def tell_environment(data: bytes) -> None:
    """Variables, one a line, the prefix left out."""
    lines = os.fsdecode(data.replace(b"\0", b"")).split("\n")
    pairs = (line.partition("=") for line in lines)
    run_under(resolve_settings({}, {f"DEDUPE_{name}": value for name, _, value in pairs}, None))


def tell_toml(data: bytes) -> None:
    """A file of settings."""
    Path(scratch()).write_bytes(data)
    run_under(resolve_settings({}, {}, scratch()))


def run_under(settings: Settings) -> None:
    """Run a small job under settings that were not met before."""
    chosen = replace(settings, jobs=1, on_error="fail", links=None)
    if chosen not in tried:
        tried.add(chosen)
        cluster(STORIES, chosen)


VALUES = {
    "field": "title|headline:2.5",
    "threshold": "0.75",
    "window": "36h",
    "keep": "source:reuters,ap",
    "prefer": "longest",
    "linkage": "leader",
    "updates": "split",
    "numbers": "strict",
    "links": "labels.csv",
    "jobs": "2",
    "on_error": "quarantine=bad.jsonl",
    "into": "dup",
    "seed": "7",
    "date_field": "a.b|date",
}
FLAGS = [f"--{name.replace('_', '-')}\n{value}" for name, value in VALUES.items()]
WAYS_IN = {
    "flags": (tell_flags, [flag.encode() for flag in [*FLAGS, "\n".join(FLAGS), "--memory\n1G"]]),
    "environment": (
        tell_environment,
        ["\n".join(f"{name.upper()}={value}" for name, value in VALUES.items()).encode()],
    ),
    "toml": (
        tell_toml,
        [
            "\n".join(f'{name} = "{value}"' for name, value in VALUES.items()).encode(),
            b"field = " + DEEP,
            b"seed = " + LONG,
            b'[tool.dedupe]\nfield = ["title:2", "lede"]\nthreshold = 0.7\nseed = 0x10\n',
        ],
    ),
}
