"""``make pythons``: the digests of tests/digest.py on every supported Python that is here.

Each Python gets an environment of its own below the folder given. A Python that is not here is
named and skipped; other digests than the golden ones are a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
PATHS = {"the kernel": "0", "numpy": "1"}


def candidates(version: str) -> Iterator[str]:
    """Where a Python of a version may stand: this one, on the path, or among those of pyenv."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield sys.executable
    yield shutil.which(f"python{version}") or ""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted((root / "versions").glob(f"{version}.*/bin/python")))


def python(version: str) -> str | None:
    """An interpreter of this version that runs, or None."""
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    for path in filter(None, candidates(version)):
        done = subprocess.run([path, "-c", asked], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return path
    return None


def install(path: str, place: Path) -> str:
    """An environment with dedupe and what it runs on; the path of its interpreter."""
    own = str(place / "bin" / "python")
    if not Path(own).exists():
        subprocess.run([path, "-m", "venv", place], check=True)
    pip = [own, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--force-reinstall", "--no-deps", TESTS.parent], check=True)
    subprocess.run([*pip, TESTS.parent], check=True)
    return own


def digests(python: str, path: str) -> dict[str, str]:
    """What tests/digest.py says there by one path, of the package as it was installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-P", TESTS / "digest.py"], env=kept | {"DEDUPE_PURE": PATHS[path]},
        capture_output=True, text=True, check=False, cwd=TESTS,
    )  # fmt: skip
    if done.returncode or done.stderr.strip() != path:
        return {"failed": done.stderr}
    return json.loads(done.stdout)


def main(folder: Path) -> int:
    """Print a line a Python; returns how many differ."""
    golden = json.loads((TESTS / "golden" / "digests.json").read_text(encoding="utf-8"))
    wanted = {name: row["digest"] for name, row in golden.items()}
    wrong = 0
    for version in SUPPORTED:
        path = python(version)
        if path is None:
            print(f"--  {version} is not here")
            continue
        own = install(path, folder / version)
        for name in PATHS:
            found = digests(own, name)
            print(f"{'ok' if found == wanted else 'NO'}  {version} by {name}", flush=True)
            if found != wanted:
                wrong += 1
                print(found)
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]).absolute()), 1))
