"""Start the ``dedupe`` command, unless another package named dedupe has taken its place.

PyPI's dedupe has the same import name. Where both are in one environment, the later one overwrites
files of the earlier one. So this check stands outside of the package.
"""

from __future__ import annotations

import sys
from typing import NoReturn

DISTRIBUTION = "headline-dedupe"
FAILED = 2
NAMESAKE = (
    f"another package named dedupe has taken the place of {DISTRIBUTION}: give each an environment "
    f"of its own, or pip uninstall dedupe {DISTRIBUTION} and install {DISTRIBUTION}"
)


def run() -> NoReturn:
    """Be the whole process: the console script's entry."""
    if not is_ours():
        refuse()
    from dedupe.__main__ import run as run_command  # noqa: PLC0415 - only where it is ours

    run_command()


def is_ours() -> bool:
    """Return whether the package ``dedupe`` that Python finds is the one of this distribution."""
    try:
        import dedupe  # noqa: PLC0415 - may be anything
    except ImportError:  # theirs, with some of its files replaced by ours
        return False
    return getattr(dedupe, "DISTRIBUTION", None) == DISTRIBUTION


def refuse() -> NoReturn:
    """Say which package is in the way, and end with the code of an error."""
    if sys.stderr:
        sys.stderr.write(f"dedupe: error: {NAMESAKE}\n")
    sys.exit(FAILED)
