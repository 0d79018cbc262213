"""``make trust``: run the test of every promise in docs/promises.md, and print a line for each."""

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
    """What is promised, in the words of docs/promises.md, and its tests or make target."""

    words: str
    tests: tuple[str, ...] = ()
    make: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The command that tests it."""
        if self.make:
            return [shutil.which("make") or "make", "--no-print-directory", *self.make]
        return [*PYTEST, *self.tests]

    @property
    def shown(self) -> str:
        """The tests or the command, as Markdown."""
        names = (f"`{name}`" for name in self.tests)
        return f"`make {' '.join(self.make)}`" if self.make else ", ".join(names)


PROMISES = (
    Promise("No input crashes it, hangs it, or fills memory", make=("fuzz", "SECONDS=60")),
    Promise("The C kernel has no undefined behaviour", make=("sanitize",)),
    Promise("The kernel validates array bounds", ("tests/test_twins.py",)),
    Promise("The kernel and its plain twins give the same bits", ("tests/test_twins.py",)),
    Promise(
        "A run that is killed or runs out of room leaves the old file or the new one, whole",
        ("tests/test_faults.py", "tests/test_faults_disk.py", "tests/test_index_safety.py"),
    ),
    Promise("Every record is written or accounted for", ("tests/test_accounts.py",)),
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
    Promise("A record keeps its own bytes", ("tests/test_writing.py",)),
    Promise("A run on disk gives the bytes of a run in memory", ("tests/test_backends.py",)),
    Promise(
        "A run on Spark gives the bytes of a run on one machine",
        ("tests/test_spark.py", "tests/test_spark_parquet.py"),
    ),
    Promise("An index that is compacted has the clusters of a batch run", ("tests/test_index.py",)),
    Promise("`unique` of its own output changes nothing", ("tests/test_stable.py",)),
    Promise(
        "More differences raise the score of at most 3 in 200 pairs of headlines",
        ("tests/test_monotone.py",),
    ),
    Promise(
        "Metadata adds nothing where it is unknown, and never more than a fixed limit",
        ("tests/test_metadata.py",),
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
    Promise("The oldest supported dependencies pass the tests", make=("test-lowest",)),
)


def keep(promise: Promise) -> bool:
    """Test one promise, and print the outcome."""
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
