"""``make trust``: every promise of README.md put to the test, and a line said of each."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent
PYTEST = (sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider")


class Promise(NamedTuple):
    """What is promised, in the words of README.md, and what is run: tests, or a make target."""

    words: str
    tests: tuple[str, ...] = ()
    make: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """What puts it to the test."""
        if self.make:
            return [shutil.which("make") or "make", "--no-print-directory", *self.make]
        return [*PYTEST, *self.tests]

    @property
    def shown(self) -> str:
        """The same for a reader."""
        names = (f"`{name}`" for name in self.tests)
        return f"`make {' '.join(self.make)}`" if self.make else ", ".join(names)


PROMISES = (
    Promise("No input crashes it, hangs it, or fills memory", make=("fuzz", "SECONDS=60")),
    Promise("The C kernel has no undefined behaviour", make=("sanitize",)),
    Promise("It refuses arrays that lie", ("tests/test_twins.py",)),
    Promise(
        "A run that is killed, starved or cut off leaves the old file or the new one, whole",
        ("tests/test_faults.py", "tests/test_faults_disk.py", "tests/test_index_safety.py"),
    ),
    Promise("Every record goes out or is accounted for", ("tests/test_accounts.py",)),
    Promise(
        "Hostile input is refused or rendered harmless",
        (
            "tests/test_hostile.py",
            "tests/test_hostile_tables.py",
            "tests/test_parquet_damage.py",
            "tests/test_bad_input.py",
        ),
    ),
    Promise(
        "The same input, settings and version give the same bytes",
        ("tests/test_reproducible.py", "tests/test_pipeline.py"),
    ),
    Promise(
        "Signatures and cluster ids are the same on every Python and every release",
        make=("pythons",),
    ),
    Promise(
        "No network, no code from input, private temporary files",
        ("tests/test_security.py", "tests/test_output.py"),
    ),
    Promise("Builds and releases are pinned, with least rights", ("tests/test_supply.py",)),
    Promise("The oldest dependencies that we allow do", make=("test-lowest",)),
)


def keep(promise: Promise) -> bool:
    """Put one promise to the test and say how it went."""
    started = time.monotonic()
    done = subprocess.run(promise.command, cwd=PROJECT, capture_output=True, text=True, check=False)
    kept = done.returncode == 0
    told = f"{'ok    ' if kept else 'BROKEN'}  {promise.words} ({time.monotonic() - started:.0f} s)"
    print(told, flush=True)
    if not kept:
        print(done.stdout + done.stderr, file=sys.stderr)
    return kept


if __name__ == "__main__":
    broken = [promise for promise in PROMISES if not keep(promise)]
    sys.exit(bool(broken))
