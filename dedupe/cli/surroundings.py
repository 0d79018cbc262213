"""Where a check runs: by hand, or in a CI that wants its own format, paths and page."""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.stories import Findings, Place

SYSTEMS = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}
ROOTS = {
    "github": ("GITHUB_WORKSPACE",),
    "gitlab": ("CI_PROJECT_DIR",),
    "sarif": ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"),
}
"""The formats that name files as seen from the root of the sources, and who knows that root."""
STDIN = "<stdin>"


def format_for(form: str, environ: Mapping[str, str]) -> str:
    """The format that is asked for, or ``auto``'s: the CI's own, else text."""
    if form != "auto":
        return form
    return next((own for name, own in SYSTEMS.items() if environ.get(name) == "true"), "text")


def summary_file(form: str, environ: Mapping[str, str]) -> str | None:
    """The file that GitHub shows of a step, where there is one."""
    return environ.get("GITHUB_STEP_SUMMARY") if form == "github" else None


def rooted(form: str, findings: Findings, environ: Mapping[str, str]) -> Findings:
    """The findings with paths as the format wants them; one outside the root stays as it is."""
    if form not in ROOTS:
        return findings
    root = next(filter(None, map(environ.get, ROOTS[form])), os.path.curdir)

    def moved(place: Place) -> Place:
        return replace(place, path=from_root(place.path, root))

    found = tuple(
        replace(
            each,
            duplicate=moved(each.duplicate),
            original=moved(each.original),
            through=each.through and moved(each.through),
        )
        for each in findings.found
    )
    return replace(findings, found=found)


def from_root(path: str, root: str) -> str:
    """A path as seen from a folder that it lies in.

    >>> from_root("/w/data/../a.jsonl", "/w"), from_root("/tmp/a.jsonl", "/w")
    ('a.jsonl', '/tmp/a.jsonl')
    """
    if path == STDIN:
        return path
    seen = os.path.relpath(path, root)
    return path if seen.split(os.path.sep)[0] == os.path.pardir else seen
