"""The bodies of ``index remove``, ``compact``, ``merge``, ``check``: done, then put into words."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.cli.console import is_terminal, standard_input
from dedupe.cli.progress import Progress
from dedupe.cli.summary import counted, told
from dedupe.errors import InputError, SettingsError
from dedupe.index import Index
from dedupe.index.checking import check, differing
from dedupe.index.index import seconds_of
from dedupe.index.removing import remove
from dedupe.index.whole import compact

if TYPE_CHECKING:
    from dedupe.cli.index_options import Task


def forget(task: Task, before: str | None, ids: str | None) -> str:
    """Remove stories."""
    try:
        oldest = seconds_of(before)
    except SettingsError as error:
        raise SettingsError("--before", error.reason) from None
    names = None if ids is None else names_in(ids)
    with Index(task.path, {}, {}) as index:
        gone, missing = remove(index.store, oldest, names)
    absent = [f"{counted(missing, 'id')} not there"] if missing else []
    return ", ".join([f"{task.path}: {counted(gone, 'record')} removed", *absent])


def names_in(path: str) -> list[str]:
    """The lines of a file that are not blank; raises InputError."""
    try:
        data = standard_input().read() if path == "-" else Path(path).read_bytes()
        return [line.strip() for line in data.decode().split("\n") if line.strip()]
    except OSError as error:
        raise InputError(path, None, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(path, None, f"invalid UTF-8 at byte {error.start + 1}") from None


def tidy(task: Task) -> str:
    """Compact, with progress for whoever watches."""
    started = time.perf_counter()
    with Index(task.path, {}, {}, any_rules=True) as index, watching(task) as progress:
        changed = compact(index.store, progress)
    facts = [f"{task.path}: compact", f"{changed:,} with another canonical version"]
    return told(facts, time.perf_counter() - started)


def watching(task: Task) -> Progress:
    """Progress on a terminal, unless told not to."""
    return Progress(sys.stderr if is_terminal(sys.stderr) and not task.console.quiet else None)


def unite(task: Task, other: str) -> str:
    """Merge another index into one."""
    with Index(task.path, {}, {}) as index, Index(other, {}, {}) as theirs:
        added = index.merge(theirs)
    return f"{task.path}: {counted(added, 'record')} new from {other}"


def verify(task: Task, *, deep: bool) -> tuple[list[str], str]:
    """Check an index; returns what is wrong, and else what there is to tell."""
    started = time.perf_counter()
    with Index(task.path, {}, {}) as index, watching(task) as progress:
        wrong = check(index.store)
        facts = [f"{task.path}: sound", counted(index.stats()["stories"], "record")]
        if deep and not wrong:
            differ = differing(index.store, progress)
            facts.append(f"{differ:,} with another canonical version in a batch run")
    return wrong, told(facts, time.perf_counter() - started)
