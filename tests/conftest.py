"""How the tests run: hypothesis without a clock, ``--golden`` for golden files, many at once."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("dedupe", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("dedupe")

# What runs in the background ignores these, and so would every command that a test stops by them.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


TOGETHER = {
    "tests/test_bench.py": "bench",
    "tests/test_install.py": "install",
    "tests/test_page.py": "page",
    "tests/test_site.py": "site",
    "tests/test_spark.py": "spark",
    "tests/test_spark_parquet.py": "spark",
}
"""Files whose tests share what is dear to set up, or to have twice, as a Spark or a browser."""


MARKED_FILES = {"test_spark.py": "spark", "test_spark_parquet.py": "spark"}
MARKED_FIXTURES = {"browser": "browser"}


def pytest_collection_modifyitems(items):
    """Mark tests by their file and by what they ask for: ``-m 'not spark and not browser'``."""
    for item in items:
        marks = {MARKED_FILES.get(item.path.name)}
        marks |= {MARKED_FIXTURES.get(name) for name in getattr(item, "fixturenames", ())}
        for mark in marks - {None}:
            item.add_marker(mark)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give files of one group to one worker, and early; share out all other tests one by one.

    Not by marks and ``--dist loadgroup``: what xdist 3.8 writes into a test's name to group it by,
    pytest 9.2 does not read.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - for several workers alone

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return TOGETHER.get(path, nodeid)

    return Sharing(config, log)


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the golden files anew")
